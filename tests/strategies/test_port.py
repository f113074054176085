"""The desk: what a strategy sees, holds and intends."""

from __future__ import annotations

from typing import Any

import pytest
from desk_work import BTC, SECOND, SYMBOL, D, Work, view

from genesis.messages.orders import OrderStatus, OrderType, PlaceOrder, Side, TimeInForce
from genesis.strategies.port import CANCEL_AGAIN_NS, QUIET_NS


def bid(work: Work) -> PlaceOrder:
    return work.place(
        SYMBOL, Side.BUY, OrderType.LIMIT, D("0.001"), D(60_000), TimeInForce.GTC, "a test"
    )


def test_client_order_ids_count_up_behind_their_prefix() -> None:
    work = Work()
    assert [bid(work).client_order_id for _ in range(3)] == [
        "g1-test-1-1",
        "g1-test-1-2",
        "g1-test-1-3",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"quantity": 0.001}, "quantity 0.001 of an order is no Decimal"),
        ({"quantity": None}, "quantity None of an order is no Decimal"),
        ({"quantity": D("NaN")}, "quantity NaN of an order is no number"),
        ({"price": D("-Infinity")}, "price -Infinity of an order is no number"),
        ({"quantity": D("1E+999")}, r"quantity 1E\+999 of an order is no amount"),
        ({"price": D("1E-999")}, "price 1E-999 of an order is no amount"),
        ({"price": 60_000.0}, "price 60000.0 of an order is no Decimal"),
        ({"symbol": None}, "symbol None of an order is no str"),
        ({"side": "BUY"}, "side 'BUY' of an order is no Side"),
        ({"type": "LIMIT"}, "type 'LIMIT' of an order is no OrderType"),
        ({"time_in_force": None}, "time_in_force None of an order is no TimeInForce"),
        ({"symbol": "\ud800"}, "surrogates not allowed"),
        ({"reason": "\ud800"}, "surrogates not allowed"),
    ],
)
def test_what_is_no_order_is_a_fault_of_the_strategy(changed: dict[str, Any], said: str) -> None:
    order: dict[str, Any] = {
        **{"symbol": SYMBOL, "side": Side.BUY, "type": OrderType.LIMIT, "quantity": D("0.001")},
        **{"price": D(60_000), "time_in_force": TimeInForce.GTC, "reason": "a test"},
    }
    work = Work()
    with pytest.raises((TypeError, ValueError), match=said):
        work.place(**(order | changed))
    assert work.take_intents() == []


def test_the_instruments_are_nobodys_to_change() -> None:
    with pytest.raises(TypeError):
        Work().instruments[SYMBOL] = BTC  # type: ignore[index]


def test_intents_are_taken_once() -> None:
    work = Work()
    bid(work)
    assert len(work.take_intents()) == 1
    assert work.take_intents() == []


def test_a_book_that_is_not_whole_or_has_one_side_is_not_shown() -> None:
    work = Work()
    assert work.view(SYMBOL) is not None
    for unusable in (view(1, 2, synced=False), view(0, 6_000_000), view(6_000_000, 0), view(5, 5)):
        work.see(unusable)
        assert work.view(SYMBOL) is None


def test_a_position_is_what_fills_left_and_only_whole_steps_can_be_sold() -> None:
    work = Work()
    order = bid(work)
    work.fill(order, "0.5", fee="0.001")
    assert work.position(SYMBOL) == D("0.0004995")
    assert work.sellable(SYMBOL) == D("0.00049")
    work.hold(SYMBOL, D("-1"))
    assert work.sellable(SYMBOL) == 0


def test_an_order_is_ones_own_until_it_ends() -> None:
    work = Work()
    order = bid(work)
    work.fill(order, "0.5")
    [own] = work.orders(SYMBOL)
    assert own.remaining == D("0.0005")
    work.moves(order, OrderStatus.CANCELED)
    assert list(work.orders(SYMBOL)) == []
    assert work.position(SYMBOL) == D("0.0005")


def test_a_refusal_makes_the_symbol_quiet_for_a_second() -> None:
    work = Work()
    work.refuse(bid(work))
    assert list(work.orders(SYMBOL)) == []
    assert work.quiet(SYMBOL)
    work.now_ns += QUIET_NS - 1
    assert work.quiet(SYMBOL)
    work.now_ns += 1
    assert not work.quiet(SYMBOL)
    for status in (OrderStatus.DENIED, OrderStatus.REJECTED):
        work.now_ns += 60 * SECOND
        work.moves(bid(work), status)
        assert work.quiet(SYMBOL)


def test_a_cancel_is_asked_for_once_and_again_when_it_had_no_effect() -> None:
    work = Work()
    order = work.order(bid(work).client_order_id)
    assert order is not None
    work.cancel(order)
    work.cancel(order)
    assert len(work.canceled()) == 1
    work.now_ns += CANCEL_AGAIN_NS
    work.cancel(order)
    assert len(work.canceled()) == 1


def test_intents_that_are_not_durable_can_be_forgotten() -> None:
    work = Work()
    durable, lost = bid(work), bid(work)
    kept = work.order(durable.client_order_id)
    assert kept is not None
    kept.durable = True
    work.forget_undurable()
    assert [o.intent for o in work.orders(SYMBOL)] == [durable]
    assert work.order(lost.client_order_id) is None


def test_the_step_of_the_instrument_is_what_tests_think_it_is() -> None:
    assert BTC.step_size == D("0.00001")
