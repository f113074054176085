"""One backtest as a function, and the price path it hands on."""

from __future__ import annotations

import numpy as np
import pytest

from genesis.backtest.prices import price_path
from genesis.backtest.run import Backtest, BacktestResult
from genesis.config import Settings
from genesis.exchange.source import Market
from genesis.messages.journal import RunStarted
from genesis.messages.market import ROW, Kind
from genesis.simulator.market import GeneratedMarket

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


def generated(seconds: int) -> BacktestResult:
    settings = Settings.load(None, {"market.speed": 0.0, "strategies.ema_cross.slow": 150})
    made = GeneratedMarket(("BTCUSDT",), 7, START_NS)
    market = Market("made", made.instruments(), made.frames(), START_NS, False)
    return Backtest(settings, market, end_ns=START_NS + seconds * SECOND_NS).run()


def test_a_run_tells_its_journal_and_the_prices_it_saw() -> None:
    result = generated(20)
    assert result.error == ""
    assert not result.halted
    assert result.summary.orders > 0
    assert len(result.entries) == result.summary.journal_events
    started = result.entries[0].event
    assert isinstance(started, RunStarted)
    assert started.market == result.title == "made"
    path = result.prices["BTCUSDT"]
    assert len(path.times_ns) > 100
    assert (path.low <= path.close).all()
    assert (path.close <= path.high).all()
    assert START_NS <= path.times_ns[0] < path.times_ns[-1] <= result.end_ns


def test_no_fact_of_a_run_is_older_than_the_one_before_it() -> None:
    times_ns = [entry.time_ns for entry in generated(20).entries]
    assert times_ns == sorted(times_ns)
    assert times_ns[0] < START_NS


def test_the_same_market_gives_the_same_journal() -> None:
    assert generated(5).summary.journal_hash == generated(5).summary.journal_hash


def trades(*prints: tuple[int, int]) -> np.ndarray:
    rows = np.zeros(len(prints), ROW)
    rows["kind"] = Kind.TRADE_BUY
    rows["time_ns"], rows["price_ticks"] = zip(*prints, strict=True)
    return rows


@pytest.mark.parametrize("rows_at_once", [1, 2, 1 << 16])
def test_a_bucket_keeps_its_extremes_and_its_last_price(
    rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.exchange.mapped.BLOCK", rows_at_once)
    rows = trades((0, 50), (3, 90), (4, 10), (9, 60), (10, 61), (25, 70), (40, 99))
    rows["kind"][0] = Kind.TRADE_SELL
    path = price_path(rows, start_ns=0, end_ns=40, buckets=4)
    assert path.times_ns.tolist() == [9, 10, 25]
    assert path.low.tolist() == [10, 61, 70]
    assert path.high.tolist() == [90, 61, 70]
    assert path.close.tolist() == [60, 61, 70]


def test_a_symbol_nobody_traded_has_an_empty_path() -> None:
    rows = trades((1, 5))
    rows["kind"] = Kind.BID
    assert price_path(rows, 0, 10).close.tolist() == []
