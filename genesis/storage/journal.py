"""The one ordered log of money facts and the state it folds to. One writer; never rewrites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from genesis.domain.state import TradingState
from genesis.errors import StorageError, WriterFenced
from genesis.messages.journal import Entry, RunStarted
from genesis.storage.chain import Append, Appendable, Head, entry_of, seal
from genesis.storage.folder import DataFolder
from genesis.storage.store import (
    BUSY_TIMEOUT_MS,
    FENCED,
    Batch,
    MemoryLog,
    MemoryStore,
    OnceKey,
    Seen,
    Store,
    once_key,
)

__all__ = ["CHECKPOINT_EVERY", "Append", "Journal", "MemoryLog"]

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

    def append(self, items: Sequence[Appendable]) -> list[Entry]:
        """Commit facts in one transaction; the entries that are new, in sequence.

        A fact whose (run, source, epoch, number) is in the journal is left out. So is one that
        happened already: a second fill of one (symbol, trade id), a second intent of one client
        order id. A fact belongs to the newest run; a ``RunStarted`` with the number ``next_run()``
        begins that run.

        Raises ``WriterFenced`` when a newer writer took over, ``StorageFull`` or ``StorageError``
        when it cannot be written now (try again with the same facts), and ValueError or TypeError
        for a fact that cannot be folded: a bug of its source. After any error the journal, its
        state and its head are as they were.
        """
        if not items:
            return []
        keys = [once_key(item.fact.event) for item in items]
        asked = [key for key in keys if key is not None]
        with self._store.transaction(self._head) as transaction:
            batch = self._seal(items, keys, transaction.known(asked) if asked else set())
            if batch.rows:
                # Folded before the commit: a fact that cannot be folded must not become durable.
                state, self._state = self.state, None
                for entry in batch.entries:
                    state.apply(entry)
                    transaction.note(entry, state)
                transaction.write(batch)
        if batch.rows:
            self._state = state
            self._head = batch.head
            self._rescue = None
        self._run, self._seen = batch.run, batch.seen
        self._checkpoint(self._checkpoint_every)
        return batch.entries

    def entries(self, after_seq: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """Committed entries behind ``after_seq``, at most ``limit``."""
        return self._store.entries(after_seq, limit)

    def close(self) -> None:
        """Save the state for the next start and let go of the database."""
        self._checkpoint(1)
        self._store.close()

    def _seal(
        self, items: Sequence[Appendable], keys: Sequence[OnceKey | None], known: set[OnceKey]
    ) -> Batch:
        """``keys`` are those of the items, ``known`` the ones that are in the journal already."""
        batch = Batch(self._run, self._head, self._seen.copy())
        seq, prev_hash = self._head
        for item, key in zip(items, keys, strict=True):
            event = item.fact.event
            if type(event) is RunStarted and event.run != batch.run:
                if event.run != batch.run + 1:
                    raise ValueError(f"run {event.run} cannot follow run {batch.run}")
                batch.run, batch.seen = event.run, Seen()
            if not batch.seen.add(item.source, item.source_epoch, item.source_seq):
                continue
            if key is not None:
                if key in known:
                    continue
                known.add(key)
                batch.keys.append(key)
            seq += 1
            row = seal(seq, batch.run, item, prev_hash)
            # What followers hear is read back from what is stored: live cannot differ from replay.
            batch.entries.append(entry_of(row))
            batch.rows.append(row)
            prev_hash = row.hash
        batch.head = Head(seq, prev_hash)
        return batch

    def _checkpoint(self, every: int) -> None:
        if self._state is None or self._head.seq - self._checkpoint_seq < every:
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
