"""The command line, which has the keyboard at all times. It never does a key before another."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input

from genesis.tui.commands import pasted

LONGEST = 200
"""Characters of a line: a reason is a sentence."""
DROPPED = "Pasted: the first line waits for Enter, the others are left out."


class CommandLine(Input):
    """Does each key, also one of the view, before it looks at the next.

    Textual hands a key that is bound to something on to the app's own queue, but writes a printable
    one at once. In a burst (a paste, a slow line) Enter would come after what was typed behind it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+j", "submit", show=False),
        Binding("escape", "app.command_line", show=False),
        Binding("ctrl+q", "app.quit", show=False),
        Binding("ctrl+c", "app.help_quit", show=False),
        Binding("tab", "app.choose_list(1)", show=False),
        Binding("shift+tab", "app.choose_list(-1)", show=False),
        Binding("up", "app.scroll_rows(-1)", show=False),
        Binding("down", "app.scroll_rows(1)", show=False),
        Binding("pageup", "app.scroll_pages(-1)", show=False),
        Binding("pagedown", "app.scroll_pages(1)", show=False),
        # The first of two that has something to do.
        Binding("home", "app.scroll_to_end(-1)", show=False),
        Binding("home", "home", show=False),
        Binding("end", "app.scroll_to_end(1)", show=False),
        Binding("end", "end", show=False),
    ]

    def __init__(
        self,
        enter: Callable[[str], None],
        say: Callable[[str], None],
        placeholder: str,
        *,
        id: str,
    ) -> None:
        """``enter`` is called with each line on Enter, when the line is empty again; ``say`` with
        what a person must know of a paste."""
        super().__init__(
            id=id, placeholder=placeholder, compact=True, select_on_focus=False, max_length=LONGEST
        )
        self._enter = enter
        self._say = say

    async def on_key(self, event: events.Key) -> None:
        if event.key.startswith("alt+") and event.is_printable:
            # What a terminal sends for Escape and a character in one burst.
            await self._do("escape")
        elif await self._do(event.key):
            event.stop()
            event.prevent_default()

    async def _do(self, key: str) -> bool:
        for binding in self._bindings.key_to_bindings.get(key, ()):
            if await self.app.run_action(binding.action, self):
                return True
        return False

    def on_paste(self, event: events.Paste) -> None:
        """Of Textual's own only the first line would be taken, and nothing where it is too long."""
        event.stop()
        event.prevent_default()
        halts, rest, dropped = pasted(event.text)
        room = LONGEST - len(self.value) + len(self.selected_text)
        self.replace(rest[:room], *self.selection)
        for line in halts:
            self._enter(line[:LONGEST])
        if dropped and not halts:
            self._say(DROPPED)

    async def action_submit(self) -> None:
        line, self.value = self.value, ""
        self._enter(line)
