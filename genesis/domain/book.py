"""One symbol's order book, folded from market rows by Binance's rules. No clock, no I/O.

A gap is data, never an exception: the book is dropped, says so, keeps the newest diffs and is whole
again after the next snapshot. The rules are the venue's (binance-spot-api-docs, "How to manage a
local order book correctly"); the kernels are in
``sync_kernels`` and ``level_kernels``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from genesis.domain import book_layout as lay
from genesis.domain import level_kernels, sync_kernels
from genesis.domain.folded import Folded, Gap, Resync, add_events
from genesis.domain.instrument import Instrument
from genesis.messages.market import ROW, Kind, Levels, Rows, Table, table_of

PENDING_LIMIT_ROWS = 1 << 16
"""Diffs kept while waiting for a snapshot: 3.7 MB, some 150 s of a busy symbol's 100 ms diffs."""

_CAPACITY = 1024  # levels a side to begin with; doubles
_TICKER_RING = 1024
_TRADES_CHUNK = 1 << 14
_EVENTS_CHUNK = 64
_TOPS_CHUNK = 1 << 14
_NO_TRADES: Table = np.empty((0, lay.TRADE_WIDTH), np.int64)
_NO_TOPS: Table = np.empty((0, lay.TOP_WIDTH), np.int64)

Top = tuple[int, int, int, int]
"""Bid ticks, bid lots, ask ticks, ask lots."""


