"""Sends approved orders once their intent is durable, and hears the venue about them.

The only place where an order leaves: gate first, then the write. An unknown outcome is resolved
by asking the venue, never guessed, and nothing is ever sent twice.
"""

from __future__ import annotations

from genesis.actors.journaling import FollowingActor
from genesis.actors.order_book import EXCHANGE
from genesis.domain.order import Order
from genesis.domain.orders import Heard, Orders
from genesis.domain.reconciliation import Answer, Reconciliation
from genesis.domain.state import TradingState
from genesis.messages.base import Message
from genesis.messages.control import CancelAllDone, Halt, ReconcileDone, ReconcileNow
from genesis.messages.journal import (
    Entry,
    Fact,
    JournalSnapshot,
    OrderIntended,
    Reconciled,
)
from genesis.messages.orders import (
    AccountSnapshot,
    Approved,
    CancelAtVenue,
    CancelOrder,
    CancelOrders,
    ExecutionReport,
    OpenOrdersSnapshot,
    OrderSnapshot,
    OrderStatus,
    OutcomeUnknown,
    PlaceOrder,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    Side,
    SubmitOrder,
    TradesSnapshot,
    VenueRefused,
)
from genesis.runtime.actor import SUPERVISOR, Context, handles, handles_each
from genesis.runtime.gate import TradingGate

RISK = "risk"
PROOF_INTERVAL_NS = 500_000_000
RECONCILE_TIMEOUT_NS = 2_000_000_000


class CheckOrder(Message, frozen=True):
    """Time to see whether the venue has said something about an order."""

    client_order_id: str


class CheckProof(Message, frozen=True):
    """Time to look again whether any order is left at the venue."""


class CheckReconciliation(Message, frozen=True):
    """Time to ask again if a pass beginning at ``first_id`` has had no full answer."""

    first_id: int


