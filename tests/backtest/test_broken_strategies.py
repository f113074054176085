"""A strategy that cannot be made, or that interrupts, is one line and exit code 4 everywhere."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis import daemon
from genesis.__main__ import main
from genesis.commands.interrupts import interrupts_told_apart
from genesis.errors import RuntimeFault
from genesis.strategies.port import Cadence, Desk, Strategy

MARKET = "--market simulated --for 4 --symbols BTCUSDT"
COMMANDS = [
    f"backtest {MARKET}",
    f"lookahead {MARKET} --cuts 2 --workers 1",
    f"sweep {MARKET} --set strategies.ema_cross.fast=3,4 --results r.jsonl --workers 1",
    "drill --seeds 1 --minutes 0.05 --workers 1",
    "drill --seed 1 --minutes 0.05",
]


class CannotBeMade(Strategy):
    cadence = Cadence(every_trade=True)

    def __init__(self) -> None:
        raise ZeroDivisionError("no\nluck")


class Interrupts(Strategy):
    cadence = Cadence(every_trade=True)

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    logging.disable(logging.NOTSET)


def told(
    line: str,
    made: type[Strategy],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    monkeypatch.setattr(daemon, "strategies", lambda settings, symbols: {"ema_cross": made})
    monkeypatch.setattr("sys.argv", ["genesis", *line.split()])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 4
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("line", COMMANDS)
def test_one_that_cannot_be_made(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(line, CannotBeMade, monkeypatch, capsys)
    assert "strategy ema_cross cannot be made: ZeroDivisionError: no luck (" in said
    assert f"{Path(__file__).name}:" in said


@pytest.mark.parametrize("line", COMMANDS)
def test_one_that_interrupts(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(line, Interrupts, monkeypatch, capsys)
    assert said.startswith("genesis: strategy Interrupts raised KeyboardInterrupt (")


def test_an_operator_may_interrupt() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt), interrupts_told_apart():
        signal.raise_signal(signal.SIGINT)
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler
    with pytest.raises(RuntimeFault, match="something raised"), interrupts_told_apart():
        raise KeyboardInterrupt
