"""A block of text rows that repaints only the rows that changed. It knows nothing of trading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from genesis.tui.theme import STYLES, Line

Source = Callable[[int, int], Sequence[Line]]
"""(width, height) to the rows to show; called again whenever the size changes."""


class Lines(Widget):
    """Rows from a ``Source``. ``show`` compares them with what is on screen.

    A row costs a repaint only when its text or tone differs (a DataTable of this size costs ten
    times as much: it renders whole). ``painted`` counts rows rendered, for tests and measurements.
    """

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.painted = 0
        self._source: Source | None = None
        self._rows: list[Line] = []

    def show(self, source: Source) -> None:
        """Show what ``source`` gives, now and after each change of size."""
        self._source = source
        self.redraw()

    def redraw(self) -> None:
        width, height = self.size
        if self._source is None or not width or not height:
            return
        rows = list(self._source(width, height))[:height]
        rows += [()] * (height - len(rows))
        before, self._rows = self._rows, rows
        if len(before) != height:
            self.refresh()
            return
        dirty = [Region(0, y, width, 1) for y in range(height) if rows[y] != before[y]]
        if dirty:
            self.refresh(*dirty)

    def on_resize(self, event: Resize) -> None:
        self._rows = []
        self.redraw()

    def render_line(self, y: int) -> Strip:
        self.painted += 1
        row = self._rows[y] if y < len(self._rows) else ()
        width = self.size.width
        segments = [Segment(text, STYLES[tone]) for text, tone in row]
        used = sum(cell_len(text) for text, _ in row)
        if used < width:
            # A heading's band runs on to the right edge; text rows end on the ground.
            tone = row[-1][1] if row else "plain"
            filler = tone if tone.startswith("head") or tone == "alert" else "plain"
            segments.append(Segment(" " * (width - used), STYLES[filler]))
            used = width
        strip = Strip(segments, used)
        return strip.crop(0, width) if used > width else strip
