"""A message its handler cannot bear kills one incarnation, is told of once, and never returns."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from checks import check_money, expected_restarts
from house import House

from genesis.messages.base import Message
from genesis.messages.journal import DeadLettered, Subscribe
from genesis.messages.market import MarketBatch, RawFrames
from genesis.messages.orders import Approved, OrderType, PlaceOrder, Side, TimeInForce


class Nonsense(Message, frozen=True):
    """Nobody handles this."""

    n: int


def malformed_rows(house: House) -> Message:
    return MarketBatch("BTCUSDT", 1, np.zeros(3, dtype=[("kind", "i8")]))


def frames_that_are_none(house: House) -> Message:
    return RawFrames("market", 1, (None,))  # type: ignore[arg-type]


def a_second_approval(house: House) -> Message:
    """Of an order that the venue has already."""
    sent = house.submitted[-1]
    order = PlaceOrder(
        client_order_id=sent.client_order_id,
        strategy="spread_capture",
        symbol=sent.symbol,
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=Decimal("1"),
        price=None,
        time_in_force=TimeInForce.GTC,
        decided_ns=0,
        trace_id=0,
    )
    return Approved(order, house.living("risk"), 0)


def an_unknown_subscriber(house: House) -> Message:
    return Subscribe("nobody", None)


def nonsense(house: House) -> Message:
    return Nonsense(7)


@pytest.mark.parametrize(
    ("name", "poison"),
    [
        ("book.BTCUSDT", malformed_rows),
        ("feed", frames_that_are_none),
        ("executor", a_second_approval),
        ("persistence", an_unknown_subscriber),
        ("risk", nonsense),
        ("strategy.ema_cross", nonsense),
        ("publisher", nonsense),
    ],
)
def test_it_is_a_dead_letter_once_and_never_delivered_again(
    name: str, poison: Callable[[House], Message], tmp_path: Path
) -> None:
    house = House(tmp_path, 6.5)
    given: list[Message] = []

    def give() -> None:
        given.append(poison(house))
        house.tell(name, given[0])

    house.at(2.5, give)
    ended = house.run()
    assert ended.outcome.exit_code == 0, ended.outcome.error
    assert [(letter.name, letter.epoch) for letter in ended.dead_letters] == [(name, 1)]
    assert ended.dead_letters[0].message is given[0]
    journaled = ended.events(DeadLettered)
    assert [(event.name, event.epoch) for event in journaled] == [(name, 1)]
    assert journaled[0].message.startswith(type(given[0]).__name__)
    # Delivered once more, it would have killed once more.
    assert ended.restarted() == expected_restarts(name)
    check_money(house, ended)


def test_an_ask_that_fails_tells_the_asker_and_kills_the_asked(tmp_path: Path) -> None:
    house = House(tmp_path, 6.5)
    said: list[BaseException] = []

    def ask() -> None:
        future = house.runtime.address("risk").ask_later(Nonsense(1))
        said.append(TypeError("not answered"))
        try:
            future.get(timeout=5)
        except TypeError as error:
            said.append(error)

    house.at(2.5, ask)
    ended = house.run()
    assert str(said[-1]) == "risk does not handle Nonsense"
    assert ended.restarted() == ["risk"]
    assert len(ended.dead_letters) == 1


def test_a_long_message_is_told_of_in_short(tmp_path: Path) -> None:
    class Long(Message, frozen=True):
        text: str

    house = House(tmp_path, 3.0)
    house.at(2.0, lambda: house.tell("view", Long("x" * 10_000)))
    (event,) = house.run().events(DeadLettered)
    assert len(event.message) == 200
    assert len(msgspec.json.encode(event)) < 1_000
