"""Numba kernels that fold levels and market rows into a book of integers. No policy, no I/O.

They share one file because Numba's cache looks only at the file a kernel stands in: a kernel that
called another file's kernel would go on using the old one after a change.

Both sides keep their keys ascending with the best price last: a bid's key is its price in ticks,
an ask's key is minus its price. So one search serves both, and most updates move few entries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit  # type: ignore[import-untyped, unused-ignore]

from genesis.messages.market import Kind

Ints = npt.NDArray[np.int64]

# Rows of the book table, shape (4, capacity).
BID_KEYS, BID_LOTS, ASK_KEYS, ASK_LOTS = 0, 1, 2, 3

# Columns of a market row and of a trade, as int64 (``ROW``, ``TRADE``).
TIME, EVENT, KIND, PRICE, QUANTITY, FIRST_ID, LAST_ID = 0, 1, 2, 3, 4, 5, 6
ROW_WIDTH, TRADE_WIDTH = 7, 10

# Places in the state vector.
BIDS, ASKS, SYNCED, BOOK_ID, EVER_SYNCED = 0, 1, 2, 3, 4
TIME_NS, EVENT_NS = 5, 6
TICKER_ID, TICKER_BID, TICKER_BID_LOTS, TICKER_ASK, TICKER_ASK_LOTS = 7, 8, 9, 10, 11
PENDING_START, PENDING_END, RING_NEXT, CHECKED_ID = 12, 13, 14, 15
# Counted since the caller last set them to 0.
TRADES, EVENTS, STOPPED = 16, 17, 18
CROSSED, DIFFS, UPDATES, SNAPSHOTS, TICKERS, CHECKED, MISMATCHED = 19, 20, 21, 22, 23, 24, 25
STATE_SIZE = 26

# Why ``fold_rows`` came back before the end of its rows (``state[STOPPED]``).
DONE, GROW_LEVELS, GROW_PENDING, DRAIN, CUT_SHORT, NOT_EXPECTED = 0, 1, 2, 3, 4, 5

# Rows of the events table: what, time_ns, expected id (or the id synced to), got id.
EVENT_WIDTH = 4
GAP, TOO_OLD, CROSSED_BOOK, RESTARTED, RESYNCED, FIRST_SYNC = 1, 2, 3, 4, 5, 6

_DEPTH = int(Kind.DEPTH_BEGIN)
_SNAPSHOT = int(Kind.SNAPSHOT_BEGIN)
_BID = int(Kind.BID)
_ASK = int(Kind.ASK)
_BUY = int(Kind.TRADE_BUY)
_SELL = int(Kind.TRADE_SELL)
_TICKER_BID = int(Kind.TICKER_BID)
_TICKER_ASK = int(Kind.TICKER_ASK)
_RESET = int(Kind.RESET)


def _kernel(function: Any) -> Any:
    return njit(cache=True, nogil=True)(function)


@_kernel
def position(keys: Ints, count: int, key: int) -> int:
    """The first index whose key is not below ``key``; O(log of the distance from the top)."""
    high = count
    low = count - 1
    step = 1
    while low >= 0 and keys[low] >= key:
        high = low
        low -= step
        step += step
    low = max(low, -1)
    while high - low > 1:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle
        else:
            high = middle
    return high


@_kernel
def set_level(keys: Ints, lots: Ints, count: int, key: int, quantity: int) -> int:
    """Set (or with 0 remove) one level; returns the new count. The caller made room for one."""
    at = position(keys, count, key)
    if at < count and keys[at] == key:
        if quantity != 0:
            lots[at] = quantity
            return count
        for i in range(at, count - 1):
            keys[i] = keys[i + 1]
            lots[i] = lots[i + 1]
        return count - 1
    if quantity == 0:
        return count
    for i in range(count, at, -1):
        keys[i] = keys[i - 1]
        lots[i] = lots[i - 1]
    keys[at] = key
    lots[at] = quantity
    return count + 1


@_kernel
def fold_levels(
    book: Ints, state: Ints, side: Ints, ticks: Ints, lots: Ints, best: Ints, start: int
) -> int:
    """Fold level changes and write the best prices after each into ``best`` (n, 2).

    ``side`` is +1 for a bid, -1 for an ask. Returns how many were folded: fewer than given when
    the table is full and must grow.
    """
    bid_keys, bid_lots = book[BID_KEYS], book[BID_LOTS]
    ask_keys, ask_lots = book[ASK_KEYS], book[ASK_LOTS]
    capacity = book.shape[1]
    bids, asks = state[BIDS], state[ASKS]
    best_bid = bid_keys[bids - 1] if bids else 0
    best_ask = -ask_keys[asks - 1] if asks else 0
    i = start
    while i < ticks.shape[0]:
        if bids == capacity or asks == capacity:
            break
        if side[i] > 0:
            bids = set_level(bid_keys, bid_lots, bids, ticks[i], lots[i])
            best_bid = bid_keys[bids - 1] if bids else 0
        else:
            asks = set_level(ask_keys, ask_lots, asks, -ticks[i], lots[i])
            best_ask = -ask_keys[asks - 1] if asks else 0
        best[i, 0] = best_bid
        best[i, 1] = best_ask
        i += 1
    state[BIDS], state[ASKS] = bids, asks
    return i


@_kernel
def _apply(book: Ints, state: Ints, rows: Ints, begin: int, end: int) -> None:
    for i in range(begin, end):
        if rows[i, KIND] == _BID:
            state[BIDS] = set_level(
                book[BID_KEYS], book[BID_LOTS], state[BIDS], rows[i, PRICE], rows[i, QUANTITY]
            )
        else:
            state[ASKS] = set_level(
                book[ASK_KEYS], book[ASK_LOTS], state[ASKS], -rows[i, PRICE], rows[i, QUANTITY]
            )


@_kernel
def _is_crossed(book: Ints, state: Ints) -> bool:
    bids, asks = state[BIDS], state[ASKS]
    if bids == 0 or asks == 0:
        return False
    return bool(book[BID_KEYS, bids - 1] >= -book[ASK_KEYS, asks - 1])


@_kernel
def _drop_levels(state: Ints) -> None:
    state[BIDS] = state[ASKS] = state[SYNCED] = state[BOOK_ID] = 0


@_kernel
def drop(state: Ints) -> None:
    """Forget levels, buffered diffs and tickers: nothing before this belongs to what follows."""
    _drop_levels(state)
    state[PENDING_START] = state[PENDING_END] = 0
    state[TICKER_ID] = state[RING_NEXT] = state[CHECKED_ID] = 0


@_kernel
def _report(events: Ints, state: Ints, what: int, time_ns: int, expected: int, got: int) -> None:
    at = state[EVENTS]
    events[at, 0] = what
    events[at, 1] = time_ns
    events[at, 2] = expected
    events[at, 3] = got
    state[EVENTS] = at + 1


@_kernel
def _compare(
    book: Ints, state: Ints, id_: int, bid: int, bid_lots: int, ask: int, ask_lots: int
) -> None:
    """Compare the folded top with a ticker of the same update id, once per id."""
    if state[CHECKED_ID] == id_:
        return
    state[CHECKED_ID] = id_
    state[CHECKED] += 1
    bids, asks = state[BIDS], state[ASKS]
    book_bid = book[BID_KEYS, bids - 1] if bids else 0
    book_bid_lots = book[BID_LOTS, bids - 1] if bids else 0
    book_ask = -book[ASK_KEYS, asks - 1] if asks else 0
    book_ask_lots = book[ASK_LOTS, asks - 1] if asks else 0
    if book_bid != bid or book_ask != ask or book_bid_lots != bid_lots or book_ask_lots != ask_lots:
        state[MISMATCHED] += 1


@_kernel
def _compare_with_ring(book: Ints, state: Ints, ring: Ints) -> None:
    """Tickers run ahead of diffs: look back for the one of the book's id."""
    size = ring.shape[0]
    newest = state[RING_NEXT] - 1
    for i in range(newest, max(newest - size, -1), -1):
        entry = ring[i % size]
        if entry[0] == state[BOOK_ID]:
            _compare(book, state, entry[0], entry[1], entry[2], entry[3], entry[4])
        if entry[0] <= state[BOOK_ID]:
            return


