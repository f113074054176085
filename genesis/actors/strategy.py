"""Hosts one plain strategy: wakes it as it declared, and carries its intents to risk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from genesis.actors.journaling import FollowingActor
from genesis.domain.instrument import Instrument
from genesis.domain.money import ZERO
from genesis.domain.state import TradingState
from genesis.messages.base import Message
from genesis.messages.journal import (
    ActorRestarted,
    Entry,
    JournalSnapshot,
    OrderFilled,
    OrderIntended,
    OrderMoved,
)
from genesis.messages.market import BookView, TradeTicks
from genesis.messages.names import EXECUTOR, RISK
from genesis.messages.orders import (
    CancelOrder,
    CancelOrders,
    OrderRefused,
    OrderUpdated,
    PlaceOrder,
    Side,
)
from genesis.runtime.actor import Context, handles
from genesis.runtime.virtual import READERS_RANK
from genesis.strategies.port import Desk, Strategy
from genesis.strategies.waiting import ALL_NS, Waiting


class Wake(Message, frozen=True):
    """The cadence's interval has passed."""

    reads_only: ClassVar[bool] = True


class Continue(Message, frozen=True):
    """Time for what the strategy has still to be shown, or for what it intended on it.

    Only the newest ``number`` counts: what came later may have been received earlier.
    """

    number: int


