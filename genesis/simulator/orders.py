"""An own order as the venue holds it, and the refusals it meets at the door. No matching here."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

import msgspec

from genesis.domain.instrument import Instrument
from genesis.domain.money import UNITS, ZERO
from genesis.domain.order import Order as KnownOrder
from genesis.messages.orders import (
    CancelAtVenue,
    OrderStatus,
    OrderType,
    Side,
    SubmitOrder,
    TimeInForce,
    VenueOrder,
)
from genesis.simulator.liquidity import ASKS, BIDS

Request = SubmitOrder | CancelAtVenue
"""What an own order asks of the venue."""

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


class Order(msgspec.Struct, eq=False):
    """One order. Quantities are market lots; ``price_ticks`` is None for MARKET.

    ``book_side`` is the side it rests on, ``pays`` the asset it pays with, ``reserved`` what it
    still locks of that. ``venue_order_id`` is 0 until it is accepted.

    ``queue_ahead`` is how many market lots stand before it at its price. ``as_of_id`` is the
    newest update id its arrival saw: older data says nothing about it. ``counted_ns`` is the event
    time of the depth that last set ``queue_ahead``: trades up to then are already in that figure.
    """

    client_order_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal | None
    lots: int
    price_ticks: int | None
    book_side: int
    pays: str
    venue_order_id: int = 0
    reserved: Decimal = ZERO
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


class Filters:
    """What one symbol's orders must keep, in ticks and lots: so an order is measured once.

    ``min_value`` is the least notional, in the product of both. The tick is a power of ten, so that
    whole ticks are on it.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        decimals = instrument.price_decimals + instrument.lot_decimals
        self.min_value = _ceiling(instrument.min_notional.scaleb(decimals))
        self.step_lots = instrument.lots(instrument.step_size)
        self._min_lots = max(1, _ceiling(instrument.min_quantity.scaleb(instrument.lot_decimals)))
        self._max_lots = int(instrument.max_quantity.scaleb(instrument.lot_decimals))

    def read(self, request: SubmitOrder) -> Order | Refusal:
        """The order that is asked for, or what is wrong with the request itself, before any market
        or balance is looked at."""
        instrument, price, ticks = self._instrument, request.price, None
        if not CLIENT_ID.fullmatch(request.client_order_id):
            return ILLEGAL_ID
        if request.type is OrderType.MARKET:
            if price is not None:
                return PRICE_NOT_REQUIRED
        elif price is None:
            return MANDATORY_PRICE
        elif not (ticks := _units(price, instrument.price_decimals)):
            return filter_failure("PRICE_FILTER")
        lots = _units(request.quantity, instrument.lot_decimals)
        if lots % self.step_lots or not self._min_lots <= lots <= self._max_lots:
            return filter_failure("LOT_SIZE")
        if ticks is not None and ticks * lots < self.min_value:
            return filter_failure("NOTIONAL")
        buys = request.side is Side.BUY
        return Order(
            client_order_id=request.client_order_id,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            quantity=request.quantity,
            price=price,
            lots=lots,
            price_ticks=ticks,
            book_side=BIDS if buys else ASKS,
            pays=instrument.quote if buys else instrument.base,
        )


def may_rest(request: SubmitOrder) -> bool:
    """Whether the order could stay on the book, so that MAX_NUM_ORDERS concerns it."""
    if request.type is OrderType.MARKET:
        return False
    return request.type is OrderType.LIMIT_MAKER or request.time_in_force is TimeInForce.GTC


def all_or_nothing(order: Order) -> bool:
    """FOK says something of LIMIT orders only."""
    return order.type is OrderType.LIMIT and order.time_in_force is TimeInForce.FOK


def _units(number: Decimal, decimals: int) -> int:
    """A positive number in units of its last decimal; 0 where it is not so many whole ones."""
    if not number.is_finite():
        return 0
    units = int(number.scaleb(decimals))
    # Compared, and not only scaled: a scaling may round.
    return units if units > 0 and Decimal(units) * UNITS[decimals] == number else 0


def _ceiling(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))