@_kernel
def _apply_diff(
    book: Ints, state: Ints, ring: Ints, events: Ints, rows: Ints, begin: int, time_ns: int
) -> None:
    """Apply one diff in sequence; a book it crosses is dropped."""
    end = begin + 1 + rows[begin, QUANTITY]
    _apply(book, state, rows, begin + 1, end)
    state[UPDATES] += end - begin - 1
    state[BOOK_ID] = rows[begin, LAST_ID]
    if _is_crossed(book, state):
        state[CROSSED] += 1
        _report(events, state, CROSSED_BOOK, time_ns, state[BOOK_ID], state[BOOK_ID])
        _drop_levels(state)
    else:
        _compare_with_ring(book, state, ring)


@_kernel
def _buffer(state: Ints, pending: Ints, rows: Ints, begin: int, end: int) -> None:
    """Keep a diff for the next snapshot; the oldest whole diffs make room."""
    size = end - begin
    capacity = pending.shape[0]
    first, last = state[PENDING_START], state[PENDING_END]
    if size > capacity:
        state[PENDING_START] = state[PENDING_END] = 0
        return
    while last - first + size > capacity:
        first += 1 + pending[first, QUANTITY]
    if last + size > capacity:
        for i in range(last - first):
            pending[i] = pending[first + i]
        last -= first
        first = 0
    pending[last : last + size] = rows[begin:end]
    state[PENDING_START] = first
    state[PENDING_END] = last + size


