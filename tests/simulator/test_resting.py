"""Resting orders: a fill needs the queue before it gone, or the market through its price."""

from __future__ import annotations

from decimal import Decimal

from scenes import Scene, diff, reset, snapshot, ticker, trade

from genesis.messages.orders import Side

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


def test_a_trade_eats_the_queue_before_it_fills() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.50")  # 1 BTC stands before it
    scene.market(trade(3, SELL, "99.50", "0.6"))
    assert scene.fills(name) == []
    scene.market(trade(4, SELL, "99.50", "0.7"))
    assert scene.fills(name) == [("99.50", "0.3")]
    scene.market(trade(5, SELL, "99.50", "5"))
    assert scene.fills(name) == [("99.50", "0.3"), ("99.50", "0.7")]
    assert scene.status(name) == "FILLED"
    assert scene.reports(name)[-1].maker


def test_trades_of_the_other_side_or_at_better_prices_do_nothing() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.00")
    scene.market(trade(3, BUY, "99.00", "9"), trade(4, SELL, "99.50", "9"))
    assert scene.fills(name) == []


def test_inside_the_spread_nothing_stands_before_it() -> None:
    scene = Scene().opened()
    name = scene.order(2, SELL, "1", "99.90")
    scene.market(trade(3, BUY, "99.90", "0.4"))
    assert scene.fills(name) == [("99.90", "0.4")]


def test_a_trade_through_fills_at_the_own_price_with_its_own_lots_only() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "2", "99.50")
    scene.market(trade(3, SELL, "99.00", "0.5"))
    assert scene.fills(name) == [("99.50", "0.5")]
    scene.market(trade(4, SELL, "99.50", "0.2"))  # nothing stands before it any more
    assert scene.fills(name) == [("99.50", "0.5"), ("99.50", "0.2")]


def test_one_trade_is_shared_by_price_then_time_and_used_once() -> None:
    scene = Scene().opened()
    late = scene.order(2, BUY, "1", "99.60")
    later = scene.order(3, BUY, "1", "99.60")
    best = scene.order(4, BUY, "1", "99.70")
    scene.market(trade(5, SELL, "99.60", "2.5"))
    assert scene.fills(best) == [("99.70", "1")]
    assert scene.fills(late) == [("99.60", "1")]
    assert scene.fills(later) == [("99.60", "0.5")]


def test_lots_between_two_own_orders_are_in_the_way_of_the_second_only() -> None:
    scene = Scene().opened()
    first = scene.order(2, BUY, "1", "99.50")  # 1 BTC before it
    scene.market(diff(3, (11, 11), bids=[("99.50", "3")]))
    second = scene.order(4, BUY, "1", "99.50")  # 3 BTC of the market before it
    scene.market(trade(5, SELL, "99.50", "2"))
    assert scene.fills(first) == [("99.50", "1")]
    scene.market(trade(6, SELL, "99.50", "2.5"))  # 2 more of the market, then the second
    assert scene.fills(second) == [("99.50", "0.5")]


def test_a_smaller_level_moves_the_order_forward_but_not_past_what_is_shown() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.50")
    scene.market(diff(3, (11, 11), bids=[("99.50", "4")]))  # others join behind
    scene.market(diff(4, (12, 12), bids=[("99.50", "0.8")]))
    scene.market(trade(5, SELL, "99.50", "0.9"))
    assert scene.fills(name) == [("99.50", "0.1")]


def test_a_trade_the_depth_already_shows_does_not_leave_the_queue_twice() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.50")
    late = trade(4, SELL, "99.50", "0.6")
    late["event_ns"] = 2
    scene.market(diff(3, (11, 11), bids=[("99.50", "0.4")]), late)
    assert scene.fills(name) == []
    scene.market(trade(5, SELL, "99.50", "0.5"))
    assert scene.fills(name) == [("99.50", "0.1")]


def test_nor_does_a_trade_from_before_the_depth_it_arrived_to() -> None:
    scene = Scene().opened().market(diff(3, (11, 11), bids=[("99.50", "1")]))
    name = scene.order(4, BUY, "1", "99.50")
    late = trade(5, SELL, "99.50", "0.6")
    late["event_ns"] = 2
    scene.market(late, trade(6, SELL, "99.50", "0.9"))
    assert scene.fills(name) == []
    scene.market(trade(7, SELL, "99.50", "0.2"))
    assert scene.fills(name) == [("99.50", "0.1")]


def test_a_ticker_does_not_shorten_the_queue() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.50")
    scene.market(ticker(3, 11, ("99.50", "0.4"), ("100.00", "1")), trade(4, SELL, "99.50", "0.6"))
    assert scene.fills(name) == []


