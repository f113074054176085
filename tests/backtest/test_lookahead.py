"""Strategies that keep to the past, and some that do not, cut short."""

from __future__ import annotations

import itertools
import random
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from genesis.backtest.lookahead import (
    Decided,
    Decision,
    Proof,
    compare,
    cut_points,
    decisions_of,
    prove,
    truncated,
)
from genesis.cli import app
from genesis.config import Settings
from genesis.errors import RuntimeFault
from genesis.exchange.source import Market
from genesis.messages.market import ROW, Kind, RawFrame, Rows
from genesis.messages.orders import OrderType, Side, TimeInForce
from genesis.simulator.light_market import LightMarket
from genesis.strategies.port import Cadence, Desk, Strategy

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 10**9

COMMAND = ["lookahead", "--market", "simulated", "--for", "12", "--symbols", "BTCUSDT"]
COMMAND += ["--cuts", "2", "--workers", "1"]


def history(seconds: int = 60) -> Market:
    light = LightMarket(("BTCUSDT",), 5, START_NS)
    return Market(
        title="light",
        instruments=light.instruments(),
        frames=iter(()),
        start_ns=START_NS,
        recorded=True,
        tape=light.tape(seconds * SECOND_NS),
    )


def settings() -> Settings:
    return Settings.load(
        None,
        {
            "market.speed": 0.0,
            "strategies.ema_cross.fast": 3,
            "strategies.ema_cross.slow": 9,
            "strategies.spread_capture.half_spread_bps": "1",
        },
    )


def proven(count: int = 6) -> Proof:
    whole = decisions_of(settings(), history())
    cuts = cut_points(whole, START_NS, count)
    return prove(
        whole, ((cut, decisions_of(settings(), truncated(history(), cut))) for cut in cuts)
    )


def test_the_strategies_here_keep_to_the_past() -> None:
    proof = proven()
    assert proof.difference is None
    assert proof.decisions > 10
    assert proof.compared > 10
    assert proof.sentence == f"no lookahead found in 6 cuts, {proof.compared} decisions compared"


class Cheat(Strategy):
    """Buys when it knows that the price will be higher ``ahead`` trades later."""

    cadence = Cadence(every_trade=True)

    def __init__(self, rows: Rows, ahead: int) -> None:
        trades = rows[np.isin(rows["kind"], (int(Kind.TRADE_BUY), int(Kind.TRADE_SELL)))]
        self._prices = trades["price_ticks"].tolist()
        self._ahead = ahead
        self._seen = 0

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        future = self._prices[self._seen + self._ahead :][:1]
        self._seen += 1
        if future and future[0] > price_ticks and not any(desk.orders(symbol)):
            quantity = Decimal("0.0002")
            desk.place(
                symbol, Side.BUY, OrderType.MARKET, quantity, None, TimeInForce.GTC, "it knows"
            )


