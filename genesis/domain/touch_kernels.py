"""Numba kernels of what market rows tell beside the levels: trades, tickers, tops. No clock."""

from __future__ import annotations

from typing import NamedTuple

from genesis.domain import book_layout as lay
from genesis.domain.level_kernels import Ints, folded_top, kernel, part, touch
from genesis.messages import row_kind


class Tables(NamedTuple):
    """Everything one book consists of; the meanings are in ``book_layout``."""

    state: Ints
    keys: Ints
    lots: Ints
    pending: Ints
    ring: Ints
    trades: Ints
    events: Ints
    tops: Ints


@kernel
def report(book: Tables, what: int, time_ns: int, expected_id: int, got_id: int) -> None:
    events, at = book.events, book.state[lay.EVENTS]
    events[at, 0], events[at, 1], events[at, 2], events[at, 3] = what, time_ns, expected_id, got_id
    book.state[lay.EVENTS] = at + 1


@kernel
def _compare(book: Tables, at: int) -> None:
    """Compare the folded top with the ticker at ``at`` of the ring, which has the same update id.

    Once per id and stream: after a restart of the stream an id may come, and count, again.
    """
    state, ring = book.state, book.ring
    if state[lay.CHECKED_ID] == ring[at, 0]:
        return
    state[lay.CHECKED_ID] = ring[at, 0]
    state[lay.CHECKED] += 1
    bid, bid_lots, ask, ask_lots = folded_top(book.keys, book.lots, state)
    same_bid = bid == ring[at, 1] and bid_lots == ring[at, 2]
    if not (same_bid and ask == ring[at, 3] and ask_lots == ring[at, 4]):
        state[lay.MISMATCHED] += 1


@part
def compare_with_ring(book: Tables) -> None:
    """Tickers run ahead of diffs: look back for the one of the book's id."""
    ring, book_id = book.ring, book.state[lay.BOOK_ID]
    size = ring.shape[0]
    newest = book.state[lay.RING_NEXT] - 1
    for i in range(newest, max(newest - size, -1), -1):
        at = i % size
        if ring[at, 0] == book_id:
            _compare(book, at)
        if ring[at, 0] <= book_id:
            return


@part
def take_ticker(book: Tables, rows: Ints, i: int) -> None:
    state, ring = book.state, book.ring
    state[lay.TICKERS] += 1
    ticker_id = rows[i, lay.LAST_ID]
    if ticker_id < state[lay.TICKER_ID]:
        return
    bid, ask = rows[i, lay.PRICE], rows[i + 1, lay.PRICE]
    if bid and ask and bid >= ask:  # no venue has such a top; the folded levels stay the truth
        return
    bid_lots, ask_lots = rows[i, lay.QUANTITY], rows[i + 1, lay.QUANTITY]
    at = state[lay.RING_NEXT] % ring.shape[0]
    state[lay.RING_NEXT] += 1
    ring[at, 0] = ticker_id
    ring[at, 1], ring[at, 2], ring[at, 3], ring[at, 4] = bid, bid_lots, ask, ask_lots
    state[lay.TICKER_NS], state[lay.TICKER_ID] = rows[i, lay.TIME], ticker_id
    state[lay.TICKER_BID], state[lay.TICKER_BID_LOTS] = bid, bid_lots
    state[lay.TICKER_ASK], state[lay.TICKER_ASK_LOTS] = ask, ask_lots
    if state[lay.SYNCED] and ticker_id == state[lay.BOOK_ID]:
        _compare(book, at)


@part
def take_trade(book: Tables, rows: Ints, i: int) -> None:
    trades, at = book.trades, book.state[lay.TRADES]
    if trades.shape[0] == 0:
        return
    trades[at, 0], trades[at, 1] = rows[i, lay.TIME], rows[i, lay.EVENT]
    trades[at, 2] = rows[i, lay.FIRST_ID]
    trades[at, 3] = 1 if rows[i, lay.KIND] == row_kind.BUY else -1
    trades[at, 4], trades[at, 5] = rows[i, lay.PRICE], rows[i, lay.QUANTITY]
    bid, bid_lots, ask, ask_lots = touch(book.keys, book.lots, book.state)
    trades[at, 6], trades[at, 7], trades[at, 8], trades[at, 9] = bid, bid_lots, ask, ask_lots
    book.state[lay.TRADES] = at + 1


@part
def note_top(book: Tables, time_ns: int) -> None:
    """The touch after what was received at ``time_ns``; of one moment only the last counts."""
    state, tops = book.state, book.tops
    if tops.shape[0] == 0:
        return
    at = state[lay.TOPS] - 1
    if at < 0 or tops[at, 0] != time_ns:
        at += 1
        state[lay.TOPS] = at + 1
    state[lay.TOP_NS] = time_ns
    tops[at, 0], tops[at, 1] = time_ns, state[lay.TIME_NS]
    tops[at, 2], tops[at, 3] = state[lay.SYNCED], state[lay.BOOK_ID]
    bid, bid_lots, ask, ask_lots = touch(book.keys, book.lots, state)
    tops[at, 4], tops[at, 5], tops[at, 6], tops[at, 7] = bid, bid_lots, ask, ask_lots
