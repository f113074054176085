"""A market's frames or its decoded tape, taken off in stretches of time. Delivers to nobody."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from genesis.errors import BadFrame, InputError
from genesis.exchange.mapped import looked_through, release
from genesis.exchange.port import DecoderPort
from genesis.exchange.unshown import Reached
from genesis.messages.market import (
    MarketBatch,
    MarketRows,
    RawFrame,
    RawFrames,
    Rows,
    Table,
    table_of,
)
from genesis.runtime.clock import ENDLESS_NS
from genesis.simulator.tape import breaks_ns

CONNECTION = "market"
FRAMES_MAX = 512
"""Frames in one stretch, unless more came in the same nanosecond."""
ROWS_MAX = 1 << 14
"""Rows of one symbol in one stretch of a tape, unless more came in the same nanosecond."""
RELEASED_BEHIND = 1 << 17
"""So many rows that are taken are kept in memory, for those who still have to look at them."""


class Stretch(NamedTuple):
    """What was received up to ``last_ns``: as the feed gets it, and decoded as the venue knows it.

    ``tables`` are empty where a frame of it cannot be used: the feed is who reports that.
    """

    message: RawFrames | MarketRows
    tables: Mapping[str, Table]
    last_ns: int


class Reel(Protocol):
    """``sent`` is how much was taken; ``failure``, when not empty, why it ended before its end."""

    sent: int
    failure: str

    @property
    def next_ns(self) -> int | None:
        """When the next of it was received; None at its end."""
        ...

    def begin(self) -> None:
        """Make ready: nothing is read before."""
        ...

    def reached_ns(self, before_ns: int, reached_ns: Reached) -> int | None:
        """When the first row before ``before_ns`` that may fill an own order was received."""
        ...

    def take(self, before_ns: int, now_ns: int) -> Stretch | None:
        """What was received before ``before_ns``, or the first part of it; None when nothing was,
        or when it must not travel before its time has come.

        Whatever came at one moment travels together.
        """
        ...


class FrameReel:
    """Frames in receive order, up to ``end_ns``. Reads one frame ahead."""

    def __init__(
        self, frames: Iterator[RawFrame], decoder: DecoderPort, end_ns: int | None
    ) -> None:
        self.sent = 0
        self.failure = ""
        self._frames = frames
        self._decoder = decoder
        self._end_ns = end_ns
        self._next: RawFrame | None = None
        self.next_ns: int | None = None

    def begin(self) -> None:
        self._read_ahead()

    def _read_ahead(self) -> None:
        self._next = self.next_ns = None
        try:
            frame = next(self._frames, None)
        except InputError as error:
            self.failure = str(error)
            return
        if frame is not None and (self._end_ns is None or frame.received_ns < self._end_ns):
            self._next, self.next_ns = frame, frame.received_ns

    def reached_ns(self, before_ns: int, reached_ns: Reached) -> int | None:
        # Not decoded yet, so it may be the next one.
        return self.next_ns

    def take(self, before_ns: int, now_ns: int) -> Stretch | None:
        frames: list[RawFrame] = []
        while self._next is not None and self._next.received_ns < before_ns:
            frames.append(self._next)
            if len(frames) >= FRAMES_MAX:
                before_ns = min(before_ns, self._next.received_ns + 1)
            self._read_ahead()
        if not frames:
            return None
        message = RawFrames(CONNECTION, self.sent + 1, tuple(frames))
        self.sent += len(frames)
        try:
            tables = self._decoder.tables(frames)
        except BadFrame:
            tables = {}
        return Stretch(message, tables, frames[-1].received_ns)


class TapeReel:
    """Rows per symbol, ``time_ns`` never decreasing; a stretch is a slice and copies nothing.

    A moment at which a book may be lost or made whole is no part of a stretch before its time has
    come: what follows from it (a snapshot is asked for) happens then.
    """

    def __init__(self, tape: Mapping[str, Rows], end_ns: int | None) -> None:
        self.sent = 0
        self.failure = ""
        self._symbols = [_Track(symbol, rows, end_ns) for symbol, rows in tape.items()]
        self._find_next()

    def begin(self) -> None:
        pass

    def reached_ns(self, before_ns: int, reached_ns: Reached) -> int | None:
        found = (reached_ns(t.symbol, t.peek(before_ns)) for t in self._symbols)
        return min((reach for reach in found if reach is not None), default=None)

    def take(self, before_ns: int, now_ns: int) -> Stretch | None:
        for track in self._symbols:
            before_ns = min(before_ns, track.most_ns(), max(track.break_ns, now_ns + 1))
        if self.next_ns is None or self.next_ns >= before_ns:
            return None
        first, tables, last_ns = self.sent + 1, {}, 0
        for track in self._symbols:
            if track.next_ns is not None and track.next_ns < before_ns:
                part = tables[track.symbol] = track.take(before_ns)
                self.sent += len(part)
                last_ns = max(last_ns, track.last_ns)
        batches = tuple(MarketBatch(symbol, first, part) for symbol, part in tables.items())
        self._find_next()
        return Stretch(MarketRows(CONNECTION, batches), tables, last_ns)

    def _find_next(self) -> None:
        nexts = [track.next_ns for track in self._symbols if track.next_ns is not None]
        self.next_ns: int | None = min(nexts, default=None)


class _Track:
    """One symbol's rows and how far they are taken off. ``last_ns``: of the newest taken;
    ``break_ns``: when its book may next be lost or made whole."""

    def __init__(self, symbol: str, rows: Rows, end_ns: int | None):
        self.symbol = symbol
        self._table = table = table_of(rows)
        # Searched without a copy, as numpy would make one of a column.
        self._times = table[:, 0].data
        self._breaks = iter(breaks_ns(looked_through(table)))
        self.break_ns = next(self._breaks, ENDLESS_NS)
        self._at = self._released = 0
        self._end = len(rows) if end_ns is None else bisect_left(self._times, end_ns)
        self.next_ns = self._times[0] if self._end else None
        self.last_ns = 0

    def most_ns(self) -> int:
        """Before this, a stretch is not too long; later than its first time in any case."""
        if self.next_ns is None:
            return ENDLESS_NS
        last = self._at + ROWS_MAX
        most_ns = ENDLESS_NS if last >= self._end else self._times[last]
        return max(most_ns, self.next_ns + 1)

    def peek(self, before_ns: int) -> Table:
        """The next rows, at most as many as one stretch has."""
        return self._table[self._at : self._place(min(before_ns, self.most_ns()))]

    def take(self, before_ns: int) -> Table:
        """The rows before ``before_ns``, of which there is at least one."""
        first, self._at = self._at, self._place(before_ns)
        self.next_ns = self._times[self._at] if self._at < self._end else None
        self.last_ns = self._times[self._at - 1]
        while self.break_ns <= self.last_ns:
            self.break_ns = next(self._breaks, ENDLESS_NS)
        if first - self._released > 2 * RELEASED_BEHIND:
            done, self._released = self._released, first - RELEASED_BEHIND
            release(self._table[done : self._released])
        return self._table[first : self._at]

    def _place(self, before_ns: int) -> int:
        near = min(self._at + ROWS_MAX, self._end)
        is_near = near == self._end or self._times[near] >= before_ns
        return bisect_left(self._times, before_ns, self._at, near if is_near else self._end)
