"""The screen as the operator sees it, drawn by Textual's Pilot at 80x24 and 120x40."""

from __future__ import annotations

import re
from decimal import Decimal as D

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from view_play import LARGE, SMALL, play, shown
from view_sample import NOW_NS, SECOND_NS, Sent, actor, screen_text, state

from genesis.messages.view import GateLine, NoteLine
from genesis.tui.app import GenesisApp
from genesis.tui.slot import Slot
from genesis.tui.tables import ACTORS
from genesis.tui.widgets.lines import Lines


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
        "< 0.1 s",
        "OPEN ORDERS 2",
        "partly",
        "FILLS",
        "0.00000016 BTC maker" if size == SMALL else "0.00000016 BTC  maker",
        "taker",
        "ACTORS 10",
        "book.BTCUSDT",
        "3, 4 ms",
        "NOTES",
        "ema_cross may not buy",
        "> halt [reason], resume <reason>, picture [file], quit, help",
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


TWO_FILES = "recording btcusdt_20240808.gz, ethusdt_20240808.gz"


@pytest.mark.parametrize(
    ("size", "counted"),
    [
        (SMALL, "   orders 96  gaps 1  refused 3   "),
        (LARGE, "   decisions 388  fills 25  orders 96"),
    ],
)
def test_a_long_market_makes_room_for_what_was_counted(size: tuple[int, int], counted: str) -> None:
    heading = shown(replace(state(), title=TWO_FILES), size).splitlines()[0]
    assert heading.startswith(f"GENESIS btcusdt_20240808.gz +1{counted}")
    assert heading.endswith("23:59:58 UTC")


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("recording a.gz, b.gz, c.gz, d.gz", "recording a.gz +3"),
        ("recording january_february.gz, b.gz", "january_february.gz +1"),
        ("recording of_one_day_of_one_market.gz", "of_one_day…e_market.gz"),
    ],
)
def test_where_the_market_is_shortened_whole_names_are_kept(title: str, written: str) -> None:
    assert shown(replace(state(), title=title)).startswith(f"GENESIS {written}  ")


def test_without_counts_the_market_has_all_the_room() -> None:
    assert shown(replace(state(), title=TWO_FILES, counters=None)).startswith(
        f"GENESIS {TWO_FILES}"
    )


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_market_that_has_ended_is_said_to_have(size: tuple[int, int]) -> None:
    over = replace(state(), title=TWO_FILES, ended="the market is over")
    heading = shown(over, size).splitlines()[0]
    assert "gaps 1  refused 3" in heading
    assert re.search(r"   market ended (2024-08-08 )?23:59:58 UTC$", heading)


def test_when_the_market_is_over_the_gate_is_shut_without_alarm() -> None:
    gate = GateLine("HALTED", "the market is over", False)
    over = shown(replace(state(), gate=gate, ended="the market is over"))
    assert over.splitlines()[1].rstrip() == "TRADING OVER  run ended: the market is over"
    halted = replace(gate, reason="drawdown", halted=True)
    over = shown(replace(state(), gate=halted, ended="the market is over"))
    assert "HALTED" in over
    assert "run ended: the market is over; drawdown" in over


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_what_is_held_and_not_traded_in_this_run_says_so(size: tuple[int, int]) -> None:
    first, *others = state().positions
    lines = shown(replace(state(), positions=(replace(first, traded=False), *others)), size)
    [line] = [line for line in lines.splitlines() if "not traded" in line]
    assert first.symbol in line
    assert str(first.mark) not in line


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


def test_where_the_age_of_what_waits_has_no_room_its_count_has() -> None:
    [mailbox] = [column for column in ACTORS if column.title == "mailbox"]
    busy = actor("risk", depth=9_876, age_ms=59_900.0)
    assert mailbox.cell(busy, mailbox.width + mailbox.grow) == ("9876, 59.9 s", "plain")
    assert mailbox.cell(busy, mailbox.width) == ("9876", "plain")


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
