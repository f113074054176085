"""Books as they were at a moment: the newest view of each symbol, and the one before. No clock.

In virtual time a view comes with what is only going to happen in the next stretch; nobody may look
at more of it than his own time allows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from genesis.messages.market import BookView


class _Between(NamedTuple):
    """A view from between two, of what it is one, and how long it holds."""

    of: BookView
    from_ns: int
    until_ns: int
    view: BookView


class Views:
    """By symbol, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._newest: dict[str, BookView] = {}
        self._before: dict[str, BookView] = {}
        self._between: dict[str, _Between] = {}
        self.newest_ns = 0
        """When the newest touch that is known came, or will come."""

    def __iter__(self) -> Iterator[str]:
        return iter(self._newest)

    def moves(self, symbol: str) -> bool:
        """Whether its newest view moved the touch."""
        view = self._newest.get(symbol)
        return view is not None and view.newest_ns > 0

    def newest(self, symbol: str) -> BookView:
        """The newest view, whatever its time; the tops on the way to it may be still to come.

        Raises KeyError while there is none.
        """
        return self._newest[symbol]

    def see(self, view: BookView) -> None:
        """A newer view of its symbol."""
        before = self._newest.get(view.symbol)
        if before is not None:
            self._before[view.symbol] = before
        self._newest[view.symbol] = view
        self.newest_ns = max(self.newest_ns, view.newest_ns)

    def next_ns(self, after_ns: int) -> int | None:
        """When the first touch behind ``after_ns`` that is known came, or will come."""
        found = None
        for view in self._newest.values():
            if view.newest_ns > after_ns:
                first = view.newest_ns
                if len(view.tops):
                    times = view.tops["at_ns"].data
                    first = times[bisect_right(times, after_ns)]
                found = first if found is None else min(found, first)
        return found

    def at(self, symbol: str, now_ns: int) -> BookView | None:
        """The view as of ``now_ns``; None while there is none.

        Only the newest view has its levels; one from between two has the touch alone.
        """
        view = self._newest.get(symbol)
        if view is None or view.newest_ns <= now_ns:
            return view
        known = self._between.get(symbol)
        if known is not None and known.of is view and known.from_ns <= now_ns < known.until_ns:
            return known.view
        times = view.tops["at_ns"].data
        place = bisect_right(times, now_ns) - 1
        if place < 0:  # also where there are none: the view itself is still to come
            return self._before.get(symbol)
        seen = _top(symbol, view.tops[place].item())
        self._between[symbol] = _Between(view, times[place], times[place + 1], seen)
        return seen


def _top(symbol: str, top: tuple[int, ...]) -> BookView:
    at_ns, time_ns, synced, update_id, bid, bid_lots, ask, ask_lots = top
    return BookView(
        symbol=symbol,
        trace_id=at_ns,
        time_ns=time_ns,
        synced=bool(synced),
        update_id=update_id,
        bid_ticks=bid,
        bid_lots=bid_lots,
        ask_ticks=ask,
        ask_lots=ask_lots,
        newest_ns=at_ns,
    )
