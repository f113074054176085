"""Numba kernel that folds market rows into a book by Binance's sync rules. No I/O, no clock.

A diff or snapshot is taken whole or not at all; nothing here allocates: what does not fit makes
``fold_rows`` come back and ask for room.
"""

from __future__ import annotations

import numpy as np

from genesis.domain import book_layout as lay
from genesis.domain.level_kernels import (
    Ints,
    best_ask,
    best_bid,
    kernel,
    part,
    set_level,
    touch,
)
from genesis.domain.touch_kernels import (
    Tables,
    compare_with_ring,
    note_top,
    report,
    take_ticker,
    take_trade,
)
from genesis.messages import row_kind

_TICKER_AHEAD_NS = 5_000_000_000  # five of the slowest diffs


@kernel
def _drop_levels(state: Ints) -> None:
    state[lay.BIDS] = state[lay.ASKS] = state[lay.SYNCED] = state[lay.BOOK_ID] = 0


@kernel
def drop(state: Ints) -> None:
    """Forget levels, buffered diffs and tickers: nothing before this belongs to what follows."""
    _drop_levels(state)
    state[lay.PENDING_START] = state[lay.PENDING_END] = 0
    state[lay.TICKER_ID] = state[lay.RING_NEXT] = state[lay.CHECKED_ID] = 0
    state[lay.DEPTH_EVENT_NS] = state[lay.TOUCH_ALONE] = 0
    for at in range(lay.TOUCH, lay.TOUCH_END):
        state[at] = 0


@part
def _apply(book: Tables, rows: Ints, first: int, stop: int, step: int) -> bool:
    """Set the levels of rows ``range(first, stop, step)``; False when the book is then crossed."""
    state = book.state
    capacity = book.keys.shape[0] >> 1
    for i in range(first, stop, step):
        side = np.int64(rows[i, lay.KIND] == row_kind.ASK)
        key = rows[i, lay.PRICE] * (1 - 2 * side)
        state[side] = set_level(
            book.keys, book.lots, side * capacity, state[side], key, rows[i, lay.QUANTITY]
        )
    if state[lay.BIDS] == 0 or state[lay.ASKS] == 0:
        return True
    return bool(best_bid(book.keys, state) < best_ask(book.keys, state))


@kernel
def _lose_crossed(book: Tables, time_ns: int) -> None:
    state = book.state
    state[lay.CROSSED] += 1
    report(book, lay.CROSSED_BOOK, time_ns, state[lay.BOOK_ID], state[lay.BOOK_ID])
    _drop_levels(state)


@part
def _apply_diff(book: Tables, rows: Ints, begin: int, time_ns: int) -> None:
    """Apply one diff unless it leaves a hole; a hole or a crossing loses the book."""
    state = book.state
    if rows[begin, lay.FIRST_ID] > state[lay.BOOK_ID] + 1:
        report(book, lay.GAP, time_ns, state[lay.BOOK_ID] + 1, rows[begin, lay.FIRST_ID])
        _drop_levels(state)
        return
    size = rows[begin, lay.QUANTITY]
    whole = _apply(book, rows, begin + 1, begin + 1 + size, 1)
    state[lay.UPDATES] += size
    state[lay.BOOK_ID] = rows[begin, lay.LAST_ID]
    if rows[begin, lay.TIME] - state[lay.TICKER_NS] > _TICKER_AHEAD_NS:
        state[lay.TICKER_ID] = 0  # an id that diffs do not reach in time is not of this stream
    if whole:
        compare_with_ring(book)
    else:
        _lose_crossed(book, time_ns)


@kernel
def _copy(source: Ints, begin: int, end: int, target: Ints, at: int) -> None:
    # Loops, because a slice assignment takes the compiler ten times as long.
    for i in range(end - begin):
        for column in range(lay.ROW_WIDTH):
            target[at + i, column] = source[begin + i, column]


