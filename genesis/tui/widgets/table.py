"""A list of like items in columns that fit the width at hand. It knows nothing of trading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from genesis.tui.text import fit
from genesis.tui.theme import FOCUSED, Line, Tone
from genesis.tui.widgets.lines import Lines

T = TypeVar("T")
Cell = tuple[str, Tone]


class Column(NamedTuple, Generic[T]):
    """One column. Columns with the lowest ``rank`` get their place first, all or nothing.

    ``cell`` writes an item into at most the given width, so no number is ever cut. An ``extra``
    column appears only where the others already have all the room they can use.
    """

    title: str
    width: int
    cell: Callable[[T, int], Cell]
    rank: int = 0
    right: bool = False
    grow: int = 0  # further characters it can use when there is room
    extra: bool = False


class Place(NamedTuple, Generic[T]):
    column: Column[T]
    start: int
    width: int


def arrange(columns: Sequence[Column[T]], width: int) -> list[Place[T]]:
    """Choose the columns that fit into ``width`` and where they stand, in the given order."""
    chosen: set[int] = set()
    used, wanted = -1, -1
    for index in sorted(range(len(columns)), key=lambda i: (columns[i].rank, i)):
        column = columns[index]
        if (wanted if column.extra else used) + 1 + column.width > width:
            break
        chosen.add(index)
        used += 1 + column.width
        wanted += 1 + column.width + column.grow
    spare = width - used
    widths = {}
    for index in sorted(chosen):
        growth = min(columns[index].grow, spare)
        spare -= growth
        widths[index] = columns[index].width + growth
    gap = 2 if spare >= len(chosen) - 1 else 1
    places: list[Place[T]] = []
    start = 0
    for index, cell_width in widths.items():
        places.append(Place(columns[index], start, cell_width))
        start += cell_width + gap
    return places


class Table(Lines, Generic[T]):
    """A heading row and one row for each item. It takes no keys: who has them scrolls it."""

    class Clicked(Message):
        """The mouse chose this list."""

        def __init__(self, table: Table[Any]) -> None:
            super().__init__()
            self.table = table

    def __init__(self, title: str, columns: Sequence[Column[T]], empty: str, *, id: str) -> None:
        super().__init__(id=id)
        self._title = title
        self._columns = columns
        self._empty = empty
        self._items: Sequence[T] = ()
        self._note = ""
        self._top = 0
        self._chosen = False
        self._places: tuple[int, list[Place[T]]] = (-1, [])

    def show_items(self, items: Sequence[T], note: str = "") -> None:
        """Show ``items``; ``note`` follows the title (a count). A reader's place is kept.

        When the list was scrolled and new items came on top, the same item stays first in view.
        """
        if self._top and self._top < len(self._items):
            held = self._items[self._top]
            if held in items:
                self._top = items.index(held)
        self._items = items
        self._note = note
        self._move_to(self._top)

    def _move_to(self, top: int) -> None:
        room = max(1, self.size.height - 1)
        self._top = max(0, min(top, len(self._items) - room))
        self.show(self._draw)

    def _draw(self, width: int, height: int) -> list[Line]:
        if self._places[0] != width:
            self._places = (width, arrange(self._columns, width))
        places = self._places[1]
        rows = [self._heading(places, width, height - 1)]
        if not self._items:
            rows.append(((fit(self._empty, width), "dim"),))
        visible = self._items[self._top : self._top + height - 1]
        return rows + [self.row(places, item) for item in visible]

    def _heading(self, places: list[Place[T]], width: int, room: int) -> Line:
        title = f"{self._title} {self._note}".rstrip()
        if self._top:
            title += f" ↑{self._top}"
        below = len(self._items) - self._top - room
        if below > 0:
            title += f" ↓{below}"
        title = fit(title, min(len(title), width))
        titles = " " * width
        for place in places:
            label = place.column.title
            start = place.start + (place.width - len(label) if place.column.right else 0)
            if label and start > len(title):
                titles = titles[:start] + label + titles[start + len(label) :]
        return ((title, "head"), (titles[len(title) : width], "head-dim"))

    def row(self, places: list[Place[T]], item: T) -> Line:
        """One item as a row."""
        spans: list[Cell] = []
        end = 0
        for place in places:
            text, tone = place.column.cell(item, place.width)
            text = text.rjust(place.width) if place.column.right else text.ljust(place.width)
            spans.append((" " * (place.start - end) + text, tone))
            end = place.start + place.width
        return tuple(spans)

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if y == 0 and self._chosen:
            return Strip(Segment.apply_style(strip, post_style=FOCUSED), strip.cell_length)
        return strip

    def choose(self, chosen: bool) -> None:
        """Mark it as the list that the arrow keys scroll, or as one of the others."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.redraw()
            self.refresh(Region(0, 0, self.size.width, 1))

    def on_resize(self, event: events.Resize) -> None:
        self._move_to(self._top)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._move_to(self._top - 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._move_to(self._top + 1)

    def on_click(self) -> None:
        self.post_message(self.Clicked(self))

    def scroll_by(self, rows: int = 0, *, pages: int = 0) -> None:
        """Down, or up where negative; as far as there are items."""
        self._move_to(self._top + rows + pages * max(1, self.size.height - 1))


def count(items: Sequence[object]) -> str:
    """How many, for a heading; nothing for none."""
    return str(len(items)) if items else ""
