"""Backtests over bars and trades: the same journal every time, figures that add up, and ends."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from genesis import daemon
from genesis.backtest.lookahead import decisions_of
from genesis.backtest.run import Backtest, BacktestResult
from genesis.commands.watchdog import watchdog
from genesis.config import Settings
from genesis.errors import RuntimeFault
from genesis.exchange.histories.history import open_history
from genesis.exchange.histories.tape_cache import NoCache, TapeCache
from genesis.exchange.source import Market
from genesis.messages.journal import EquityMarked
from genesis.strategies.port import Cadence, Desk, Strategy

START_NS = 1_704_067_200_000_000_000
MINUTE_NS = 60_000_000_000
COUNT = 400

SETTINGS = Settings.load(
    None,
    {
        "market.speed": 0.0,
        "strategies.enabled": "ema_cross",
        "strategies.ema_cross.fast": 5,
        "strategies.ema_cross.slow": 20,
    },
)


def bars_file(folder: Path, name: str, seed: int) -> Path:
    """Minute bars of a random walk, as text."""
    rng = np.random.default_rng(seed)
    close = 10_000 + np.cumsum(rng.integers(-20, 21, COUNT))
    open_ = np.concatenate(([10_000], close[:-1]))
    high = np.maximum(open_, close) + rng.integers(0, 10, COUNT)
    low = np.minimum(open_, close) - rng.integers(0, 10, COUNT)
    lines = ["time,open,high,low,close,volume"]
    for n in range(COUNT):
        prices = ",".join(f"{column[n] / 100:.2f}" for column in (open_, high, low, close))
        lines.append(f"{START_NS // 1_000_000 + n * 60_000},{prices},{rng.integers(1, 99)}.5")
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def market(tmp_path: Path) -> Market:
    bars_file(tmp_path, "BTC_USDT-1m.csv", 1)
    bars_file(tmp_path, "ETH_USDT-1m.csv", 2)
    return open_history(f"ohlcv:{tmp_path}", None, cache=NoCache())


def require_identity(result: BacktestResult) -> None:
    said = result.summary
    cash, inventory, fees = Decimal(said.cash), Decimal(said.inventory), Decimal(said.fees)
    assert cash + inventory - fees == Decimal(said.equity)
    profit = Decimal(said.realized_pnl) + Decimal(said.unrealized_pnl)
    assert Decimal(said.start) + profit - fees == Decimal(said.equity)


def test_bars_trade_the_same_way_every_time(market: Market) -> None:
    first, second = Backtest(SETTINGS, market).run(), Backtest(SETTINGS, market).run()
    assert first.error == ""
    assert first.summary.fills > 10
    assert first.summary.trades == 2 * COUNT
    assert first.summary == second.summary
    assert first.entries == second.entries
    require_identity(first)
    assert first.prices["BTCUSDT"].times_ns[-1] == START_NS + COUNT * MINUTE_NS


def test_converted_or_kept_makes_no_difference(market: Market, tmp_path: Path) -> None:
    cache = TapeCache(tmp_path / "cache")
    said = [
        Backtest(SETTINGS, open_history(f"ohlcv:{tmp_path}", None, cache=cache)).run().summary
        for _ in range(2)
    ]
    assert said == [Backtest(SETTINGS, market).run().summary] * 2


def test_between_bars_no_time_is_lived_through(market: Market) -> None:
    result = Backtest(SETTINGS, market).run()
    marks = sum(isinstance(entry.event, EquityMarked) for entry in result.entries)
    assert marks <= COUNT + 10  # one every ten seconds otherwise


def test_the_real_bars_too(shared_data: Path) -> None:
    folder = shared_data / "binance_spot_ohlcv_1h"
    opened = open_history(f"ohlcv:{folder}", ["ETHUSDT", "FTMUSDT"], cache=NoCache())
    result = Backtest(SETTINGS, opened, end_ns=START_NS + 60 * 86_400 * 10**9).run()
    assert result.summary.fills > 10
    assert result.error == ""
    require_identity(result)


class Fails(Strategy):
    cadence = Cadence(every_trade=True)

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        raise ZeroDivisionError("no price is zero")


class NeverEnds(Strategy):
    cadence = Cadence(every_trade=True)

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        while True:
            pass


def trading(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Strategy]) -> None:
    monkeypatch.setattr(daemon, "strategies", lambda settings, symbols: {"ema_cross": make})


def test_a_strategy_that_fails_is_told_with_how_often_and_why(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading(monkeypatch, Fails)
    result = Backtest(SETTINGS, market).run()
    assert result.summary.orders == 0
    assert "strategy.ema_cross failed" in result.error
    assert "no price is zero" in result.error


class Leaves(Strategy):
    cadence = Cadence(every_trade=True)

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        sys.exit("enough\nfor today")


def test_one_that_asks_to_exit_has_failed_and_ends_nobody_else(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading(monkeypatch, Leaves)
    assert "SystemExit: enough for today" in Backtest(SETTINGS, market).run().error


def test_nothing_is_proven_of_one_that_fails(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading(monkeypatch, Fails)
    with pytest.raises(RuntimeFault, match="no price is zero"):
        decisions_of(SETTINGS, market)


def test_one_that_fails_too_often_in_a_minute_halts_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading(monkeypatch, Fails)
    lines = ["time,price,qty,side"]
    lines += [f"{START_NS // 1_000_000 + n * 1000},{100 + n},1,buy" for n in range(30)]
    path = tmp_path / "BTCUSDT.csv"
    path.write_text("\n".join(lines) + "\n")
    result = Backtest(SETTINGS, open_history(f"trades:{path}", None, cache=NoCache())).run()
    assert result.halted
    assert "strategy.ema_cross" in result.halt_reason


def test_a_call_that_never_ends_is_ended(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    assert threading.current_thread() is threading.main_thread()
    trading(monkeypatch, NeverEnds)
    run = Backtest(SETTINGS, market)
    before = signal.getsignal(signal.SIGALRM)
    with watchdog(0.3, run.abandon):
        result = run.run()
    assert signal.getsignal(signal.SIGALRM) == before
    assert result.error.startswith("strategy NeverEnds did not come back from on_trade")
    assert "within 0.3 s" in result.error
    assert "test_histories.py" in result.error


def test_what_takes_its_time_but_ends_is_let_be(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Backtest(SETTINGS, market)
    with watchdog(30.0, run.abandon):
        assert run.run().error == ""
