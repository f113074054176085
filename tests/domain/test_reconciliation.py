"""One comparison with the venue: what it asks, and what it finds."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from order_tales import ID, S, at_venue, intended, statuses, traded

from genesis.domain.orders import Orders
from genesis.domain.reconciliation import Reconciliation
from genesis.messages.orders import (
    AccountSnapshot,
    Balance,
    ExecutionReport,
    OpenOrdersSnapshot,
    OrderSnapshot,
    QueryAccount,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    TradesSnapshot,
    VenueOrder,
)

D = Decimal
OURS = {"USDT": D("1000.00"), "BTC": D(0)}


def sent(*names: str) -> Orders:
    orders = Orders()
    for name in names:
        orders.intend(intended(name))
        orders.sent(name)
    return orders


def begin(orders: Orders, unsent: tuple[str, ...] = (), first_id: int = 10) -> Reconciliation:
    return Reconciliation("test", orders, unsent, ["BTCUSDT", "ETHUSDT"], first_id)


def answer(
    current: Reconciliation,
    *orders: VenueOrder,
    trades: tuple[ExecutionReport, ...] = (),
    listed: tuple[VenueOrder, ...] = (),
    **balances: str,
) -> None:
    """The venue answers everything: the trades last, as the worst order of arrival."""
    known = {order.client_order_id: order for order in orders}
    held = tuple(Balance(asset, D(amount), D(0)) for asset, amount in balances.items())
    for question in reversed(current.questions):
        number = question.request_id
        match question:
            case QueryTrades(symbol=symbol):
                of_symbol = tuple(trade for trade in trades if trade.symbol == symbol)
                assert current.take(TradesSnapshot(number, symbol, of_symbol))
            case QueryOrder(client_order_id=name):
                assert current.take(OrderSnapshot(number, name, known.get(name)))
            case QueryOpenOrders():
                assert current.take(OpenOrdersSnapshot(number, listed))
            case QueryAccount():
                assert current.take(AccountSnapshot(number, held))


def test_it_asks_for_everything_there_is_to_know() -> None:
    current = begin(sent("a", "b", "c"), unsent=("b",))
    kinds = [type(question) for question in current.questions]
    assert kinds == [
        QueryTrades,
        QueryTrades,
        QueryOrder,
        QueryOrder,
        QueryOpenOrders,
        QueryAccount,
    ]
    asked = [q.client_order_id for q in current.questions if isinstance(q, QueryOrder)]
    assert asked == ["a", "c"]
    numbers = [question.request_id for question in current.questions]
    assert numbers == list(range(10, 16))
    assert current.next_id == 16


def test_it_is_complete_with_the_last_answer_and_takes_each_once() -> None:
    current = begin(Orders())
    stale = AccountSnapshot(9, ())
    assert not current.take(stale)
    answer(current, USDT="1000")
    assert current.complete
    assert not current.take(AccountSnapshot(13, ()))


def test_equal_is_no_difference() -> None:
    orders = sent(ID)
    orders.hear(at_venue(S.NEW, "0"))
    current = begin(orders)
    answer(current, at_venue(S.NEW, "0"), listed=(at_venue(S.NEW, "0"),), USDT="1000")
    assert current.settle(orders, OURS) == ((), ())


def test_a_missed_fill_becomes_an_event_and_is_named() -> None:
    orders = sent(ID)
    current = begin(orders)
    answer(current, at_venue(S.FILLED, "1"), trades=(traded(5, "1", "1", S.FILLED),))
    events, differences = current.settle(orders, OURS)
    assert statuses(events) == [S.FILLED]
    assert differences == (f"{ID}: a fill was missed",)
    assert orders.open == ()


def test_an_ending_is_taken_over_only_with_its_fills() -> None:
    orders = sent(ID)
    current = begin(orders)
    answer(current, at_venue(S.CANCELED, "0.5"), trades=(traded(5, "0.5", "0.5"),))
    events, differences = current.settle(orders, OURS)
    assert statuses(events) == [S.PARTIALLY_FILLED, S.CANCELED]
    assert differences == (f"{ID}: a fill was missed", f"{ID}: it is CANCELED there")


def test_fills_told_of_but_not_shown_are_a_difference_each_time() -> None:
    orders = sent(ID)
    orders.hear(at_venue(S.NEW, "0"))
    for _ in range(2):
        current = begin(orders)
        answer(current, at_venue(S.FILLED, "1"), USDT="1000")
        events, differences = current.settle(orders, OURS)
        assert events == ()
        assert differences == (f"{ID}: fills that the venue tells of are not in its trades",)


def test_an_order_that_the_venue_does_not_know_is_a_difference() -> None:
    orders = sent(ID)
    current = begin(orders)
    answer(current, USDT="1000")
    assert current.denied == (ID,)
    events, differences = current.settle(orders, OURS)
    assert events == ()
    assert differences == (f"the venue does not know {ID}",)


def test_a_foreign_order_is_a_difference_and_no_event() -> None:
    foreign = msgspec.structs.replace(at_venue(S.NEW, "0"), client_order_id="by-hand")
    current = begin(Orders())
    answer(current, listed=(foreign,), USDT="1000")
    events, differences = current.settle(Orders(), OURS)
    assert events == ()
    assert differences == ("the venue shows an order that is not ours",)


def test_what_cannot_be_true_is_a_difference() -> None:
    orders = sent(ID)
    current = begin(orders)
    answer(current, at_venue(S.FILLED, "2"), USDT="1000")
    _, differences = current.settle(orders, OURS)
    assert "for 1; the venue reports 2" in differences[0]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"USDT": "1000"}, ()),
        ({"USDT": "1000.000", "BTC": "0.0"}, ()),
        ({"USDT": "999.99"}, ("USDT: 999.99 at the venue, 1000 here",)),
        ({}, ("USDT: 0 at the venue, 1000 here",)),
        (
            {"USDT": "999", "BTC": "0.001"},
            ("BTC: 0.001 at the venue, 0 here", "USDT: 999 at the venue, 1000 here"),
        ),
        ({"USDT": "1000", "ETH": "2"}, ("ETH: 2 at the venue, 0 here",)),
    ],
)
def test_balances_are_compared_by_value_per_asset(
    there: dict[str, str], said: tuple[str, ...]
) -> None:
    current = begin(Orders())
    answer(current, **there)
    assert current.settle(Orders(), OURS)[1] == said


def test_locked_money_counts() -> None:
    current = begin(Orders())
    answer(current, USDT="1000")
    locked = AccountSnapshot(0, (Balance("USDT", D(400), D(600)),))
    current._answers = [locked]
    assert current.settle(Orders(), OURS)[1] == ()


def test_balances_are_left_out_where_they_cannot_be_told_or_something_else_differs() -> None:
    current = begin(Orders())
    answer(current, USDT="1")
    assert current.settle(Orders(), None)[1] == ()
    orders = sent(ID)
    current = begin(orders)
    answer(current, USDT="1")
    assert current.settle(orders, OURS)[1] == (f"the venue does not know {ID}",)
