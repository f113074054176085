"""The venue in time: the way there, the way back, questions, and what batching must not change."""

from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
import pytest
from scenes import BTC, Scene, diff, snapshot, ticker, trade

from genesis.domain.instrument import Instrument
from genesis.domain.order import Order as KnownOrder
from genesis.messages.market import Kind, table_of
from genesis.messages.orders import (
    AccountSnapshot,
    Balance,
    CancelAtVenue,
    ExecutionReport,
    OpenOrdersSnapshot,
    OrderSnapshot,
    OrderStatus,
    OrderType,
    QueryAccount,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    Side,
    SubmitOrder,
    TimeInForce,
    TradesSnapshot,
    VenueRefused,
)
from genesis.simulator.matching import Due, MatchingEngine
from genesis.simulator.terms import VenueTerms

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
FAR = VenueTerms(latency_to_venue_ns=100, latency_from_venue_ns=30)


def submit(name: str, now: int, quantity: str = "1", price: str | None = None) -> SubmitOrder:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    value = None if price is None else D(price)
    return SubmitOrder(name, "BTCUSDT", BUY, kind, D(quantity), value, TimeInForce.GTC, now)


def test_an_order_meets_the_market_of_its_arrival() -> None:
    scene = Scene(FAR).opened()
    assert scene.venue.send(submit("a", 1000), 1000) == 1100
    move_away = diff(1100, (11, 11), asks=[("100.00", "0")])
    assert scene.venue.on_rows("BTCUSDT", table_of(move_away)) == []  # more rows of 1100 may follow
    come_back = diff(1101, (12, 12), asks=[("100.00", "1")])
    said = scene.venue.on_rows("BTCUSDT", table_of(come_back))
    trades = [due for due in said if isinstance(due.message, ExecutionReport)]
    assert [due.due_ns for due in trades] == [1130, 1130]
    last = trades[-1].message
    assert isinstance(last, ExecutionReport)
    assert (last.last_price, last.venue_ns) == (D("101.00"), 1100)


def test_without_market_data_advance_lets_it_arrive() -> None:
    scene = Scene(FAR).opened()
    scene.venue.send(submit("a", 1000), 1000)
    assert scene.venue.advance(1099) == []
    assert [due.due_ns for due in scene.venue.advance(1100)] == [1130, 1130]


def test_a_fill_can_come_before_a_cancel_that_is_on_its_way() -> None:
    scene = Scene(FAR).opened()
    scene.venue.send(submit("a", 1000, "1", "99.70"), 1000)
    scene.venue.advance(1100)
    scene.venue.send(CancelAtVenue("a", "BTCUSDT", 1200), 1200)
    said = scene.venue.on_rows("BTCUSDT", table_of(trade(1250, SELL, "99.60", "1")))
    said += scene.venue.advance(1300)
    assert [type(due.message).__name__ for due in said] == ["ExecutionReport", "VenueRefused"]


def test_jitter_is_bounded_repeatable_and_never_reorders() -> None:
    def dues(seed: int) -> list[int]:
        settings = VenueTerms(latency_to_venue_ns=100, latency_from_venue_ns=30, jitter_ns=50)
        venue = MatchingEngine([BTC], {}, settings, random.Random(seed))
        for i in range(50):
            venue.send(CancelAtVenue(f"c{i}", "BTCUSDT", i), i)
        said = venue.advance(10_000)
        names = [getattr(due.message, "client_order_id", "") for due in said]
        assert names == [f"c{i}" for i in range(50)]
        return [due.due_ns for due in said]

    assert dues(1) == dues(1) != dues(2)
    assert all(i + 130 <= due <= 49 + 230 for i, due in enumerate(dues(1)))


