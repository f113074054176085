"""When the account must be looked at next, told from the touches that are known. No clock, no I/O.

Floats only tell when: each look itself is exact. Between two looks equity stays in a band in which
there is no new peak to note and no limit is reached.
"""

from __future__ import annotations

import functools
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
"""Of the band's edges: far more than floats lose, so that no look comes too late."""


class Holding(msgspec.Struct, frozen=True):
    """``quantity`` of a symbol, valued at ``mid`` in quote until its book says more."""

    quantity: float
    mid: float


class Band(msgspec.Struct, frozen=True):
    """In quote: nothing is to be done while ``low`` < equity < ``high``, before ``until_ns``.

    Equity is ``rest`` plus what is held.
    """

    low: float
    high: float
    until_ns: int
    rest: float
    held: dict[str, Holding]

    def valued(self, mids: Mapping[str, float]) -> Band:
        """The same band with these newer mids, as far as they are held."""
        held = {
            symbol: Holding(holding.quantity, mids.get(symbol, holding.mid))
            for symbol, holding in self.held.items()
        }
        return msgspec.structs.replace(self, held=held)

    def left_ns(self, mids: Mapping[str, Mids], after_ns: int, before_ns: int) -> int | None:
        """When equity first leaves the band behind ``after_ns``; None while nothing known of
        ``mids`` takes it there before ``before_ns``, at about which the search ends."""
        still, known, moving = self.rest, {}, None
        for symbol, holding in self.held.items():
            if symbol in mids:
                known[symbol], moving = mids[symbol], holding
            else:
                still += holding.quantity * holding.mid
        if moving is not None and len(known) == 1:
            [only] = known.values()
            low, high = self._edges
            return only.left_ns(moving, still, low, high, self.until_ns, after_ns, before_ns)
        if self._holds(mids):
            return None
        size = _FIRST_CHUNK
        while after_ns < before_ns:
            ends = [end for m in known.values() if (end := m.chunk_end_ns(after_ns, size))]
            if not ends:
                return None
            upto_ns = min(ends)
            left_ns = self._left_between_ns(known, after_ns, upto_ns)
            if left_ns is not None:
                return left_ns
            after_ns, size = upto_ns, 4 * size
        return None

    def _holds(self, mids: Mapping[str, Mids]) -> bool:
        """Whether equity stays inside at the worst and the best of all that is known."""
        worst = best = self.rest
        for symbol, holding in self.held.items():
            low = high = holding.mid
            if symbol in mids:
                low, high = min(low, mids[symbol].lowest), max(high, mids[symbol].highest)
                if mids[symbol].last_ns >= self.until_ns:
                    return False
            worst += min(holding.quantity * low, holding.quantity * high)
            best += max(holding.quantity * low, holding.quantity * high)
        return self._edges[0] < worst and best < self._edges[1]

    @property
    def _edges(self) -> tuple[float, float]:
        return self.low + abs(self.low) * _SLACK, self.high - abs(self.high) * _SLACK

    def _left_between_ns(
        self, known: Mapping[str, Mids], after_ns: int, upto_ns: int
    ) -> int | None:
        each = [m.times(after_ns, upto_ns) for m in known.values()]
        times = each[0] if len(each) == 1 else np.unique(np.concatenate(each))
        equity = np.full(len(times), self.rest)
        for symbol, holding in self.held.items():
            mid = known[symbol].at(times, holding.mid) if symbol in known else holding.mid
            equity += holding.quantity * mid
        low, high = self._edges
        outside = (equity <= low) | (equity >= high) | (times >= self.until_ns)
        first = int(np.argmax(outside))
        return int(times[first]) if outside[first] else None


class Mids:
    """What one view tells of a symbol's middle, in quote, and when, up to ``last_ns``.

    ``lowest`` and ``highest`` may be of a moment without a touch, and then say less than is true.
    """

    def __init__(self, view: BookView, tick: float) -> None:
        self._tops = view.all_tops()
        self._table = table_of(self._tops)
        self._half_tick = tick / 2
        self.last_ns = view.newest_ns

    def left_ns(
        self,
        holding: Holding,
        rest: float,
        low: float,
        high: float,
        until_ns: int,
        after_ns: int,
        before_ns: int,
    ) -> int | None:
        """``Band.left_ns`` where nothing else held moves: equity is ``rest`` and ``holding``."""
        table, half_tick = self._table, self._half_tick
        quantity, mid = holding.quantity, holding.mid
        left_ns = vigil_kernels.left_ns(
            table, half_tick, quantity, mid, rest, low, high, until_ns, after_ns, before_ns
        )
        return int(left_ns) or None

    @functools.cached_property
    def lowest(self) -> float:
        return float(self._sums.min()) * self._half_tick

    @functools.cached_property
    def highest(self) -> float:
        return float(self._sums.max()) * self._half_tick

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
        mids = np.where(usable, (bid + ask) * self._half_tick, np.nan)
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
    Mids(view, 1.0).left_ns(Holding(0.0, 0.0), 0.0, 0.0, 0.0, 1, 0, 1)
