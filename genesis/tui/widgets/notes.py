"""A list of sentences, wrapped to the width at hand. It knows nothing of trading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from textual import events

from genesis.tui.theme import Line
from genesis.tui.widgets.table import Place, Table

N = TypeVar("N")


class Notes(Table[Line], Generic[N]):
    """``wrap`` writes the notes as rows of a width; it runs again when the width changes."""

    def __init__(
        self, title: str, wrap: Callable[[Sequence[N], int], list[Line]], empty: str, *, id: str
    ) -> None:
        super().__init__(title, (), empty, id=id)
        self._wrap = wrap
        self._notes: Sequence[N] = ()

    def show_notes(self, notes: Sequence[N]) -> None:
        self._notes = notes
        if self.size.width:
            self.show_items(self._wrap(notes, self.size.width))

    def row(self, places: list[Place[Line]], item: Line) -> Line:
        return item

    def on_resize(self, event: events.Resize) -> None:
        self.show_notes(self._notes)
