"""A light generated market, decoded already: one event a slot, for long drills. No clock, no I/O.

Where the full market (``market.py``) plays hundreds of events a second as a venue's frames, this
one is columns of integers from a kernel: hours of it cost milliseconds. One seed is one market, on
every platform.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genesis.domain.book_layout import ROW_WIDTH
from genesis.domain.instrument import Instrument
from genesis.messages.market import ROW, Rows, rows_of
from genesis.simulator import light_kernels as k
from genesis.simulator.listing import listing, stable_hash

SLOT_NS = 100_000_000
"""Ten events a second and symbol."""

_PRICES = 10_000
"""Levels stand one basis point apart: the first price is so many of them."""
_LEVEL_USD = 150
_FIRST_ID = 1 << 33


class LightMarket:
    """``symbols`` from ``start_ns``. Raises ConfigError for a symbol that cannot be listed."""

    def __init__(self, symbols: Sequence[str], seed: int, start_ns: int) -> None:
        self._listings = {symbol: listing(symbol) for symbol in symbols}
        self._seed = seed
        self._start_ns = start_ns

    def instruments(self) -> dict[str, Instrument]:
        """What is listed, by symbol."""
        return {symbol: listed.instrument for symbol, listed in self._listings.items()}

    def tape(self, length_ns: int) -> dict[str, Rows]:
        """Per symbol the rows of so much time, from a snapshot on; dtype ``ROW``."""
        return {symbol: self._rows(symbol, length_ns) for symbol in self._listings}

    def _rows(self, symbol: str, length_ns: int) -> Rows:
        listed = self._listings[symbol]
        instrument = listed.instrument
        slots = 1 + length_ns // SLOT_NS
        step_lots = instrument.lots(instrument.step_size)
        steps = int((_LEVEL_USD * listed.usd_steps).to_integral_value())
        table = np.empty((slots * k.ROWS_PER_EVENT + k.ROWS_SPARE, ROW_WIDTH), np.int64)
        seed = stable_hash(f"light/{self._seed}/{symbol}") >> 1
        spacing = max(1, listed.start_ticks // _PRICES)
        price = listed.start_ticks // spacing
        market = k.Market(
            random=np.array([seed | 1], np.uint64),
            best=np.array([0, price, price + 1], np.int64),
            eaten=np.zeros(3, np.int64),
            lots=np.zeros((3, k.WINDOW), np.int64),
            walk=np.array([1, 1, _FIRST_ID, _FIRST_ID // 8], np.int64),
            spacing=spacing,
            unit_lots=max(1, steps) * step_lots,
            step_lots=step_lots,
        )
        count = k.write_market(market, self._start_ns, SLOT_NS, slots, table)
        # Not copied: of what is left over no page was ever touched.
        return rows_of(table[:count], ROW)