class Book:
    """The full depth of one symbol in ticks and market lots. Prices of 0 mean "none known".

    ``tops``: note the touch after every moment at which something of it was received; ``trades``:
    note the trades.
    """

    def __init__(self, instrument: Instrument, *, tops: bool = False, trades: bool = True) -> None:
        self.instrument = instrument
        self._state = np.zeros(lay.STATE_SIZE, np.int64)
        self._known: list[int] = self._state.tolist()  # as the newest fold left it
        self._keys = np.zeros(2 * _CAPACITY, np.int64)
        self._lots = np.zeros(2 * _CAPACITY, np.int64)
        self._pending = np.zeros((256, lay.ROW_WIDTH), np.int64)
        self._ring = np.zeros((_TICKER_RING, 5), np.int64)
        self._trades_chunk = _TRADES_CHUNK if trades else 0
        self._begin_trades()
        self._events = np.zeros((_EVENTS_CHUNK, lay.EVENT_WIDTH), np.int64)
        self._tops = np.zeros((_TOPS_CHUNK if tops else 0, lay.TOP_WIDTH), np.int64)

    def fold(self, rows: npt.NDArray[Any]) -> Folded:
        """Fold rows of dtype ``ROW``, or a table of its columns, in receive order.

        Raises ValueError when rows are malformed (a diff cut short, an unknown kind): a bug of
        whoever made them.
        """
        table: Table = rows if rows.ndim == 2 else table_of(rows)
        at = self._fold(table, 0)
        known = self._known
        if known[lay.STOPPED] or known[lay.EVENTS]:
            return self._fold_rest(table, at)
        noted = known[lay.TOPS]
        return Folded(
            self._take_trades(),
            self._tops[:noted].copy() if noted > 1 else _NO_TOPS,
            known[lay.TOP_NS],
            (),
            (),
            *known[lay.CROSSED : lay.TOUCH],
        )

    def follow(self, table: Table) -> None:
        """As ``fold``, where nobody wants to know what it brought."""
        at = self._fold(table, 0)
        while stopped := self._known[lay.STOPPED]:
            self._take_trades()
            self._make_room(stopped, table, at)
            at = self._fold(table, at)

    def _fold_rest(self, table: Table, at: int) -> Folded:
        """What there is to do where not all was folded at once, or more came of it than usual."""
        trades: list[Table] = []
        tops: list[Table] = []
        gaps: list[Gap] = []
        resyncs: list[Resync] = []
        top_ns = 0
        while True:
            known = self._known
            trades.append(self._take_trades())
            if noted := known[lay.TOPS]:
                top_ns = known[lay.TOP_NS]
                if tops and tops[-1][-1, 0] == self._tops[0, 0]:
                    tops[-1] = tops[-1][:-1]  # of one moment only the last counts
                tops.append(self._tops[:noted].copy())
            if noted := known[lay.EVENTS]:
                add_events(self._events[:noted].tolist(), gaps, resyncs)
            if known[lay.STOPPED] == lay.DONE:
                break
            self._make_room(known[lay.STOPPED], table, at)
            at = self._fold(table, at)
        return Folded(
            _joined(trades),
            _joined(tops) if tops else _NO_TOPS,
            top_ns,
            tuple(gaps),
            tuple(resyncs),
            *known[lay.CROSSED : lay.TOUCH],
        )

    def _fold(self, table: Table, at: int) -> int:
        at = sync_kernels.fold_rows(
            table,
            at,
            PENDING_LIMIT_ROWS,
            self._state,
            self._keys,
            self._lots,
            self._pending,
            self._ring,
            self._trades,
            self._events,
            self._tops,
        )
        # Python reads a list in a tenth of the time it takes to read an array.
        self._known = self._state.tolist()
        return at

    def _begin_trades(self) -> None:
        """Trades go out as parts of a chunk, so none is written twice."""
        self._trades = np.empty((self._trades_chunk, lay.TRADE_WIDTH), np.int64)
        self._trades_taken = self._state[lay.TRADES] = 0

    def _take_trades(self) -> Table:
        first, end = self._trades_taken, self._known[lay.TRADES]
        self._trades_taken = end
        return self._trades[first:end] if first < end else _NO_TRADES

    def fold_levels(
        self, changes: npt.NDArray[np.int64], best: npt.NDArray[np.int64]
    ) -> tuple[int, int]:
        """Fold bare level changes (no ids, no sync rules) and return the best bid and ask.

        ``changes`` has shape (n, 3): side (+1 bid, -1 ask), ticks, lots; the best prices after
        each change are written into ``best``, shape (n, 2). Both contiguous. For histories whose
        sequence is known to be whole.
        """
        at = 0
        while True:
            at, bid, ask = level_kernels.fold_levels(
                self._keys, self._lots, self._state, changes, best, at
            )
            if at == len(changes):
                return bid, ask
            self._grow_levels(len(self._keys) // 2 + 1)

    def newest(self) -> tuple[bool, int, int, int, int, int, int]:
        """``synced``, ``last_update_id``, ``time_ns`` and the ``touch``, in one go."""
        known = self._known
        bid, bid_lots, ask, ask_lots = known[lay.TOUCH : lay.TOUCH_END]
        synced, update_id, time_ns = known[lay.SYNCED], known[lay.BOOK_ID], known[lay.TIME_NS]
        return synced == 1, update_id, time_ns, bid, bid_lots, ask, ask_lots

    @property
    def synced(self) -> bool:
        return bool(self._known[lay.SYNCED])

    @property
    def last_update_id(self) -> int:
        """The venue's id of the newest diff or snapshot in the book; 0 while not synced."""
        return self._known[lay.BOOK_ID]

    @property
    def time_ns(self) -> int:
        """When the newest diff, snapshot or ticker not older than the book was received, or 0.

        Trades say nothing of the levels: while only they come, the book grows stale.
        """
        return self._known[lay.TIME_NS]

    @property
    def depth_event_ns(self) -> int:
        """The venue's time of the newest diff, of the book or not; 0 before any."""
        return self._known[lay.DEPTH_EVENT_NS]

    @property
    def ticker_id(self) -> int:
        """The update id of the newest ticker; 0 before any."""
        return self._known[lay.TICKER_ID]

    @property
    def shows_touch_alone(self) -> bool:
        """Whether it is whole and has no levels, as of a history of bars or trades."""
        return bool(self._known[lay.TOUCH_ALONE])

    def top(self, side: int) -> tuple[int, int]:
        """Ticks and lots of one side (+1 bids, -1 asks) of the ``touch``; both 0 where it has none.

        A book ticker may have a price without a quantity: nothing is on offer there.
        """
        known, at = self._known, lay.TOUCH if side > 0 else lay.TOUCH + 2
        ticks, lots = known[at], known[at + 1]
        return (ticks, lots) if lots else (0, 0)

    def touch(self) -> Top:
        """Bid ticks, bid lots, ask ticks, ask lots: of the book ticker where it is newer.

        All 0 while the book is not synced.
        """
        bid, bid_lots, ask, ask_lots = self._known[lay.TOUCH : lay.TOUCH_END]
        return bid, bid_lots, ask, ask_lots

    def best(self) -> Top:
        """Bid ticks, bid lots, ask ticks, ask lots of the folded levels alone."""
        best: Top = level_kernels.folded_top(self._keys, self._lots, self._state)
        return best

    def depth(self) -> tuple[int, int]:
        """How many bid and ask levels are known."""
        return int(self._state[lay.BIDS]), int(self._state[lay.ASKS])

    def levels(self, n: int) -> tuple[Levels, Levels]:
        """Copies of the best ``n`` bids and asks, shape (up to n, 2), best first."""
        return self.side_levels(1, n), self.side_levels(-1, n)

    def side_levels(self, side: int, n: int) -> Levels:
        """A copy of the best ``n`` levels of one side (+1 bids, -1 asks), best first."""
        base, count = self._side(side)
        first, end = base + max(0, count - n), base + count
        out = np.empty((end - first, 2), np.int64)
        out[:, 0] = self._keys[first:end][::-1]
        out[:, 1] = self._lots[first:end][::-1]
        if side < 0:
            out[:, 0] *= -1
        return out

    def level_lots(self, side: int, ticks: int) -> int:
        """Lots resting at one price of a side (+1 bids, -1 asks); 0 when there is no level."""
        base, count = self._side(side)
        key = ticks if side > 0 else -ticks
        at = level_kernels.position(self._keys, base, count, key)
        is_there = at < count and self._keys[base + at] == key
        return int(self._lots[base + at]) if is_there else 0

    def snapshot_rows(self, time_ns: int) -> Rows:
        """The whole book as a venue would answer a depth request: SNAPSHOT_BEGIN and its levels.

        Raises ValueError while the book is not synced: there is nothing true to serve.
        """
        if not self.synced:
            raise ValueError(f"{self.instrument.symbol}: no snapshot of a book that is not synced")
        bids, asks = self.levels(max(self.depth()))
        rows = np.zeros(1 + len(bids) + len(asks), ROW)
        rows["time_ns"] = time_ns
        rows["last_id"] = self.last_update_id
        rows["kind"][0] = Kind.SNAPSHOT_BEGIN
        rows["quantity_lots"][0] = len(bids) + len(asks)
        for kind, levels, first in ((Kind.BID, bids, 1), (Kind.ASK, asks, 1 + len(bids))):
            part = rows[first : first + len(levels)]
            part["kind"] = kind
            part["price_ticks"] = levels[:, 0]
            part["quantity_lots"] = levels[:, 1]
        return rows

    def drop(self) -> None:
        """Forget everything (as after a reconnect) and wait for a snapshot. Reports nothing."""
        sync_kernels.drop(self._state)
        self._known = self._state.tolist()

    def _side(self, side: int) -> tuple[int, int]:
        """Where a side's entries begin in the tables, and how many there are."""
        bids, asks = self.depth()
        return (0, bids) if side > 0 else (len(self._keys) // 2, asks)

    def _make_room(self, stopped: int, table: npt.NDArray[np.int64], at: int) -> None:
        if stopped == lay.GROW_LEVELS:
            pending = int(self._state[lay.PENDING_END])
            self._grow_levels(max(self.depth()) + 1 + int(table[at, lay.QUANTITY]) + pending)
        elif stopped == lay.GROW_PENDING:
            grown = np.zeros((2 * len(self._pending), lay.ROW_WIDTH), np.int64)
            grown[: len(self._pending)] = self._pending
            self._pending = grown
        elif stopped == lay.DRAIN:
            if self._trades_taken == len(self._trades):
                self._begin_trades()
        else:
            kind = int(table[at, lay.KIND])
            what = "is cut short" if stopped == lay.CUT_SHORT else "is not expected here"
            raise ValueError(f"{self.instrument.symbol}: row {at} of kind {kind} {what}")

    def _grow_levels(self, needed: int) -> None:
        capacity = old = len(self._keys) // 2
        while capacity < needed:
            capacity *= 2
        self._keys = _spread(self._keys, old, capacity)
        self._lots = _spread(self._lots, old, capacity)


def _joined(tables: list[Table]) -> Table:
    return tables[0] if len(tables) == 1 else np.concatenate(tables)


def _spread(table: npt.NDArray[np.int64], old: int, capacity: int) -> npt.NDArray[np.int64]:
    """Both halves of a table at the beginning of the halves of a larger one."""
    grown = np.zeros(2 * capacity, np.int64)
    grown[:old] = table[:old]
    grown[capacity : capacity + old] = table[old:]
    return grown


def warm_up() -> None:
    """Load (the first time on a machine: compile) every kernel, so that no actor waits for it."""
    unit = Decimal(1)
    book = Book(Instrument.build("WARM", "A", "B", tick_size=unit, step_size=unit))
    book.fold(np.zeros(0, ROW))
    book.best()
    book.level_lots(1, 1)
    book.drop()
    book.fold_levels(np.ones((1, 3), np.int64), np.zeros((1, 2), np.int64))