def test_questions_are_answered_in_line_with_the_orders() -> None:
    scene = Scene(FAR).opened()
    venue = scene.venue
    venue.send(submit("a", 0, "1", "100.00"), 0)
    venue.send(QueryOrder("a", "BTCUSDT", 1), 0)
    venue.send(submit("b", 1, "2", "99.00"), 1)
    venue.send(QueryOrder("never", "BTCUSDT", 2), 1)
    venue.send(QueryTrades("BTCUSDT", 0, 3), 1)
    venue.send(QueryTrades("BTCUSDT", 1, 4), 1)
    venue.send(QueryOpenOrders(5), 1)
    venue.send(QueryAccount(6), 1)
    said = [due.message for due in venue.advance(200)]
    answers = [message for message in said if not isinstance(message, ExecutionReport)]
    known, unknown, trades, none_newer, open_orders, account = answers
    assert isinstance(known, OrderSnapshot)
    assert known.order is not None
    assert (known.order.status, known.order.cumulative_quantity) == ("FILLED", 1)
    assert unknown == OrderSnapshot(2, "never", None)
    assert isinstance(trades, TradesSnapshot)
    assert [t.trade_id for t in trades.trades] == [1]
    assert none_newer == TradesSnapshot(4, "BTCUSDT", ())
    assert isinstance(open_orders, OpenOrdersSnapshot)
    assert [order.client_order_id for order in open_orders.orders] == ["b"]
    assert isinstance(account, AccountSnapshot)
    assert account.balances == (
        Balance("BTC", D("10.999"), D(0)),
        Balance("USDT", D(100_000) - 100 - 198, D(198)),
    )


def test_questions_about_an_unknown_symbol_are_answered_too() -> None:
    venue = Scene().opened().venue
    venue.send(QueryOrder("a", "NOPE", 1), 0)
    venue.send(QueryTrades("NOPE", 0, 2), 0)
    assert [due.message for due in venue.advance(1)] == [
        OrderSnapshot(1, "a", None),
        TradesSnapshot(2, "NOPE", ()),
    ]


def test_orders_of_the_venue_before_have_ended_with_it() -> None:
    known = KnownOrder(
        client_order_id="g1-a",
        strategy="s",
        symbol="GONE",
        side=BUY,
        type=OrderType.LIMIT,
        quantity=D("2"),
        price=D("99"),
        time_in_force=TimeInForce.GTC,
        decided_ns=1,
        approved_ns=2,
        trace_id=0,
        reason="",
        status=OrderStatus.PARTIALLY_FILLED,
        filled=D("0.5"),
        venue_order_id=7,
    )
    venue = MatchingEngine([BTC], {"USDT": D(1000)}, FAR, random.Random(1), ended=[known])
    venue.send(CancelAtVenue("g1-a", "GONE", 0), 0)
    venue.send(QueryOrder("g1-a", "GONE", 1), 0)
    venue.send(QueryOpenOrders(2), 0)
    refused, answer, open_orders = (due.message for due in venue.advance(200))
    assert isinstance(refused, VenueRefused)
    assert isinstance(answer, OrderSnapshot)
    assert answer.order is not None
    assert (answer.order.status, answer.order.cumulative_quantity) == ("EXPIRED", D("0.5"))
    assert open_orders == OpenOrdersSnapshot(2, ())


def test_ids_start_where_they_are_told_to() -> None:
    venue = MatchingEngine([BTC], {"USDT": D(1000)}, FAR, random.Random(1), first_id=500)
    venue.on_rows("BTCUSDT", table_of(snapshot(1, 10, [("99", "1")], [("100", "1")])))
    venue.send(submit("a", 2), 2)
    reports = [due.message for due in venue.advance(200)]
    assert [(r.venue_order_id, r.trade_id) for r in reports] == [  # type: ignore[attr-defined]
        (500, -1),
        (500, 500),
    ]


def test_it_serves_snapshots_of_its_own_book() -> None:
    scene = Scene()
    assert scene.venue.snapshot("BTCUSDT", 5) is None
    rows = scene.opened().venue.snapshot("BTCUSDT", 5)
    assert rows is not None
    assert rows["kind"].tolist() == [Kind.SNAPSHOT_BEGIN] + [Kind.BID] * 2 + [Kind.ASK] * 2
    assert set(rows["time_ns"].tolist()) == {5}


