"""When the account must be looked at next, told from the touches that are known. No clock, no I/O.

Floats only tell when: each look itself is exact. Between two looks equity stays in a band in which
there is no new peak to note and no limit is reached.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from genesis.domain import vigil_kernels
from genesis.domain.level_kernels import Ints
from genesis.messages.market import TOP, BookView, table_of

Floats = npt.NDArray[np.float64]
_FIRST_CHUNK = 64
_SLACK = 1e-9
"""So much nearer, as a part of them, are a band's edges than what they stand for: far more than
floats lose, so that no look comes too late."""


class Band(msgspec.Struct, frozen=True):
    """In quote: nothing is to be done while ``low`` < equity < ``high``, before ``until_ns``.

    Equity is ``rest`` plus what is held: ``held`` are quantities by symbol.
    """

    low: float
    high: float
    until_ns: int
    rest: float
    held: dict[str, float]

    @classmethod
    def between(
        cls, floor: float, peak: float, until_ns: int, rest: float, held: dict[str, float]
    ) -> Band:
        """A little nearer than ``floor`` and ``peak``."""
        low, high = floor + abs(floor) * _SLACK, peak - abs(peak) * _SLACK
        return cls(low, high, until_ns, rest, held)

    def left_ns(
        self, known: Mapping[str, Mids], mids: Mapping[str, float], after_ns: int, before_ns: int
    ) -> int | None:
        """When equity first leaves the band behind ``after_ns``; None while nothing ``known`` of
        what is held takes it there before ``before_ns``, at about which the search ends.

        ``mids`` are those of now, in quote: of all that is held, or of none where that is one
        symbol alone, which leaves the band with a move of its own or not at all.
        """
        if len(known) == 1:
            [(symbol, only)] = known.items()
            still, mid = self.rest, math.nan  # alone, it has not left the band so far
            if mids:
                mid = mids[symbol]
                still += sum(self.held[other] * mids[other] for other in mids if other != symbol)
            left_ns = vigil_kernels.left_ns(
                only.table,
                only.half_tick,
                self.held[symbol],
                mid,
                still,
                self.low,
                self.high,
                self.until_ns,
                after_ns,
                before_ns,
            )
            return int(left_ns) or None
        if not known or self._holds(known, mids):
            return None
        size = _FIRST_CHUNK
        while after_ns < before_ns:
            ends = [end for m in known.values() if (end := m.chunk_end_ns(after_ns, size))]
            if not ends:
                return None
            upto_ns = min(ends)
            left_ns = self._left_between_ns(known, mids, after_ns, upto_ns)
            if left_ns is not None:
                return left_ns
            after_ns, size = upto_ns, 4 * size
        return None

    def _holds(self, known: Mapping[str, Mids], mids: Mapping[str, float]) -> bool:
        """Whether equity stays inside at the worst and the best of all that is known."""
        worst = best = self.rest
        for symbol, quantity in self.held.items():
            low = high = mids[symbol]
            if symbol in known:
                low, high = min(low, known[symbol].lowest), max(high, known[symbol].highest)
                if known[symbol].last_ns >= self.until_ns:
                    return False
            worst += min(quantity * low, quantity * high)
            best += max(quantity * low, quantity * high)
        return self.low < worst and best < self.high

    def _left_between_ns(
        self, known: Mapping[str, Mids], mids: Mapping[str, float], after_ns: int, upto_ns: int
    ) -> int | None:
        each = [m.times(after_ns, upto_ns) for m in known.values()]
        times = np.unique(np.concatenate(each))
        equity = np.full(len(times), self.rest)
        for symbol, quantity in self.held.items():
            mid = mids[symbol]
            equity += quantity * (known[symbol].at(times, mid) if symbol in known else mid)
        outside = (equity <= self.low) | (equity >= self.high) | (times >= self.until_ns)
        first = int(np.argmax(outside))
        return int(times[first]) if outside[first] else None


class Mids:
    """What one view tells of a symbol's middle, in quote, and when, up to ``last_ns``.

    ``lowest`` and ``highest`` may be of a moment without a touch, and then say less than is true.
    """

    def __init__(self, view: BookView, tick: float) -> None:
        self._tops = view.all_tops()
        self.table = table_of(self._tops)
        self.half_tick = tick / 2
        self.last_ns = view.newest_ns

    @functools.cached_property
    def lowest(self) -> float:
        return float(self._sums.min()) * self.half_tick

    @functools.cached_property
    def highest(self) -> float:
        return float(self._sums.max()) * self.half_tick

    @functools.cached_property
    def _sums(self) -> Ints:
        sums: Ints = self._tops["bid_ticks"] + self._tops["ask_ticks"]
        return sums

    @functools.cached_property
    def _times(self) -> npt.NDArray[np.int64]:
        return np.ascontiguousarray(self._tops["at_ns"])

    @functools.cached_property
    def _mids(self) -> Floats:
        tops = self._tops
        bid, ask = tops["bid_ticks"], tops["ask_ticks"]
        usable = (tops["synced"] > 0) & (bid > 0) & (ask > bid)
        mids = np.where(usable, (bid + ask) * self.half_tick, np.nan)
        if not usable.all():  # a book without a touch leaves the last mid
            newest = np.maximum.accumulate(np.where(usable, np.arange(len(tops)), 0))
            mids = mids[newest]
        return mids

    def chunk_end_ns(self, after_ns: int, size: int) -> int:
        """The time of the ``size``-th touch behind ``after_ns``, or of the last; 0 for none."""
        first = int(np.searchsorted(self._times, after_ns, side="right"))
        last = min(first + size, len(self._times)) - 1
        return int(self._times[last]) if first <= last else 0

    def times(self, after_ns: int, upto_ns: int) -> npt.NDArray[np.int64]:
        """When there were touches in (after_ns, upto_ns]."""
        first, end = np.searchsorted(self._times, (after_ns, upto_ns), side="right")
        return self._times[first:end]

    def at(self, times: npt.NDArray[np.int64], before: float) -> Floats:
        """The mid at each of ``times``; ``before`` where none is known yet."""
        place = np.searchsorted(self._times, times, side="right") - 1
        mids = np.where(place >= 0, self._mids[place], before)
        return np.where(np.isnan(mids), before, mids)


def warm_up() -> None:
    """Load (the first time on a machine: compile) the kernel, so that no actor waits for it."""
    view = BookView("", 0, 0, False, 0, 0, 0, 0, 0, tops=np.zeros(1, TOP))
    Band(0.0, 0.0, 1, 0.0, {"": 0.0}).left_ns({"": Mids(view, 1.0)}, {}, 0, 1)
