"""Numba kernels that scan market rows for what concerns own orders. They change no book."""

from __future__ import annotations

from genesis.domain.book_layout import EVENT, FIRST_ID, KIND, LAST_ID, PRICE, QUANTITY, TIME
from genesis.domain.level_kernels import Ints, kernel, position
from genesis.messages import row_kind

# Columns of a hit.
HIT_WIDTH = 6  # time_ns, event_ns, kind, price_ticks, quantity_lots, update_id


@kernel
def next_break(rows: Ints, start: int, newest_id: int) -> tuple[int, int]:
    """The first row from ``start`` at which a book may be lost or made whole: a snapshot, a restart
    or a diff behind a gap; and the newest update id, itself included.

    ``newest_id`` is that of the rows before ``start``, 0 for none. The number of rows for none.
    """
    for i in range(start, rows.shape[0]):
        kind = rows[i, KIND]
        if kind == row_kind.DEPTH:
            is_gap = 0 < newest_id < rows[i, FIRST_ID] - 1
            newest_id = max(newest_id, rows[i, LAST_ID])
            if is_gap:
                return i, newest_id
        elif kind == row_kind.SNAPSHOT:
            return i, max(newest_id, rows[i, LAST_ID])
        elif kind == row_kind.RESET:
            return i, 0
    return int(rows.shape[0]), newest_id


@kernel
def first_reach(rows: Ints, bid_ticks: int, ask_ticks: int) -> int:
    """The first row that might fill an own bid or ask at these prices or worse, or all that rest
    (a new snapshot): never too late, perhaps too early. The number of rows when there is none."""
    for i in range(rows.shape[0]):
        kind, price = rows[i, KIND], rows[i, PRICE]
        if kind in (row_kind.ASK, row_kind.TICKER_ASK, row_kind.SELL):
            if price <= bid_ticks:
                return i
        elif kind in (row_kind.BID, row_kind.TICKER_BID, row_kind.BUY):
            if price >= ask_ticks:
                return i
        elif kind in (row_kind.SNAPSHOT, row_kind.RESET):
            return i
    return int(rows.shape[0])


@kernel
def scan_piece(
    rows: Ints,
    start: int,
    bid_ticks: int,
    ask_ticks: int,
    levels: Ints,
    book_id: int,
    hits: Ints,
) -> tuple[int, int]:
    """Scan the next piece from ``start``: up to, or just, what breaks the sequence of updates.

    Hits are its rows that reach an own bid or ask, or update a level that is watched.
    ``bid_ticks`` and ``ask_ticks``: the best own prices, 0 and the largest integer for none.
    ``levels``: watched prices, ascending. ``book_id`` is the update the rows from ``start`` follow,
    0 while the book is not whole. Writes into ``hits``, shape (room, HIT_WIDTH), what has room
    there, and returns where the piece ends and how many hits there are.
    """
    found = 0
    frame_id, frame_event = book_id, 0
    fresh = False
    for i in range(start, rows.shape[0]):
        kind, price = rows[i, KIND], rows[i, PRICE]
        if kind in (row_kind.DEPTH, row_kind.SNAPSHOT, row_kind.RESET):
            if kind != row_kind.DEPTH or (book_id > 0 and frame_id + 1 < rows[i, FIRST_ID]):
                if i > start:
                    return i, found
                return _stands_alone(rows, start), 0
            fresh = 0 < book_id < rows[i, LAST_ID]
            frame_id, frame_event = max(frame_id, rows[i, LAST_ID]), rows[i, EVENT]
            continue
        buys = kind in (row_kind.BID, row_kind.TICKER_BID, row_kind.BUY)
        reached = price >= ask_ticks if buys else price <= bid_ticks
        event_ns, update_id = rows[i, EVENT], rows[i, LAST_ID]
        if kind in (row_kind.BID, row_kind.ASK):
            if not (fresh and (reached or _is_among(levels, price))):
                continue
            event_ns, update_id = frame_event, frame_id
        elif kind in (row_kind.TICKER_BID, row_kind.TICKER_ASK):
            if not reached or book_id == 0 or update_id < frame_id:
                continue
        elif not reached:
            continue
        if found < hits.shape[0]:
            hits[found, 0], hits[found, 1], hits[found, 2] = rows[i, TIME], event_ns, kind
            hits[found, 3], hits[found, 4], hits[found, 5] = price, rows[i, QUANTITY], update_id
        found += 1
    return int(rows.shape[0]), found


@kernel
def _stands_alone(rows: Ints, start: int) -> int:
    """Where the snapshot, restart or diff behind a gap at ``start`` ends."""
    size = 1 if rows[start, KIND] == row_kind.RESET else 1 + rows[start, QUANTITY]
    return int(min(start + size, rows.shape[0]))


@kernel
def _is_among(levels: Ints, price: int) -> bool:
    """Whether ``levels``, ascending, hold ``price``. Most prices lie outside of them."""
    count = levels.shape[0]
    if count == 0 or price < levels[0] or price > levels[count - 1]:
        return False
    return bool(levels[position(levels, 0, count, price)] == price)
