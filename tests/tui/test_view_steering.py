"""The screen as the operator steers it: commands, answers, lists, sizes, what is repainted."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input
from view_play import LARGE, SMALL, play, type_line, update
from view_sample import NOW_NS, SECOND_NS, Sent, fill, halted, make_app, screen_text, state

from genesis.messages.control import CommandAnswer, Halt, Quit, Resume
from genesis.tui.app import GenesisApp
from genesis.tui.slot import Slot
from genesis.tui.widgets.lines import Lines


def test_halt_sends_a_halt() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        await type_line(pilot, "halt odd fills")
        assert sent == [Halt(reason="odd fills", source="operator")]
        assert "Halt sent (odd fills)." in "\n".join(screen_text(app))

    play(state(), scene)


def test_resume_asks_for_the_phrase_and_sends_only_on_the_right_one() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        await type_line(pilot, "resume checked")
        assert "type in full: resume trading" in "\n".join(screen_text(app))
        await type_line(pilot, "yes")
        assert "nothing was sent" in "\n".join(screen_text(app))
        await type_line(pilot, "resume trading")
        assert sent == []
        await pilot.press("escape")
        await type_line(pilot, "resume checked")
        await type_line(pilot, "resume trading")
        assert sent == [Resume(reason="checked", phrase="resume trading")]

    play(halted(), scene)


def test_a_resume_without_a_halt_is_told_so_before_it_asks_for_the_phrase() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        await type_line(pilot, "resume checked")
        screen = "\n".join(screen_text(app))
        assert "Trading is not halted." in screen
        assert "type in full" not in screen
        for _ in range(50):
            app.look()
        await type_line(pilot, "resume checked")
        assert "type in full" in "\n".join(screen_text(app))  # the screen may be wrong by now

    play(state(), scene)


def test_a_picture_of_the_screen_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        await type_line(pilot, "picture")
        await type_line(pilot, f"picture {tmp_path}/no/such/folder.svg")
        assert "cannot be written" in "\n".join(screen_text(app))
        assert sent == []

    play(state(), scene)
    (picture,) = tmp_path.iterdir()
    assert picture.name == "genesis-20240808-235958.svg"
    assert "501.7321" in picture.read_text(encoding="utf-8")


def test_quit_sends_quit_and_leaves() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        await type_line(pilot, "quit")
        assert sent == [Quit(reason="operator")]
        assert not app.is_running

    play(state(), scene)


def test_control_q_quits_and_control_c_does_not() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        await pilot.press("tab", "ctrl+c")
        await pilot.pause()
        assert sent == []
        assert "Ctrl-C ends nothing here" in "\n".join(screen_text(app))
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert sent == [Quit(reason="operator")]

    play(state(), scene)


def test_the_answer_of_the_daemon_is_shown() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        slot.answer(CommandAnswer(accepted=False, text="2 differences with the venue remain"))
        app.look()
        await pilot.pause()
        assert "Not done: 2 differences with the venue remain" in "\n".join(screen_text(app))

    play(state(), scene)


def test_of_several_answers_the_newest_is_shown_whole() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        slot.answer(CommandAnswer(True, "Halted: odd fills. Open orders are being cancelled."))
        slot.answer(CommandAnswer(True, "12 orders cancelled; the venue shows none open."))
        app.look()
        await pilot.pause()
        assert "12 orders cancelled; the venue shows none open." in "\n".join(screen_text(app))
        slot.answer(CommandAnswer(True, "one"))
        slot.answer(CommandAnswer(True, "two"))
        app.look()
        await pilot.pause()
        assert "one · two" in "\n".join(screen_text(app))

    play(state(), scene)


def test_when_the_run_has_ended_the_figures_stay() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        await update(app, slot, pilot, replace(state(), ended="the recording is over"))
        for _ in range(100):
            app.look()
        await pilot.pause()
        screen = "\n".join(screen_text(app))
        assert "run ended: the recording is over" in screen
        assert "These figures stay until you type quit." in screen
        assert "501.7321" in screen
        assert "nothing new" not in screen
        assert app.is_running

    play(state(), scene)


def test_a_screen_that_stands_still_says_so() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        for _ in range(29):
            app.look()
        await pilot.pause()
        assert "nothing new" not in screen_text(app)[0]
        for _ in range(21):
            app.look()
        await pilot.pause()
        assert "nothing new for 5 s" in screen_text(app)[0]
        await update(app, slot, pilot, replace(state(), seq=2))
        assert "nothing new" not in screen_text(app)[0]

    play(state(), scene)


def test_a_closed_slot_ends_the_view_without_a_command() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        slot.close()
        app.look()
        await pilot.pause()
        assert not app.is_running
        assert sent == []

    play(state(), scene)


def test_only_the_rows_that_changed_are_painted() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        def painted() -> dict[str, int]:
            counts = {str(widget.id): widget.painted for widget in app.query(Lines)}
            for widget in app.query(Lines):
                widget.painted = 0
            return {name: count for name, count in counts.items() if count}

        view = state()
        await update(app, slot, pilot, view)
        painted()

        await update(app, slot, pilot, replace(view, seq=2))
        assert painted() == {}

        older = replace(view.books[1], data_time_ns=view.books[1].data_time_ns - 100_000_000)
        view = replace(view, seq=3, books=(view.books[0], older))
        await update(app, slot, pilot, view)
        assert painted() == {"books": 1}

        account = replace(view.account, day_pnl=D("1.8"), equity=D("501.8"))
        view = replace(view, seq=4, account=account, now_ns=NOW_NS + SECOND_NS)
        await update(app, slot, pilot, view)
        assert painted() == {"heading": 1, "account": 2, "books": 2}

    play(state(), scene)


def test_lists_scroll_with_the_arrows_and_keep_the_readers_place() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        def fills() -> tuple[str, str]:
            rows = screen_text(app)
            heading = next(index for index, row in enumerate(rows) if row.startswith("FILLS"))
            return rows[heading].split("  ")[0], rows[heading + 1][:8]

        assert fills() == ("FILLS ↓22", "23:59:54")
        await pilot.click("#fills")
        await pilot.press("down", "down")
        await pilot.pause()
        assert fills() == ("FILLS ↑2 ↓20", "23:59:25")
        newest = fill(1, "ema_cross", "ETHUSDT", "BUY", "2680.00", False)
        view = state()
        await update(app, slot, pilot, replace(view, fills=(newest, *view.fills)))
        assert fills() == ("FILLS ↑3 ↓20", "23:59:25")
        await pilot.press("end")
        await pilot.pause()
        assert fills()[0] == "FILLS ↑23"
        await pilot.press("home")
        await pilot.pause()
        assert fills() == ("FILLS ↓23", "23:59:57")

    play(state(), scene)


def test_the_lists_are_chosen_in_turn_and_escape_leaves_them() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        async def fills_after(*keys: str) -> str:
            await pilot.press(*keys)
            await pilot.pause()
            return next(row.split("  ")[0] for row in screen_text(app) if row.startswith("FILLS"))

        assert await fills_after("down") == "FILLS ↓22"
        assert await fills_after(*["tab"] * 4, "down") == "FILLS ↑1 ↓21"
        assert await fills_after("end", "home", "pagedown") == "FILLS ↑3 ↓19"
        assert await fills_after("escape", "down") == "FILLS ↑3 ↓19"
        assert await fills_after(*["shift+tab"] * 3, "x", "home", "up") == "FILLS ↑2 ↓20"
        assert app.query_one(Input).cursor_position == 0

    play(state(), scene)


def test_the_size_may_change_while_it_runs() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        before = screen_text(app)
        await pilot.resize_terminal(*LARGE)
        await pilot.pause()
        assert "average" in "\n".join(screen_text(app))
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert "The view is made for 80x24 and more" in "\n".join(screen_text(app))
        await pilot.resize_terminal(*SMALL)
        await pilot.pause()
        assert screen_text(app) == before

    play(state(), scene)


def test_the_timer_looks_at_the_slot_by_itself() -> None:
    async def run() -> None:
        app, slot, _ = make_app(None, read_interval_s=0.01)
        async with app.run_test(size=SMALL) as pilot:
            slot.put(state())
            for _ in range(200):
                await pilot.pause()
                if "501.7321" in "\n".join(screen_text(app)):
                    return
                await asyncio.sleep(0.01)
            pytest.fail("the view never showed the state that was put into its slot")

    asyncio.run(run())
