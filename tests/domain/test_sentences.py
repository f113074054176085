"""What journal events say to a person."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from genesis.domain.sentences import sentence
from genesis.messages import journal as j
from genesis.messages.orders import OrderStatus, Side


def refused(limit: str, value: str, compared_with: str) -> j.IntentRefused:
    return j.IntentRefused(
        "ema_cross", "BTCUSDT", Side.BUY, D("0.00081"), None, limit, value, compared_with, 7
    )


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            refused("stale_book", "data 4100 ms old", "at most 3000 ms"),
            "ema_cross wanted to buy 0.00081 BTCUSDT; "
            "refused by stale book: data 4100 ms old against at most 3000 ms",
        ),
        (
            refused("gate", "HALTED: testing", "ACTIVE"),
            "ema_cross wanted to buy 0.00081 BTCUSDT; trading is HALTED: testing",
        ),
        (j.ActorRestarted("risk", 2, "risk", "ValueError"), "risk was restarted: ValueError"),
        (
            j.ActorRestarted("feed", 2, "book.BTCUSDT", "a gap"),
            "feed was restarted with book.BTCUSDT: a gap",
        ),
        (j.Halted("testing", "operator"), "Halted by operator: testing"),
        (j.HaltProven(1), "Halt proven: 1 order cancelled, the venue shows none open"),
        (j.HaltProven(0), "Halt proven: 0 orders cancelled, the venue shows none open"),
        (j.GateMoved("ACTIVE", ""), "The gate is open"),
        (j.GateMoved("HALTED", "starting"), "The gate is shut: starting"),
        (j.Reconciled("recovery", ()), "Compared with the venue (recovery): no differences"),
        (j.Reconciled("halt", ("a", "b")), "Compared with the venue (halt): a; b"),
        (j.BookRecovered("BTCUSDT", 5), "BTCUSDT: the book is whole at update 5"),
        (
            j.OrderMoved("g1-ema-1-1", OrderStatus.REJECTED, 9, "no funds"),
            "Order g1-ema-1-1 rejected: no funds",
        ),
        (j.OrderMoved("g1-ema-1-1", OrderStatus.CANCELED, 9, ""), ""),
    ],
)
def test_an_event_in_words(event: j.AnyEvent, said: str) -> None:
    assert sentence(event) == said
