"""What one symbol is and how its numbers are written. No clock, no I/O."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from genesis.domain.money import UNITS, floor_to

MARKET_LOT_DIGITS = 3
"""Market lots are finer than order steps by this many decimal digits: a venue's book holds
remnants finer than today's step (seen in recordings: BTCUSDT quantities with 6 decimals under a
step of 0.00001)."""
_HALF_UNITS = tuple(unit / 2 for unit in UNITS)


class Instrument(msgspec.Struct, frozen=True):
    """One spot symbol with the venue's filters.

    ``tick_size`` in quote, ``step_size``, ``min_quantity``, ``max_quantity`` in base,
    ``min_notional`` in quote. ``price_decimals`` and ``lot_decimals`` scale market data: a price
    of ``p`` is ``p * 10**price_decimals`` ticks (the tick is a power of ten), a quantity of ``q``
    is ``q * 10**lot_decimals`` market lots.
    """

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional: Decimal
    max_orders: int
    status: str
    price_decimals: int
    lot_decimals: int

    def price(self, ticks: int) -> Decimal:
        """Ticks to a price, exact."""
        return Decimal(ticks) * UNITS[self.price_decimals]

    def mid(self, bid_ticks: int, ask_ticks: int) -> Decimal:
        """The middle of a touch, exact: half a tick is a decimal."""
        return Decimal(bid_ticks + ask_ticks) * _HALF_UNITS[self.price_decimals]

    def quantity(self, lots: int) -> Decimal:
        """Market lots to a base quantity, exact."""
        return Decimal(lots) * UNITS[self.lot_decimals]

    def ticks(self, price: Decimal) -> int:
        """A price on the tick to ticks. Raises ValueError when it is off the tick."""
        scaled = price.scaleb(self.price_decimals)
        if scaled != (whole := int(scaled)):
            raise ValueError(f"{self.symbol}: price {price} is off the tick {self.tick_size}")
        return whole

    def lots(self, quantity: Decimal) -> int:
        """A base quantity to market lots. Raises ValueError when it is finer than a lot."""
        scaled = quantity.scaleb(self.lot_decimals)
        if scaled != (whole := int(scaled)):
            raise ValueError(f"{self.symbol}: quantity {quantity} is finer than a market lot")
        return whole

    def floor_quantity(self, quantity: Decimal) -> Decimal:
        """The largest order quantity on the step that is not larger. Never rounds up."""
        return floor_to(quantity, self.step_size)

    @classmethod
    def build(
        cls,
        symbol: str,
        base: str,
        quote: str,
        *,
        tick_size: Decimal,
        step_size: Decimal,
        min_quantity: Decimal | None = None,
        max_quantity: Decimal = Decimal(9000),
        min_notional: Decimal = Decimal(5),
        max_orders: int = 200,
        status: str = "TRADING",
    ) -> Instrument:
        """Derive the scales. Raises ValueError when tick or step is not a power of ten."""
        price_decimals = _decimals(symbol, "tick", tick_size)
        step_decimals = _decimals(symbol, "step", step_size)
        return cls(
            symbol=symbol,
            base=base,
            quote=quote,
            tick_size=tick_size,
            step_size=step_size,
            min_quantity=step_size if min_quantity is None else min_quantity,
            max_quantity=max_quantity,
            min_notional=min_notional,
            max_orders=max_orders,
            status=status,
            price_decimals=price_decimals,
            lot_decimals=min(8, step_decimals + MARKET_LOT_DIGITS),
        )


def _decimals(symbol: str, what: str, size: Decimal) -> int:
    """10**-n for n = 0..8 to n."""
    for n in range(9):
        if size == Decimal(1).scaleb(-n):
            return n
    raise ValueError(f"{symbol}: the {what} size {size} is not a power of ten between 1 and 1e-8")
