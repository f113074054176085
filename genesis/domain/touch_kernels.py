"""Numba kernels of what market rows tell beside the levels: trades, tickers, tops. No clock."""

from __future__ import annotations

from typing import NamedTuple

from genesis.domain import book_layout as lay
from genesis.domain.level_kernels import Ints, folded_top, kernel, touch
from genesis.messages.market import Kind

_BUY = int(Kind.TRADE_BUY)


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
    event = book.events[book.state[lay.EVENTS]]
    event[0], event[1], event[2], event[3] = what, time_ns, expected_id, got_id
    book.state[lay.EVENTS] += 1


@kernel
def _compare(book: Tables, ticker: Ints) -> None:
    """Compare the folded top with a ticker (ring entry) of the same update id.

    Once per id and stream: after a restart of the stream an id may come, and count, again.
    """
    state = book.state
    if state[lay.CHECKED_ID] == ticker[0]:
        return
    state[lay.CHECKED_ID] = ticker[0]
    state[lay.CHECKED] += 1
    folded_top(book.keys, book.lots, state, state[lay.SCRATCH :])
    for i in range(4):
        if state[lay.SCRATCH + i] != ticker[1 + i]:
            state[lay.MISMATCHED] += 1
            return


@kernel
def compare_with_ring(book: Tables) -> None:
    """Tickers run ahead of diffs: look back for the one of the book's id."""
    book_id = book.state[lay.BOOK_ID]
    size = book.ring.shape[0]
    newest = book.state[lay.RING_NEXT] - 1
    for i in range(newest, max(newest - size, -1), -1):
        ticker = book.ring[i % size]
        if ticker[0] == book_id:
            _compare(book, ticker)
        if ticker[0] <= book_id:
            return


@kernel
def take_ticker(book: Tables, rows: Ints, at: int) -> None:
    state = book.state
    state[lay.TICKERS] += 1
    if rows[at, lay.LAST_ID] < state[lay.TICKER_ID]:
        return
    bid, ask = rows[at, lay.PRICE], rows[at + 1, lay.PRICE]
    if bid and ask and bid >= ask:  # no venue has such a top; the folded levels stay the truth
        return
    ticker = book.ring[state[lay.RING_NEXT] % book.ring.shape[0]]
    state[lay.RING_NEXT] += 1
    ticker[0] = rows[at, lay.LAST_ID]
    ticker[1], ticker[2] = rows[at, lay.PRICE], rows[at, lay.QUANTITY]
    ticker[3], ticker[4] = rows[at + 1, lay.PRICE], rows[at + 1, lay.QUANTITY]
    state[lay.TICKER_NS] = rows[at, lay.TIME]
    for i in range(5):
        state[lay.TICKER_ID + i] = ticker[i]
    if state[lay.SYNCED] and ticker[0] == state[lay.BOOK_ID]:
        _compare(book, ticker)


@kernel
def take_trade(book: Tables, rows: Ints, at: int) -> None:
    trade = book.trades[book.state[lay.TRADES]]
    trade[0], trade[1], trade[2] = rows[at, lay.TIME], rows[at, lay.EVENT], rows[at, lay.FIRST_ID]
    trade[3] = 1 if rows[at, lay.KIND] == _BUY else -1
    trade[4], trade[5] = rows[at, lay.PRICE], rows[at, lay.QUANTITY]
    touch(book.keys, book.lots, book.state, trade[6:])
    book.state[lay.TRADES] += 1


@kernel
def note_top(book: Tables, time_ns: int) -> None:
    """The touch after what was received at ``time_ns``; of one moment only the last counts."""
    state = book.state
    if book.tops.shape[0] == 0:
        return
    count = state[lay.TOPS]
    if count == 0 or book.tops[count - 1, 0] != time_ns:
        state[lay.TOPS] = count + 1
        count += 1
    top = book.tops[count - 1]
    top[0], top[1] = time_ns, state[lay.TIME_NS]
    top[2], top[3] = state[lay.SYNCED], state[lay.BOOK_ID]
    touch(book.keys, book.lots, state, top[4:])
