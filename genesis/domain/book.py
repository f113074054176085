"""One symbol's order book, folded from market rows by Binance's rules. No clock, no I/O.

A gap is data, never an exception: the book is dropped, says so, keeps the newest diffs and is whole
again after the next snapshot. The rules are the venue's (binance-spot-api-docs, "How to manage a
local order book correctly"); the kernels are in ``book_kernels``.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from genesis.domain import book_kernels as k
from genesis.domain.instrument import Instrument
from genesis.messages.market import ROW, TRADE, Kind, Levels, Rows

PENDING_LIMIT_ROWS = 1 << 16
"""Diffs kept while waiting for a snapshot: 3.7 MB, some 150 s of a busy symbol's 100 ms diffs."""

_TICKER_RING = 1024
_TRADES_CHUNK = 1024
_EVENTS_CHUNK = 64

GAP = "update ids are missing"
TOO_OLD = "the snapshot is older than the first buffered diff"
CROSSED = "the book crossed"
RESTARTED = "the stream was restarted"

_REASONS = {k.GAP: GAP, k.TOO_OLD: TOO_OLD, k.CROSSED_BOOK: CROSSED, k.RESTARTED: RESTARTED}


class Gap(NamedTuple):
    """Why the book is not, or no longer, whole. ``reason``: GAP, TOO_OLD, CROSSED, RESTARTED."""

    time_ns: int
    expected_id: int
    got_id: int
    reason: str


class Resync(NamedTuple):
    """The book is whole as of ``update_id``. ``first``: it had never been before."""

    time_ns: int
    update_id: int
    first: bool


class Folded(msgspec.Struct, frozen=True):
    """What one ``Book.fold`` brought.

    ``trades`` has dtype ``TRADE``. ``depth_diffs`` were received, ``depth_updates`` are level rows
    applied from diffs (buffered ones when they are applied). ``crossed`` counts books dropped
    because a diff or snapshot crossed them. ``ticker_checked`` counts update ids at which both a
    ticker and the folded book were known, ``ticker_mismatch`` those where they differed in a price
    or quantity.
    """

    trades: Rows
    gaps: tuple[Gap, ...]
    resyncs: tuple[Resync, ...]
    crossed: int
    depth_diffs: int
    depth_updates: int
    snapshots: int
    tickers: int
    ticker_checked: int
    ticker_mismatch: int

    @property
    def sequence_gaps(self) -> int:
        """Gaps in the venue's update ids (not crossings, restarts or refused snapshots)."""
        return sum(gap.reason == GAP for gap in self.gaps)

    @property
    def recoveries(self) -> int:
        """Resyncs after a loss: the very first sync is not one."""
        return sum(not resync.first for resync in self.resyncs)


