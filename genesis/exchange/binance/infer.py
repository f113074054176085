"""An instrument from nothing but its data, for recordings that came without exchangeInfo."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import msgspec

from genesis.domain.instrument import Instrument
from genesis.exchange.binance.instruments import split_symbol

_EVENT = re.compile(rb'"e"\s*:\s*"(\w+)"')
_LOOKED_AT = (b"depthUpdate", b"trade", b"aggTrade")
_LEVEL = re.compile(rb'\[\s*"(\d+(?:\.\d+)?)"\s*,\s*"(\d+(?:\.\d+)?)"\s*[],]')
_PRICE = re.compile(rb'"[pba]"\s*:\s*"(\d+(?:\.\d+)?)"')
_QUANTITY = re.compile(rb'"[qBA]"\s*:\s*"(\d+(?:\.\d+)?)"')
_MOST_DECIMALS = 8
_ENOUGH_FRAMES = 2_000
_COVERED = 0.99
_FEW = 10


class FirstLook:
    """How many decimals the first prices and quantities of one symbol have."""

    def __init__(self) -> None:
        self._frames = 0
        self._prices: Counter[int] = Counter()
        self._quantities: Counter[int] = Counter()

    def add(self, payload: bytes) -> None:
        """Look at one frame: each price and quantity that differs within it counts once."""
        event = _EVENT.search(payload)
        if self._frames == _ENOUGH_FRAMES or (event and event[1] not in _LOOKED_AT):
            return
        self._frames += 1
        levels = _LEVEL.findall(payload)
        prices = {price for price, _ in levels} | set(_PRICE.findall(payload))
        quantities = {quantity for _, quantity in levels} | set(_QUANTITY.findall(payload))
        self._prices.update(_decimals(text) for text in prices)
        self._quantities.update(_decimals(text) for text in quantities if text.strip(b"0."))

    def merge(self, other: FirstLook) -> None:
        self._prices += other._prices
        self._quantities += other._quantities

    def instrument(self, symbol: str) -> Instrument:
        """What these numbers suggest. Raises InputError when the symbol cannot be split.

        The tick covers 99 % of the prices, so that a stray price shows as an error instead of
        moving the tick. Filters that data cannot tell (notional, counts) have usual values.
        """
        base, quote = split_symbol(symbol)
        built = Instrument.build(
            symbol,
            base,
            quote,
            tick_size=Decimal(1).scaleb(-_usual(self._prices)),
            step_size=Decimal(1).scaleb(-_usual(self._quantities)),
        )
        finest = min(_MOST_DECIMALS, max(self._quantities, default=0))
        return msgspec.structs.replace(built, lot_decimals=max(built.lot_decimals, finest))


def _decimals(text: bytes) -> int:
    return len(text.partition(b".")[2].rstrip(b"0"))


def _usual(counts: Counter[int]) -> int:
    """The fewest decimals that cover nearly all; of ten or more, one may always stand out."""
    total = counts.total()
    strays = max((1 - _COVERED) * total, 1 if total >= _FEW else 0)
    beyond = total
    for decimals in range(_MOST_DECIMALS):
        beyond -= counts[decimals]
        if beyond <= strays:
            return decimals
    return _MOST_DECIMALS
