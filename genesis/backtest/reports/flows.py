"""What one fill moved, net of its fee. Pure and exact."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from genesis.domain.instrument import Instrument
from genesis.domain.money import ZERO, exact
from genesis.messages.journal import OrderFilled
from genesis.messages.orders import Side


class Flow(NamedTuple):
    """``received`` in base and ``paid`` in quote, each negative when it went the other way; ``fee``
    is its value in quote at the fill's price. A fee in a third asset is in none of them."""

    received: Decimal
    paid: Decimal
    fee: Decimal


@exact
def flow_of(fill: OrderFilled, instrument: Instrument) -> Flow:
    signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
    base_fee = fill.fee if fill.fee_asset == instrument.base else ZERO
    quote_fee = fill.fee if fill.fee_asset == instrument.quote else ZERO
    paid = fill.price * signed + quote_fee
    return Flow(signed - base_fee, paid, fill.price * base_fee + quote_fee)
