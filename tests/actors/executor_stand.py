"""An executor alone, with a venue that answers when told to."""

from __future__ import annotations

from fake import SECOND, FakeRuntime, Stage
from orders_told import ID, SYMBOL, S, approved, snapshot

from genesis.actors.executor import Executor
from genesis.messages.journal import (
    AnyEvent,
    AppendFacts,
    FactsCommitted,
    JournalSnapshot,
    OrderMoved,
)
from genesis.messages.orders import (
    ExecutionReport,
    OpenOrdersSnapshot,
    OrderSnapshot,
    OrderStatus,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    Side,
    TradesSnapshot,
    VenueOrder,
)
from genesis.runtime.gate import TradingGate

ASK_AFTER_NS = SECOND
GIVE_UP_NS = 20 * SECOND
LOOK_EVERY_NS = 10 * SECOND


class Stand(Stage):
    """An executor that has its snapshot, unless told otherwise; risk lives as incarnation 1."""

    def __init__(self, restored: JournalSnapshot | None = None, ready: bool = True) -> None:
        self.gate = TradingGate()
        runtime = FakeRuntime()
        runtime.address("risk").occupy()
        super().__init__(
            "executor",
            lambda c: Executor(c, self.gate, (SYMBOL,), ASK_AFTER_NS, GIVE_UP_NS, LOOK_EVERY_NS),
            runtime,
        )
        if ready:
            self.tell(restored or snapshot())
            self.clear()

    def recorded(self) -> list[AnyEvent]:
        """Facts handed to the journal so far, in order."""
        return [f.event for m in self.sent(AppendFacts) for f in m.facts]

    def moves(self) -> list[OrderStatus]:
        return [e.status for e in self.recorded() if isinstance(e, OrderMoved)]

    def commit(self) -> None:
        """Persistence has made everything durable, and says so."""
        handed = self.sent(AppendFacts)
        newest = max(m.first + len(m.facts) - 1 for m in handed)
        self.tell(FactsCommitted(self.epoch, newest))

    def send(self, name: str = ID, side: Side = Side.BUY) -> None:
        """An order all the way onto the wire."""
        self.tell(approved(name, side))
        self.commit()

    def answer(
        self, venue: dict[str, VenueOrder], trades: tuple[ExecutionReport, ...] = ()
    ) -> None:
        """The venue answers everything it was asked so far."""
        for query in self.take(QueryTrades):
            self.tell(TradesSnapshot(query.request_id, query.symbol, trades))
        for query in self.take(QueryOrder):
            known = venue.get(query.client_order_id)
            self.tell(OrderSnapshot(query.request_id, query.client_order_id, known))
        listed = tuple(
            o for o in venue.values() if o.status in (OrderStatus.NEW, S.PARTIALLY_FILLED)
        )
        for query in self.take(QueryOpenOrders):
            self.tell(OpenOrdersSnapshot(query.request_id, listed))
