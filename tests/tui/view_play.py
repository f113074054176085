"""Play scenes on the screen with Textual's Pilot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input
from view_sample import Sent, make_app, screen_text

from genesis.messages.view import ViewState
from genesis.tui.app import GenesisApp
from genesis.tui.slot import Slot

NAMED = ("enter", "escape", "tab", "backspace")
SMALL, LARGE = (80, 24), (120, 40)
Play = Callable[[GenesisApp, Slot, Sent, Pilot[None]], Awaitable[None]]


def play(view: ViewState | None, scene: Play, size: tuple[int, int] = SMALL) -> None:
    """Run the app at a size and play a scene in it."""

    async def run() -> None:
        app, slot, sent = make_app(view)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await scene(app, slot, sent, pilot)

    asyncio.run(run())


def shown(view: ViewState | None, size: tuple[int, int] = SMALL) -> str:
    """The whole screen of a state as text."""
    rows: list[str] = []

    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        rows.extend(screen_text(app))

    play(view, scene, size)
    return "\n".join(rows)


async def type_line(pilot: Pilot[None], line: str) -> None:
    """Put a line into the command line (a test below types key by key) and press Enter."""
    pilot.app.query_one(Input).value = line
    await pilot.press("enter")
    await pilot.pause()


def burst(app: GenesisApp, *keys: str) -> None:
    """Named keys and texts as one packet brings them: all are there before the first is done."""
    for key in keys:
        named = "+" in key or key in NAMED
        for name in (key,) if named else key:
            character = name[-1] if not named or name.startswith("alt+") else None
            app.post_message(Key(name, character))


async def update(app: GenesisApp, slot: Slot, pilot: Pilot[None], view: ViewState) -> None:
    slot.put(view)
    app.look()
    await pilot.pause()
