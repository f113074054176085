"""Which symbols the generated market has, what they cost at first, and their filters. Pure."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import NamedTuple

from genesis.domain.instrument import Instrument
from genesis.errors import ConfigError

_USD_PRICES = {
    "BTC": Decimal(60_000),
    "ETH": Decimal(3_000),
    "BNB": Decimal(600),
    "SOL": Decimal(150),
    "USDT": Decimal(1),
    "USDC": Decimal(1),
    "FDUSD": Decimal(1),
    "EUR": Decimal(1),
}
_QUOTES = ("FDUSD", "USDT", "USDC", "EUR", "BTC", "ETH", "BNB")
_MIN_NOTIONAL_USD = Decimal(5)


class Listing(NamedTuple):
    """``start_ticks`` is the first fair price; ``usd_steps`` how many order steps one USD buys."""

    instrument: Instrument
    start_ticks: int
    usd_steps: Decimal


def stable_hash(text: str) -> int:
    """64 bits that are the same in every process and on every platform."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def listing(symbol: str) -> Listing:
    """Derive a symbol's listing from its name alone, scaled as Binance scales its symbols.

    Raises ConfigError when the name does not end in a known quote asset.
    """
    base, quote = _split(symbol)
    usd, quote_usd = _usd_price(base), _usd_price(quote)
    price = usd / quote_usd
    tick = Decimal(1).scaleb(max(-8, min(-2, price.adjusted() - 4)))
    step = Decimal(1).scaleb(max(-8, min(0, -1 - usd.adjusted())))
    instrument = Instrument.build(
        symbol,
        base,
        quote,
        tick_size=tick,
        step_size=step,
        max_quantity=step * 900_000_000,
        min_notional=(_MIN_NOTIONAL_USD / quote_usd).quantize(Decimal("0.00000001")),
    )
    return Listing(instrument, int(price / tick), 1 / (usd * step))


def _split(symbol: str) -> tuple[str, str]:
    if symbol.isascii() and symbol.isalnum() and symbol == symbol.upper():
        for quote in _QUOTES:
            if symbol.endswith(quote) and len(symbol) > len(quote):
                return symbol.removesuffix(quote), quote
    raise ConfigError(
        f"the generated market cannot list {symbol!r}: name a pair in capitals that ends in one of "
        + ", ".join(_QUOTES)
    )


def _usd_price(asset: str) -> Decimal:
    """Known assets near their real price, any other between 0.01 and 1,000 by its name."""
    if asset in _USD_PRICES:
        return _USD_PRICES[asset]
    digits, exponent = divmod(stable_hash(asset), 5)
    return Decimal(100 + digits % 900).scaleb(exponent - 4)
