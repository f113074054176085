"""What folding market rows into a book brought: trades, tops, losses, counts. Folds nothing."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from genesis.domain import book_layout as lay
from genesis.messages.market import TOP, TRADE, Rows, Table, rows_of

GAP = "update ids are missing"
TOO_OLD = "the snapshot is older than the first buffered diff"
CROSSED = "the book crossed"
RESTARTED = "the stream was restarted"

_REASONS = {lay.GAP: GAP, lay.TOO_OLD: TOO_OLD, lay.CROSSED_BOOK: CROSSED, lay.RESTARTED: RESTARTED}


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

    ``trade_table`` has the columns of ``TRADE``, ``top_table`` those of ``TOP`` (if the book notes
    tops; where there was one alone it may be empty: it is the touch, since ``top_ns``).
    ``depth_diffs`` were received, ``depth_updates`` are level rows applied from diffs (buffered
    ones when they are applied). ``crossed`` counts books dropped because a diff or snapshot crossed
    them. ``ticker_checked`` counts update ids at which both a ticker and the folded book were
    known, ``ticker_mismatch`` those where they differed in a price or quantity.
    """

    trade_table: Table
    top_table: Table
    top_ns: int
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
    def trades(self) -> Rows:
        """Dtype ``TRADE``."""
        return rows_of(self.trade_table, TRADE)

    @property
    def tops(self) -> Rows:
        """Dtype ``TOP``."""
        return rows_of(self.top_table, TOP)

    @property
    def sequence_gaps(self) -> int:
        """Gaps in the venue's update ids (not crossings, restarts or refused snapshots)."""
        return sum(gap.reason == GAP for gap in self.gaps)

    @property
    def recoveries(self) -> int:
        """Resyncs after a loss: the very first sync is not one."""
        return sum(not resync.first for resync in self.resyncs)


def add_events(events: list[list[int]], gaps: list[Gap], resyncs: list[Resync]) -> None:
    """Rows of the kernels' table of events, told apart."""
    for what, time_ns, expected, got in events:
        if what in _REASONS:
            gaps.append(Gap(time_ns, expected, got, _REASONS[what]))
        else:
            resyncs.append(Resync(time_ns, expected, what == lay.FIRST_SYNC))
