"""A market's frames or its decoded tape, taken off in stretches of time. Delivers to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from genesis.errors import BadFrame, InputError
from genesis.exchange.port import DecoderPort
from genesis.exchange.unshown import Reached
from genesis.messages.market import MarketBatch, MarketRows, RawFrame, RawFrames, Rows

CONNECTION = "market"
FRAMES_MAX = 512
"""Frames in one stretch, unless more came in the same nanosecond."""
ROWS_MAX = 1 << 14
"""Rows of one symbol in one stretch of a tape, unless more came in the same nanosecond."""


class Stretch(NamedTuple):
    """What was received up to ``last_ns``: as the feed gets it, and decoded as the venue knows it.

    ``rows`` are empty where a frame of it cannot be used: the feed is who reports that.
    """

    message: RawFrames | MarketRows
    rows: Mapping[str, Rows]
    last_ns: int


class Reel(Protocol):
    """``sent`` is how much was taken; ``failure``, when not empty, why it ended before its end."""

    sent: int
    failure: str

    @property
    def next_ns(self) -> int | None:
        """When the next of it was received; None at its end."""
        ...

    def wind(self) -> None:
        """Make ready: nothing is read before."""
        ...

    def reached_ns(self, before_ns: int, reached_ns: Reached) -> int | None:
        """When the first row before ``before_ns`` that may fill an own order was received."""
        ...

    def take(self, before_ns: int) -> Stretch | None:
        """What was received before ``before_ns``, or the first part of it; None when nothing was.

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

    def wind(self) -> None:
        self._next = None
        try:
            frame = next(self._frames, None)
        except InputError as error:
            self.failure = str(error)
            return
        if frame is not None and (self._end_ns is None or frame.received_ns < self._end_ns):
            self._next = frame

    @property
    def next_ns(self) -> int | None:
        return None if self._next is None else self._next.received_ns

    def reached_ns(self, before_ns: int, reached_ns: Reached) -> int | None:
        # Not decoded yet, so it may be the next one.
        return self.next_ns

    def take(self, before_ns: int) -> Stretch | None:
        frames: list[RawFrame] = []
        while self._next is not None and self._next.received_ns < before_ns:
            frames.append(self._next)
            if len(frames) >= FRAMES_MAX:
                before_ns = min(before_ns, self._next.received_ns + 1)
            self.wind()
        if not frames:
            return None
        message = RawFrames(CONNECTION, self.sent + 1, tuple(frames))
        self.sent += len(frames)
        try:
            rows = self._decoder.decode(frames)
        except BadFrame:
            rows = {}
        return Stretch(message, rows, frames[-1].received_ns)


class TapeReel:
    """Rows per symbol, ``time_ns`` never decreasing; a stretch is a slice and copies nothing."""

    def __init__(self, tape: Mapping[str, Rows], end_ns: int | None) -> None:
        self.sent = 0
        self.failure = ""
        self._symbols = []
        for symbol, rows in tape.items():
            times = np.ascontiguousarray(rows["time_ns"])
            end = len(times) if end_ns is None else int(np.searchsorted(times, end_ns))
            self._symbols.append(_Track(symbol, rows[:end], times[:end]))
        self._find_next()

    def wind(self) -> None:
        pass

    @property
    def next_ns(self) -> int | None:
        return self._next_ns

    def reached_ns(self, before_ns: int, reached_ns: Reached) -> int | None:
        found = (reached_ns(t.symbol, t.peek(before_ns)) for t in self._symbols)
        return min((reach for reach in found if reach is not None), default=None)

    def take(self, before_ns: int) -> Stretch | None:
        if self._next_ns is None or self._next_ns >= before_ns:
            return None
        for track in self._symbols:
            before_ns = min(before_ns, track.most_ns())
        rows = {}
        for track in self._symbols:
            if track.next_ns is not None and track.next_ns < before_ns:
                rows[track.symbol] = track.take(before_ns)
        first = self.sent + 1
        batches = tuple(MarketBatch(symbol, first, part) for symbol, part in rows.items())
        self.sent += sum(len(part) for part in rows.values())
        self._find_next()
        last_ns = max(int(part["time_ns"][-1]) for part in rows.values())
        return Stretch(MarketRows(CONNECTION, batches), rows, last_ns)

    def _find_next(self) -> None:
        nexts = (track.next_ns for track in self._symbols)
        self._next_ns = min((at for at in nexts if at is not None), default=None)


class _Track:
    """One symbol's rows and how far they are taken off."""

    def __init__(self, symbol: str, rows: Rows, times: np.ndarray[tuple[int], np.dtype[np.int64]]):
        self.symbol = symbol
        self._rows = rows
        self._times = times
        self._at = 0
        self.next_ns = int(times[0]) if len(times) else None

    def most_ns(self) -> int:
        """Before this, a stretch is not too long; later than its first time in any case."""
        last = self._at + ROWS_MAX
        if self.next_ns is None or last >= len(self._times):
            return 1 << 63
        return max(int(self._times[last]), self.next_ns + 1)

    def peek(self, before_ns: int) -> Rows:
        """The next rows, at most as many as one stretch has."""
        before_ns = min(before_ns, self.most_ns())
        return self._rows[self._at : int(np.searchsorted(self._times, before_ns))]

    def take(self, before_ns: int) -> Rows:
        first = self._at
        self._at = int(np.searchsorted(self._times, before_ns))
        self.next_ns = int(self._times[self._at]) if self._at < len(self._times) else None
        return self._rows[first : self._at]
