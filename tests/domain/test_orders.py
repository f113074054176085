"""The executor's table: what is open, what is remembered, what must be asked."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from order_tales import ID, S, at_venue, intended, statuses, traded

from genesis.domain.orders import RECENT_MAX, Orders, OrderTable
from genesis.messages.journal import OrderMoved, OrderSent
from genesis.messages.orders import TradesSnapshot


def test_an_order_is_sent_at_most_once() -> None:
    orders = Orders()
    orders.intend(intended())
    assert orders.sent(ID) == OrderSent(ID)
    assert orders.sent(ID) is None
    with pytest.raises(ValueError, match="used before"):
        orders.intend(intended())


def test_a_foreign_order_is_quarantined() -> None:
    orders = Orders()
    orders.intend(intended())
    orders.hear(traded(50, "0.1", "0.1"))
    heard = orders.hear(traded(51, "1", "1", S.FILLED, name="by-hand"))
    assert heard.foreign
    assert (heard.order, heard.events) == (None, ())


def test_an_echo_of_a_forgotten_order_is_not_foreign() -> None:
    orders = Orders(OrderTable(last_trade_ids={"BTCUSDT": 51}))
    assert not orders.hear(traded(51, "1", "1", S.FILLED, name="g1-ema-1-0")).foreign


def test_ended_orders_are_remembered_within_bounds() -> None:
    orders = Orders()
    for n in range(RECENT_MAX + 1):
        orders.intend(intended(f"o{n}"))
        orders.hear(traded(n, "1", "1", S.FILLED, name=f"o{n}"))
    assert orders.open == ()
    assert orders.get("o0") is None
    assert orders.get("o1") is not None
    assert orders.hear(traded(1, "1", "1", S.FILLED, name="o1")).events == ()


def test_trades_are_asked_for_from_before_the_order() -> None:
    orders = Orders(OrderTable(last_trade_ids={"BTCUSDT": 40}))
    orders.intend(intended())
    orders.hear(traded(60, "0.5", "1", S.FILLED))  # a trade before it was not heard
    [waiting] = orders.open
    assert waiting.awaits_trades
    assert orders.trades_after("BTCUSDT") == 40
    first = msgspec.structs.replace(traded(55, "0.5", "0.5"), cumulative_quantity=Decimal(0))
    heard = orders.hear_trades(TradesSnapshot(1, "BTCUSDT", (first,)))
    assert statuses(heard[0].events) == [S.FILLED]
    assert orders.trades_after("BTCUSDT") == 60


def test_an_order_that_the_venue_has_proven_not_to_know_is_lost() -> None:
    orders = Orders()
    orders.intend(intended("a"))
    orders.intend(intended("b"))
    assert statuses(orders.lose("b", "no such order, twice")) == [S.LOST]
    assert [order.client_order_id for order in orders.open] == ["a"]


def test_the_table_is_not_shared_with_the_state_it_came_from() -> None:
    table = OrderTable()
    table.add(intended())
    orders = Orders(table)
    orders.hear(traded(1, "0.5", "0.5"))
    assert table.open[ID].filled == 0
    assert table.apply(OrderMoved(ID, S.NEW, 77, ""))


def test_what_is_lost_or_still_open_was_not_cancelled() -> None:
    orders = Orders()
    for name in ("cancelled", "lost", "open"):
        orders.intend(intended(name))
    told = msgspec.structs.replace(at_venue(S.CANCELED, "0"), client_order_id="cancelled")
    assert statuses(orders.hear(told).events) == [S.CANCELED]
    assert statuses(orders.lose("lost", "no such order, twice")) == [S.LOST]
    assert orders.canceled({"cancelled", "lost", "open", "forgotten"}) == 1
