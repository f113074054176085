"""Whom to ask the venue about, and when a denial is proof."""

from __future__ import annotations

import pytest
from order_tales import ID, S, at_venue, sent_order, traded

from genesis.domain import order as machine
from genesis.domain.doubts import Doubts
from genesis.messages.orders import OrderType, TimeInForce

GIVE_UP_NS = 20


def test_one_check_at_a_time_is_set_for_an_order() -> None:
    doubts = Doubts(GIVE_UP_NS)
    assert doubts.watch(ID)
    assert not doubts.watch(ID)
    assert doubts.watch("another")
    doubts.checked(ID)
    assert doubts.watch(ID)


def test_a_denial_is_proof_once_it_has_stood_long_enough() -> None:
    doubts = Doubts(GIVE_UP_NS)
    assert [doubts.denied(ID, now_ns) for now_ns in (100, 119, 120, 121)] == [
        False,
        False,
        True,
        True,
    ]


def test_an_order_that_was_seen_is_denied_anew() -> None:
    doubts = Doubts(GIVE_UP_NS)
    doubts.denied(ID, 100)
    doubts.seen(ID)
    assert not doubts.denied(ID, 120)


@pytest.mark.parametrize(
    ("heard", "doubtful"),
    [
        ([], True),  # sent, and no word yet
        ([at_venue(S.NEW, "0")], False),
        ([at_venue(S.NEW, "0"), traded(5, "0.5", "0.5")], False),
        ([traded(5, "0.5", "0.6")], True),  # a fill is missing
    ],
)
def test_an_order_is_in_doubt_unless_it_rests_with_all_its_fills(
    heard: list[object], doubtful: bool
) -> None:
    order = sent_order()
    for message in heard:
        on = machine.on_venue_order if hasattr(message, "side") else machine.on_report
        on(order, message)  # type: ignore[operator]
    assert Doubts(GIVE_UP_NS).about(order) is doubtful


@pytest.mark.parametrize(
    ("kind", "time_in_force", "doubtful"),
    [
        (OrderType.LIMIT, TimeInForce.GTC, False),
        (OrderType.LIMIT_MAKER, TimeInForce.GTC, False),
        (OrderType.LIMIT, TimeInForce.IOC, True),
        (OrderType.LIMIT, TimeInForce.FOK, True),
        (OrderType.MARKET, TimeInForce.GTC, True),
    ],
)
def test_an_order_that_cannot_rest_is_in_doubt_until_it_has_ended(
    kind: OrderType, time_in_force: TimeInForce, doubtful: bool
) -> None:
    order = sent_order()
    order.type, order.time_in_force = kind, time_in_force
    machine.on_venue_order(order, at_venue(S.NEW, "0"))
    assert Doubts(GIVE_UP_NS).about(order) is doubtful


def test_one_look_at_a_time_is_set_for_a_resting_order() -> None:
    doubts = Doubts(GIVE_UP_NS)
    assert doubts.rests(ID)
    assert not doubts.rests(ID)
    doubts.looked(ID)
    assert doubts.rests(ID)


def test_a_resting_order_is_in_doubt_while_it_is_denied_or_being_cancelled() -> None:
    order = sent_order()
    machine.on_venue_order(order, at_venue(S.NEW, "0"))
    doubts = Doubts(GIVE_UP_NS)
    doubts.denied(ID, 100)
    assert doubts.about(order)
    doubts.seen(ID)
    assert not doubts.about(order)
    doubts.cancel(ID)
    assert doubts.about(order)
    assert doubts.is_canceling(ID)


def test_nothing_is_left_of_an_order_that_has_ended() -> None:
    doubts = Doubts(GIVE_UP_NS)
    doubts.watch(ID)
    doubts.cancel(ID)
    doubts.denied(ID, 100)
    doubts.rests(ID)
    assert len(doubts) == 1
    doubts.forget(ID)
    assert len(doubts) == 0
    assert not doubts.is_canceling(ID)