class Executor(FollowingActor):
    """``ask_after_ns``: silence after which the venue is asked; ``give_up_ns``: how long "no such
    order" must stand before it is taken as proof."""

    def __init__(
        self,
        context: Context,
        gate: TradingGate,
        symbols: tuple[str, ...],
        ask_after_ns: int,
        give_up_ns: int,
    ) -> None:
        super().__init__(context)
        self._gate = gate
        self._symbols = symbols
        self._ask_after_ns = ask_after_ns
        self._give_up_ns = give_up_ns

    def begin(self) -> None:
        super().begin()
        self._orders = Orders()
        self._state = TradingState()
        self._waiting: list[Message] = []  # until the journal's snapshot is here
        self._mints: dict[str, int] = {}  # of orders that this incarnation has not sent yet
        self._denied_since_ns: dict[str, int] = {}  # the venue says that it does not know them
        self._orphans: set[str] = set()  # of a run that died: no strategy minds them any more
        self._next_request = 1
        self._reconciliation: Reconciliation | None = None
        self._differences: tuple[str, ...] = ()
        self._proof: CancelOrders | None = None
        self._proof_request = 0
        self._canceled = 0

    def restore(self, snapshot: JournalSnapshot) -> None:
        self._state = TradingState.decode(snapshot.state)
        self._orders = Orders(self._state.orders)
        for order in self._orders.open:
            self._watch(order)
            if self.epoch == 1:
                self._orphans.add(order.client_order_id)
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._dispatch(message)

    def follow(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            self._state.apply(entry)

    def _restoring(self, message: Message) -> bool:
        """Keep a message for later while the former incarnation's orders are not known."""
        if not self.follower.ready:
            self._waiting.append(message)
        return not self.follower.ready

    @handles(Approved)
    def _on_approved(self, approved: Approved[PlaceOrder]) -> None:
        if self._restoring(approved):
            return
        intent = approved.order
        event = OrderIntended(
            client_order_id=intent.client_order_id,
            strategy=intent.strategy,
            symbol=intent.symbol,
            side=intent.side,
            type=intent.type,
            quantity=intent.quantity,
            price=intent.price,
            time_in_force=intent.time_in_force,
            decided_ns=intent.decided_ns,
            approved_ns=approved.approved_ns,
            trace_id=intent.trace_id,
            reason=intent.reason,
        )
        self._orders.intend(event)
        self._mints[intent.client_order_id] = approved.mint_epoch
        self.record(event)

    def on_durable(self, facts: list[Fact]) -> None:
        for fact in facts:
            if isinstance(fact.event, OrderIntended):
                order = self._orders.get(fact.event.client_order_id)
                if order is not None and order.client_order_id in self._mints:
                    self._send(order)

    def _send(self, order: Order) -> None:
        name = order.client_order_id
        if self._mints.pop(name) != self.context.runtime.address(RISK).living:
            self.record(*self._orders.deny(name, "the risk actor that approved it is gone"))
            return

        def write() -> None:
            submit = SubmitOrder(
                client_order_id=name,
                symbol=order.symbol,
                side=order.side,
                type=order.type,
                quantity=order.quantity,
                price=order.price,
                time_in_force=order.time_in_force,
                sent_ns=self.now_ns(),
            )
            self.tell(EXCHANGE, submit)

        shut = self._gate.send(order.side is Side.SELL, write)
        if shut is not None:
            self.record(*self._orders.deny(name, f"the gate is {shut.state}: {shut.reason}"))
            return
        sent = self._orders.sent(name)
        if sent is not None:
            self.record(sent)
        self._watch(order)

    def _watch(self, order: Order) -> None:
        self.after(self._ask_after_ns, CheckOrder(order.client_order_id))

    @handles(CheckOrder)
    def _on_check(self, check: CheckOrder) -> None:
        order = self._orders.get(check.client_order_id)
        if order is None or order.is_terminal:
            self._denied_since_ns.pop(check.client_order_id, None)
            self._orphans.discard(check.client_order_id)
            return
        if orphan := check.client_order_id in self._orphans:
            self._cancel(order)
        resting = order.status in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)
        denied = check.client_order_id in self._denied_since_ns
        if orphan or denied or not resting or order.awaits_trades:
            self._ask(order)
            self._watch(order)

    def _ask(self, order: Order) -> None:
        if order.awaits_trades:
            query = QueryTrades(order.symbol, order.trades_after, self._request())
            self.tell(EXCHANGE, query)
        self.tell(EXCHANGE, QueryOrder(order.client_order_id, order.symbol, self._request()))

    def _request(self) -> int:
        self._next_request += 1
        return self._next_request - 1

    @handles_each(ExecutionReport, OutcomeUnknown)
    def _on_venue(self, message: ExecutionReport | OutcomeUnknown) -> None:
        if self._restoring(message):
            return
        if isinstance(message, ExecutionReport):
            self._denied_since_ns.pop(message.client_order_id, None)
        self._hear(self._orders.hear(message))

    @handles(VenueRefused)
    def _on_refused(self, refused: VenueRefused) -> None:
        if self._restoring(refused):
            return
        heard = self._orders.hear(refused)
        self._hear(heard)
        if refused.request == "cancel" and heard.order is not None and not heard.order.is_terminal:
            self._ask(heard.order)  # a refused cancel may have lost to a fill

    def _hear(self, heard: Heard) -> None:
        self.record(*heard.events)
        if heard.foreign:
            text = "the venue reports an order that is not ours; it is left alone"
            self.record(Reconciled("account stream", (text,)))
        if heard.contradiction:
            self.tell(SUPERVISOR, Halt(heard.contradiction, self.name))
        order = heard.order
        if order is not None and (order.needs_query or order.awaits_trades):
            self._watch(order)

    @handles(CancelOrder)
    def _on_cancel(self, cancel: CancelOrder) -> None:
        if self._restoring(cancel):
            return
        order = self._orders.get(cancel.client_order_id)
        if order is not None and not order.is_terminal:
            self._cancel(order)

    def _cancel(self, order: Order) -> None:
        if self._mints.pop(order.client_order_id, None) is not None:
            events = self._orders.deny(order.client_order_id, "cancelled before it was sent")
            self.record(*events)
            return
        cancel = CancelAtVenue(order.client_order_id, order.symbol, self.now_ns())
        self.tell(EXCHANGE, cancel)

    @handles(CancelOrders)
    def _on_cancel_orders(self, cancel: CancelOrders) -> None:
        if self._restoring(cancel):
            return
        everything = cancel.strategy is None and cancel.symbol is None
        for order in self._orders.open:
            if cancel.strategy in (None, order.strategy) and cancel.symbol in (None, order.symbol):
                self._cancel(order)
                self._canceled += everything
        if everything:
            self._proof = cancel
            self._prove()

    def _prove(self) -> None:
        self._proof_request = self._request()
        self.tell(EXCHANGE, QueryOpenOrders(self._proof_request))
        self.after(PROOF_INTERVAL_NS, CheckProof())

    @handles(CheckProof)
    def _on_check_proof(self, check: CheckProof) -> None:
        if self._proof is not None:
            for order in self._orders.open:
                self._cancel(order)
            self._prove()

    @handles(ReconcileNow)
    def _on_reconcile(self, reconcile: ReconcileNow) -> None:
        if not self._restoring(reconcile):
            self._reconcile(reconcile.cause)

    def _reconcile(self, cause: str) -> None:
        first_id = self._next_request
        self._reconciliation = Reconciliation(
            cause, self._orders, self._mints, self._symbols, first_id
        )
        self._next_request = self._reconciliation.next_id
        for question in self._reconciliation.questions:
            self.tell(EXCHANGE, question)
        self.after(RECONCILE_TIMEOUT_NS, CheckReconciliation(first_id))

    @handles(CheckReconciliation)
    def _on_check_reconciliation(self, check: CheckReconciliation) -> None:
        current = self._reconciliation
        if current is not None and current.questions[0].request_id == check.first_id:
            self._reconcile(current.cause)

    @handles_each(OrderSnapshot, TradesSnapshot, OpenOrdersSnapshot, AccountSnapshot)
    def _on_answer(self, answer: Answer) -> None:
        if self._reconciliation is not None and self._reconciliation.take(answer):
            self._settle(self._reconciliation)
        elif isinstance(answer, TradesSnapshot):
            for heard in self._orders.hear_trades(answer):
                self._hear(heard)
        elif isinstance(answer, OrderSnapshot):
            self._on_order_snapshot(answer)
        elif isinstance(answer, OpenOrdersSnapshot) and answer.request_id == self._proof_request:
            self._on_proof(answer)

    def _settle(self, current: Reconciliation) -> None:
        if not current.complete:
            return
        self._reconciliation = None
        # Balances can be compared only when every fill heard of has become part of the fold.
        balances = None if len(self.outbox) else self._state.ledger.balances
        events, differences = current.settle(self._orders, balances)
        self.record(*events)
        for name in current.denied:
            self._deny_known(name)
        if differences and differences != self._differences:
            self.record(Reconciled(current.cause, differences))
        self._differences = differences
        self.tell(SUPERVISOR, ReconcileDone(current.cause, differences))

    def _on_order_snapshot(self, answer: OrderSnapshot) -> None:
        if answer.order is None:
            self._deny_known(answer.client_order_id)
        else:
            self._denied_since_ns.pop(answer.client_order_id, None)
            self._hear(self._orders.hear(answer.order))

    def _deny_known(self, name: str) -> None:
        """The venue does not know this order: its reads may lag, so only in time is that proof."""
        order = self._orders.get(name)
        if order is None or order.is_terminal:
            return
        if name not in self._denied_since_ns:
            self._denied_since_ns[name] = self.now_ns()
            self._watch(order)
        if self.now_ns() - self._denied_since_ns[name] >= self._give_up_ns:
            seconds = self._give_up_ns // 1_000_000_000
            events = self._orders.lose(name, f"the venue denied knowing it for {seconds} s")
            self.record(*events)

    def _on_proof(self, answer: OpenOrdersSnapshot) -> None:
        if self._proof is None or answer.orders or self._orders.open:
            return
        self._proof = None
        self.tell(SUPERVISOR, CancelAllDone(self._canceled))
        self._canceled = 0
