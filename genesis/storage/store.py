"""What a journal keeps its rows in, and the one in memory. Never judges what it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from operator import attrgetter
from typing import Any, Protocol

import msgspec

from genesis.domain.state import TradingState
from genesis.errors import WriterFenced
from genesis.messages.journal import AnyEvent, Entry, OrderFilled, OrderIntended
from genesis.storage.chain import ORIGIN, Head, Row

FillKey = tuple[str, int]
"""Symbol and the venue's trade id: what makes a fill one fill."""

OnceKey = str | FillKey
"""What can happen only once: the opening of a client order id, and a fill."""

Seen = dict[tuple[str, int], int]
"""Per source and source epoch of one run the number of its newest fact. Numbers come in order and
without a hole, so nothing up to it is missing: it is in the journal, or had happened already."""

BUSY_TIMEOUT_MS = 1000
"""How long a write waits for another's lock: well under the supervisor's patience with an
actor that misses heartbeats."""

FENCED = "the journal was taken over by a newer writer; this one writes nothing more"


_ONCE: dict[type, Callable[[Any], OnceKey]] = {
    OrderIntended: attrgetter("client_order_id"),
    OrderFilled: attrgetter("symbol", "trade_id"),
}


def once_key(event: AnyEvent) -> OnceKey | None:
    """None for events that may happen again."""
    key = _ONCE.get(type(event))
    return None if key is None else key(event)


class Batch(msgspec.Struct):
    """Facts on their way into one commit: their rows, what they say, and how a journal stands then.

    ``seen`` also covers facts left out because they happened already, ``keys`` hold what of the
    rows can happen only once (``once_key``).
    """

    run: int
    head: Head
    seen: Seen
    rows: list[Row]
    entries: list[Entry]
    keys: set[OnceKey]


class Loaded(msgspec.Struct):
    """A journal as it stands: the folded state and what a writer must know to go on.

    ``encoded`` is the state as it was saved, or empty where entries came since.
    """

    state: TradingState
    head: Head
    run: int
    seen: Seen
    checkpoint_seq: int
    encoded: bytes = b""


class Transaction(Protocol):
    """One commit. Leaving it without an error makes everything in it durable at once."""

    def knows(self, key: OnceKey) -> bool:
        """Whether the journal holds it already."""

    def note(self, entry: Entry, state: TradingState) -> None:
        """``state`` has just folded ``entry``: keep what the projections need of it."""

    def write(self, batch: Batch) -> None: ...


class Store(Protocol):
    """The journal's rows under one writer's lease. All methods raise ``StorageError``."""

    def load(self) -> Loaded: ...

    def transaction(self, head: Head) -> AbstractContextManager[Transaction]:
        """Raises ``WriterFenced`` when the lease is lost or the journal moved on from ``head``."""

    def entries(self, after_seq: int) -> Iterator[Entry]: ...

    def checkpoint(self, seq: int, encoded: bytes) -> None:
        """Save the encoded state as of entry ``seq``."""

    def close(self) -> None: ...


class MemoryLog:
    """A journal's memory, which outlives the ``Journal`` objects opened on it, as a disk would.

    ``keep_rows``: also keep the rows as they were sealed, for ``storage.export``.
    """

    def __init__(self, *, keep_rows: bool = False) -> None:
        self.entries: list[Entry] = []
        self.rows: list[Row] | None = [] if keep_rows else None
        self.head = ORIGIN
        self.run = 0
        self.seen: Seen = {}
        self.known: set[OnceKey] = set()
        self.checkpoint: tuple[int, bytes] | None = None
        self.lease = 0


class MemoryStore:
    """Keeps entries in a list, for backtests. Same chain, no database; a commit cannot fail."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        log.lease += 1
        self._lease = log.lease

    def load(self) -> Loaded:
        log = self._log
        state, checkpoint_seq, encoded = TradingState(), 0, b""
        if log.checkpoint is not None:
            checkpoint_seq, encoded = log.checkpoint
            state = TradingState.decode(encoded)
        for entry in log.entries[checkpoint_seq:]:
            state.apply(entry)
        if checkpoint_seq < log.head.seq:
            encoded = b""
        return Loaded(state, log.head, log.run, log.seen, checkpoint_seq, encoded)

    def transaction(self, head: Head) -> MemoryStore:
        if self._lease != self._log.lease or head != self._log.head:
            raise WriterFenced(FENCED)
        return self

    def __enter__(self) -> MemoryStore:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is in the log but what ``write``, the last step of a commit, put there."""

    def knows(self, key: OnceKey) -> bool:
        return key in self._log.known

    def note(self, entry: Entry, state: TradingState) -> None:
        """Nothing is projected: there is no one to read it."""

    def write(self, batch: Batch) -> None:
        log = self._log
        log.entries += batch.entries
        if log.rows is not None:
            log.rows += batch.rows
        log.head, log.run, log.seen = batch.head, batch.run, batch.seen
        log.known |= batch.keys

    def entries(self, after_seq: int) -> Iterator[Entry]:
        return iter(self._log.entries[after_seq:])

    def checkpoint(self, seq: int, encoded: bytes) -> None:
        self._log.checkpoint = (seq, encoded)

    def close(self) -> None:
        """The log stays, for whoever opens a journal on it next."""