def test_an_ask_at_the_own_bid_fills_it_with_the_lots_shown() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.70")
    scene.market(diff(3, (11, 11), asks=[("99.60", "0.3")]))
    assert scene.fills(name) == [("99.70", "0.3")]
    assert scene.reports(name)[-1].maker


def test_a_crossing_level_is_shared_by_price() -> None:
    scene = Scene().opened()
    worse = scene.order(2, BUY, "1", "99.70")
    better = scene.order(3, BUY, "1", "99.80")
    scene.market(diff(4, (11, 11), asks=[("99.60", "1.2")]))
    assert scene.fills(better) == [("99.80", "1")]
    assert scene.fills(worse) == [("99.70", "0.2")]


def test_the_lots_of_a_crossing_level_are_used_once() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.70")
    scene.market(ticker(3, 11, ("99.50", "1"), ("99.70", "0.3")))
    scene.market(ticker(4, 12, ("99.50", "2"), ("99.70", "0.3")))
    scene.market(diff(5, (11, 12), bids=[("99.50", "2")], asks=[("99.70", "0.3")]))
    assert scene.fills(name) == [("99.70", "0.3")]
    scene.market(diff(6, (13, 13), asks=[("99.70", "0.5")]))
    assert scene.fills(name) == [("99.70", "0.3"), ("99.70", "0.2")]


def test_depth_behind_a_ticker_does_not_bring_used_lots_back() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "2", "99.70")
    scene.market(ticker(3, 11, ("99.50", "1"), ("99.70", "1")))
    scene.market(ticker(4, 12, ("99.50", "1"), ("99.70", "0.4")))
    scene.market(diff(5, (11, 11), asks=[("99.70", "1")]))
    assert scene.fills(name) == [("99.70", "1")]


def test_what_a_taker_left_behind_does_not_come_back_as_a_crossing() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1.5", "100.00")  # takes 1, half rests at the ask's price
    scene.market(ticker(3, 11, ("99.60", "1"), ("100.00", "1")))
    assert scene.fills(name) == [("100.00", "1")]


def test_depth_older_than_the_arrival_cannot_cross_it() -> None:
    scene = Scene().opened()
    scene.market(ticker(2, 20, ("99.50", "1"), ("101.00", "2")))
    name = scene.order(3, BUY, "1", "100.50")
    scene.market(diff(4, (11, 15), asks=[("100.00", "1.1")]))
    assert scene.fills(name) == []
    scene.market(diff(5, (16, 20), asks=[("100.00", "0")]))
    assert scene.fills(name) == []


def test_a_ticker_older_than_the_depth_crosses_nothing() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.70")
    scene.market(diff(3, (11, 15)), ticker(4, 12, ("99.50", "1"), ("99.60", "0.3")))
    assert scene.fills(name) == []


def test_after_a_gap_only_trades_count_until_the_book_is_whole() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.70")
    scene.market(diff(3, (15, 16), asks=[("99.60", "0.3")]))
    assert scene.fills(name) == []
    scene.market(trade(4, SELL, "99.60", "0.2"))
    assert scene.fills(name) == [("99.70", "0.2")]
    scene.market(snapshot(5, 16, [("99.50", "1")], [("99.60", "0.3"), ("100.00", "1")]))
    assert scene.fills(name) == [("99.70", "0.2"), ("99.70", "0.3")]


def test_a_restarted_stream_may_count_from_anywhere() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1", "99.50")
    scene.market(reset(3), snapshot(4, 1, [("99.50", "0.2")], [("100.00", "1")]))
    scene.market(diff(5, (2, 2), asks=[("100.00", "0.5")]), trade(6, SELL, "99.50", "0.3"))
    assert scene.fills(name) == [("99.50", "0.1")]


def test_an_order_after_a_restart_is_judged_by_the_new_ids() -> None:
    scene = Scene().opened().market(ticker(2, 50, ("99.50", "1"), ("100.00", "1")))
    scene.market(reset(3), snapshot(4, 1, [("99.50", "0.2")], [("100.00", "1")]))
    name = scene.order(5, BUY, "1", "99.70")
    scene.market(diff(6, (2, 2), asks=[("99.60", "0.3")]))
    assert scene.fills(name) == [("99.70", "0.3")]


def test_fills_stay_on_the_step() -> None:
    scene = Scene().opened()
    name = scene.order(2, SELL, "1", "99.90")
    scene.market(trade(3, BUY, "99.90", "0.000999"), trade(4, BUY, "99.90", "0.010999"))
    assert scene.fills(name) == [("99.90", "0.01")]


def test_a_filled_order_cannot_be_cancelled() -> None:
    scene = Scene().opened()
    name = scene.order(2, SELL, "1", "99.90")
    scene.market(trade(3, BUY, "99.95", "1"))
    scene.cancel(4, name)
    assert scene.refusal() == (-2011, "Unknown order sent.")
