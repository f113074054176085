"""Bars to the few market rows that say no more than a bar does. Pure arithmetic on columns.

Why it is done this way is in docs/decisions/0008-bars-trade-at-their-ends.md.
"""

from __future__ import annotations

import numpy as np

from genesis.domain.instrument import Instrument
from genesis.exchange.ohlcv import Bars
from genesis.exchange.scales import floored, whole
from genesis.exchange.tables import Ints, Mask
from genesis.messages.market import ROW, Kind, Rows
from genesis.simulator.tape import SUMMARY

SHARE = 40
"""One part in so many of a bar's volume is on offer or fills own orders: 2.5 %, the limit that
zipline's VolumeShareSlippage made usual."""

HALF_SPREAD_PARTS = 10_000
"""Quotes stand one part in so many (1 bp) from the price, and at least a tick: bars do not say
their spread, and this is wider than that of any major pair."""

_BLOCK = 5
_SIZE = len(ROW.names or ())
_TIME, _KIND, _PRICE, _LOTS, _FIRST, _LAST = 0, 2, 3, 4, 5, 6


class Sheet:
    """Rows being written, the first an empty snapshot: a book that shows only its touch."""

    def __init__(self, size: int, start_ns: int) -> None:
        self._table = np.zeros((size, _SIZE), np.int64)
        self._table[0, [_TIME, _KIND, _LAST]] = start_ns, int(Kind.SNAPSHOT_BEGIN), 1

    def ticker(
        self, at: Ints, times: Ints, bid: Ints, bid_lots: Ints, ask: Ints, ask_lots: Ints
    ) -> None:
        """Book tickers at rows ``at`` and ``at + 1``; the update id is the place in the sheet."""
        table = self._table
        for place, kind, price, lots in (
            (at, Kind.TICKER_BID, bid, bid_lots),
            (at + 1, Kind.TICKER_ASK, ask, ask_lots),
        ):
            table[place, _TIME] = times
            table[place, _KIND] = int(kind)
            table[place, _PRICE] = price
            table[place, _LOTS] = lots
            table[place, _LAST] = at + 1

    def prints(
        self, at: Ints, times: Ints, kinds: Ints, price: Ints, lots: Ints, ids: Ints, last: Ints
    ) -> None:
        """Trades at rows ``at``."""
        for column, values in zip(
            (_TIME, _KIND, _PRICE, _LOTS, _FIRST, _LAST),
            (times, kinds, price, lots, ids, last),
            strict=True,
        ):
            self._table[at, column] = values

    def rows(self) -> Rows:
        rows: Rows = self._table.reshape(-1).view(ROW)
        return rows


def quotes_around(sheet: Sheet, at: Ints, times: Ints, price: Ints, lots: Ints) -> None:
    """Quotes a half spread from each price; none where the price or the size is zero."""
    half = np.maximum(1, -(-price // HALF_SPREAD_PARTS))
    shown = (price > half) & (lots > 0)
    lots = np.where(shown, lots, 0)
    bid, ask = np.where(shown, price - half, 0), np.where(shown, price + half, 0)
    sheet.ticker(at, times, bid, lots, ask, lots)


def bar_rows(bars: Bars, instrument: Instrument) -> Rows:
    """Rows (dtype ``ROW``) of one symbol's bars.

    At the very end of each bar: how far it went in its own direction (which fills what rested
    there), the quotes of the next bar's opening, sized by this bar, and one print of the close
    with the bar's volume.
    """
    prices = [whole(column, instrument.price_decimals) for column in bars[1:5]]
    open_, high, low, close = prices
    volume = floored(bars.volume, instrument.lot_decimals)
    share, nothing = volume // SHARE, np.zeros_like(volume)
    starts, ends = bars.starts_ns, bars.starts_ns + bars.interval_ns
    hole = np.append(starts[1:] != ends[:-1], False)
    holes_before = np.cumsum(hole) - hole
    at = 1 + _BLOCK * np.arange(len(starts)) + 2 * holes_before
    sheet = Sheet(1 + _BLOCK * len(starts) + 2 * int(hole.sum()), int(starts[0]))
    rises = _rises(open_, high, low, close)
    sheet.ticker(
        *(at, ends),
        *(np.where(rises, high - 1, nothing), np.where(rises, share, nothing)),
        *(np.where(rises, nothing, low + 1), np.where(rises, nothing, share)),
    )
    # In a hole nobody traded; after the last bar its close stands for what would have come.
    following = np.append(np.where(hole[:-1], 0, open_[1:]), close[-1])
    quotes_around(sheet, at + 2, ends, following, share)
    kinds = np.where(rises, int(Kind.TRADE_BUY), int(Kind.TRADE_SELL))
    number = np.arange(1, len(starts) + 1)
    summary = np.full(len(starts), SUMMARY)
    sheet.prints(at + 4, ends, kinds, close, volume, number, summary)
    behind = np.flatnonzero(hole)
    quotes_around(sheet, at[behind] + _BLOCK, starts[behind + 1], open_[behind + 1], share[behind])
    return sheet.rows()


def _rises(open_: Ints, high: Ints, low: Ints, close: Ints) -> Mask:
    """Which way a bar went: by its close, else to the side on which it went less far."""
    rises: Mask = (close > open_) | ((close == open_) & (high - open_ < open_ - low))
    return rises
