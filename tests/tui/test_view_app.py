"""The screen as the operator meets it, driven by Textual's Pilot at 80x24 and 120x40."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal as D

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input
from view_sample import NOW_NS, SECOND_NS, Sent, actor, fill, make_app, screen_text, state

from genesis.messages.control import CommandAnswer, Halt, Quit, Resume
from genesis.messages.view import GateLine, NoteLine, ViewState
from genesis.tui.app import GenesisApp
from genesis.tui.slot import Slot
from genesis.tui.widgets.lines import Lines

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


async def update(app: GenesisApp, slot: Slot, pilot: Pilot[None], view: ViewState) -> None:
    slot.put(view)
    app.look()
    await pilot.pause()


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_every_section_is_there_with_its_figures(size: tuple[int, int]) -> None:
    screen = shown(state(), size)
    for words in (
        "TRADING ACTIVE",
        "equity       501.7321",
        "day P&L       +1.7321",
        "realized      +2.1185",
        "unrealized    -0.0830",
        "fees           0.3034",
        "0.21% limit 15%",
        "4.91% left 45.1%",
        "POSITIONS",
        "0.00021984",
        "BOOKS",
        "61685.99",
        "87 ms",
        "OPEN ORDERS 2",
        "partly",
        "FILLS",
        "0.00000016 BTC maker" if size == SMALL else "0.00000016 BTC  maker",
        "taker",
        "ACTORS 11",
        "book.BTCUSDT",
        "3, 4 ms",
        "NOTES",
        "ema_cross may not buy",
        "> halt [reason], resume <reason>, quit, help",
    ):
        assert words in screen


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_nothing_is_cut_or_overlaps(size: tuple[int, int]) -> None:
    """Every number on the screen is one that was given, and each widget stays on the screen."""

    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        regions = [widget.region for widget in app.query(Lines)]
        for index, region in enumerate(regions):
            assert app.screen.region.contains_region(region)
            assert region.width
            assert region.height
            assert not any(region.overlaps(other) for other in regions[index + 1 :])
        fills = [row.split() for row in screen_text(app) if "maker" in row or "taker" in row]
        assert len(fills) >= 3
        for cells, line in zip(fills, state().fills, strict=False):
            assert cells[3:6] == [line.side.lower(), str(line.quantity), str(line.price)]

    play(state(), scene, size)


def test_large_amounts_keep_their_columns() -> None:
    rich = replace(
        state(),
        account=replace(
            state().account,
            equity=D("1234567.891234"),
            day_pnl=D("-123456.789"),
            exposure=D("0.55"),
        ),
    )
    screen = shown(rich)
    assert "equity     1234567.89  " in screen
    assert "day P&L   -123,456.79  " in screen
    assert "55.00% over 5.0%" in screen


def test_more_room_shows_more() -> None:
    assert "average" not in shown(state(), SMALL)
    large = shown(state(), LARGE)
    for words in ("average", "61693.4710", "value", "0.84412", "low 499.41  high 502.95", "cash"):
        assert words in large


def test_before_the_first_state_it_waits() -> None:
    screen = shown(None)
    assert "waiting for the first figures" in screen
    assert "none open" in screen


def test_an_unsynchronised_book_shows_no_prices() -> None:
    book = replace(state().books[0], synced=False)
    screen = shown(replace(state(), books=(book,), positions=(), orders=(), fills=(), notes=()))
    assert "not synced" in screen
    assert "61685.99" not in screen
    assert "61686.00" not in screen


def test_a_book_that_never_had_data_says_so() -> None:
    book = replace(state().books[0], data_time_ns=0)
    assert "no data yet" in shown(replace(state(), books=(book,)))


def test_a_stale_book_says_so_with_its_age() -> None:
    book = replace(state().books[0], data_time_ns=NOW_NS - 5_230_000_000)
    assert "stale 5.2 s" in shown(replace(state(), books=(book,)))
    fresh = replace(state().books[0], data_time_ns=NOW_NS - 2 * SECOND_NS)
    assert "stale" not in shown(replace(state(), books=(fresh,)))


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_halt_is_shown_with_its_reason(size: tuple[int, int]) -> None:
    gate = GateLine("HALTED", "drawdown 15.2% reached its limit of 15%", True)
    screen = shown(replace(state(), gate=gate), size)
    assert "TRADING  HALTED   drawdown 15.2% reached its limit of 15%" in screen
    assert "ACTIVE" not in screen


def test_reducing_says_what_it_means() -> None:
    screen = shown(replace(state(), gate=GateLine("REDUCING", "", False)))
    assert "TRADING  REDUCING   only orders that shrink exposure" in screen


def test_actors_in_trouble_come_first() -> None:
    hung = replace(state(), actors=(*state().actors, actor("zulu", state="hung")))
    rows = shown(hung).splitlines()
    heading = next(index for index, row in enumerate(rows) if row.startswith("ACTORS"))
    assert rows[heading + 1].startswith("zulu         hung")
    assert rows[heading + 2].startswith("book.BTCUSDT running           1")


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    note = NoteLine(NOW_NS, "venue said \x1b[2J\x1b[31m[red]no[/red]\nsecond line")
    screen = shown(replace(state(), notes=(note,)), LARGE)
    assert "venue said [2J [31m[red]no[/red] second line" in screen
    assert "\x1b" not in screen


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

    play(state(), scene)


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

        older = replace(view.books[1], data_time_ns=view.books[1].data_time_ns - 1_000_000)
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
        app.query_one("#fills").focus()
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


def test_typing_in_a_list_goes_to_the_command_line() -> None:
    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        app.query_one("#fills").focus()
        await pilot.pause()
        await pilot.press(*"halt now", "enter")
        await pilot.pause()
        assert sent == [Halt(reason="now", source="operator")]

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
