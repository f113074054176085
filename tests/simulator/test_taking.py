"""Orders that take: they walk the book, once, inside their limit, and pay for what they get."""

from __future__ import annotations

from decimal import Decimal

import pytest
from scenes import BTC, Scene, diff, snapshot, ticker

from genesis.messages.orders import OrderType, Side, TimeInForce

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


def test_a_market_order_walks_the_levels_one_trade_each() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1.5")
    assert scene.fills(name) == [("100.00", "1"), ("101.00", "0.5")]
    assert [r.status for r in scene.reports(name)] == ["NEW", "PARTIALLY_FILLED", "FILLED"]
    assert [r.trade_id for r in scene.reports(name)] == [-1, 1, 2]


def test_a_buy_pays_its_fee_in_base_and_a_sell_in_quote() -> None:
    scene = Scene().opened()
    bought = scene.reports(scene.order(2, BUY, "1"))[-1]
    sold = scene.reports(scene.order(3, SELL, "1"))[-1]
    assert (bought.fee, bought.fee_asset) == (D("0.001"), "BTC")
    assert (sold.fee, sold.fee_asset) == (D("0.0995"), "USDT")
    account = scene.venue.account
    assert account.free("USDT") == D(100_000) - 100 + D("99.5") - D("0.0995")
    assert account.free("BTC") == D(10) - D("0.001")


def test_what_a_market_order_cannot_get_expires() -> None:
    scene = Scene().opened()
    name = scene.order(2, SELL, "5")
    assert scene.fills(name) == [("99.50", "1"), ("99.00", "2")]
    assert scene.status(name) == "EXPIRED"
    assert scene.venue.account.locked("BTC") == 0


def test_a_market_order_against_an_empty_side_expires_unfilled() -> None:
    scene = Scene().market(snapshot(1, 10, [("99.50", "1")], []))
    name = scene.order(2, BUY, "1")
    assert scene.fills(name) == []
    assert scene.status(name) == "EXPIRED"


def test_without_a_whole_book_the_market_is_closed() -> None:
    scene = Scene()
    scene.order(2, BUY, "1")
    assert scene.refusal() == (-2010, "Market is closed.")


def test_ioc_takes_what_is_within_its_limit_and_expires() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "2", "100.50", tif=IOC)
    assert scene.fills(name) == [("100.00", "1")]
    assert scene.status(name) == "EXPIRED"
    assert scene.venue.account.locked("USDT") == 0


@pytest.mark.parametrize(
    ("quantity", "fills"), [("3.001", []), ("3", [("100.00", "1"), ("101.00", "2")])]
)
def test_fok_is_all_or_none(quantity: str, fills: list[tuple[str, str]]) -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, quantity, "101.00", tif=FOK)
    assert scene.fills(name) == fills
    assert scene.status(name) == ("FILLED" if fills else "EXPIRED")
    assert scene.venue.account.locked("USDT") == 0


def test_gtc_takes_and_its_rest_stays_with_only_the_rest_locked() -> None:
    scene = Scene().opened()
    name = scene.order(2, BUY, "1.5", "100.50")
    assert scene.fills(name) == [("100.00", "1")]
    assert scene.status(name) == "PARTIALLY_FILLED"
    assert scene.venue.account.locked("USDT") == D("50.25")
    assert scene.venue.account.free("USDT") == D(100_000) - 100 - D("50.25")


def test_post_only_is_refused_rather_than_take() -> None:
    scene = Scene().opened()
    scene.order(2, BUY, "1", "100.00", type=OrderType.LIMIT_MAKER)
    assert scene.refusal() == (-2010, "Order would immediately match and take.")
    name = scene.order(3, BUY, "1", "99.99", type=OrderType.LIMIT_MAKER)
    assert scene.status(name) == "NEW"


def test_the_same_lots_are_not_taken_twice() -> None:
    scene = Scene().opened()
    fills = [scene.fills(scene.order(2 + i, BUY, "0.4", "100.00", tif=IOC)) for i in range(4)]
    assert fills == [[("100.00", "0.4")], [("100.00", "0.4")], [("100.00", "0.2")], []]


def test_lots_the_market_adds_to_a_taken_level_can_be_taken() -> None:
    scene = Scene().opened()
    scene.order(2, BUY, "1", "100.00")
    scene.market(diff(3, (11, 11), asks=[("100.00", "1.3")]))
    name = scene.order(4, BUY, "1", "100.00", tif=IOC)
    assert scene.fills(name) == [("100.00", "0.3")]


def test_lots_that_leave_a_taken_level_are_read_as_the_taken_ones() -> None:
    scene = Scene().opened()
    scene.order(2, BUY, "0.6", "100.00")
    scene.market(diff(3, (11, 11), asks=[("100.00", "0.7")]))
    assert scene.fills(scene.order(4, BUY, "1", "100.00", tif=IOC)) == [("100.00", "0.4")]


