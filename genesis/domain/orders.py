"""Tables of orders by client order id: the journal's fold, and the executor's own. No I/O.

Ended orders are kept in a bounded memory, so that a late or repeated fill is still recognised
while memory stays flat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

import msgspec

from genesis.domain import order as machine
from genesis.domain.order import TERMINAL, Events, Order
from genesis.messages.journal import OrderFilled, OrderIntended, OrderMoved, OrderSent
from genesis.messages.orders import (
    ExecutionReport,
    ExecutionType,
    OrderStatus,
    OutcomeUnknown,
    TradesSnapshot,
    VenueOrder,
    VenueRefused,
)

RECENT_MAX = 128
"""How many ended orders are remembered."""


class OrderTable(msgspec.Struct):
    """Open orders, the recently ended ones (oldest first), and the last trade id per symbol."""

    open: dict[str, Order] = {}
    recent: dict[str, Order] = {}
    last_trade_ids: dict[str, int] = {}

    def get(self, client_order_id: str) -> Order | None:
        return self.open.get(client_order_id) or self.recent.get(client_order_id)

    def add(self, event: OrderIntended) -> None:
        """An order whose client order id is known to be new."""
        order = Order.intended(event, self.last_trade_ids.get(event.symbol, -1))
        self.open[event.client_order_id] = order

    def apply(self, event: OrderSent | OrderMoved | OrderFilled) -> bool:
        """Fold one event. False when it brought nothing new (a repeated trade, a stale status).

        The fill of an order that is not remembered is new: the journal holds each once.
        """
        order = self.get(event.client_order_id)
        if order is not None:
            if not machine.apply(order, event):
                return False
            if order.status in TERMINAL:
                self.settle(order)
        if type(event) is OrderFilled:
            self.note_trade(event.symbol, event.trade_id)
            return True
        return order is not None

    def note_trade(self, symbol: str, trade_id: int) -> None:
        if trade_id > self.last_trade_ids.get(symbol, -1):
            self.last_trade_ids[symbol] = trade_id

    def settle(self, order: Order) -> None:
        """Move an order that has ended from the open ones to the remembered ones."""
        if self.open.pop(order.client_order_id, None) is not None:
            self.recent[order.client_order_id] = order
            if len(self.recent) > RECENT_MAX:
                del self.recent[next(iter(self.recent))]

    def copied(self) -> Self:
        return type(self)(
            open={name: order.copy() for name, order in self.open.items()},
            recent={name: order.copy() for name, order in self.recent.items()},
            last_trade_ids=dict(self.last_trade_ids),
        )


_HEARS: dict[type, Callable[[Order, Any], Events]] = {
    ExecutionReport: machine.on_report,
    VenueOrder: machine.on_venue_order,
    VenueRefused: machine.on_refused,
    OutcomeUnknown: machine.on_unknown,
}


class Heard(msgspec.Struct, frozen=True):
    """What a venue's message meant.

    ``events`` go to the journal (they are applied already). ``foreign``: nobody here made that
    order; it is quarantined, never adopted. ``contradiction`` is a sentence when the message
    cannot be true of the order: reconcile, and tell the operator.
    """

    order: Order | None
    events: Events = ()
    foreign: bool = False
    contradiction: str = ""


class Orders:
    """The executor's table: hears the venue, remembers what it must still ask."""

    def __init__(self, table: OrderTable | None = None) -> None:
        """``table``: of a ``TradingState``; copied, never shared."""
        self._table = OrderTable() if table is None else table.copied()

    @property
    def open(self) -> tuple[Order, ...]:
        """Orders that have not ended, oldest first."""
        return tuple(self._table.open.values())

    def get(self, client_order_id: str) -> Order | None:
        """An open or recently ended order."""
        return self._table.get(client_order_id)

    def intend(self, event: OrderIntended) -> None:
        """A new order. Raises ValueError when the client order id is known: a bug of its maker."""
        if self.get(event.client_order_id) is not None:
            raise ValueError(f"client order id {event.client_order_id} was used before")
        self._table.add(event)

    def sent(self, client_order_id: str) -> OrderSent | None:
        """Note that the order goes onto the wire now. None when it may not: it did before."""
        order = self._table.open.get(client_order_id)
        if order is None or order.status is not OrderStatus.INTENDED:
            return None
        order.status = OrderStatus.SENT
        return OrderSent(client_order_id)

    def deny(self, client_order_id: str, reason: str) -> Events:
        """End an order that was never sent, because the gate is shut."""
        order = self._table.open.get(client_order_id)
        return () if order is None else self._settled(order, machine.deny(order, reason))

    def lose(self, client_order_id: str, reason: str) -> Events:
        """End an order that the venue has proven not to know."""
        order = self._table.open.get(client_order_id)
        return () if order is None else self._settled(order, machine.lose(order, reason))

    def hear(self, message: ExecutionReport | VenueOrder | VenueRefused | OutcomeUnknown) -> Heard:
        """One message of the venue about one order."""
        order = self._table.get(message.client_order_id)
        if order is None:
            return Heard(None, foreign=not self._is_old_trade(message))
        events = self._settled(order, _HEARS[type(message)](order, message))
        wrong = ""
        if not events and isinstance(message, ExecutionReport | VenueOrder):
            wrong = machine.contradiction(order, message)
        return Heard(order, events, contradiction=wrong)

    def hear_trades(self, snapshot: TradesSnapshot) -> tuple[Heard, ...]:
        """The venue's own trades; those that were applied before bring no events."""
        return tuple(self.hear(trade) for trade in snapshot.trades)

    def canceled(self, names: Iterable[str]) -> int:
        """How many of these ended as cancelled: not by a fill, and not lost."""
        ended = (self._table.get(name) for name in names)
        return sum(o is not None and o.status is OrderStatus.CANCELED for o in ended)

    def trades_after(self, symbol: str) -> int:
        """The trade id after which a reconciliation queries: no open order's trade is below."""
        last = self._table.last_trade_ids.get(symbol, -1)
        orders = (o.trades_after for o in self._table.open.values() if o.symbol == symbol)
        return min((last, *orders))

    def _settled(self, order: Order, events: Events) -> Events:
        for event in events:
            if type(event) is OrderFilled:
                self._table.note_trade(event.symbol, event.trade_id)
            if event.status in TERMINAL:
                self._table.settle(order)
        return events

    def _is_old_trade(
        self, message: ExecutionReport | VenueOrder | VenueRefused | OutcomeUnknown
    ) -> bool:
        """A trade not above the last applied one, of an order forgotten since: an echo of ours."""
        return (
            isinstance(message, ExecutionReport)
            and message.execution_type is ExecutionType.TRADE
            and message.trade_id <= self._table.last_trade_ids.get(message.symbol, -1)
        )
