"""A journal's disk in memory, with what a disk can do to it. Reads no clock of its own.

A commit goes to the disk's cache first and is durable once synced. A process that dies takes the
cache, and a half-written row, with it; what it was told to be durable stays. The rows are kept as
they are written, so that opening the journal reads back, and checks, what is really there.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import msgspec

from genesis.domain.state import TradingState
from genesis.errors import StorageError, StorageFull, WriterFenced
from genesis.messages.journal import Entry
from genesis.storage.chain import ORIGIN, Head, Row, entry_of, follow
from genesis.storage.store import (
    FENCED,
    Batch,
    Loaded,
    OnceKey,
    Seen,
    Transaction,
    once_key,
)


class StorageKind(enum.StrEnum):
    """The first group lasts for ``for_ns``; the last kills the process in the middle of a commit,
    which is then down for ``for_ns``."""

    DISK_FULL = "disk-full"
    LOCKED = "database-locked"
    COMMIT_UNCLEAR = "commit-unclear"
    KILL_BEFORE_WRITE = "kill-before-write"
    KILL_TORN = "kill-torn-tail"
    KILL_UNSYNCED = "kill-unsynced"
    KILL_SYNCED = "kill-before-ack"


KILLED = "drill: the process was killed"
"""What the dying writer is told; ``MemoryDisk.killed`` says so to whoever drives it."""


class StorageFault(msgspec.Struct, frozen=True, tag="storage"):
    """Strikes the first commit at or after ``at_ns`` (trading time)."""

    at_ns: int
    kind: StorageKind
    for_ns: int = 0


class MemoryDisk:
    """Rows, of which the first ``synced`` are durable; ``now_ns`` tells the trading time.

    From ``heal_ns`` on nothing fails any more. ``struck`` lists what struck when. ``kill`` is
    called when a fault kills the process, of which then nothing may run on.
    """

    def __init__(self, faults: Iterable[StorageFault] = (), heal_ns: int = 0) -> None:
        self.rows: list[Row] = []
        self.verified = 0
        self._entries: list[Entry] = []
        self._keys: set[OnceKey] = set()
        self._keyed = 0
        self.torn = ""
        self.synced = 0
        self.lease = 0
        self.checkpoint: tuple[int, bytes] | None = None
        self.now_ns: Callable[[], int] = lambda: 0
        self.struck: list[tuple[int, StorageFault]] = []
        self.killed: StorageFault | None = None
        self.kill: Callable[[], None] = lambda: None
        self._plan = sorted(faults, key=lambda fault: fault.at_ns)
        self._heal_ns = heal_ns
        self._failing: tuple[int, StorageKind] | None = None

    @property
    def head(self) -> Head:
        return Head(self.rows[-1].seq, self.rows[-1].hash) if self.rows else ORIGIN

    def restart(self) -> None:
        """The process is gone: whatever was not synced never happened."""
        del self.rows[self.synced :], self._entries[self.synced :]
        self.torn, self.killed = "", None

    def entries(self, after_seq: int, before: int) -> list[Entry]:
        """Rows as they are read back; each is read only once, as no row ever changes."""
        self._entries += map(entry_of, self.rows[len(self._entries) : before])
        return self._entries[after_seq:before]

    def known(self) -> set[OnceKey]:
        """Of everything durable; to be read only. What is durable stays, so they only grow."""
        new = self.entries(self._keyed, self.synced)
        self._keys.update(key for entry in new if (key := once_key(entry.event)) is not None)
        self._keyed = self.synced
        return self._keys

    def fault(self) -> StorageKind | None:
        """What goes wrong with a commit now."""
        now_ns = self.now_ns()
        if now_ns >= self._heal_ns:
            return None
        if self._plan and self._plan[0].at_ns <= now_ns:
            fault = self._plan.pop(0)
            self.struck.append((now_ns, fault))
            if fault.kind in (StorageKind.DISK_FULL, StorageKind.LOCKED):
                self._failing = (now_ns + fault.for_ns, fault.kind)
            elif fault.kind is not StorageKind.COMMIT_UNCLEAR:
                self.killed = fault
                self.kill()
            return fault.kind
        if self._failing is not None and now_ns < self._failing[0]:
            return self._failing[1]
        return None


class DiskStore:
    """One writer's access to a ``MemoryDisk``: the chain and rules of the real store."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk
        disk.lease += 1
        self._lease = disk.lease

    def load(self) -> Loaded:
        """Check the part of the chain that is new, and fold what the saved state does not hold."""
        disk = self._disk
        state, encoded = TradingState(), b""
        if disk.checkpoint is not None and disk.checkpoint[0] <= disk.synced:
            saved_seq, saved = disk.checkpoint
            state = TradingState.decode(saved)
            encoded = saved if saved_seq == disk.head.seq else b""
        rows, first = disk.rows[: disk.synced], disk.verified
        before = ORIGIN if first == 0 else Head(rows[first - 1].seq, rows[first - 1].hash)
        for _ in follow(rows[first:], before, disk.head):
            disk.verified += 1
        for entry in disk.entries(state.seq, disk.synced):
            state.apply(entry)
        run = rows[-1].run if rows else 0
        seen: Seen = {
            (row.source, row.source_epoch): row.source_seq for row in rows if row.run == run
        }
        return Loaded(state, disk.head, run, seen, state.seq, encoded)

    @contextmanager
    def transaction(self, head: Head) -> Iterator[Transaction]:
        disk = self._disk
        if disk.killed is not None:
            raise StorageError(KILLED)
        fault = disk.fault()
        if fault is StorageKind.DISK_FULL:
            raise StorageFull("drill: no space left on the disk")
        if fault is StorageKind.LOCKED:
            raise StorageError("drill: database is locked")
        if self._lease != disk.lease or head != disk.head:
            raise WriterFenced(FENCED)
        if fault is StorageKind.KILL_BEFORE_WRITE:
            raise StorageError(KILLED)
        yield self
        if fault is StorageKind.KILL_TORN and len(disk.rows) > disk.synced:
            disk.torn = disk.rows.pop().payload[:-1]
        if fault in (StorageKind.KILL_TORN, StorageKind.KILL_UNSYNCED):
            raise StorageError(KILLED)
        disk.synced = len(disk.rows)
        if fault is StorageKind.KILL_SYNCED:
            raise StorageError(KILLED)
        if fault is StorageKind.COMMIT_UNCLEAR:
            raise StorageError("drill: disk I/O error while the commit was finished")

    def knows(self, key: OnceKey) -> bool:
        return key in self._disk.known()

    def note(self, entry: Entry, state: TradingState) -> None:
        """Nothing is projected: there is no one to read it."""

    def write(self, batch: Batch) -> None:
        self._disk.rows += batch.rows

    def entries(self, after_seq: int) -> Iterator[Entry]:
        return iter(self._disk.entries(after_seq, self._disk.synced))

    def checkpoint(self, seq: int, encoded: bytes) -> None:
        if self._disk.killed is not None:
            raise StorageError(KILLED)
        self._disk.checkpoint = (seq, encoded)

    def close(self) -> None:
        """The disk stays."""
