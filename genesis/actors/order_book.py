"""One symbol's book: folds batches, publishes views and trades, asks for a snapshot after a gap."""

from __future__ import annotations

from genesis.actors.journaling import JournalingActor
from genesis.domain.book import Book
from genesis.domain.folded import Folded
from genesis.domain.instrument import Instrument
from genesis.messages.base import Message
from genesis.messages.journal import BookLost, BookRecovered
from genesis.messages.market import (
    NO_LEVELS,
    NO_TOPS,
    AskBest,
    Best,
    BookView,
    MarketBatch,
    RequestSnapshot,
    Rows,
    TradeTicks,
)
from genesis.messages.names import EXCHANGE
from genesis.runtime.actor import Context, handles

SNAPSHOT_RETRY_NS = 1_000_000_000
SHOW_AGAIN_NS = 1_000_000_000
"""A reader that was restarted sees no book for longer than this, while any data comes."""


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
        self._top_ns = 0
        self._show(self._view(0, NO_TOPS))

    @handles(MarketBatch)
    def _on_batch(self, batch: MarketBatch) -> None:
        book, trace_id = self._book, batch.trace_id
        folded = book.fold(batch.table)
        if folded.gaps or folded.resyncs:
            self._report(folded)
        # Trades tell nothing of the book: its view is then only for who may have come since.
        self._top_ns = folded.top_ns or self._top_ns
        if folded.top_ns or self.now_ns() - self._shown_ns >= SHOW_AGAIN_NS:
            tops = folded.tops if len(folded.top_table) else NO_TOPS
            self._show(self._view(trace_id, tops))
        trades = len(folded.trade_table)
        if trades:
            ticks = TradeTicks(batch.symbol, trace_id, folded.trade_table)
            for reader in self._trade_readers:
                self.tell(reader, ticks)
        if not book.synced and not self._asked:
            self._ask_for_snapshot()
        self.count("depth_updates", folded.depth_updates)
        self.count("trades", trades)

    def _report(self, folded: Folded) -> None:
        """Losses and recoveries to the journal; what is a first sync to this incarnation is a
        recovery to the run."""
        symbol = self._instrument.symbol
        recovered = [r for r in folded.resyncs if self.epoch > 1 or not r.first]
        self.record(*(BookLost(symbol, gap.reason) for gap in folded.gaps))
        self.record(*(BookRecovered(symbol, resync.update_id) for resync in recovered))
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

    def _view(self, trace_id: int, tops: Rows) -> BookView:
        synced, update_id, time_ns, bid, bid_lots, ask, ask_lots = self._book.newest()
        bids, asks = NO_LEVELS, NO_LEVELS
        if self._depth_levels and synced:
            bids, asks = self._book.levels(self._depth_levels)
        return BookView(
            self._instrument.symbol,
            trace_id,
            time_ns,
            synced,
            update_id,
            bid,
            bid_lots,
            ask,
            ask_lots,
            bids,
            asks,
            tops,
            self._top_ns,
        )

    def _show(self, view: BookView) -> None:
        self._shown_ns = self.now_ns()
        for reader in self._view_readers:
            self.tell(reader, view)
