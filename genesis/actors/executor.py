"""Sends approved orders once their intent is durable, and hears the venue about them.

The only place where an order leaves: gate first, then the write. An unknown outcome is resolved
by asking the venue, never guessed, and nothing is ever sent twice.
"""

from __future__ import annotations

import msgspec

from genesis.actors.journaling import GatheringActor
from genesis.actors.reminders import CheckOrder, CheckProof, CheckReconciliation, LookAtResting
from genesis.domain.doubts import Doubts
from genesis.domain.ledger import MOVES_MONEY, Balances
from genesis.domain.order import Order
from genesis.domain.orders import Heard, Orders
from genesis.domain.reconciliation import Answer, Reconciliation
from genesis.domain.state import TradingState
from genesis.messages.base import Message
from genesis.messages.control import CancelAllDone, Halt, ReconcileDone, ReconcileNow
from genesis.messages.journal import Entry, Fact, JournalSnapshot, OrderIntended, Reconciled
from genesis.messages.names import EXCHANGE, RISK, SUPERVISOR
from genesis.messages.orders import (
    AccountSnapshot,
    Approved,
    CancelAtVenue,
    CancelOrder,
    CancelOrders,
    ExecutionReport,
    OpenOrdersSnapshot,
    OrderSnapshot,
    OutcomeUnknown,
    PlaceOrder,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    Side,
    TradesSnapshot,
    VenueRefused,
)
from genesis.runtime.actor import Context, handles, handles_each
from genesis.runtime.gate import TradingGate

PROOF_INTERVAL_NS = 500_000_000
RECONCILE_TIMEOUT_NS, RECONCILE_PATIENCE_NS = 2_000_000_000, 32_000_000_000
"""A pass without all its answers is begun anew, each time after twice as long, up to the second."""


