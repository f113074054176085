"""Persistence over a journal in memory, whose disk can be full."""

from __future__ import annotations

from collections.abc import Sequence

from fake import FakeRuntime, Stage

from genesis.actors.persistence import Persistence
from genesis.errors import StorageFull
from genesis.messages.journal import (
    AnyEvent,
    AppendFacts,
    BookLost,
    Entry,
    Fact,
)
from genesis.storage.journal import Journal
from genesis.storage.store import MemoryLog

PEERS = ("executor", "risk")


class Disk(Journal):
    """A journal in memory whose every commit is counted, and whose disk can be full."""

    full = False
    broken = False

    def __init__(self, log: MemoryLog) -> None:
        journal = Journal.in_memory(log)
        self.__dict__.update(journal.__dict__)
        self.appends: list[int] = []
        self.closed = False

    def append(self, handed: Sequence[AppendFacts]) -> list[Entry]:
        if self.full:
            raise StorageFull("no room left on the disk: make room, facts wait until then")
        if self.broken:
            raise RuntimeError("a bug")
        self.appends.append(sum(len(message.facts) for message in handed))
        return super().append(handed)

    def close(self) -> None:
        self.closed = True
        super().close()


class Stand(Stage):
    """Persistence over one log; every incarnation opens it anew."""

    def __init__(self, runtime: FakeRuntime | None = None) -> None:
        self.log = MemoryLog()
        self.no_room_to_open = False
        super().__init__(
            "persistence", lambda context: Persistence(context, self._open, PEERS), runtime
        )

    def _open(self) -> Disk:
        if self.no_room_to_open:
            raise StorageFull("no room left on the disk")
        self.disk = Disk(self.log)
        return self.disk

    def durable(self) -> list[AnyEvent]:
        return [entry.event for entry in self.log.entries]


def fact(event: AnyEvent) -> Fact:
    return Fact(1, event)


def lost(name: str) -> BookLost:
    return BookLost(name, "a gap")


def facts(
    first: int, *names: str, source: str = "executor", epoch: int = 1, acknowledged: int = 0
) -> AppendFacts:
    return AppendFacts(source, epoch, first, tuple(fact(lost(n)) for n in names), acknowledged)


def names(stand: Stand) -> list[str]:
    return [event.symbol for event in stand.durable() if isinstance(event, BookLost)]
