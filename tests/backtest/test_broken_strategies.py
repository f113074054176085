"""A strategy that cannot be made, or that interrupts, is one line and exit code 4 everywhere."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from genesis import daemon
from genesis.__main__ import main
from genesis.backtest.run import Backtest, BacktestResult
from genesis.commands.interrupts import interrupts_told_apart
from genesis.commands.watchdog import StrategyStuck
from genesis.config import Settings
from genesis.domain.sizing import quantity_for_notional
from genesis.errors import RuntimeFault
from genesis.exchange.source import Market
from genesis.messages.orders import OrderType, Side, TimeInForce
from genesis.simulator.market import GeneratedMarket
from genesis.strategies.port import Cadence, Desk, Strategy

START_NS = 1_700_000_000_000_000_000
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


class NeverMade(Strategy):
    cadence = Cadence(every_trade=True)

    def __init__(self) -> None:
        while True:
            pass


class OddCadence(Strategy):
    cadence = Cadence(every_ns=1e9)  # type: ignore[arg-type]


class Poisons(Strategy):
    """Hands on what no desk would: an order that cannot be judged, or written."""

    cadence = Cadence(every_trade=True)

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        view = desk.view(symbol)
        if view is None or desk.has_orders:
            return
        ask = desk.instruments[symbol].price(view.ask_ticks)
        quantity = quantity_for_notional(desk.instruments[symbol], Decimal(25), ask)
        kind = (OrderType.MARKET, quantity, None, TimeInForce.GTC)
        order = desk.place(symbol, Side.BUY, *kind, "a good one")
        desk.intents = [msgspec.structs.replace(order, **POISON)]


POISON: dict[str, object] = {"reason": "\ud800"}


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


def test_one_whose_making_never_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(f"backtest {MARKET} --patience 0.5", NeverMade, monkeypatch, capsys)
    assert "strategy NeverMade did not come back from __init__ (" in said
    assert "allow more with --patience" in said


def test_one_that_never_ends_when_its_session_is_replayed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def replayed(*_: object) -> None:
        with suppress(StrategyStuck):  # as the guard of an actor does
            NeverMade()

    monkeypatch.setattr("genesis.backtest.replays.replay.replay", replayed)
    monkeypatch.setattr("genesis.commands.watchdog.PATIENCE_S", 0.5)
    said = told("replay --data-dir nowhere", NeverMade, monkeypatch, capsys)
    assert said.startswith("genesis: strategy NeverMade did not come back from __init__ (")
    assert "--patience" not in said


def test_one_whose_cadence_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(COMMANDS[0], OddCadence, monkeypatch, capsys)
    assert "cannot be made: ValueError: its cadence's every_ns 1000000000.0 is no whole" in said


def poisoned(monkeypatch: pytest.MonkeyPatch) -> BacktestResult:
    monkeypatch.setattr(daemon, "strategies", lambda settings, symbols: {"ema_cross": Poisons})
    made = GeneratedMarket(("BTCUSDT",), 7, START_NS)
    market = Market("made", made.instruments(), made.frames(), START_NS, False)
    settings = Settings.load(None, {"market.speed": 0.0})
    return Backtest(settings, market, end_ns=START_NS + 4_000_000_000).run()


def test_a_halt_that_could_not_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    result = poisoned(monkeypatch)
    assert result.halted
    assert "UnicodeEncodeError" in result.halt_reason


def test_whatever_died_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POISON, "quantity", 0.5)
    assert poisoned(monkeypatch).error.startswith("risk failed ")


def test_an_operator_may_interrupt() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt), interrupts_told_apart():
        signal.raise_signal(signal.SIGINT)
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler
    with pytest.raises(RuntimeFault, match="something raised"), interrupts_told_apart():
        raise KeyboardInterrupt
