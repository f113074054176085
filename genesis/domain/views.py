"""Books as they were at a moment: the newest view of each symbol, and the one before. No clock.

In virtual time a view comes with what is only going to happen in the next stretch; nobody may look
at more of it than his own time allows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import msgspec

from genesis.messages.market import BookView


def has_touch(view: BookView) -> bool:
    """Whether its book is whole: a gapped, empty or crossed one has no touch."""
    return view.synced and 0 < view.bid_ticks < view.ask_ticks


class _Course(msgspec.Struct):
    """How one symbol moved: its newest view, the one before, and of those from between the two the
    one that was asked for last, which holds from ``from_ns`` until ``until_ns``."""

    newest: BookView
    before: BookView | None
    times: memoryview  # of the newest one's tops
    between: BookView | None = None
    from_ns: int = 0
    until_ns: int = 0


class Views:
    """By symbol, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._courses: dict[str, _Course] = {}
        self.newest_ns = 0
        """When the newest touch that is known came, or will come."""

    def __iter__(self) -> Iterator[str]:
        return iter(self._courses)

    def newest(self, symbol: str) -> BookView | None:
        """The newest view, whatever its time; the tops on the way to it may be still to come."""
        course = self._courses.get(symbol)
        return None if course is None else course.newest

    def see(self, view: BookView) -> None:
        """A newer view of its symbol."""
        course = self._courses.get(view.symbol)
        before = None if course is None else course.newest
        self._courses[view.symbol] = _Course(view, before, view.tops["at_ns"].data)
        self.newest_ns = max(self.newest_ns, view.newest_ns)

    def next_ns(self, after_ns: int) -> int | None:
        """When the first touch behind ``after_ns`` that is known came, or will come."""
        found = None
        for course in self._courses.values():
            first = course.newest.newest_ns
            if first > after_ns:
                times = course.times
                if times:
                    first = times[bisect_right(times, after_ns)]
                if found is None or first < found:
                    found = first
        return found

    def at(self, symbol: str, now_ns: int) -> BookView | None:
        """The view as of ``now_ns``; None while there is none.

        Only the newest view has its levels; one from between two has the touch alone.
        """
        course = self._courses.get(symbol)
        if course is None:
            return None
        view = course.newest
        if view.newest_ns <= now_ns:
            return view
        if course.from_ns <= now_ns < course.until_ns:
            return course.between
        times = course.times
        place = bisect_right(times, now_ns)
        if not place:  # also where there are none: the view itself is still to come
            return course.before
        course.from_ns, course.until_ns = times[place - 1], times[place]
        course.between = _top(symbol, view.tops[place - 1].item())
        return course.between


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