@pytest.mark.parametrize("ahead", [1, 5])
def test_a_strategy_that_was_given_the_future_is_caught(
    ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However near the future is: it is given the very history that it trades, cut or whole."""

    def cheats(market: Market) -> Decided:
        assert market.tape is not None
        rows = market.tape["BTCUSDT"]
        made = {"ema_cross": lambda: Cheat(rows, ahead)}
        monkeypatch.setattr("genesis.daemon.strategies", lambda *_: made)
        return decisions_of(settings(), market)

    whole = cheats(history())
    cuts = cut_points(whole, START_NS, 6)
    difference = prove(whole, ((cut, cheats(truncated(history(), cut))) for cut in cuts)).difference
    assert difference is not None
    assert difference.whole is not None
    assert difference.whole.side == "BUY"
    assert difference.cut is None or difference.cut.time_ns > difference.whole.time_ns
    first, whole_line, cut_line = difference.lines
    assert first.startswith(f"lookahead: decision {difference.number} changes")
    assert "buy 0.0002 BTCUSDT at market (MARKET)" in whole_line
    assert cut_line.startswith("  cut history:   ")


def test_without_future_data_the_cheat_is_an_honest_strategy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So it is the future that is caught, and not the strategy."""
    constant = history().tape
    assert constant is not None
    rows = constant["BTCUSDT"]
    monkeypatch.setattr(
        "genesis.daemon.strategies", lambda *_: {"ema_cross": lambda: Cheat(rows, 1)}
    )
    assert proven().difference is None


def decided(*times: int, seen: int = 100, quantity: int = 1) -> Decided:
    made = (Decision(at, "s", "BTCUSDT", "BUY", "MARKET", Decimal(quantity), None) for at in times)
    return Decided(tuple(made), seen)


def test_only_what_was_decided_while_the_cut_history_lasted_is_compared() -> None:
    whole = decided(10, 20, 30)
    assert compare(whole, 25, decided(10, 20, seen=24)) == (2, None)
    assert compare(whole, 25, decided(10, seen=15)) == (1, None)
    assert compare(whole, 25, decided(10, 20, 27, seen=24)) == (2, None)


def test_a_missing_an_additional_and_another_decision_differ() -> None:
    whole = decided(10, 20)
    _, missing = compare(whole, 50, decided(10, seen=49))
    _, additional = compare(whole, 50, decided(10, 20, 40, seen=49))
    _, another = compare(whole, 50, decided(10, 20, quantity=2, seen=49))
    assert missing is not None
    assert (missing.number, missing.cut) == (2, None)
    assert additional is not None
    assert (additional.number, additional.whole) == (3, None)
    assert another is not None
    assert another.number == 1


def test_the_earliest_difference_is_told() -> None:
    whole = decided(10, 20, 30)
    runs = [(40, decided(10, 20, seen=39)), (35, decided(10, seen=34)), (15, decided(10, seen=14))]
    difference = prove(whole, runs).difference
    assert difference is not None
    assert (difference.number, difference.cut_ns) == (2, 35)


def test_nothing_to_compare_proves_nothing() -> None:
    with pytest.raises(RuntimeFault, match="nothing is proven"):
        prove(decided(10), [(5, decided(seen=4))])


@given(st.lists(st.integers(1, 99), max_size=20), st.integers(1, 12))
def test_cuts_lie_in_the_history_and_some_directly_behind_decisions(
    times: list[int], count: int
) -> None:
    whole = decided(*sorted(times))
    cuts = cut_points(whole, 0, count)
    assert cuts == sorted(set(cuts))
    assert len(cuts) == min(count, len(cuts))
    assert all(0 < cut <= 100 for cut in cuts)
    if times:
        assert {cut - 1 for cut in cuts} & set(times)


def test_a_cut_history_holds_nothing_from_the_cut_on() -> None:
    cut = truncated(history(), START_NS + 7 * SECOND_NS)
    assert cut.tape is not None
    assert cut.tape["BTCUSDT"]["time_ns"].max() < START_NS + 7 * SECOND_NS
    assert cut.tape["BTCUSDT"].dtype == ROW
    frames = iter([RawFrame(n, b"") for n in range(9)])
    market = msgspec.structs.replace(history(), frames=frames, tape=None)
    assert [f.received_ns for f in truncated(market, 4).frames] == [0, 1, 2, 3]


class Chance(Strategy):
    """What it does depends on the runs before."""

    cadence = Cadence(every_trade=True)
    chance = random.Random(1)

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        if self.chance.random() < 0.2 and desk.view(symbol) and not any(desk.orders(symbol)):
            kind = (OrderType.MARKET, Decimal("0.0002"), None, TimeInForce.GTC)
            desk.place(symbol, Side.BUY, *kind, "by chance")


def test_a_strategy_that_never_decides_twice_alike_is_not_accused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("genesis.daemon.strategies", lambda *_: {"ema_cross": Chance})
    done = CliRunner().invoke(app, COMMAND)
    assert isinstance(done.exception, RuntimeFault)
    assert "decides otherwise when the same history is traded again" in str(done.exception)
    assert "lookahead" not in done.output


def test_the_command_tells_a_lookahead(monkeypatch: pytest.MonkeyPatch) -> None:
    def decisions(_settings: Settings, market: Market, *_: object) -> Decided:
        is_cut = isinstance(market.frames, itertools.takewhile)
        return decided(11 if is_cut else 10, seen=50)

    monkeypatch.setattr("genesis.backtest.lookahead.decisions_of", decisions)
    monkeypatch.setattr("genesis.backtest.lookahead.cut_points", lambda *_: [20, 30])
    done = CliRunner().invoke(app, COMMAND)
    assert done.exit_code == 4
    assert done.output.startswith("lookahead: decision 1 changes when the history ends at ")


def test_the_command_says_what_it_has_proven() -> None:
    done = CliRunner().invoke(app, [*COMMAND, "--strategy", "spread_capture"])
    assert done.exit_code == 0, done.exception
    assert done.output.startswith("no lookahead found in 2 cuts, ")
