"""One symbol's book: folds batches, publishes views and trades, asks for a snapshot after a gap."""

from __future__ import annotations

import numpy as np

from genesis.actors.journaling import JournalingActor
from genesis.domain.book import Book
from genesis.domain.instrument import Instrument
from genesis.messages.base import Message
from genesis.messages.journal import BookLost, BookRecovered
from genesis.messages.market import (
    NO_LEVELS,
    NO_TOPS,
    TRADE,
    AskBest,
    Best,
    BookView,
    MarketBatch,
    RequestSnapshot,
    Rows,
    TradeTicks,
)
from genesis.runtime.actor import Context, handles

EXCHANGE = "exchange"
SNAPSHOT_RETRY_NS = 1_000_000_000
NO_TOUCH = (0, 0, 0, 0)


class AskAgain(Message, frozen=True):
    """Time to ask for the snapshot once more, if it has not come."""


class OrderBook(JournalingActor):
    """Never serves a gapped or crossed book: its view says so and holds no prices."""

    def __init__(
        self,
        context: Context,
        instrument: Instrument,
        depth_levels: int,
        view_readers: tuple[str, ...],
        trade_readers: tuple[str, ...],
    ) -> None:
        super().__init__(context)
        self._instrument = instrument
        self._depth_levels = depth_levels
        self._view_readers = view_readers
        self._trade_readers = trade_readers

    def begin(self) -> None:
        super().begin()
        self._book = Book(self._instrument, tops=True)
        self._asked = False
        self._publish(0, np.empty(0, TRADE), NO_TOPS)

    @handles(MarketBatch)
    def _on_batch(self, batch: MarketBatch) -> None:
        folded = self._book.fold(batch.rows)
        symbol = batch.symbol
        # What is a first sync to this incarnation is a recovery to the run.
        recovered = [r for r in folded.resyncs if self.epoch > 1 or not r.first]
        self.record(*(BookLost(symbol, gap.reason) for gap in folded.gaps))
        self.record(*(BookRecovered(symbol, resync.update_id) for resync in recovered))
        self._publish(batch.trace_id, folded.trades, folded.tops)
        if not self._book.synced and not self._asked:
            self._ask_for_snapshot()
        self.count("depth_updates", folded.depth_updates)
        self.count("trades", len(folded.trades))
        if folded.gaps or recovered:
            self.count("gaps", folded.sequence_gaps)
            self.count("crossed", folded.crossed)
            self.count("resyncs", len(recovered))

    @handles(AskAgain)
    def _on_ask_again(self, again: AskAgain) -> None:
        self._asked = False
        if not self._book.synced:
            self._ask_for_snapshot()

    @handles(AskBest)
    def _on_ask_best(self, question: AskBest) -> Best:
        book = self._book
        best = (0, 0, 0, 0)
        if book.synced:  # a history of bars or trades has quotes and no levels
            best = book.best() if any(book.depth()) else book.touch()
        return Best(self._instrument.symbol, book.last_update_id, *best)

    def _ask_for_snapshot(self) -> None:
        self._asked = True
        self.tell(EXCHANGE, RequestSnapshot(self._instrument.symbol, self.name))
        self.after(SNAPSHOT_RETRY_NS, AskAgain())

    def _publish(self, trace_id: int, trades: Rows, tops: Rows) -> None:
        """Tell every reader its view, and those of trades the trades behind it, in one go."""
        book = self._book
        newest_ns, touch = 0, NO_TOUCH
        if len(tops):
            newest_ns, _, _, _, *newest = tops[-1].item()
            touch = tuple(newest)
        elif book.synced:
            touch = book.touch()
        bid_ticks, bid_lots, ask_ticks, ask_lots = touch if book.synced else NO_TOUCH
        bids, asks = NO_LEVELS, NO_LEVELS
        if self._depth_levels and book.synced:
            bids, asks = book.levels(self._depth_levels)
        view = BookView(
            symbol=self._instrument.symbol,
            trace_id=trace_id,
            time_ns=book.time_ns,
            synced=book.synced,
            update_id=book.last_update_id,
            bid_ticks=bid_ticks,
            bid_lots=bid_lots,
            ask_ticks=ask_ticks,
            ask_lots=ask_lots,
            bids=bids,
            asks=asks,
            tops=tops,
            newest_ns=newest_ns,
        )
        ticks = TradeTicks(view.symbol, trace_id, trades)
        for reader in self._view_readers:
            self.tell(reader, view)
            if len(trades) and reader in self._trade_readers:
                self.tell(reader, ticks)