@kernel
def _buffer(book: Tables, rows: Ints, begin: int, end: int) -> None:
    """Keep a diff for the next snapshot; the oldest whole diffs make room."""
    state, pending = book.state, book.pending
    size = end - begin
    capacity = pending.shape[0]
    first, last = state[lay.PENDING_START], state[lay.PENDING_END]
    if size > capacity:
        state[lay.PENDING_START] = state[lay.PENDING_END] = 0
        return
    while last - first + size > capacity:
        first += 1 + pending[first, lay.QUANTITY]
    if last + size > capacity:
        _copy(pending, first, last, pending, 0)
        last -= first
        first = 0
    _copy(rows, begin, end, pending, last)
    state[lay.PENDING_START] = first
    state[lay.PENDING_END] = last + size


@part
def _take_diff(book: Tables, rows: Ints, begin: int) -> None:
    state = book.state
    if state[lay.SYNCED]:
        if rows[begin, lay.LAST_ID] < state[lay.BOOK_ID]:
            return
        is_next = rows[begin, lay.FIRST_ID] <= state[lay.BOOK_ID] + 1
        _apply_diff(book, rows, begin, rows[begin, lay.TIME])
        if is_next:
            return
    _buffer(book, rows, begin, begin + 1 + rows[begin, lay.QUANTITY])


@kernel
def _take_snapshot(book: Tables, rows: Ints, begin: int) -> None:
    """Binance's sync: the snapshot, then the buffered diffs it does not yet contain."""
    state, pending = book.state, book.pending
    time_ns, id_ = rows[begin, lay.TIME], rows[begin, lay.LAST_ID]
    first, last = state[lay.PENDING_START], state[lay.PENDING_END]
    # The venue's text asks for lastUpdateId >= U of the first buffered diff; U - 1 leaves no hole
    # either, and in a recording there may be no second snapshot.
    if first < last and pending[first, lay.FIRST_ID] > id_ + 1:
        report(book, lay.TOO_OLD, time_ns, id_ + 1, pending[first, lay.FIRST_ID])
        return
    state[lay.BIDS] = state[lay.ASKS] = 0
    state[lay.SYNCED] = 1
    state[lay.BOOK_ID] = id_
    # The venue lists the best first, and here the best is last: backwards, every level appends.
    if not _apply(book, rows, begin + rows[begin, lay.QUANTITY], begin, -1):
        _lose_crossed(book, time_ns)
        return
    compare_with_ring(book)
    while first < last:
        # What came twice or late may stand behind what is newer: nothing takes the book back.
        if pending[first, lay.LAST_ID] > max(id_, state[lay.BOOK_ID] - 1):
            is_next = pending[first, lay.FIRST_ID] <= state[lay.BOOK_ID] + 1
            _apply_diff(book, pending, first, time_ns)
            if not is_next:
                break
        first += 1 + pending[first, lay.QUANTITY]
        if not state[lay.SYNCED]:
            break
    # What a loss leaves over waits for the next snapshot.
    state[lay.PENDING_START] = first
    if state[lay.SYNCED]:
        what = lay.RESYNCED if state[lay.EVER_SYNCED] else lay.FIRST_SYNC
        report(book, what, time_ns, state[lay.BOOK_ID], state[lay.BOOK_ID])
        state[lay.EVER_SYNCED] = 1


@part
def _is_full(book: Tables) -> bool:
    """Whether what the next rows may report would not fit: a diff reports at most two things."""
    state = book.state
    return bool(
        (book.trades.shape[0] and state[lay.TRADES] == book.trades.shape[0])
        or state[lay.EVENTS] + 2 > book.events.shape[0]
        or (book.tops.shape[0] and state[lay.TOPS] == book.tops.shape[0])
    )


@kernel
def _obstacle(book: Tables, pending_limit: int, rows: Ints, begin: int) -> int:
    """What keeps the diff or snapshot at ``begin`` from being taken now; DONE when nothing."""
    state = book.state
    size = 1 + rows[begin, lay.QUANTITY]
    if size < 1 or begin + size > rows.shape[0]:
        return lay.CUT_SHORT
    for i in range(begin + 1, begin + size):
        if rows[i, lay.KIND] not in (row_kind.BID, row_kind.ASK):
            return lay.CUT_SHORT
    buffered = state[lay.PENDING_END] - state[lay.PENDING_START]
    most = max(state[lay.BIDS], state[lay.ASKS]) + size
    if rows[begin, lay.KIND] == row_kind.SNAPSHOT:
        most += buffered
    elif buffered + size > book.pending.shape[0] and book.pending.shape[0] < pending_limit:
        return lay.GROW_PENDING
    return lay.GROW_LEVELS if most > book.keys.shape[0] >> 1 else lay.DONE