def test_a_level_that_went_and_came_back_is_new() -> None:
    scene = Scene().opened()
    scene.order(2, BUY, "1", "100.00")
    scene.market(diff(3, (11, 11), asks=[("100.00", "0")]))
    scene.market(diff(4, (12, 12), asks=[("100.00", "1")]))
    assert scene.fills(scene.order(5, BUY, "1", "100.00", tif=IOC)) == [("100.00", "1")]


def test_a_newer_ticker_rules_the_top_of_the_book() -> None:
    scene = Scene().opened()
    scene.market(ticker(2, 11, ("99.50", "1"), ("100.70", "0.4")))
    name = scene.order(3, BUY, "1")
    assert scene.fills(name) == [("100.70", "0.4"), ("101.00", "0.6")]


def test_an_older_ticker_says_nothing() -> None:
    scene = Scene().opened()
    scene.market(ticker(2, 9, ("99.50", "1"), ("100.70", "0.4")))
    assert scene.fills(scene.order(3, BUY, "1")) == [("100.00", "1")]


def test_own_orders_do_not_trade_with_each_other() -> None:
    scene = Scene().opened()
    maker = scene.order(2, SELL, "1", "99.80")
    taker = scene.order(3, BUY, "1", "99.90")
    assert scene.status(maker) == "EXPIRED"
    assert scene.reports(maker)[-1].reason == "self-trade prevention"
    assert scene.status(taker) == "NEW"
    assert scene.venue.account.locked("BTC") == 0


@pytest.mark.parametrize(
    ("quantity", "price", "answer"),
    [
        ("1", "100.001", (-1013, "Filter failure: PRICE_FILTER")),
        ("1", "-1", (-1013, "Filter failure: PRICE_FILTER")),
        ("1", "NaN", (-1013, "Filter failure: PRICE_FILTER")),
        ("1.0001", "100", (-1013, "Filter failure: LOT_SIZE")),
        (f"1.{'0' * 30}1", "100", (-1013, "Filter failure: LOT_SIZE")),
        ("Infinity", "100", (-1013, "Filter failure: LOT_SIZE")),
        ("0", "100", (-1013, "Filter failure: LOT_SIZE")),
        ("9000.001", "100", (-1013, "Filter failure: LOT_SIZE")),
        ("0.049", "100", (-1013, "Filter failure: NOTIONAL")),
        ("0.049", None, (-1013, "Filter failure: NOTIONAL")),
        (
            "1001",
            "100",
            (-2010, "Account has insufficient balance for requested action."),
        ),
    ],
)
def test_the_venue_refuses_with_its_own_codes(
    quantity: str, price: str | None, answer: tuple[int, str]
) -> None:
    scene = Scene().opened()
    scene.order(2, BUY, quantity, price)
    assert scene.refusal() == answer
    assert scene.venue.account.locked("USDT") == 0


def test_a_market_buy_needs_the_cost_of_the_levels_it_would_take() -> None:
    scene = Scene(balances={"USDT": D("201.99")}).opened()
    scene.order(2, BUY, "2.020")
    assert scene.refusal()[0] == -2010
    name = scene.order(3, BUY, "2")
    assert scene.status(name) == "FILLED"
    assert scene.venue.account.free("USDT") == D("0.99")


def test_ids_are_unique_among_open_orders_only() -> None:
    scene = Scene().opened()
    scene.order(2, BUY, "1", "90", name="twin")
    scene.order(3, BUY, "1", "90", name="twin")
    assert scene.refusal() == (-2010, "Duplicate order sent.")
    scene.cancel(4, "twin")
    scene.order(5, BUY, "1", "90", name="twin")
    assert scene.status("twin") == "NEW"


def test_too_many_open_orders_are_refused() -> None:
    scene = Scene().opened()
    for i in range(BTC.max_orders):
        scene.order(2 + i, BUY, "1", "90")
    scene.order(20, BUY, "1", "90")
    assert scene.refusal() == (-1013, "Filter failure: MAX_NUM_ORDERS")
    assert scene.status(scene.order(21, BUY, "1")) == "FILLED"


def test_an_unknown_symbol_a_bad_id_and_a_missing_price_are_refused() -> None:
    scene = Scene().opened()
    scene.order(2, BUY, "1", "90", symbol="NOPE")
    assert scene.refusal() == (-1121, "Invalid symbol.")
    scene.order(3, BUY, "1", "90", name="a b")
    assert scene.refusal()[0] == -1100
    scene.order(4, BUY, "1", None, type=OrderType.LIMIT)
    assert scene.refusal()[0] == -1102


def test_cancelling_unlocks_and_an_unknown_order_is_refused() -> None:
    scene = Scene().opened()
    name = scene.order(2, SELL, "2", "105")
    assert scene.venue.account.locked("BTC") == 2
    scene.cancel(3, name)
    assert scene.status(name) == "CANCELED"
    assert scene.venue.account.locked("BTC") == 0
    scene.cancel(4, name)
    assert scene.refusal() == (-2011, "Unknown order sent.")
