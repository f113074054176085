"""Find the few market rows that can matter to own orders, without a Python step per row. Pure.

What is found does not depend on how the rows were batched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from genesis.domain.book_layout import ROW_WIDTH, TIME
from genesis.messages import row_kind
from genesis.messages.market import Table
from genesis.simulator import tape_kernels as k
from genesis.simulator.liquidity import ASKS, BIDS

SUMMARY = -1
"""``last_id`` of a trade row that sums up many trades, as a bar does: it tells strategies what was
traded, and fills nothing, as it does not say in which order those trades met the book."""

_NO_ASK = (1 << 63) - 1
_HITS_ROOM = 64
# As plain integers: the kinds of hits are, and an enum member costs more than the rest of a hit.
_TRADE_SIDES = {row_kind.BUY: ASKS, row_kind.SELL: BIDS}
_TICKER_KINDS = {row_kind.TICKER_BID, row_kind.TICKER_ASK}
_DEPTH_SIDES = {row_kind.BID: BIDS, row_kind.ASK: ASKS}
_LEVEL_SIDES = _DEPTH_SIDES | {row_kind.TICKER_BID: BIDS, row_kind.TICKER_ASK: ASKS}

Hit = list[int]
"""Of one row: time_ns, event_ns, kind, price_ticks, quantity_lots, update_id."""


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


class Scanner:
    """Goes over the rows of one symbol, piece by piece."""

    def __init__(self) -> None:
        self._hits = np.empty((_HITS_ROOM, k.HIT_WIDTH), np.int64)

    def next_piece(
        self, table: Table, start: int, book_id: int, interest: Interest
    ) -> tuple[int, list[Hit]]:
        """Where the piece that begins at row ``start`` ends, and its rows of interest, in order.

        Snapshots, restarts and diffs after a gap are pieces of their own; within every other piece
        each diff follows the one before. ``book_id`` is the newest update of the book, into which
        all rows before ``start`` and none from there on are folded.

        Depth of a book that is not whole, old diffs and tickers older than the depth say nothing
        and are left out; trades are true in any case.
        """
        bid, ask = interest.bid_ticks, interest.ask_ticks
        levels = np.array(sorted(interest.prices), np.int64)
        while True:
            end, found = k.scan_piece(
                table,
                start,
                0 if bid is None else bid,
                _NO_ASK if ask is None else ask,
                levels,
                book_id,
                self._hits,
            )
            if found <= len(self._hits):
                return end, self._hits[:found].tolist() if found else []
            self._hits = np.empty((found, k.HIT_WIDTH), np.int64)


def breaks_ns(parts: Iterable[Table]) -> list[int]:
    """When rows came that may lose a book or make it whole, in order. ``parts`` follow each other.

    Told by kinds and update ids: that a book crosses, only who folds it knows.
    """
    found: list[int] = []
    newest_id = 0
    for table in parts:
        place, newest_id = k.next_break(table, 0, newest_id)
        while place < len(table):
            found.append(table.item(place, TIME))
            place, newest_id = k.next_break(table, place + 1, newest_id)
    return found


def seen(hits: Iterable[Hit]) -> Iterator[TradeSeen | LevelSeen]:
    """What the hits of a piece say; what sums up many trades says nothing."""
    for time_ns, event_ns, kind, ticks, lots, update_id in hits:
        if kind in _TRADE_SIDES:
            if update_id == SUMMARY:
                continue
            yield TradeSeen(time_ns, event_ns, _TRADE_SIDES[kind], ticks, lots)
        else:
            side, from_ticker = _LEVEL_SIDES[kind], kind in _TICKER_KINDS
            yield LevelSeen(time_ns, event_ns, side, ticks, lots, update_id, from_ticker)


def depth_levels(hits: Iterable[Hit]) -> Iterator[tuple[int, int, int]]:
    """Side, ticks and lots of the levels among the hits that the depth itself changed.

    Tickers run ahead of the depth: a level they change would be changed back, and read as grown,
    by the depth of a moment before.
    """
    for _, _, kind, ticks, lots, _ in hits:
        if kind in _DEPTH_SIDES:
            yield _DEPTH_SIDES[kind], ticks, lots


def reached_ns(table: Table, bid_ticks: int | None, ask_ticks: int | None) -> int | None:
    """When the first row was received that might fill an own order; None where none does.

    ``bid_ticks`` and ``ask_ticks`` are the best own prices, None for a side without orders.
    """
    bid = 0 if bid_ticks is None else bid_ticks
    place = k.first_reach(table, bid, _NO_ASK if ask_ticks is None else ask_ticks)
    return table.item(place, TIME) if place < len(table) else None


def warm_up() -> None:
    """Load (the first time on a machine: compile) the kernels, so that no actor waits for it."""
    rows = np.zeros((0, ROW_WIDTH), np.int64)
    k.next_break(rows, 0, 0)
    k.first_reach(rows, 0, _NO_ASK)
    Scanner().next_piece(rows, 0, 0, Interest(None, None, []))
