"""The figures of a run: counts of the run, money of the account, exact."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from genesis.domain.instrument import Instrument
from genesis.domain.state import TradingState
from genesis.messages.journal import (
    AccountOpened,
    ActorRestarted,
    AnyEvent,
    Entry,
    Halted,
    OrderFilled,
    OrderIntended,
    RunStarted,
)
from genesis.messages.market import Best
from genesis.messages.orders import OrderStatus, OrderType, Side, TimeInForce
from genesis.runs.summary import Summary, summarize
from genesis.runtime.counters import Counters

D = Decimal
SYMBOL = "BTCUSDT"
BTC = Instrument.build(SYMBOL, "BTC", "USDT", tick_size=D("0.01"), step_size=D("0.00001"))
BEST = Best(SYMBOL, 42, 6_100_000, 5, 6_100_001, 6)


def order(n: int) -> list[AnyEvent]:
    """0.01 BTC bought at 60,000 for a fee of 0.1 % in BTC."""
    name = f"g1-ema-1-{n}"
    intended = OrderIntended(
        client_order_id=name,
        strategy="ema",
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=D("0.01"),
        price=None,
        time_in_force=TimeInForce.GTC,
        decided_ns=1,
        approved_ns=1,
        trace_id=1,
        reason="",
    )
    filled = OrderFilled(
        client_order_id=name,
        venue_order_id=n,
        trade_id=n,
        strategy="ema",
        symbol=SYMBOL,
        side=Side.BUY,
        price=D("60000.00"),
        quantity=D("0.01"),
        cumulative_quantity=D("0.01"),
        status=OrderStatus.FILLED,
        fee=D("0.00001"),
        fee_asset="BTC",
        maker=False,
        venue_ns=1,
        trace_id=1,
    )
    return [intended, filled]


def state(*events: AnyEvent) -> TradingState:
    folded = TradingState()
    start: list[AnyEvent] = [
        RunStarted(1, "0", "test", (SYMBOL,), ("ema",), ""),
        AccountOpened("USDT", D(1000)),
    ]
    for seq, event in enumerate([*start, *events], 1):
        folded.apply(Entry(seq, 1, "test", event))
    return folded


def summary(before: TradingState, after: TradingState, best: Best = BEST) -> Summary:
    counters = Counters()
    counters.add("frames", 7)
    counters.add("refusals", 3)
    counters.add("refused by cash")
    counters.add("refused by exposure_limit", 2)
    return summarize(counters, before, after, "abc", {SYMBOL: best}, {SYMBOL: BTC})


def test_what_is_held_of_symbols_that_were_not_traded_is_named() -> None:
    held = state(*order(1))
    assert summary(held, held).untraded == {}
    assert summarize(Counters(), held, held, "abc", {}, {}).untraded == {SYMBOL: "0.00999"}


def test_counts_are_of_this_run_only() -> None:
    before = state(*order(1), Halted("first", "risk"))
    restarted = ActorRestarted("risk", 2, "risk", "boom")
    after = state(*order(1), Halted("first", "risk"), *order(2), restarted)
    result = summary(before, after)
    assert (result.orders, result.fills, result.restarts, result.halts) == (1, 1, 1, 0)
    assert (result.frames, result.refusals, result.gaps) == (7, 3, 0)
    assert result.refused_by == "exposure_limit"
    assert result.journal_events == after.seq


def test_money_adds_up_both_ways_to_the_last_digit() -> None:
    result = summary(state(), state(*order(1)))
    number = {
        name: D(getattr(result, name))
        for name in (
            *("start", "cash", "inventory", "equity", "fees"),
            *("realized_pnl", "unrealized_pnl"),
        )
    }
    assert number["equity"] == number["cash"] + number["inventory"] - number["fees"]
    assert number["equity"] == (
        number["start"] + number["realized_pnl"] + number["unrealized_pnl"] - number["fees"]
    )
    assert number["inventory"] == D("0.00999") * D("61000.005")
    assert result.balances == {"BTC": "0.00999", "USDT": "400"}


def test_without_a_whole_book_the_last_fill_values_what_is_held() -> None:
    nothing = Best(SYMBOL, 0, 0, 0, 0, 0)
    result = summary(state(), state(*order(1)), nothing)
    assert D(result.inventory) == D("0.00999") * 60_000
    assert (result.best[SYMBOL].bid, result.best[SYMBOL].ask) == ("", "")


@pytest.mark.parametrize(("ticks", "written"), [(6_100_000, "61000.00"), (5, "0.05")])
def test_best_prices_are_written_as_the_venue_writes_them(ticks: int, written: str) -> None:
    best = Best(SYMBOL, 42, ticks, 1, ticks + 1, 1)
    line = summary(state(), state(), best).best[SYMBOL]
    assert (line.bid, line.update_id) == (written, 42)


def test_no_number_is_written_with_an_exponent_and_all_of_it_is_json() -> None:
    result = summary(state(), state(*order(1)))
    text = msgspec.json.encode(result).decode()
    assert "E-" not in text
    assert msgspec.json.decode(text)["journal_hash"] == "abc"
    assert result.state_hash == state(*order(1)).digest()