@_kernel
def _take_snapshot(
    book: Ints, state: Ints, pending: Ints, ring: Ints, events: Ints, rows: Ints, begin: int
) -> None:
    """Binance's sync: the snapshot, then the buffered diffs it does not yet contain."""
    time_ns, id_ = rows[begin, TIME], rows[begin, LAST_ID]
    first, last = state[PENDING_START], state[PENDING_END]
    # The venue's text asks for lastUpdateId >= U of the first buffered diff; U - 1 leaves no hole
    # either, and in a recording there may be no second snapshot.
    if first < last and pending[first, FIRST_ID] > id_ + 1:
        _report(events, state, TOO_OLD, time_ns, id_ + 1, pending[first, FIRST_ID])
        return
    state[BIDS] = state[ASKS] = 0
    # The venue lists the best first, and here the best is last: backwards, every level appends.
    for i in range(begin + rows[begin, QUANTITY], begin, -1):
        _apply(book, state, rows, i, i + 1)
    state[BOOK_ID] = id_
    if _is_crossed(book, state):
        state[CROSSED] += 1
        _report(events, state, CROSSED_BOOK, time_ns, id_, id_)
        _drop_levels(state)
        return
    state[SYNCED] = 1
    _compare_with_ring(book, state, ring)
    while first < last and state[SYNCED]:
        if pending[first, LAST_ID] > id_:
            if pending[first, FIRST_ID] > state[BOOK_ID] + 1:
                got = pending[first, FIRST_ID]
                _report(events, state, GAP, time_ns, state[BOOK_ID] + 1, got)
                _drop_levels(state)
                break
            _apply_diff(book, state, ring, events, pending, first, time_ns)
        first += 1 + pending[first, QUANTITY]
    state[PENDING_START] = first
    if state[SYNCED]:
        state[PENDING_START] = state[PENDING_END] = 0
        what = RESYNCED if state[EVER_SYNCED] else FIRST_SYNC
        _report(events, state, what, time_ns, state[BOOK_ID], state[BOOK_ID])
        state[EVER_SYNCED] = 1


@_kernel
def _take_diff(
    book: Ints, state: Ints, pending: Ints, ring: Ints, events: Ints, rows: Ints, begin: int
) -> None:
    end = begin + 1 + rows[begin, QUANTITY]
    if not state[SYNCED]:
        _buffer(state, pending, rows, begin, end)
    elif rows[begin, LAST_ID] < state[BOOK_ID]:
        return
    elif rows[begin, FIRST_ID] > state[BOOK_ID] + 1:
        time_ns = rows[begin, TIME]
        _report(events, state, GAP, time_ns, state[BOOK_ID] + 1, rows[begin, FIRST_ID])
        _drop_levels(state)
        _buffer(state, pending, rows, begin, end)
    else:
        _apply_diff(book, state, ring, events, rows, begin, rows[begin, TIME])


@_kernel
def _take_ticker(book: Ints, state: Ints, ring: Ints, rows: Ints, at: int) -> None:
    id_ = rows[at, LAST_ID]
    bid, bid_lots = rows[at, PRICE], rows[at, QUANTITY]
    ask, ask_lots = rows[at + 1, PRICE], rows[at + 1, QUANTITY]
    state[TICKERS] += 1
    if id_ >= state[TICKER_ID]:
        state[TICKER_ID] = id_
        state[TICKER_BID], state[TICKER_BID_LOTS] = bid, bid_lots
        state[TICKER_ASK], state[TICKER_ASK_LOTS] = ask, ask_lots
        entry = ring[state[RING_NEXT] % ring.shape[0]]
        entry[0], entry[1], entry[2], entry[3], entry[4] = id_, bid, bid_lots, ask, ask_lots
        state[RING_NEXT] += 1
    if state[SYNCED] and id_ == state[BOOK_ID]:
        _compare(book, state, id_, bid, bid_lots, ask, ask_lots)


