"""Market data as it travels between actors: columns of integers, never one object per update."""

from __future__ import annotations

import enum
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from genesis.messages.base import Message, Overflow


class Kind(enum.IntEnum):
    """What one row of a ``MarketBatch`` is.

    ``DEPTH_BEGIN`` opens one depth diff: ``first_id``/``last_id`` are Binance's ``U``/``u`` and
    ``quantity_lots`` is the number of level rows that follow it (0 is legal).
    ``SNAPSHOT_BEGIN`` opens a full book: ``last_id`` is ``lastUpdateId``, ``quantity_lots`` again
    the number of level rows that follow. ``BID`` and ``ASK`` are level rows (quantity 0 removes).
    ``TRADE_BUY``/``TRADE_SELL``: the aggressor bought / sold; ``first_id`` is the trade id.
    ``TICKER_BID`` is always followed by its ``TICKER_ASK``; both carry ``last_id`` = ``u``.
    ``RESET``: the stream was (re)connected; the book must be dropped until the next snapshot.
    """

    DEPTH_BEGIN = 1
    SNAPSHOT_BEGIN = 2
    BID = 3
    ASK = 4
    TRADE_BUY = 5
    TRADE_SELL = 6
    TICKER_BID = 7
    TICKER_ASK = 8
    RESET = 9


ROW = np.dtype(
    [
        ("time_ns", "i8"),  # our receive time, ns UTC
        ("event_ns", "i8"),  # the venue's event time, ns UTC; 0 where the frame has none
        ("kind", "i8"),
        ("price_ticks", "i8"),
        ("quantity_lots", "i8"),
        ("first_id", "i8"),
        ("last_id", "i8"),
    ]
)

TRADE = np.dtype(
    [
        ("time_ns", "i8"),
        ("event_ns", "i8"),
        ("trade_id", "i8"),
        ("side", "i8"),  # +1 the aggressor bought, -1 sold
        ("price_ticks", "i8"),
        ("quantity_lots", "i8"),
        # The touch at that moment, as the folded book (or a newer ticker) knew it; 0 = unknown.
        ("bid_ticks", "i8"),
        ("bid_lots", "i8"),
        ("ask_ticks", "i8"),
        ("ask_lots", "i8"),
    ]
)

TOP = np.dtype(
    [
        ("at_ns", "i8"),  # from when on this is the top
        ("time_ns", "i8"),  # when the newest data in it was received
        ("synced", "i8"),
        ("update_id", "i8"),
        ("bid_ticks", "i8"),
        ("bid_lots", "i8"),
        ("ask_ticks", "i8"),
        ("ask_lots", "i8"),
    ]
)

Rows = npt.NDArray[np.void]
"""One-dimensional, dtype ``ROW`` (``TRADE``, ``TOP`` where so named); never written after sending.
"""

Table = npt.NDArray[np.int64]
"""The same rows without names, shape (n, columns of the dtype): cheaper to make and to hand over.
"""

Levels = npt.NDArray[np.int64]
"""Shape (n, 2): price in ticks, quantity in lots, best price first."""


NO_TRADES: Rows = np.empty(0, TRADE)
NO_TOPS: Rows = np.empty(0, TOP)
NO_LEVELS: Levels = np.empty((0, 2), np.int64)


def table_of(rows: Rows) -> Table:
    """``rows`` without their names; copied only where they do not lie in one piece."""
    width = len(rows.dtype.names or ())
    return np.ndarray((len(rows), width), np.int64, np.ascontiguousarray(rows))


def rows_of(table: npt.NDArray[Any], dtype: np.dtype[np.void]) -> Rows:
    """``table`` with the names of ``dtype``; what has names already (captured by a former version)
    stays as it is."""
    if table.ndim == 1:
        return table
    return np.ndarray(len(table), dtype, np.ascontiguousarray(table))


class RawFrame(Message, frozen=True):
    """One frame as the venue wrote it.

    ``where`` names it for error messages (file:line). ``symbol`` is set for a REST depth answer,
    whose body does not say what symbol it is of. ``restarted`` marks the place where the connection
    was opened anew: no frame of the venue's, with no payload, and every book is dropped there.
    """

    received_ns: int
    payload: bytes
    where: str = ""
    symbol: str = ""
    restarted: bool = False


class RawFrames(Message, frozen=True):
    """Frames of one connection in the order received. Never conflated; a loss shows as a gap."""

    overflow: ClassVar[Overflow] = Overflow.RESYNC

    connection: str
    first_frame: int  # running number of the first frame on this connection
    frames: tuple[RawFrame, ...]


class MarketBatch(Message, frozen=True):
    """Decoded rows of one symbol in receive order (columns of ``ROW``)."""

    overflow: ClassVar[Overflow] = Overflow.RESYNC

    symbol: str
    trace_id: int
    table: Table

    @property
    def rows(self) -> Rows:
        """Dtype ``ROW``."""
        return rows_of(self.table, ROW)


class MarketRows(Message, frozen=True):
    """A stretch of a history that is decoded already: per symbol its rows in receive order."""

    overflow: ClassVar[Overflow] = Overflow.RESYNC

    connection: str
    batches: tuple[MarketBatch, ...]


class BookView(Message, frozen=True):
    """The newest top of one synchronised book. Conflates per symbol: the newest wins.

    ``time_ns`` is when the newest data in it was received. ``bids``/``asks`` are the top N levels.
    The touch may come from a book ticker newer than the folded depth.
    While ``synced`` is False all prices are 0 and the arrays empty: a gapped book serves nothing.
    ``newest_ns`` is from when on this is the top; 0 before there was one.
    ``tops`` (dtype ``TOP``) are the tops on the way to this one, itself included, the first from
    after the view before; empty where this one is the only one.
    """

    overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST

    symbol: str
    trace_id: int
    time_ns: int
    synced: bool
    update_id: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int
    bids: Levels = NO_LEVELS
    asks: Levels = NO_LEVELS
    tops: Rows = NO_TOPS
    newest_ns: int = 0

    @property
    def conflation_key(self) -> str:
        return self.symbol

    def all_tops(self) -> Rows:
        """``tops``, made of the view itself where it is the only one."""
        if len(self.tops) or not self.newest_ns:
            return self.tops
        touch = (self.bid_ticks, self.bid_lots, self.ask_ticks, self.ask_lots)
        return np.array([(self.newest_ns, self.time_ns, self.synced, self.update_id, *touch)], TOP)


class TradeTicks(Message, frozen=True):
    """Public trades of one symbol in order (columns of ``TRADE``). Never conflated."""

    overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST

    symbol: str
    trace_id: int
    table: Table

    @property
    def trades(self) -> Rows:
        """Dtype ``TRADE``."""
        return rows_of(self.table, TRADE)


class RequestSnapshot(Message, frozen=True):
    """Ask the venue for a full book; it answers with a ``MarketBatch`` holding SNAPSHOT rows.

    ``reply_to`` is the name of the address that wants it.
    """

    symbol: str
    reply_to: str


class AskBest(Message, frozen=True):
    """A question to a book; answered with ``Best``."""


class Best(Message, frozen=True):
    """The top of the folded levels; all 0 while the book is not whole."""

    symbol: str
    update_id: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int
