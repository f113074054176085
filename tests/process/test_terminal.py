"""The view as an operator meets it: the real program in a real pseudo-terminal at 80x24."""

from __future__ import annotations

import itertools
import re
import sqlite3
from pathlib import Path

import pytest
from daemon_process import BUSY, PATIENCE_S, genesis
from terminal import Terminal

from genesis.simulator.market import GeneratedMarket

SECOND_NS = 1_000_000_000
FILL = re.compile(r"^\d\d:\d\d:\d\d \w+ +\w+ +(buy|sell) .* (maker|taker)", re.MULTILINE)


def run_events(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "journal.db") as connection:
        return [row[0] for row in connection.execute("select kind from journal order by seq")]


def test_fills_are_seen_a_halt_is_typed_and_it_ends_halted(tmp_path: Path) -> None:
    run = ("run", "--data-dir", tmp_path, "--speed", "5", "--symbols", "BTCUSDT")
    with Terminal(*run, settings=BUSY) as terminal:
        screen = terminal.until(FILL.search, "a fill")
        assert screen.startswith("GENESIS simulated market")
        assert "TRADING ACTIVE" in screen

        terminal.type("halt testing")
        terminal.until(lambda s: "HALTED   testing" in s, "the halt in the state of trading")
        terminal.until(lambda s: "the venue shows none open" in s, "the proof of the halt")
        assert "none open" in terminal.text

        terminal.type("resume looked at it")
        terminal.until(lambda s: "type in full: resume trading" in s, "the question")
        terminal.type("resume trading")
        terminal.until(lambda s: "TRADING ACTIVE" in s, "trading again")

        terminal.type("halt for good")
        terminal.until(lambda s: "HALTED   for good" in s, "the second halt")
        terminal.type("quit")
        assert terminal.until_ended() == 3
        assert terminal.modes_now() == terminal.modes
        farewell = terminal.said_after_the_view()
        assert re.search(r"Ended: \d+ orders?, \d+ fills?, equity \d+\.\d\d USDT", farewell)
        assert "Trading stays halted" in farewell
        assert str(tmp_path / "journal.db") in farewell.replace("\r\n", "")

    verified = genesis("journal", "verify", "--data-dir", tmp_path)
    assert verified.code == 0, verified.err


def test_the_view_of_a_recording_stays_when_it_is_over(tmp_path: Path) -> None:
    recording = tmp_path / "market.txt"
    start_ns = 1_723_118_400 * SECOND_NS
    market = GeneratedMarket(["BTCUSDT"], 7, start_ns)
    frames = itertools.takewhile(
        lambda frame: frame.received_ns < start_ns + 5 * SECOND_NS, market.frames()
    )
    recording.write_text("\n".join(f"{f.received_ns} {f.payload.decode()}" for f in frames))
    run = ("run", "--market", f"replay:{recording}", "--data-dir", tmp_path / "data")
    with Terminal(*run, "--speed", "50", settings=BUSY) as terminal:
        terminal.until(lambda s: "run ended" in s, "the end of the recording")
        terminal.until(lambda s: "none open" in s, "that nothing is left at the venue")
        terminal.until(lambda s: "BTCUSDT" in s, "its book")
        screen = terminal.until(lambda s: "stay until you type quit" in s, "what to do")
        terminal.type("help")
        later = terminal.until(lambda s: "Tab: to the lists" in s, "an answer after the end")
        # At this speed a clock and counters that went on would be far further by now.
        assert later.splitlines()[0] == screen.splitlines()[0]
        terminal.type("resume to see")
        terminal.until(lambda s: "nothing is traded until" in s, "that it is too late")
        terminal.type("quit")
        assert terminal.until_ended() == 0
    told = run_events(tmp_path / "data")
    assert "OrderIntended" in told


@pytest.mark.parametrize(
    "keys",
    ["\tleft over\x1bhalt at once", "\x1b[200~left over\nhalt at once\n\x1b[201~"],
    ids=["typed", "pasted"],
)
def test_a_halt_that_comes_in_one_burst_halts(tmp_path: Path, keys: str) -> None:
    run = ("run", "--data-dir", tmp_path, "--speed", "5", "--symbols", "BTCUSDT")
    with Terminal(*run, settings=BUSY) as terminal:
        terminal.until(lambda s: "TRADING ACTIVE" in s, "trading")
        terminal.type(keys)
        terminal.until(lambda s: "HALTED   at once" in s, "the halt")
        terminal.type("help\rquit")
        assert terminal.until_ended() == 3


def test_closing_the_window_ends_the_run_in_good_order(tmp_path: Path) -> None:
    run = ("run", "--data-dir", tmp_path, "--speed", "5")
    with Terminal(*run, settings=BUSY) as terminal:
        terminal.until(FILL.search, "a fill")
        terminal.close()
        assert terminal.process.wait(PATIENCE_S) == 0
    assert "RunEnded" in run_events(tmp_path)


def test_the_help_names_the_commands_of_the_view() -> None:
    said = genesis("run", "--help")
    assert "halt, resume, picture, quit and help" in " ".join(said.out.split())