class Book:
    """The full depth of one symbol in ticks and market lots. Prices of 0 mean "none known"."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._state = np.zeros(k.STATE_SIZE, np.int64)
        self._book = np.zeros((4, 1024), np.int64)
        self._pending = np.zeros((256, k.ROW_WIDTH), np.int64)
        self._ring = np.zeros((_TICKER_RING, 5), np.int64)
        self._trades = np.zeros((_TRADES_CHUNK, k.TRADE_WIDTH), np.int64)
        self._events = np.zeros((_EVENTS_CHUNK, k.EVENT_WIDTH), np.int64)
        self._touch = np.zeros(4, np.int64)

    def fold(self, rows: Rows) -> Folded:
        """Fold rows of dtype ``ROW`` in receive order.

        Raises ValueError when rows are malformed (a diff cut short, an unknown kind): a bug of
        whoever made them.
        """
        table = np.ascontiguousarray(rows).view(np.int64).reshape(-1, k.ROW_WIDTH)
        state = self._state
        state[k.TRADES :] = 0
        chunks: list[npt.NDArray[np.int64]] = []
        gaps: list[Gap] = []
        resyncs: list[Resync] = []
        at = 0
        while True:
            at = k.fold_rows(
                table,
                at,
                state,
                self._book,
                self._pending,
                PENDING_LIMIT_ROWS,
                self._ring,
                self._trades,
                self._events,
            )
            self._drain(chunks, gaps, resyncs)
            stopped = int(state[k.STOPPED])
            if stopped == k.DONE:
                break
            self._make_room(stopped, table, at)
        counts = state.tolist()
        return Folded(
            trades=_as_trades(chunks),
            gaps=tuple(gaps),
            resyncs=tuple(resyncs),
            crossed=counts[k.CROSSED],
            depth_diffs=counts[k.DIFFS],
            depth_updates=counts[k.UPDATES],
            snapshots=counts[k.SNAPSHOTS],
            tickers=counts[k.TICKERS],
            ticker_checked=counts[k.CHECKED],
            ticker_mismatch=counts[k.MISMATCHED],
        )

    def fold_levels(
        self,
        side: npt.NDArray[np.int64],
        ticks: npt.NDArray[np.int64],
        lots: npt.NDArray[np.int64],
        best: npt.NDArray[np.int64],
    ) -> None:
        """Fold bare level changes (no ids, no sync) and write the best prices after each.

        ``side`` is +1 bid, -1 ask; ``best`` has shape (n, 2): best bid and ask in ticks. For
        histories whose sequence is known to be whole.
        """
        at = 0
        while (at := k.fold_levels(self._book, self._state, side, ticks, lots, best, at)) < len(
            ticks
        ):
            self._grow_levels(self._book.shape[1] + 1)

    @property
    def synced(self) -> bool:
        return bool(self._state[k.SYNCED])

    @property
    def last_update_id(self) -> int:
        """The venue's id of the newest diff or snapshot in the book; 0 while not synced."""
        return int(self._state[k.BOOK_ID])

    @property
    def time_ns(self) -> int:
        """When the newest data of any kind was received; 0 before any."""
        return int(self._state[k.TIME_NS])

    @property
    def data_event_ns(self) -> int:
        """The venue's newest event time; 0 before any."""
        return int(self._state[k.EVENT_NS])

    def touch(self) -> tuple[int, int, int, int]:
        """Bid ticks, bid lots, ask ticks, ask lots: of the book ticker where it is newer.

        All 0 while the book is not synced.
        """
        k.touch(self._book, self._state, self._touch)
        bid, bid_lots, ask, ask_lots = self._touch.tolist()
        return bid, bid_lots, ask, ask_lots

    def best(self) -> tuple[int, int, int, int]:
        """Bid ticks, bid lots, ask ticks, ask lots of the folded levels alone."""
        bids, asks = self.depth()
        book = self._book
        bid, bid_lots = (book[k.BID_KEYS, bids - 1], book[k.BID_LOTS, bids - 1]) if bids else (0, 0)
        ask, ask_lots = (book[k.ASK_KEYS, asks - 1], book[k.ASK_LOTS, asks - 1]) if asks else (0, 0)
        return int(bid), int(bid_lots), -int(ask), int(ask_lots)

    def depth(self) -> tuple[int, int]:
        """How many bid and ask levels are known."""
        return int(self._state[k.BIDS]), int(self._state[k.ASKS])

    def levels(self, n: int) -> tuple[Levels, Levels]:
        """Copies of the best ``n`` bids and asks, shape (up to n, 2), best first."""
        return self.side_levels(1, n), self.side_levels(-1, n)

    def side_levels(self, side: int, n: int) -> Levels:
        """A copy of the best ``n`` levels of one side (+1 bids, -1 asks), best first."""
        row, count = self._side(side)
        first = max(0, count - n)
        out = np.empty((count - first, 2), np.int64)
        out[:, 0] = self._book[row, first:count][::-1]
        out[:, 1] = self._book[row + 1, first:count][::-1]
        if side < 0:
            out[:, 0] *= -1
        return out

    def level_lots(self, side: int, ticks: int) -> int:
        """Lots resting at one price of a side (+1 bids, -1 asks); 0 when there is no level."""
        row, count = self._side(side)
        key = ticks if side > 0 else -ticks
        at = int(k.position(self._book[row], count, key))
        return int(self._book[row + 1, at]) if at < count and self._book[row, at] == key else 0

    def lots_within(self, side: int, limit_ticks: int) -> int:
        """Total lots of a side (+1 bids, -1 asks) at ``limit_ticks`` or better."""
        row, count = self._side(side)
        at = int(k.position(self._book[row], count, limit_ticks if side > 0 else -limit_ticks))
        return int(self._book[row + 1, at:count].sum())

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
        k.drop(self._state)

    def _side(self, side: int) -> tuple[int, int]:
        bids, asks = self.depth()
        return (k.BID_KEYS, bids) if side > 0 else (k.ASK_KEYS, asks)

    def _drain(
        self, chunks: list[npt.NDArray[np.int64]], gaps: list[Gap], resyncs: list[Resync]
    ) -> None:
        state = self._state
        if trades := int(state[k.TRADES]):
            chunks.append(self._trades[:trades].copy())
        for what, time_ns, expected, got in self._events[: state[k.EVENTS]].tolist():
            if what in _REASONS:
                gaps.append(Gap(time_ns, expected, got, _REASONS[what]))
            else:
                resyncs.append(Resync(time_ns, expected, what == k.FIRST_SYNC))
        state[k.TRADES] = state[k.EVENTS] = 0

    def _make_room(self, stopped: int, table: npt.NDArray[np.int64], at: int) -> None:
        if stopped == k.GROW_LEVELS:
            pending = int(self._state[k.PENDING_END])
            self._grow_levels(max(self.depth()) + 1 + int(table[at, k.QUANTITY]) + pending)
        elif stopped == k.GROW_PENDING:
            grown = np.zeros((2 * len(self._pending), k.ROW_WIDTH), np.int64)
            grown[: len(self._pending)] = self._pending
            self._pending = grown
        elif stopped != k.DRAIN:
            kind = int(table[at, k.KIND])
            what = "is cut short" if stopped == k.CUT_SHORT else "is not expected here"
            raise ValueError(f"{self.instrument.symbol}: row {at} of kind {kind} {what}")

    def _grow_levels(self, needed: int) -> None:
        capacity = self._book.shape[1]
        while capacity < needed:
            capacity *= 2
        grown = np.zeros((4, capacity), np.int64)
        grown[:, : self._book.shape[1]] = self._book
        self._book = grown


def _as_trades(chunks: list[npt.NDArray[np.int64]]) -> Rows:
    if not chunks:
        return np.empty(0, TRADE)
    table = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
    return table.reshape(-1).view(TRADE)


def warm_up() -> None:
    """Load (the first time on a machine: compile) every kernel, so that no actor waits for it."""
    from decimal import Decimal

    unit = Decimal(1)
    book = Book(Instrument.build("WARM", "A", "B", tick_size=unit, step_size=unit))
    book.fold(np.zeros(0, ROW))
    book.touch()
    book.level_lots(1, 1)
    book.drop()
    one = np.ones(1, np.int64)
    book.fold_levels(one, one, one, np.zeros((1, 2), np.int64))