@part
def _take(book: Tables, rows: Ints, i: int, kind: int) -> int:
    """Take the row(s) at ``i``; returns how many, 0 for a kind not expected here."""
    state = book.state
    if kind in (row_kind.BUY, row_kind.SELL):
        take_trade(book, rows, i)
        return 1
    if kind == row_kind.TICKER_BID:
        take_ticker(book, rows, i)
        return 2
    if kind == row_kind.DEPTH:
        state[lay.DIFFS] += 1
        state[lay.DEPTH_EVENT_NS] = rows[i, lay.EVENT]
        _take_diff(book, rows, i)
        return 1 + int(rows[i, lay.QUANTITY])
    if kind == row_kind.SNAPSHOT:
        state[lay.SNAPSHOTS] += 1
        if not state[lay.SYNCED]:
            _take_snapshot(book, rows, i)
        return 1 + int(rows[i, lay.QUANTITY])
    if kind == row_kind.RESET:
        if state[lay.SYNCED]:
            report(book, lay.RESTARTED, rows[i, lay.TIME], state[lay.BOOK_ID] + 1, 0)
        drop(state)
        return 1
    return 0


@part
def _fold(book: Tables, pending_limit: int, rows: Ints, start: int) -> int:
    state = book.state
    i = start
    while i < rows.shape[0]:
        kind = rows[i, lay.KIND]
        obstacle = lay.DONE
        if _is_full(book):
            obstacle = lay.DRAIN
        elif kind in (row_kind.DEPTH, row_kind.SNAPSHOT):
            obstacle = _obstacle(book, pending_limit, rows, i)
        elif kind == row_kind.TICKER_BID and (
            i + 1 >= rows.shape[0] or rows[i + 1, lay.KIND] != row_kind.TICKER_ASK
        ):
            obstacle = lay.CUT_SHORT
        if obstacle != lay.DONE:
            state[lay.STOPPED] = obstacle
            break
        taken = _take(book, rows, i, kind)
        if taken == 0:
            state[lay.STOPPED] = lay.NOT_EXPECTED
            break
        newest = state[lay.TICKER_ID if kind == row_kind.TICKER_BID else lay.BOOK_ID]
        # Trades tell nothing of the levels, and what is older than the book nothing of them now.
        if (
            kind in (row_kind.DEPTH, row_kind.SNAPSHOT, row_kind.TICKER_BID)
            and rows[i, lay.LAST_ID] >= newest
        ):
            state[lay.TIME_NS] = max(state[lay.TIME_NS], rows[i, lay.TIME])
        if kind not in (row_kind.BUY, row_kind.SELL):
            note_top(book, rows[i, lay.TIME])
        i += taken
    return i


@kernel
def fold_rows(
    rows: Ints,
    start: int,
    pending_limit: int,
    state: Ints,
    keys: Ints,
    lots: Ints,
    pending: Ints,
    ring: Ints,
    trades: Ints,
    events: Ints,
    tops: Ints,
) -> int:
    """Fold rows (n, 7) from ``start``; returns the next row to fold.

    ``state[STOPPED]`` says why it came back: DONE, or what the caller must grow or drain before
    calling again, or that the row is not a legal one. ``trades`` and ``tops`` may be empty: then
    none are noted.
    """
    for at in range(lay.EVENTS, lay.CROSSED if start else lay.TOUCH):
        state[at] = 0
    book = Tables(state, keys, lots, pending, ring, trades, events, tops)
    i: int = _fold(book, pending_limit, rows, start)
    bid, bid_lots, ask, ask_lots = touch(keys, lots, state)
    at = lay.TOUCH
    state[at], state[at + 1], state[at + 2], state[at + 3] = bid, bid_lots, ask, ask_lots
    levels = state[lay.BIDS] + state[lay.ASKS]
    state[lay.TOUCH_ALONE] = 1 if state[lay.SYNCED] and not levels else 0
    return i
