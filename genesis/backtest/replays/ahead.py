"""The records of a capture in order, with a look ahead at what one incarnation did next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from genesis.capture.records import AnyRecord, Began, Died, Finished, Record, Took

Key = tuple[str, int]
"""Name and epoch of an incarnation."""

NEXT_STEP = (Took, Began, Died)
"""Where what an incarnation did in one handler ends."""

R = TypeVar("R", bound=Record, covariant=True)


class Item:
    """A record; ``used`` once the replay has come to the same thing."""

    __slots__ = ("record", "used")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.used = False


class Found(NamedTuple, Generic[R]):
    """``record`` is None where there is none; ``stop`` is what was met in its place, None at the
    end of the capture."""

    record: R | None
    stop: Record | None


class Ahead:
    """``pop`` goes forward. ``find`` looks ahead without going forward, and marks what it finds."""

    def __init__(self, records: Iterator[AnyRecord]) -> None:
        self._records = records
        self._queue: deque[Item] = deque()
        self._of: dict[Key, deque[Item]] = {}

    def pop(self) -> Item | None:
        if not self._queue and self._pull() is None:
            return None
        item = self._queue.popleft()
        of = self._of[item.record.name, item.record.epoch]
        of.popleft()
        if not of:
            del self._of[item.record.name, item.record.epoch]
        return item

    def find(
        self,
        key: Key,
        wanted: type[R],
        stops: tuple[type[Record], ...] = NEXT_STEP,
        asker: Key | None = None,
    ) -> Found[R]:
        """The next record of ``key`` of a wanted kind that is not used yet, before any of
        ``stops``, and before the next step of ``asker``."""
        looked = 0
        while True:
            of = self._of.get(key, deque())
            while looked < len(of):
                item = of[looked]
                looked += 1
                if isinstance(item.record, wanted) and not item.used:
                    item.used = True
                    return Found(item.record, None)
                if isinstance(item.record, stops):
                    return Found(None, item.record)
            if asker is not None and (step := self._next_step(asker)) is not None:
                return Found(None, step)
            if self._pull() is None:
                return Found(None, None)

    def rest(self, key: Key, wanted: type[R]) -> list[R]:
        """What else of that kind the incarnation did in the handler it is in, used or not."""
        rest = []
        for item in self._of.get(key, ()):
            if isinstance(item.record, NEXT_STEP):
                break
            if isinstance(item.record, wanted):
                rest.append(item.record)
        return rest

    def _next_step(self, key: Key) -> Record | None:
        of = self._of.get(key, ())
        return next((item.record for item in of if isinstance(item.record, NEXT_STEP)), None)

    def _pull(self) -> Item | None:
        record = next(self._records, None)
        if record is None or isinstance(record, Finished):
            return None
        item = Item(record)
        self._queue.append(item)
        self._of.setdefault((record.name, record.epoch), deque()).append(item)
        return item
