"""An own order as the venue holds it, and the refusals it meets at the door. No matching here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from genesis.domain.instrument import Instrument
from genesis.domain.order import Order as KnownOrder
from genesis.messages.orders import (
    OrderStatus,
    OrderType,
    Side,
    SubmitOrder,
    TimeInForce,
    VenueOrder,
)

CLIENT_ID = re.compile(r"[a-zA-Z0-9\-_]{1,36}")


class Refusal(NamedTuple):
    """Binance's code and text (its public ``errors.md``)."""

    code: int
    text: str


INVALID_SYMBOL = Refusal(-1121, "Invalid symbol.")
MARKET_CLOSED = Refusal(-2010, "Market is closed.")
DUPLICATE = Refusal(-2010, "Duplicate order sent.")
INSUFFICIENT = Refusal(-2010, "Account has insufficient balance for requested action.")
WOULD_TAKE = Refusal(-2010, "Order would immediately match and take.")
UNKNOWN_ORDER = Refusal(-2011, "Unknown order sent.")
MANDATORY_PRICE = Refusal(
    -1102, "Mandatory parameter 'price' was not sent, was empty/null, or malformed."
)
PRICE_NOT_REQUIRED = Refusal(-1106, "Parameter 'price' sent when not required.")
ILLEGAL_ID = Refusal(
    -1100,
    "Illegal characters found in parameter 'newClientOrderId'; "
    "legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
)


def filter_failure(name: str) -> Refusal:
    return Refusal(-1013, f"Filter failure: {name}")


@dataclass(slots=True, eq=False)
class Order:
    """One accepted order. Quantities are market lots; ``price_ticks`` is None for MARKET.

    ``reserved`` is what it still locks of the asset it pays with.

    ``queue_ahead`` is how many market lots stand before it at its price. ``as_of_id`` is the
    newest update id its arrival saw: older data says nothing about it. ``counted_ns`` is the event
    time of the depth that last set ``queue_ahead``: trades up to then are already in that figure.
    """

    client_order_id: str
    venue_order_id: int
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal | None
    lots: int
    price_ticks: int | None
    reserved: Decimal
    filled_lots: int = 0
    status: OrderStatus = OrderStatus.NEW
    queue_ahead: int = 0
    as_of_id: int = 0
    counted_ns: int = 0

    @property
    def remaining_lots(self) -> int:
        return self.lots - self.filled_lots

    def seen_from_outside(self, instrument: Instrument) -> VenueOrder:
        """This order as the venue answers for it."""
        return VenueOrder(
            symbol=instrument.symbol,
            client_order_id=self.client_order_id,
            venue_order_id=self.venue_order_id,
            side=self.side,
            type=self.type,
            status=self.status,
            price=self.price,
            quantity=self.quantity,
            cumulative_quantity=instrument.quantity(self.filled_lots),
        )


def expired(order: KnownOrder) -> VenueOrder:
    """An order of the journal as a venue answers for it that has ended it, unfilled as it was."""
    return VenueOrder(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        side=order.side,
        type=order.type,
        status=OrderStatus.EXPIRED,
        price=order.price,
        quantity=order.quantity,
        cumulative_quantity=order.filled,
    )


def refusal_by_form(request: SubmitOrder, instrument: Instrument) -> Refusal | None:
    """What is wrong with the request itself, before any market or balance is looked at."""
    if not CLIENT_ID.fullmatch(request.client_order_id):
        return ILLEGAL_ID
    if request.type is OrderType.MARKET:
        if request.price is not None:
            return PRICE_NOT_REQUIRED
    elif request.price is None:
        return MANDATORY_PRICE
    elif not _is_multiple(request.price, instrument.tick_size):
        return filter_failure("PRICE_FILTER")
    quantity = request.quantity
    if not _is_multiple(quantity, instrument.step_size):
        return filter_failure("LOT_SIZE")
    if not instrument.min_quantity <= quantity <= instrument.max_quantity:
        return filter_failure("LOT_SIZE")
    if request.price is not None and request.price * quantity < instrument.min_notional:
        return filter_failure("NOTIONAL")
    return None


def may_rest(request: SubmitOrder) -> bool:
    """Whether the order could stay on the book, so that MAX_NUM_ORDERS concerns it."""
    if request.type is OrderType.MARKET:
        return False
    return request.type is OrderType.LIMIT_MAKER or request.time_in_force is TimeInForce.GTC


def all_or_nothing(order: Order) -> bool:
    """FOK says something of LIMIT orders only."""
    return order.type is OrderType.LIMIT and order.time_in_force is TimeInForce.FOK


def _is_multiple(number: Decimal, unit: Decimal) -> bool:
    return number.is_finite() and number > 0 and not number % unit
