"""From an amount of money to an order quantity. Rounds down only: never larger than asked for."""

from __future__ import annotations

from decimal import Decimal

from genesis.domain.instrument import Instrument
from genesis.domain.money import ZERO, divide_down


def quantity_for_notional(instrument: Instrument, notional: Decimal, price: Decimal) -> Decimal:
    """The largest quantity on the step (base) whose value at ``price`` is within ``notional``
    (quote) and the venue's maximum; 0 when the venue would refuse that as too small.

    Raises ValueError when ``price`` is not above 0.
    """
    if price <= 0:
        raise ValueError(f"{instrument.symbol}: {price} is not a price")
    wanted = min(divide_down(notional, price), instrument.max_quantity)
    quantity = instrument.floor_quantity(wanted)
    return quantity if is_large_enough(instrument, quantity, price) else ZERO


def is_large_enough(instrument: Instrument, quantity: Decimal, price: Decimal) -> bool:
    """Whether the venue's smallest quantity and notional are reached; what is not is dust."""
    return quantity >= instrument.min_quantity and quantity * price >= instrument.min_notional
