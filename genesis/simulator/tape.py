"""Find the few market rows that can matter to own orders, without a Python step per row. Pure.

Batches are scanned as columns, so the cost of a row that concerns no own order is a few
nanoseconds, and what is found does not depend on how the rows were batched.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genesis.domain.book import Book
from genesis.messages.market import Kind, Rows
from genesis.simulator.liquidity import ASKS, BIDS

_LEVEL_KINDS = (int(Kind.BID), int(Kind.ASK))
_FALLS_ON_BIDS, _FALLS_ON_ASKS = 1, 2
_PRESSURE = np.zeros(16, np.int8)
_PRESSURE[[Kind.ASK, Kind.TICKER_ASK, Kind.TRADE_SELL]] = _FALLS_ON_BIDS
_PRESSURE[[Kind.BID, Kind.TICKER_BID, Kind.TRADE_BUY]] = _FALLS_ON_ASKS
_IS_LEVEL = np.zeros(16, np.bool_)
_IS_LEVEL[list(_LEVEL_KINDS)] = True
_STARTS_FRAME = np.ones(16, np.bool_)
_STARTS_FRAME[[Kind.BID, Kind.ASK, Kind.TICKER_ASK]] = False


class Interest(NamedTuple):
    """What own orders look for: the best own bid and ask (None: none), and levels by price."""

    bid_ticks: int | None
    ask_ticks: int | None
    prices: list[int]


class TradeSeen(NamedTuple):
    """A public trade whose aggressor hit ``side``."""

    time_ns: int
    event_ns: int
    side: int
    ticks: int
    lots: int


class LevelSeen(NamedTuple):
    """Lots the market shows at one price of ``side``, as of ``update_id``."""

    time_ns: int
    event_ns: int
    side: int
    ticks: int
    lots: int
    update_id: int
    from_ticker: bool


def pieces(rows: Rows, book: Book) -> Iterator[Rows]:
    """Cut rows so that whatever breaks the sequence of updates stands alone.

    Snapshots, restarts and diffs after a gap are pieces of their own; within every other piece
    each diff follows the one before.
    """
    kinds = rows["kind"]
    begins = np.flatnonzero(kinds == Kind.DEPTH_BEGIN)
    last = np.concatenate(([book.last_update_id], rows["last_id"][begins]))
    gapped = begins[rows["first_id"][begins] > np.maximum.accumulate(last)[:-1] + 1]
    breaks = np.flatnonzero((kinds == Kind.SNAPSHOT_BEGIN) | (kinds == Kind.RESET))
    if not len(gapped) and not len(breaks):
        yield rows
        return
    starts = np.append(np.flatnonzero(_STARTS_FRAME[kinds]), len(rows))
    alone = np.concatenate((gapped, breaks))
    after = starts[np.searchsorted(starts, alone) + 1]
    cuts = np.unique(np.concatenate(([0], alone, after, [len(rows)])))
    for begin, end in pairwise(cuts.tolist()):
        yield rows[begin:end]


def seen(rows: Rows, book: Book, interest: Interest) -> Iterator[TradeSeen | LevelSeen]:
    """What one piece (of ``pieces``, not yet folded into ``book``) brings of interest, in order.

    Depth of a book that is not whole, old diffs and tickers older than the depth say nothing and
    are left out; trades are true in any case.
    """
    kinds = rows["kind"]
    hits = np.flatnonzero(_mask(kinds, rows["price_ticks"], interest))
    if not len(hits):
        return
    begins = np.flatnonzero(kinds == Kind.DEPTH_BEGIN)
    frames = (np.searchsorted(begins, hits, side="right") - 1).tolist()
    book_id, depth_counts = book.last_update_id, _depth_counts(rows, book)
    for row, frame in zip(rows[hits].tolist(), frames, strict=True):
        time_ns, event_ns, kind, ticks, lots, _, update_id = row
        if kind in (Kind.TRADE_BUY, Kind.TRADE_SELL):
            side = ASKS if kind == Kind.TRADE_BUY else BIDS
            yield TradeSeen(time_ns, event_ns, side, ticks, lots)
            continue
        begin = rows[begins[frame]] if frame >= 0 else None
        depth_id = book_id if begin is None else max(book_id, int(begin["last_id"]))
        if kind in _LEVEL_KINDS:
            if depth_counts and begin is not None and begin["last_id"] > book_id:
                side = BIDS if kind == Kind.BID else ASKS
                event_ns = int(begin["event_ns"])
                yield LevelSeen(time_ns, event_ns, side, ticks, lots, depth_id, False)
        elif book.synced and update_id >= depth_id:
            side = BIDS if kind == Kind.TICKER_BID else ASKS
            yield LevelSeen(time_ns, event_ns, side, ticks, lots, update_id, True)


def _mask(
    kinds: npt.NDArray[np.int64], prices: npt.NDArray[np.int64], interest: Interest
) -> npt.NDArray[np.bool_]:
    pressure = _PRESSURE[kinds]
    mask = np.zeros(len(kinds), np.bool_)
    if interest.bid_ticks is not None:
        mask |= (pressure == _FALLS_ON_BIDS) & (prices <= interest.bid_ticks)
    if interest.ask_ticks is not None:
        mask |= (pressure == _FALLS_ON_ASKS) & (prices >= interest.ask_ticks)
    if interest.prices:
        mask |= _IS_LEVEL[kinds] & np.isin(prices, interest.prices)
    return mask


def _depth_counts(rows: Rows, book: Book) -> bool:
    """Whether level rows of this piece will enter the book."""
    first = rows[0]
    if first["kind"] == Kind.SNAPSHOT_BEGIN or not book.synced:
        return False
    gapped = first["kind"] == Kind.DEPTH_BEGIN and first["first_id"] > book.last_update_id + 1
    return not gapped
