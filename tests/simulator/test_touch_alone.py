"""A market of quotes and prints without depth, as bars and trades make one: no queue is seen."""

from __future__ import annotations

from decimal import Decimal

from scenes import Scene, snapshot, ticker, trade

from genesis.messages.market import Rows
from genesis.messages.orders import Side
from genesis.simulator.tape import SUMMARY

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


def touch_alone() -> Scene:
    scene = Scene()
    scene.market(snapshot(1, 1, [], []), ticker(1, 2, ("99.90", "1"), ("100.10", "1")))
    return scene


def summary(rows: Rows) -> Rows:
    rows["last_id"] = SUMMARY
    return rows


def test_a_print_at_an_own_price_fills_nothing() -> None:
    scene = touch_alone()
    name = scene.order(2, BUY, "1", "99.50")
    scene.market(trade(3, SELL, "99.50", "50"))
    assert scene.fills(name) == []
    scene.market(trade(4, SELL, "99.49", "0.4"))
    assert scene.fills(name) == [("99.50", "0.4")]


def test_what_sums_up_many_trades_fills_nothing() -> None:
    scene = touch_alone()
    name = scene.order(2, BUY, "1", "99.50")
    scene.market(summary(trade(3, SELL, "98.00", "50")))
    assert scene.fills(name) == []


def test_a_quote_through_an_own_price_fills_no_more_than_it_shows() -> None:
    scene = touch_alone()
    name = scene.order(2, SELL, "1", "100.50")
    scene.market(ticker(3, 3, ("100.50", "0.3"), ("0", "0")))
    assert scene.fills(name) == [("100.50", "0.3")]


def test_every_quote_is_on_offer_once() -> None:
    scene = touch_alone()
    first = scene.order(2, BUY, "0.7", "100.10")
    second = scene.order(3, BUY, "0.7", "100.10")
    assert scene.fills(first) == [("100.10", "0.7")]
    assert scene.fills(second) == [("100.10", "0.3")]
    scene.market(ticker(4, 3, ("99.90", "1"), ("100.10", "1")))
    assert scene.fills(second) == [("100.10", "0.3"), ("100.10", "0.4")]
    third = scene.order(5, BUY, "1", "100.10")
    assert scene.fills(third) == [("100.10", "0.6")]


def test_a_new_quote_is_on_offer_whole_also_when_no_order_waited_for_it() -> None:
    scene = touch_alone()
    first = scene.order(2, BUY, "0.7", "100.10")
    scene.market(ticker(3, 3, ("99.90", "1"), ("100.10", "1")))
    second = scene.order(4, BUY, "1", "100.10")
    assert scene.fills(first) == [("100.10", "0.7")]
    assert scene.fills(second) == [("100.10", "1")]