class StrategyHost(FollowingActor):
    """A new incarnation starts with a fresh strategy that has to warm up, no order of its own
    open, and the position that its former fills left."""

    kinds = (OrderFilled, OrderMoved, OrderIntended, ActorRestarted)

    def __init__(
        self,
        context: Context,
        strategy: str,
        make: Callable[[], Strategy],
        instruments: Mapping[str, Instrument],
        run: int,
        place: int = 0,
    ) -> None:
        """``place``: its turn among the strategies that something reaches at one moment."""
        super().__init__(context)
        self._place = place
        self._strategy_name = strategy
        self._make = make
        self._instruments = instruments
        self._run = run

    def begin(self) -> None:
        super().begin()
        prefix = f"g{self._run}-{self._strategy_name}-{self.epoch}"
        self._desk = Desk(self._strategy_name, self._instruments, prefix)
        self._strategy = self._make()
        self._cadence = self._strategy.cadence
        self._waiting = Waiting(self._desk, self._strategy, tuple(self._instruments))
        self._in_real_time = self.horizon_ns() is None
        self._touches: dict[str, tuple[bool, int, int]] = {}  # as last shown in real time
        self._continuing = 0
        self._continues_ns = ALL_NS
        self._wakes_ns = ALL_NS
        if self.epoch > 1:
            reason = f"{self.name} restarted"
            self.tell(EXECUTOR, CancelOrders(reason, strategy=self._strategy_name))
        if self._cadence.every_ns:
            self._wake_later()

    def restore(self, snapshot: JournalSnapshot) -> None:
        state = TradingState.decode(snapshot.state)
        for symbol in self._instruments:
            held = state.ledger.strategy_quantity(self._strategy_name, symbol)
            self._desk.hold(symbol, held)
        for order in state.orders.open.values():
            if order.strategy == self._strategy_name:
                self.tell(EXECUTOR, CancelOrder(order.client_order_id, order.trace_id))

    @handles(TradeTicks)
    def _on_trades(self, message: TradeTicks) -> None:
        if not self.follower.ready:
            return
        if self._cadence.trades:
            self._desk.keep_trades(message.symbol, message.trades)
        if self._cadence.every_trade:
            if self._in_real_time:
                self._show_trades(message)
            else:
                self._waiting.add_trades(message.symbol, message.trades)
                self._continue_later()

    @handles(BookView)
    def _on_view(self, view: BookView) -> None:
        self._desk.see(view)
        if self._cadence.top_of_book and self.follower.ready:
            if self._in_real_time:
                self._show_touch(view)
            else:
                self._waiting.add_view(view)
                self._continue_later()

    def _show_trades(self, message: TradeTicks) -> None:
        """In real time a message is seen as it comes; in virtual time, where it is a stretch of
        many moments, what it holds waits for them."""
        desk, symbol, on_trade = self._desk, message.symbol, self._strategy.on_trade
        desk.now_ns, desk.unseen_ns, desk.traced = self.now_ns(), 0, message.trace_id
        for _, _, _, side, price_ticks, quantity_lots, *_ in message.table.tolist():
            on_trade(desk, symbol, price_ticks, quantity_lots, side)
            if desk.intents:
                self._act()

    def _show_touch(self, view: BookView) -> None:
        touch, symbol, desk = (view.synced, view.bid_ticks, view.ask_ticks), view.symbol, self._desk
        if touch != self._touches.get(symbol):
            self._touches[symbol] = touch
            desk.now_ns, desk.unseen_ns, desk.traced = self.now_ns(), 0, view.trace_id
            self._strategy.on_top(desk, symbol)
            if desk.intents:
                self._act()

    def _continue_later(self) -> None:
        next_ns = self._waiting.next_ns
        if self._desk.intents:
            next_ns = self._desk.now_ns  # not a moment before what they were decided on
        if next_ns is not None and next_ns < self._continues_ns:
            self._continues_ns = next_ns
            self._continuing += 1
            delay_ns = max(0, next_ns - self.now_ns())
            self.after(delay_ns, Continue(self._continuing), rank=READERS_RANK + self._place)

    @handles(Continue)
    def _on_continue(self, again: Continue) -> None:
        if again.number != self._continuing:
            return
        self._continues_ns = ALL_NS
        # Another strategy reaches it only through its own orders: they may meet at the venue.
        horizon_ns = self.horizon_ns(hears_readers=self._desk.has_orders)
        if not self._desk.intents and horizon_ns is not None:
            self._waiting.run(min(horizon_ns, self._wakes_ns))
        if self._desk.intents and self._desk.now_ns <= self.now_ns():
            self._act()
        self._continue_later()

    def _wake_later(self) -> None:
        self._wakes_ns = self.now_ns() + self._cadence.every_ns
        self.after(self._cadence.every_ns, Wake())

    @handles(Wake)
    def _on_wake(self, wake: Wake) -> None:
        self._wake_later()
        if self.follower.ready:
            self._stamp(self._desk.trace_id)
            self._strategy.on_timer(self._desk)
            self._act()

    @handles(OrderRefused)
    def _on_refused(self, refusal: OrderRefused) -> None:
        self._stamp(refusal.order.trace_id)
        self._desk.refused(refusal)

    def follow(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            event = entry.event
            if type(event) is OrderFilled and event.strategy == self._strategy_name:
                self._hear(self._filled(event))
            elif type(event) is OrderMoved:
                order = self._desk.order(event.client_order_id)
                if order is not None:
                    self._hear(_moved(event, order.intent))
            elif type(event) is OrderIntended and event.strategy == self._strategy_name:
                self._intended(event)
            elif type(event) is ActorRestarted and event.name in (RISK, EXECUTOR):
                self._desk.forget_undurable()

    def _intended(self, event: OrderIntended) -> None:
        order = self._desk.order(event.client_order_id)
        if order is not None:
            order.durable = True
        else:
            # It was still on its way when the former incarnation died, or was taken for lost.
            self.tell(EXECUTOR, CancelOrder(event.client_order_id, event.trace_id))

    def _hear(self, update: OrderUpdated) -> None:
        self._stamp(update.trace_id)
        self._desk.hear(update)
        self._strategy.on_order(self._desk, update)
        self._act()

    def _filled(self, fill: OrderFilled) -> OrderUpdated:
        base = self._instruments[fill.symbol].base
        change = fill.quantity if fill.side is Side.BUY else -fill.quantity
        if fill.fee_asset == base:
            change -= fill.fee
        order = self._desk.order(fill.client_order_id)
        return OrderUpdated(
            strategy=fill.strategy,
            symbol=fill.symbol,
            client_order_id=fill.client_order_id,
            side=fill.side,
            status=fill.status,
            price=None if order is None else order.intent.price,
            quantity=fill.quantity if order is None else order.intent.quantity,
            cumulative_quantity=fill.cumulative_quantity,
            position_change=change,
            fill_price=fill.price,
            trace_id=fill.trace_id,
        )

    def _stamp(self, trace_id: int) -> None:
        self._desk.now_ns, self._desk.unseen_ns = self.now_ns(), self.unseen_ns()
        self._desk.traced = trace_id

    def _act(self) -> None:
        intents = self._desk.take_intents()
        for intent in intents:
            self.tell(RISK if isinstance(intent, PlaceOrder) else EXECUTOR, intent)
        self.count("decisions", len(intents))


def _moved(event: OrderMoved, intent: PlaceOrder) -> OrderUpdated:
    return OrderUpdated(
        strategy=intent.strategy,
        symbol=intent.symbol,
        client_order_id=event.client_order_id,
        side=intent.side,
        status=event.status,
        price=intent.price,
        quantity=intent.quantity,
        cumulative_quantity=ZERO,
        reason=event.reason,
        trace_id=intent.trace_id,
    )
