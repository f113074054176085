"""Bars to the few market rows that say no more than a bar does. Pure arithmetic on columns.

Why it is done this way is in docs/decisions/0008-bars-trade-at-their-ends.md.
"""

from __future__ import annotations

import numpy as np

from genesis.domain.book_layout import FIRST_ID, KIND, LAST_ID, PRICE, QUANTITY, ROW_WIDTH, TIME
from genesis.domain.instrument import Instrument
from genesis.exchange.histories.ohlcv import Bars
from genesis.exchange.histories.scales import floored, whole
from genesis.exchange.histories.tables import Ints, Mask
from genesis.messages import row_kind
from genesis.messages.market import ROW, Rows, rows_of
from genesis.simulator.tape import SUMMARY

SHARE = 40
"""One part in so many of a bar's volume is on offer or fills own orders: 2.5 %, the limit that
zipline's VolumeShareSlippage made usual."""

HALF_SPREAD_PARTS = 10_000
"""Quotes stand one part in so many (1 bp) from the price, and at least a tick: bars do not say
their spread, and this is wider than that of any major pair."""

_BLOCK = 5
CHUNK = 1 << 15
"""Bars or trades converted at once: what is needed meanwhile stays in the processor's cache."""


def opening(table: Ints, start_ns: int) -> None:
    """Make the first row an empty snapshot: a book that shows only its touch."""
    table[0, [TIME, KIND, LAST_ID]] = start_ns, row_kind.SNAPSHOT, 1


def tickers(times: Ints, ids: Ints, bids: tuple[Ints, Ints], asks: tuple[Ints, Ints]) -> Ints:
    """Book tickers, shape (n, 2, columns of a row); ``bids`` and ``asks`` are ticks and lots."""
    pairs = np.zeros((len(times), 2, ROW_WIDTH), np.int64)
    sides = ((row_kind.TICKER_BID, bids), (row_kind.TICKER_ASK, asks))
    for side, (kind, (price, lots)) in enumerate(sides):
        part = pairs[:, side]
        part[:, TIME], part[:, KIND], part[:, LAST_ID] = times, kind, ids
        part[:, PRICE], part[:, QUANTITY] = price, lots
    return pairs


def quotes_around(times: Ints, ids: Ints, price: Ints, lots: Ints) -> Ints:
    """Book tickers a half spread from each price; none where the price or the size is zero."""
    half = np.maximum(1, -(-price // HALF_SPREAD_PARTS))
    shown = (price > half) & (lots > 0)
    bid, ask, lots = (np.where(shown, column, 0) for column in (price - half, price + half, lots))
    return tickers(times, ids, (bid, lots), (ask, lots))


def prints(times: Ints, bought: Mask, price: Ints, lots: Ints, ids: Ints, last: Ints) -> Ints:
    """Trades, shape (n, columns of a row)."""
    rows = np.zeros((len(times), ROW_WIDTH), np.int64)
    rows[:, TIME], rows[:, PRICE], rows[:, QUANTITY] = times, price, lots
    rows[:, KIND] = np.where(bought, row_kind.BUY, row_kind.SELL)
    rows[:, FIRST_ID], rows[:, LAST_ID] = ids, last
    return rows


def bar_rows(bars: Bars, instrument: Instrument) -> Rows:
    """Rows (dtype ``ROW``) of one symbol's bars.

    At the very end of each bar: how far it went in its own direction (which fills what rested
    there), the quotes of the next bar's opening, sized by this bar, and one print of the close
    with the bar's volume.
    """
    count = len(bars.starts_ns)
    table = np.zeros((1 + _BLOCK * count, ROW_WIDTH), np.int64)
    opening(table, int(bars.starts_ns[0]))
    blocks = table[1:].reshape(count, _BLOCK, ROW_WIDTH)
    behind = []
    for first in range(0, count, CHUNK):
        behind += _fill(blocks, first, bars, instrument)
    if not behind:
        return rows_of(table, ROW)
    at = np.array([place for place, _ in behind for _ in range(2)])
    table = np.insert(table, at, np.concatenate([pair for _, pair in behind]), axis=0)
    return rows_of(table, ROW)


def _fill(blocks: Ints, first: int, bars: Bars, instrument: Instrument) -> list[tuple[int, Ints]]:
    """Write a chunk of bars; the openings behind holes, each with the row it comes before."""
    last = min(first + CHUNK, len(blocks))
    open_, high, low, close = (
        whole(column[first:last], instrument.price_decimals) for column in bars[1:5]
    )
    volume = floored(bars.volume[first:last], instrument.lot_decimals)
    share, none = volume // SHARE, np.zeros_like(volume)
    starts = bars.starts_ns[first : last + 1]
    ends = starts[: last - first] + bars.interval_ns
    hole = starts[1:] != ends[: len(starts) - 1]
    # In a hole nobody traded; after the last bar its close stands for what would have come.
    next_open = whole(bars.open[first + 1 : last + 1], instrument.price_decimals)
    following = np.where(hole, 0, next_open)
    following = np.append(following, close[-1:]) if last == len(blocks) else following
    rises = _rises(open_, high, low, close)
    number = np.arange(first + 1, last + 1)
    ids = 3 * number
    block = blocks[first:last]
    block[:, 0:2] = tickers(
        *(ends, ids),
        (np.where(rises, high - 1, none), np.where(rises, share, none)),
        (np.where(rises, none, low + 1), np.where(rises, none, share)),
    )
    block[:, 2:4] = quotes_around(ends, ids + 1, following, share)
    block[:, 4] = prints(ends, rises, close, volume, number, np.full(len(ends), SUMMARY))
    gone = np.flatnonzero(hole)
    openings = quotes_around(starts[gone + 1], ids[gone] + 2, next_open[gone], share[gone])
    places = 1 + _BLOCK * (first + gone + 1)
    return list(zip(places.tolist(), openings, strict=True))


def _rises(open_: Ints, high: Ints, low: Ints, close: Ints) -> Mask:
    """Which way a bar went: by its close, else to the side on which it went less far."""
    rises: Mask = (close > open_) | ((close == open_) & (high - open_ < open_ - low))
    return rises
