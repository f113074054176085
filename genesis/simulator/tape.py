"""Find the few market rows that can matter to own orders, without a Python step per row. Pure.

What is found does not depend on how the rows were batched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from genesis.domain.book import Book
from genesis.messages.market import Kind, Rows, table_of
from genesis.simulator import tape_kernels as k
from genesis.simulator.liquidity import ASKS, BIDS

SUMMARY = -1
"""``last_id`` of a trade row that sums up many trades, as a bar does: it tells strategies what was
traded, and fills nothing, as it does not say in which order those trades met the book."""

_NO_ASK = (1 << 63) - 1
_HITS_ROOM = 64
# As plain integers: the kinds of hits are, and an enum member costs more than the rest of a hit.
_TRADE_SIDES = {int(Kind.TRADE_BUY): ASKS, int(Kind.TRADE_SELL): BIDS}
_TICKER_KINDS = {int(Kind.TICKER_BID), int(Kind.TICKER_ASK)}
_LEVEL_SIDES = {
    int(Kind.BID): BIDS,
    int(Kind.TICKER_BID): BIDS,
    int(Kind.ASK): ASKS,
    int(Kind.TICKER_ASK): ASKS,
}


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


class News:
    """What an arriving order must know of the rows so far beyond the folded book."""

    def __init__(self) -> None:
        self._vector = np.zeros(k.NEWS_SIZE, np.int64)

    def note(self, rows: Rows) -> None:
        """Take rows in. A restarted stream counts and times anew."""
        k.note_news(table_of(rows), self._vector)

    @property
    def depth_event_ns(self) -> int:
        """The venue's time of the newest diff; 0 before any."""
        return int(self._vector[k.DEPTH_EVENT_NS])

    @property
    def ticker_id(self) -> int:
        """The update id of the newest ticker; 0 before any."""
        return int(self._vector[k.TICKER_ID])


def pieces(rows: Rows, book: Book) -> Iterator[Rows]:
    """Cut rows so that whatever breaks the sequence of updates stands alone.

    Snapshots, restarts and diffs after a gap are pieces of their own; within every other piece
    each diff follows the one before. Fold each piece into ``book`` before asking for the next.
    """
    table, start = table_of(rows), 0
    while start < len(rows):
        end = k.next_cut(table, start, book.last_update_id)
        yield rows[start:end]
        start = end


def breaks_ns(parts: Iterable[Rows]) -> list[int]:
    """When rows came that may lose a book or make it whole, in order. ``parts`` follow each other.

    Told by kinds and update ids: that a book crosses, only who folds it knows.
    """
    found: list[int] = []
    newest_id = 0
    for rows in parts:
        table = table_of(rows)
        place, newest_id = k.next_break(table, 0, newest_id)
        while place < len(table):
            found.append(int(table[place, k.TIME]))
            place, newest_id = k.next_break(table, place + 1, newest_id)
    return found


def seen(rows: Rows, book: Book, interest: Interest) -> Iterator[TradeSeen | LevelSeen]:
    """What one piece (of ``pieces``, not yet folded into ``book``) brings of interest, in order.

    Depth of a book that is not whole, old diffs and tickers older than the depth say nothing and
    are left out; trades are true in any case.
    """
    for time_ns, event_ns, kind, ticks, lots, update_id in _hits(rows, book, interest):
        if kind in _TRADE_SIDES:
            if update_id == SUMMARY:
                continue
            yield TradeSeen(time_ns, event_ns, _TRADE_SIDES[kind], ticks, lots)
        else:
            side, from_ticker = _LEVEL_SIDES[kind], kind in _TICKER_KINDS
            yield LevelSeen(time_ns, event_ns, side, ticks, lots, update_id, from_ticker)


def _hits(rows: Rows, book: Book, interest: Interest) -> list[list[int]]:
    bid, ask = interest.bid_ticks, interest.ask_ticks
    levels = np.array(sorted(interest.prices), np.int64)
    room = _HITS_ROOM
    while True:
        hits = np.empty((room, k.HIT_WIDTH), np.int64)
        found = k.find_hits(
            table_of(rows),
            0 if bid is None else bid,
            _NO_ASK if ask is None else ask,
            levels,
            book.last_update_id,
            hits,
        )
        if found <= room:
            seen: list[list[int]] = hits[:found].tolist()
            return seen
        room = found


def reached_ns(rows: Rows, bid_ticks: int | None, ask_ticks: int | None) -> int | None:
    """When the first row was received that might fill an own order; None where none does.

    ``bid_ticks`` and ``ask_ticks`` are the best own prices, None for a side without orders.
    """
    bid = 0 if bid_ticks is None else bid_ticks
    place = k.first_reach(table_of(rows), bid, _NO_ASK if ask_ticks is None else ask_ticks)
    return int(rows["time_ns"][place]) if place < len(rows) else None


def warm_up() -> None:
    """Load (the first time on a machine: compile) the kernels, so that no actor waits for it."""
    rows = np.zeros((0, k.ROW_WIDTH), np.int64)
    k.note_news(rows, np.zeros(k.NEWS_SIZE, np.int64))
    k.next_cut(rows, 0, 0)
    k.next_break(rows, 0, 0)
    k.first_reach(rows, 0, _NO_ASK)
    k.find_hits(rows, 0, _NO_ASK, np.zeros(0, np.int64), 0, np.zeros((0, k.HIT_WIDTH), np.int64))