class Executor(GatheringActor):
    """``ask_after_ns``: silence after which the venue is asked; ``give_up_ns``: how long "no such
    order" must stand before it is taken as proof; ``look_every_ns``: how often it is asked for an
    order that rests, as an account stream that has died says nothing at all."""

    kinds = MOVES_MONEY

    def __init__(
        self,
        context: Context,
        gate: TradingGate,
        symbols: tuple[str, ...],
        ask_after_ns: int,
        give_up_ns: int,
        look_every_ns: int,
    ) -> None:
        super().__init__(context)
        self._gate = gate
        self._symbols = symbols
        self._ask_after_ns = ask_after_ns
        self._give_up_ns = give_up_ns
        self._look_every_ns = look_every_ns

    def begin(self) -> None:
        super().begin()
        self._orders = Orders()
        self._balances = Balances()  # what the venue's are compared with
        self._waiting: list[Message] | None = []  # until the journal's snapshot is here
        self._mints: dict[str, int] = {}  # of orders that this incarnation has not sent yet
        self._doubts = Doubts(self._give_up_ns)
        # Apart from those of a former incarnation, whose answers may still be on their way.
        self._next_request = 1 + (self.epoch << 32)
        self._causes: list[str] = []
        self._patience_ns = RECONCILE_TIMEOUT_NS
        self._reconciliation: Reconciliation | None = None
        self._differences: tuple[str, ...] = ()
        self._proof_from: int | None = None  # number of the first question for a proof
        self._canceled: set[str] = set()

    def restore(self, snapshot: JournalSnapshot) -> None:
        state = TradingState.decode(snapshot.state)
        self._orders = Orders(state.orders)
        self._balances = Balances(state.ledger.quote, state.ledger.balances)
        for order in self._orders.open:
            self._watch(order)
            if self.epoch == 1:  # of a run that died: no strategy minds it any more
                self._doubts.cancel(order.client_order_id)
        waiting, self._waiting = self._waiting, None
        for message in waiting or ():
            self._dispatch(message)

    def follow(self, entries: tuple[Entry, ...]) -> None:
        self._balances.follow(entries)

    def _restoring(self, message: Message) -> bool:
        """Keep a message for later while the former incarnation's orders are not known."""
        if self._waiting is None:
            return False
        self._waiting.append(message)
        return True

    @handles(Approved)
    def _on_approved(self, approved: Approved[PlaceOrder]) -> None:
        if self._restoring(approved):
            return
        intent = approved.order
        event = OrderIntended(
            **msgspec.structs.asdict(intent),  # the same fields, and one more
            approved_ns=approved.approved_ns,
        )
        self._orders.intend(event)
        self._mints[intent.client_order_id] = approved.mint_epoch
        self.record(event)

    def on_durable(self, facts: list[Fact]) -> None:
        for fact in facts:
            event = fact.event
            if type(event) is OrderIntended and event.client_order_id in self._mints:
                order = self._orders.get(event.client_order_id)
                if order is not None:
                    self._send(order)

    def _send(self, order: Order) -> None:
        name = order.client_order_id
        if self._mints.pop(name) != self.living(RISK):
            self.record(*self._orders.deny(name, "the risk actor that approved it is gone"))
            return
        placed = order.submission(self.now_ns())
        shut = self._gate.send(order.side is Side.SELL, lambda: self.tell(EXCHANGE, placed))
        if shut is not None:
            self.record(*self._orders.deny(name, f"the gate is {shut.state}: {shut.reason}"))
            return
        sent = self._orders.sent(name)
        if sent is not None:
            # A successor asks the venue about an intent all the same, whether it was sent or not.
            self.hold(sent)
        self._watch(order)

    def _watch(self, order: Order) -> None:
        if self._doubts.watch(order.client_order_id):
            self.after(self._ask_after_ns, CheckOrder(order.client_order_id))

    @handles(CheckOrder)
    def _on_check(self, check: CheckOrder) -> None:
        self.hand_over()
        name = check.client_order_id
        order = self._orders.get(name)
        if order is None or order.is_terminal:
            self._doubts.forget(name)
            return
        self._doubts.checked(name)
        if self._doubts.is_canceling(name):
            self._cancel(order)
        if self._doubts.about(order):
            self._ask(order)
            self._watch(order)
        elif self._doubts.rests(name):
            self.after(self._look_every_ns, LookAtResting(name))

    @handles(LookAtResting)
    def _on_look(self, look: LookAtResting) -> None:
        name = look.client_order_id
        self._doubts.looked(name)
        order = self._orders.get(name)
        if order is not None and not order.is_terminal:
            self._ask(order)
            self._watch(order)

    def _ask(self, order: Order) -> None:
        if order.awaits_trades:
            self.tell(EXCHANGE, QueryTrades(order.symbol, order.trades_after, self._request()))
        self.tell(EXCHANGE, QueryOrder(order.client_order_id, order.symbol, self._request()))

    def _request(self) -> int:
        self._next_request += 1
        return self._next_request - 1

    @handles_each(ExecutionReport, OutcomeUnknown)
    def _on_venue(self, message: ExecutionReport | OutcomeUnknown) -> None:
        if self._restoring(message):
            return
        if type(message) is ExecutionReport:
            self._doubts.seen(message.client_order_id)
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
        self.gather(*heard.events)  # acknowledged and filled at one moment: one commit
        if heard.foreign:
            text = "the venue reports an order that is not ours; it is left alone"
            self.record(Reconciled("account stream", (text,)))
        if heard.contradiction:
            self.tell(SUPERVISOR, Halt(heard.contradiction, self.name))
        order = heard.order
        if order is not None and order.needs_query:
            self._watch(order)

    @handles(CancelOrder)
    def _on_cancel(self, cancel: CancelOrder) -> None:
        if self._restoring(cancel):
            return
        order = self._orders.get(cancel.client_order_id)
        if order is not None and not order.is_terminal:
            self._cancel(order)

    def _cancel(self, order: Order) -> None:
        name = order.client_order_id
        if self._mints.pop(name, None) is not None:
            self.record(*self._orders.deny(name, "cancelled before it was sent"))
            return
        self._doubts.cancel(name)
        self._watch(order)
        self.tell(EXCHANGE, CancelAtVenue(name, order.symbol, self.now_ns()))

    @handles(CancelOrders)
    def _on_cancel_orders(self, cancel: CancelOrders) -> None:
        if self._restoring(cancel):
            return
        everything = cancel.strategy is None
        for order in self._orders.open:
            if everything or order.strategy == cancel.strategy:
                self._cancel(order)
                if everything:
                    self._canceled.add(order.client_order_id)
        if everything and self._proof_from is None:
            self._proof_from = self._next_request
            self._prove()

    def _prove(self) -> None:
        self.tell(EXCHANGE, QueryOpenOrders(self._request()))
        self.after(PROOF_INTERVAL_NS, CheckProof())

    @handles(CheckProof)
    def _on_check_proof(self, check: CheckProof) -> None:
        if self._proof_from is not None:
            for order in self._orders.open:
                self._cancel(order)
            self._prove()

    @handles(ReconcileNow)
    def _on_reconcile(self, reconcile: ReconcileNow) -> None:
        if self._restoring(reconcile):
            return
        if reconcile.cause not in self._causes:
            self._causes.append(reconcile.cause)
            self._patience_ns = RECONCILE_TIMEOUT_NS
        self._reconcile()

    def _reconcile(self) -> None:
        """Begin a pass, for everyone who wants one; it takes the place of one that is under way."""
        first_id = self._next_request
        self._reconciliation = Reconciliation(
            ", ".join(self._causes), self._orders, self._mints, self._symbols, first_id
        )
        self._next_request = self._reconciliation.next_id
        for question in self._reconciliation.questions:
            self.tell(EXCHANGE, question)
        self.after(self._patience_ns, CheckReconciliation(first_id))

    @handles(CheckReconciliation)
    def _on_check_reconciliation(self, check: CheckReconciliation) -> None:
        current = self._reconciliation
        if current is not None and current.questions[0].request_id == check.first_id:
            self._patience_ns = min(2 * self._patience_ns, RECONCILE_PATIENCE_NS)
            self._reconcile()

    @handles_each(OrderSnapshot, TradesSnapshot, OpenOrdersSnapshot, AccountSnapshot)
    def _on_answer(self, answer: Answer) -> None:
        if not self.follower.ready:
            return  # to a question of the former incarnation; this one knows no order yet
        if self._reconciliation is not None and self._reconciliation.take(answer):
            self._settle(self._reconciliation)
        elif isinstance(answer, TradesSnapshot):
            for heard in self._orders.hear_trades(answer):
                self._hear(heard)
        elif isinstance(answer, OrderSnapshot):
            self._on_order_snapshot(answer)
        elif isinstance(answer, OpenOrdersSnapshot):
            self._on_proof(answer)

    def _settle(self, current: Reconciliation) -> None:
        if not current.complete:
            return
        self._reconciliation, self._patience_ns = None, RECONCILE_TIMEOUT_NS
        # Balances can be compared only when every fill heard of has become part of the fold.
        self.hand_over()
        balances = None if len(self.outbox) else self._balances.amounts
        events, differences = current.settle(self._orders, balances)
        self.record(*events)
        for name in current.denied:
            self._deny_known(name)
        if differences and differences != self._differences:
            self.record(Reconciled(current.cause, differences))
        self._differences = differences
        for order in self._orders.open:
            if self._doubts.about(order):
                self._watch(order)
        causes, self._causes = self._causes, []
        for cause in causes:
            self.tell(SUPERVISOR, ReconcileDone(cause, differences))

    def _on_order_snapshot(self, answer: OrderSnapshot) -> None:
        if answer.order is None:
            self._deny_known(answer.client_order_id)
        else:
            self._doubts.seen(answer.client_order_id)
            self._hear(self._orders.hear(answer.order))

    def _deny_known(self, name: str) -> None:
        """The venue does not know this order: its reads may lag, so only in time is that proof."""
        order = self._orders.get(name)
        if order is None or order.is_terminal:
            return
        self._watch(order)
        if self._doubts.denied(name, self.now_ns()):
            seconds = self._give_up_ns // 1_000_000_000
            self.record(*self._orders.lose(name, f"the venue denied knowing it for {seconds} s"))

    def _on_proof(self, answer: OpenOrdersSnapshot) -> None:
        if self._proof_from is None or answer.request_id < self._proof_from:
            return
        for listed in answer.orders:
            known = self._orders.get(listed.client_order_id)
            if known is not None and known.is_terminal:  # only here: the venue's word counts
                cancel = CancelAtVenue(listed.client_order_id, listed.symbol, self.now_ns())
                self.tell(EXCHANGE, cancel)
        if answer.orders or self._orders.open:
            return
        self._proof_from = None
        self.tell(SUPERVISOR, CancelAllDone(self._orders.canceled(self._canceled)))
        self._canceled.clear()
