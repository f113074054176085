"""What is typed in one burst or pasted: a halt is never lost, and nothing overtakes it."""

from __future__ import annotations

import pytest
from textual.events import AppBlur, Paste
from textual.pilot import Pilot
from textual.widgets import Input
from view_play import burst, play
from view_sample import Sent, halted, screen_text, state

from genesis.messages.control import Halt, Quit, Resume
from genesis.tui.app import GenesisApp
from genesis.tui.slot import Slot


@pytest.mark.parametrize(
    ("before", "keys"),
    [
        ((), ["halt now", "enter"]),
        (("tab",), ["halt now", "enter"]),
        ((), ["tab", "halt now", "enter"]),
        (("tab", "tab"), ["left over", "escape", "halt now", "enter"]),
        ((), ["left over", "alt+h", "alt now", "enter"]),
        (("shift+tab",), ["haltx", "backspace", " now", "enter", "tab"]),
        ((), ["halt now", "ctrl+j"]),
    ],
)
def test_a_halt_typed_in_one_burst_is_never_lost(before: tuple[str, ...], keys: list[str]) -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        await pilot.press(*before)
        burst(app, *keys)
        await pilot.pause()
        assert sent == [Halt(reason="now", source="operator")]
        assert app.query_one(Input).value == ""

    play(state(), scene)


def test_every_line_of_a_burst_is_followed() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        burst(app, "resume seen", "enter", "resume trading", "enter", "halt", "enter", "ctrl+q")
        await pilot.pause()
        assert [type(control) for control in sent] == [Resume, Halt, Quit]

    play(halted(), scene)


def test_what_is_typed_or_pasted_while_the_window_was_left_is_taken() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        app.post_message(AppBlur())
        app.post_message(Paste("halt"))
        burst(app, "enter")
        await pilot.pause()
        assert [type(control) for control in sent] == [Halt]

    play(state(), scene)


@pytest.mark.parametrize(
    ("before", "text", "reasons", "left"),
    [
        ("", "halt now", [], "halt now"),
        ("", "halt now\n", ["now"], ""),
        ("", "\n  HALT now\r\nquit\n", ["now"], "quit"),
        ("left over ", "seen\rhalt now\rresume it", ["now"], "left over seen"),
        ("", f"halt {'x' * 300}\n", ["x" * 195], ""),
        ("halt ", "x" * 300, [], "halt " + "x" * 195),
        ("", "halted?\n", [], "halted?"),
    ],
)
def test_a_pasted_halt_is_never_lost_and_all_else_waits_for_enter(
    before: str, text: str, reasons: list[str], left: str
) -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        burst(app, before)
        app.post_message(Paste(text))
        await pilot.pause()
        assert sent == [Halt(reason=reason, source="operator") for reason in reasons]
        assert app.query_one(Input).value == left

    play(state(), scene)


def test_lines_of_a_paste_that_are_left_out_are_told_of() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        app.post_message(Paste("picture\nquit\n"))
        await pilot.pause()
        assert (sent, app.query_one(Input).value) == ([], "picture")
        assert "the others are left out" in "\n".join(screen_text(app))

    play(state(), scene)