def test_negative_balances_and_odd_settings_are_bugs() -> None:
    with pytest.raises(ValueError, match="negative"):
        MatchingEngine([BTC], {"USDT": D(-1)}, FAR, random.Random(1))
    with pytest.raises(ValueError, match="maker_fee"):
        VenueTerms(maker_fee=D(1))
    with pytest.raises(ValueError, match="jitter_ns"):
        VenueTerms(jitter_ns=-1)


def test_a_symbol_that_is_not_trading_takes_no_orders_but_cancels() -> None:
    halted = Instrument.build(
        "BTCUSDT", "BTC", "USDT", tick_size=D("0.01"), step_size=D("0.001"), status="BREAK"
    )
    scene = Scene(instrument=halted).opened()
    scene.order(2, BUY, "1", "99")
    assert scene.refusal() == (-2010, "Market is closed.")
    scene.cancel(3, "c1")
    assert scene.refusal() == (-2011, "Unknown order sent.")


def random_market(rng: random.Random, steps: int) -> list[np.ndarray]:
    """Frames of a jumpy market, one per 10 ns, with a gap, tickers and trades in it."""
    frames = [snapshot(1, 10, [("99.50", "1"), ("99.00", "2")], [("100.00", "1"), ("101.00", "2")])]
    update = 10
    for i in range(1, steps):
        now = 1 + 10 * i
        middle = 9950 + rng.randrange(-60, 60)
        bid, ask = f"{(middle - 5) / 100:.2f}", f"{(middle + 5) / 100:.2f}"
        size = f"{rng.randrange(1, 3000) / 1000:.3f}"
        what = rng.randrange(10)
        if what < 4:
            frames.append(trade(now, rng.choice([BUY, SELL]), bid, size))
        elif what < 6:
            update += 1
            frames.append(ticker(now, update, (bid, size), (ask, size)))
        elif what < 9 or i < steps // 2:
            update += 1
            gone = "0" if rng.randrange(3) else size
            asks = [(f"{price / 100:.2f}", "0") for price in range(9900, middle + 5)]
            bids = [(f"{price / 100:.2f}", "0") for price in range(middle, 10060)]
            frames.append(diff(now, (10, update), [*bids, (bid, gone)], [*asks, (ask, size)]))
        else:
            update += 2
            frames.append(diff(now, (update, update)))
            levels = [(bid, size)], [(ask, size)]
            frames.append(snapshot(now, update, *levels))
    return frames


@pytest.mark.parametrize("seed", range(8))
def test_batching_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    frames = random_market(rng, 150)
    settings = VenueTerms(latency_to_venue_ns=25, latency_from_venue_ns=7, jitter_ns=9)
    orders: list[SubmitOrder | CancelAtVenue] = []
    for i in range(40):
        now = rng.randrange(5, 1400)
        price = f"{9950 + rng.randrange(-60, 60)}"
        orders.append(submit(f"c{i}", now, "0.700", f"{price[:-2]}.{price[-2:]}"))
        orders.append(CancelAtVenue(f"c{i}", "BTCUSDT", now + rng.randrange(0, 300)))
    orders.sort(key=lambda order: order.sent_ns)

    def run(batched: bool) -> list[Due]:
        venue = MatchingEngine([BTC], {"USDT": D(10_000)}, settings, random.Random(seed))
        for order in orders:
            venue.send(order, order.sent_ns)
        said = []
        for batch in [np.concatenate(frames)] if batched else frames:
            said += venue.on_rows("BTCUSDT", table_of(batch))
        return said + venue.advance(10_000)

    whole, by_frame = run(batched=True), run(batched=False)
    assert sorted(whole, key=lambda due: due.due_ns) == by_frame
    assert any(isinstance(d.message, ExecutionReport) and d.message.maker for d in whole)
