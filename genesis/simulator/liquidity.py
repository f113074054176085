"""What an arriving order can take: the displayed levels less what own orders already took. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from genesis.domain.book import Book

BIDS, ASKS = 1, -1
"""Sides of the book, as ``Book`` names them."""

_FIRST_LEVELS = 32
_TRACKED_LEVELS = 256


class Consumption:
    """Lots own orders took at each level of a market that does not know about it.

    The recorded or generated market still shows what own orders took. A taken lot stays taken
    until the market itself takes quantity off that level: a level that shrinks by n is read as
    someone else having taken n of the lots already ours; a level that grows offers the growth.
    So no lot is taken twice, and a level that vanishes starts anew.
    """

    def __init__(self) -> None:
        self._levels: dict[tuple[int, int], tuple[int, int]] = {}  # -> displayed then, taken

    def __bool__(self) -> bool:
        return bool(self._levels)

    def clear(self) -> None:
        """The market has shown everything anew."""
        self._levels.clear()

    def prices(self) -> list[int]:
        return [ticks for _, ticks in self._levels]

    def left(self, side: int, ticks: int, displayed: int) -> int:
        """How many of ``displayed`` lots are still there to take."""
        if (side, ticks) not in self._levels:
            return displayed
        return max(0, displayed - self._taken(side, ticks, displayed))

    def take(self, side: int, ticks: int, displayed: int, lots: int) -> None:
        if len(self._levels) >= _TRACKED_LEVELS:
            # Bounded memory: the oldest is forgotten first.
            del self._levels[next(iter(self._levels))]
        taken = self._taken(side, ticks, displayed) + lots
        self._levels.pop((side, ticks), None)
        self._levels[side, ticks] = (displayed, taken)

    def on_level(self, side: int, ticks: int, displayed: int) -> None:
        """The market updated a level (0 removes it)."""
        known = self._levels.get((side, ticks))
        if known is None:
            return
        before, taken = known
        taken -= max(0, before - displayed)
        if taken > 0:
            self._levels[side, ticks] = (displayed, taken)
        else:
            del self._levels[side, ticks]

    def _taken(self, side: int, ticks: int, displayed: int) -> int:
        known = self._levels.get((side, ticks))
        if known is None:
            return 0
        before, taken = known
        return max(0, taken - max(0, before - displayed))


def displayed_levels(book: Book, side: int) -> Iterator[tuple[int, int]]:
    """Levels of one side, best first, as (ticks, lots), as the newest data shows them.

    A book ticker newer than the folded depth rules the top: better levels are gone, its own level
    has its quantity.
    """
    top, top_lots = book.top(side)
    if not top:
        return
    yield top, top_lots
    count, seen = _FIRST_LEVELS, 0
    while True:
        levels = book.side_levels(side, count)
        for ticks, lots in levels[seen:].tolist():
            if (top - ticks) * side > 0:
                yield ticks, lots
        if len(levels) < count:
            return
        seen, count = count, count * 8


def displayed_at(book: Book, side: int, ticks: int) -> int:
    """Lots shown at one price. Depth and ticker may disagree for a moment: the larger counts,

    because it is used as the queue before an own order, where more is the honest doubt.
    """
    top, top_lots = book.top(side)
    return max(book.level_lots(side, ticks), top_lots if top == ticks else 0)
