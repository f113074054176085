"""What risk may refuse, in words and numbers, and the checks that need no account. No clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from genesis.domain.instrument import Instrument
from genesis.domain.money import EXACT, ONE, is_multiple, rounded_down, rounded_up, text
from genesis.messages.orders import OrderType, PlaceOrder, Side

HALF = Decimal("0.5")
MOST_TICKS_DIGITS = 18
"""A price of more digits, counted in ticks, would not surely fit 64 bits."""
_MANY_DIGITS = 30
RATE_WINDOW_NS = 10_000_000_000
CLIENT_ORDER_ID = re.compile(r"[a-zA-Z0-9_-]{1,36}")
"""What Binance takes as a client order id."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """All from configuration; fractions are 0..1.

    ``position_fraction`` and ``exposure_fraction`` are of equity, in-flight orders included.
    ``price_collar_fraction`` is how far through the touch a price may be.
    ``worst_fee_fraction`` is the highest fee the venue may take of a fill.
    """

    position_fraction: Decimal
    exposure_fraction: Decimal
    orders_per_10_s: int
    open_orders_max: int
    price_collar_fraction: Decimal
    stale_after_ms: int
    daily_loss_fraction: Decimal
    drawdown_fraction: Decimal
    worst_fee_fraction: Decimal


class Mark(msgspec.Struct, frozen=True):
    """One symbol's touch, in quote; ``time_ns`` is when the newest data in it was received.

    ``is_usable``: the book is whole; a gapped, empty or crossed one has no touch."""

    bid: Decimal
    ask: Decimal
    time_ns: int
    is_usable: bool


class Refusal(msgspec.Struct, frozen=True):
    """Which limit refused, its value, and what that was compared with, for a person."""

    limit: str
    value: str
    compared_with: str


class Breach(msgspec.Struct, frozen=True):
    """An account-wide limit is reached. ``halts``: trip the global halt; otherwise only orders
    that shrink exposure until the next day."""

    limit: str
    value: str
    compared_with: str
    halts: bool

    @property
    def sentence(self) -> str:
        return f"{self.limit}: {self.value} against {self.compared_with}"


def over(value: Decimal, asset: str) -> str:
    """An amount that is too large: rounded up, so that it never looks equal to its limit."""
    return f"{rounded_up(value, 2)} {asset}"


def under(value: Decimal, asset: str) -> str:
    """A limit, or an amount that is too small: rounded down."""
    return f"{rounded_down(value, 2)} {asset}"


def percent(fraction: Decimal) -> str:
    return f"{text(EXACT.multiply(fraction, Decimal(100)))} %"


def check_instrument(order: PlaceOrder, instrument: Instrument | None) -> Refusal | None:
    """The order is well formed and its symbol is tradable now."""
    if instrument is None:
        return Refusal("instrument", order.symbol, "the symbols that are configured")
    if instrument.status != "TRADING":
        return Refusal("instrument_status", f"{order.symbol} is {instrument.status}", "TRADING")
    if not CLIENT_ORDER_ID.fullmatch(order.client_order_id):
        return Refusal("client_order_id", order.client_order_id, "1 to 36 of A-Z a-z 0-9 _ -")
    if (order.price is None) != (order.type is OrderType.MARKET):
        what = "no price" if order.price is None else f"price {text(order.price)}"
        return Refusal("order_type", f"{order.type} with {what}", "a price unless MARKET")
    return None


def check_filters(order: PlaceOrder, instrument: Instrument) -> Refusal | None:
    """The venue's filters on price and quantity, which it would answer with -1013.

    Call it under ``exact``."""
    price, quantity = order.price, order.quantity
    if price is not None:
        if price <= 0:
            return Refusal("tick_size", f"price {_shown(price)}", "a price above 0")
        if price.adjusted() + instrument.price_decimals >= MOST_TICKS_DIGITS:
            return Refusal("max_price", f"price {_shown(price)}", "what can be counted in ticks")
        if not is_multiple(price, instrument.tick_size):
            return Refusal(
                "tick_size", f"price {_shown(price)}", f"steps of {text(instrument.tick_size)}"
            )
    if quantity > instrument.max_quantity:
        return Refusal(
            "max_quantity",
            f"{_shown(quantity)} {instrument.base}",
            f"at most {text(instrument.max_quantity)} {instrument.base}",
        )
    if quantity <= 0 or quantity < instrument.min_quantity:
        return Refusal(
            "min_quantity",
            f"{_shown(quantity)} {instrument.base}",
            f"at least {text(instrument.min_quantity)} {instrument.base}",
        )
    if not is_multiple(quantity, instrument.step_size):
        return Refusal(
            "step_size", f"quantity {_shown(quantity)}", f"steps of {text(instrument.step_size)}"
        )
    return None


def _shown(number: Decimal) -> str:
    """As ``text``, but one of very many digits in short."""
    return text(number) if abs(number.adjusted()) < _MANY_DIGITS else f"{number:.2E}"


def check_freshness(mark: Mark | None, symbol: str, now_ns: int, limits: Limits) -> Refusal | None:
    """Nothing is decided on a gapped, crossed, empty or stale book."""
    if mark is None:
        return Refusal("book", f"no market data of {symbol} yet", "a synchronised book")
    if not mark.is_usable:
        return Refusal("book", f"the book of {symbol} is not whole", "a synchronised book")
    age_ms = (now_ns - mark.time_ns) // 1_000_000
    if age_ms > limits.stale_after_ms:
        return Refusal("stale_book", f"data {age_ms} ms old", f"at most {limits.stale_after_ms} ms")
    return None


def check_counts(
    instrument: Instrument, in_flight: Mapping[str, int], approved: int, limits: Limits
) -> Refusal | None:
    """One order more, where so many are ``in_flight`` by symbol and so many were ``approved`` in
    ``RATE_WINDOW_NS``."""
    count, most = approved + 1, limits.orders_per_10_s
    if count > most:
        return Refusal("order_rate", f"{count} orders in 10 s", f"at most {most}")
    count, most = in_flight.get(instrument.symbol, 0) + 1, instrument.max_orders
    if count > most:
        what = f"{count} open orders of {instrument.symbol}"
        return Refusal("max_orders", what, f"at most {most}")
    count, most = sum(in_flight.values()) + 1, limits.open_orders_max
    if count > most:
        return Refusal("open_orders", f"{count} open orders", f"at most {most}")
    return None


def check_price(
    order: PlaceOrder, instrument: Instrument, mark: Mark, limits: Limits
) -> Refusal | None:
    """The collar around the touch, and the smallest notional (a market order at the touch).

    Call it under ``exact``."""
    collar = limits.price_collar_fraction
    buys = order.side is Side.BUY
    if buys:
        touch, bound = mark.ask, mark.ask * (ONE + collar)
    else:
        touch, bound = mark.bid, mark.bid * (ONE - collar)
    price = touch if order.price is None else order.price
    if price > bound if buys else price < bound:
        name, sign = ("ask", "+") if buys else ("bid", "-")
        return Refusal(
            "price_collar",
            f"{order.side.lower()} at {text(price)}",
            f"{text(bound)} = {name} {text(touch)} {sign} {percent(collar)}",
        )
    notional = price * order.quantity
    if notional < instrument.min_notional:
        return Refusal(
            "min_notional",
            under(notional, instrument.quote),
            f"at least {text(instrument.min_notional)} {instrument.quote}",
        )
    return None
