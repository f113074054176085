"""The one ordered log of money facts and the state it folds to. One writer; never rewrites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from genesis.domain.state import TradingState
from genesis.errors import StorageError, WriterFenced
from genesis.messages.journal import AppendFacts, Entry, RunStarted
from genesis.storage.chain import Head, Row, entry_of, seal
from genesis.storage.folder import DataFolder
from genesis.storage.store import (
    BUSY_TIMEOUT_MS,
    FENCED,
    Batch,
    MemoryLog,
    MemoryStore,
    OnceKey,
    Store,
    Transaction,
    once_key,
)

CHECKPOINT_EVERY = 10_000
"""Entries between two saved states: a start replays at most as many, in well under a second."""


class Journal:
    """Append facts, follow entries, hold the folded state. For one thread at a time.

    Opening a journal takes the writer's lease: what an older ``Journal`` of the same place still
    tries to append raises ``WriterFenced`` and is not written.
    """

    def __init__(self, store: Store, checkpoint_every: int = CHECKPOINT_EVERY) -> None:
        """Use ``open`` or ``in_memory``."""
        self._store = store
        self._checkpoint_every = checkpoint_every
        loaded = store.load()
        self._state: TradingState | None = loaded.state
        self._head = loaded.head
        self._run = loaded.run
        self._seen = loaded.seen
        self._checkpoint_seq = loaded.checkpoint_seq
        self._rescue: tuple[int, bytes] | None = None
        self._encoded = (loaded.head.seq if loaded.encoded else -1, loaded.encoded)

    @classmethod
    def open(
        cls,
        folder: DataFolder,
        *,
        checkpoint_every: int = CHECKPOINT_EVERY,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
    ) -> Journal:
        """Open the journal of a held folder: migrate, take the lease, replay to the head.

        Raises ``JournalTampered`` naming the row where the replayed part of the chain breaks,
        ``StorageFull`` without room, ``StorageError`` when it is locked, broken or too new.
        """
        # Not at the top: what is kept in memory needs no database, and loading one takes a while.
        from genesis.storage.sqlite_store import SqliteStore

        store = SqliteStore(folder.journal_path, busy_timeout_ms)
        try:
            return cls(store, checkpoint_every)
        except BaseException:
            store.close()
            raise

    @classmethod
    def in_memory(
        cls, log: MemoryLog | None = None, *, checkpoint_every: int = CHECKPOINT_EVERY
    ) -> Journal:
        """The same journal over a list. Give the ``log`` of an earlier one to open it again."""
        return cls(MemoryStore(log or MemoryLog()), checkpoint_every)

    @property
    def head_seq(self) -> int:
        return self._head.seq

    @property
    def head_hash(self) -> str:
        """SHA-256 of the newest row, in hex; 64 zeros for an empty journal."""
        return self._head.hash

    @property
    def run(self) -> int:
        """The number of the newest run; 0 before the first ``RunStarted``."""
        return self._run

    @property
    def state(self) -> TradingState:
        """The state as of ``head_seq``. Not to be changed by the caller."""
        if self._state is None:
            self._state = self._rebuilt()
        return self._state

    def next_run(self) -> int:
        """What the next ``RunStarted`` must carry."""
        return self._run + 1

    def state_bytes(self) -> bytes:
        """``state`` encoded; ``TradingState.decode`` reads it."""
        seq = self._head.seq
        if self._encoded[0] != seq:
            self._encoded = (seq, self.state.encode())
        return self._encoded[1]

    def append(self, handed: Sequence[AppendFacts]) -> list[Entry]:
        """Commit facts in one transaction; the entries that are new, in sequence.

        Of each (source, epoch) of a run facts come in the order of their numbers; those up to the
        newest that came are left out. So is one that happened already: a second fill of one
        (symbol, trade id), a second intent of one client order id. A fact belongs to the newest
        run; a ``RunStarted`` with the number ``next_run()``, handed over first, begins that run.

        Raises ``WriterFenced`` when a newer writer took over, ``StorageFull`` or ``StorageError``
        when it cannot be written now (try again with the same facts), and ValueError or TypeError
        for facts behind a hole or one that cannot be folded: a bug of their source. After any error
        the journal, its state and its head are as they were.
        """
        if not handed:
            return []
        with self._store.transaction(self._head) as transaction:
            state, self._state = self.state, None
            batch = self._sealed(handed, state, transaction)
            if batch.rows:
                transaction.write(batch)
        self._state, self._rescue = state, None
        self._head, self._run, self._seen = batch.head, batch.run, batch.seen
        if self._head.seq - self._checkpoint_seq >= self._checkpoint_every:
            self._checkpoint()
        return batch.entries

    def entries(self, after_seq: int = 0) -> Iterator[Entry]:
        """Committed entries behind ``after_seq``."""
        return self._store.entries(after_seq)

    def close(self) -> None:
        """Save the state for the next start and let go of the database."""
        if self._head.seq > self._checkpoint_seq:
            self._checkpoint()
        self._store.close()

    def _sealed(
        self, handed: Sequence[AppendFacts], state: TradingState, transaction: Transaction
    ) -> Batch:
        """Rows for what is new, each folded: what cannot be folded must not become durable."""
        run, seen = self._run, self._seen.copy()
        seq, prev_hash = self._head.seq, self._head.hash
        rows: list[Row] = []
        entries: list[Entry] = []
        keys: set[OnceKey] = set()
        for message in handed:
            source, epoch, facts = message.source, message.source_epoch, message.facts
            begun = facts[0].event
            if type(begun) is RunStarted and begun.run != run:
                if begun.run != run + 1:
                    raise ValueError(f"run {begun.run} cannot follow run {run}")
                run = begun.run
                seen.clear()
            number = seen.get((source, epoch), 0)
            if message.first > number + 1:
                # Of a fact that had happened already there is no row to read its number from.
                if message.first > message.acknowledged + 1:
                    raise ValueError(
                        f"{source} handed over fact {message.first}, the one before is missing"
                    )
                number = message.first - 1
            for fact in facts[number + 1 - message.first :]:
                number += 1
                key = once_key(fact.event)
                if key is not None:
                    if key in keys or transaction.knows(key):
                        continue
                    keys.add(key)
                seq += 1
                row = seal(seq, run, source, epoch, number, fact, prev_hash)
                # What followers hear is read back from what is stored: live cannot differ from
                # replay.
                entry = entry_of(row)
                state.apply(entry)
                transaction.note(entry, state)
                rows.append(row)
                entries.append(entry)
                prev_hash = row.hash
            seen[source, epoch] = number
        if state.run != run:
            raise ValueError(f"run {state.run} began behind other facts of its source")
        return Batch(run, Head(seq, prev_hash), seen, rows, entries, keys)

    def _checkpoint(self) -> None:
        if self._state is None:
            return
        # Only a cache: the entries are durable without it, and the next commit tells of the fault.
        with suppress(StorageError):
            self._store.checkpoint(self._head.seq, self.state_bytes())
        self._checkpoint_seq = self._head.seq

    def _rebuilt(self) -> TradingState:
        """The state again after a commit that failed, which had folded into it already."""
        if self._rescue is None:
            loaded = self._store.load()
            if loaded.head != self._head:
                raise WriterFenced(FENCED)
            self._rescue = (loaded.head.seq, loaded.state.encode())
        return TradingState.decode(self._rescue[1])