@_kernel
def touch(book: Ints, state: Ints, out: Ints) -> None:
    """Best bid, its lots, best ask, its lots: of the ticker when it is newer; 0 when unknown."""
    out[:4] = 0
    if not state[SYNCED]:
        return
    if state[TICKER_ID] > state[BOOK_ID]:
        out[0], out[1] = state[TICKER_BID], state[TICKER_BID_LOTS]
        out[2], out[3] = state[TICKER_ASK], state[TICKER_ASK_LOTS]
        return
    bids, asks = state[BIDS], state[ASKS]
    if bids:
        out[0], out[1] = book[BID_KEYS, bids - 1], book[BID_LOTS, bids - 1]
    if asks:
        out[2], out[3] = -book[ASK_KEYS, asks - 1], book[ASK_LOTS, asks - 1]


@_kernel
def _take_trade(book: Ints, state: Ints, trades: Ints, rows: Ints, at: int) -> None:
    out = trades[state[TRADES]]
    out[0], out[1], out[2] = rows[at, TIME], rows[at, EVENT], rows[at, FIRST_ID]
    out[3] = 1 if rows[at, KIND] == _BUY else -1
    out[4], out[5] = rows[at, PRICE], rows[at, QUANTITY]
    touch(book, state, out[6:])
    state[TRADES] += 1


@_kernel
def _stop_reason(
    book: Ints, state: Ints, pending: Ints, pending_limit: int, rows: Ints, begin: int, end: int
) -> int:
    """Whether the diff or snapshot at ``begin`` can be taken without outgrowing a table."""
    if end > rows.shape[0] or rows[begin, QUANTITY] < 0:
        return CUT_SHORT
    for i in range(begin + 1, end):
        if rows[i, KIND] != _BID and rows[i, KIND] != _ASK:
            return CUT_SHORT
    size = end - begin
    buffered = state[PENDING_END] - state[PENDING_START]
    is_snapshot = rows[begin, KIND] == _SNAPSHOT
    if max(state[BIDS], state[ASKS]) + size + (buffered if is_snapshot else 0) > book.shape[1]:
        return GROW_LEVELS
    if not is_snapshot and buffered + size > pending.shape[0] and pending.shape[0] < pending_limit:
        return GROW_PENDING
    return DONE


@_kernel
def fold_rows(
    rows: Ints,
    start: int,
    state: Ints,
    book: Ints,
    pending: Ints,
    pending_limit: int,
    ring: Ints,
    trades: Ints,
    events: Ints,
) -> int:
    """Fold rows (n, 7) from ``start``; returns the next row to fold.

    ``state[STOPPED]`` says why it came back: DONE, or what the caller must grow or drain before
    calling again, or that the row is not a legal one. A diff or snapshot is taken whole or not
    at all.
    """
    i = start
    state[STOPPED] = DONE
    while i < rows.shape[0]:
        # A diff or snapshot reports at most three things.
        if state[TRADES] == trades.shape[0] or state[EVENTS] + 3 > events.shape[0]:
            state[STOPPED] = DRAIN
            return i
        kind = rows[i, KIND]
        following = 1
        if kind in (_DEPTH, _SNAPSHOT):
            following = 1 + rows[i, QUANTITY]
            reason = _stop_reason(book, state, pending, pending_limit, rows, i, i + following)
            if reason != DONE:
                state[STOPPED] = reason
                return i
            if kind == _DEPTH:
                state[DIFFS] += 1
                _take_diff(book, state, pending, ring, events, rows, i)
            else:
                state[SNAPSHOTS] += 1
                if not state[SYNCED]:
                    _take_snapshot(book, state, pending, ring, events, rows, i)
        elif kind == _TICKER_BID:
            if i + 1 >= rows.shape[0] or rows[i + 1, KIND] != _TICKER_ASK:
                state[STOPPED] = CUT_SHORT
                return i
            following = 2
            _take_ticker(book, state, ring, rows, i)
        elif kind in (_BUY, _SELL):
            _take_trade(book, state, trades, rows, i)
        elif kind == _RESET:
            if state[SYNCED]:
                _report(events, state, RESTARTED, rows[i, TIME], state[BOOK_ID] + 1, 0)
            drop(state)
        else:
            state[STOPPED] = NOT_EXPECTED
            return i
        if kind != _RESET:
            state[TIME_NS] = max(state[TIME_NS], rows[i, TIME])
            state[EVENT_NS] = max(state[EVENT_NS], rows[i, EVENT])
        i += following
    return i
