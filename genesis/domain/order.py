"""The state machine of one order: what a venue's message changes, as journal events. No I/O.

Rules: status and filled quantity only move forward; a trade id is applied once; a fill may come
before its acknowledgement, and after a cancel. No fill is lost: a report that claims more than was
applied makes the order await trades, and it does not end before they are in.

An ``Order`` is a fold: ``apply`` repeats journal events. The ``on_*`` functions judge a venue's
message, apply what follows from it to the order at once, and return it for the journal.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from decimal import Decimal
from typing import TypeAlias

import msgspec

from genesis.domain.money import EXACT, ZERO, text
from genesis.messages.journal import OrderFilled, OrderIntended, OrderMoved, OrderSent
from genesis.messages.orders import (
    ExecutionReport,
    ExecutionType,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    Side,
    SubmitOrder,
    TimeInForce,
    VenueOrder,
    VenueRefused,
)

OrderEvent: TypeAlias = OrderMoved | OrderFilled
Events: TypeAlias = tuple[OrderEvent, ...]

TERMINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
        OrderStatus.DENIED,
        OrderStatus.LOST,
    }
)

RESTING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})

RANK = {
    OrderStatus.INTENDED: 0,
    OrderStatus.SENT: 1,
    OrderStatus.UNKNOWN: 2,
    OrderStatus.NEW: 3,
    OrderStatus.PARTIALLY_FILLED: 4,
    OrderStatus.CANCELED: 5,
    OrderStatus.EXPIRED: 5,
    OrderStatus.REJECTED: 5,
    OrderStatus.DENIED: 5,
    OrderStatus.LOST: 5,
    OrderStatus.FILLED: 6,
}
"""A status may only be followed by one of a higher rank. FILLED stands above the other ends: late
fills that complete a cancelled order prove that the cancel lost."""

# An enum finds a member slowly: those that every order asks for are looked up once.
_SENT, _NEW, _FILLED = OrderStatus.SENT, OrderStatus.NEW, OrderStatus.FILLED
_UNKNOWN = OrderStatus.UNKNOWN
_NEVER_THERE = frozenset({OrderStatus.LOST, OrderStatus.DENIED, OrderStatus.REJECTED})
_TRADE = ExecutionType.TRADE

DUPLICATE_ORDER = -2010
"""Binance's code for several refusals; with the text "Duplicate order sent." the order exists."""
UNKNOWN_OUTCOME_CODES = frozenset({-1006, -1007})


class Order(msgspec.Struct, gc=False):
    """One order. ``quantity`` and ``filled`` in base, ``price`` in quote (None for MARKET).

    ``trade_ids`` are the applied ones, ascending. Every trade of this order has a venue trade id
    above ``trades_after``. ``claimed`` and ``ending`` are what the venue said and what is not
    proven by trades yet; they are not journaled, because asking the venue again restores them.
    """

    client_order_id: str
    strategy: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    time_in_force: TimeInForce
    decided_ns: int
    approved_ns: int
    trace_id: int
    reason: str
    trades_after: int = -1
    status: OrderStatus = OrderStatus.INTENDED
    filled: Decimal = ZERO
    venue_order_id: int = 0
    trade_ids: list[int] = []
    claimed: Decimal = ZERO
    ending: OrderStatus | None = None
    ending_reason: str = ""

    @classmethod
    def intended(cls, event: OrderIntended, trades_after: int = -1) -> Order:
        return cls(
            client_order_id=event.client_order_id,
            strategy=event.strategy,
            symbol=event.symbol,
            side=event.side,
            type=event.type,
            quantity=event.quantity,
            price=event.price,
            time_in_force=event.time_in_force,
            decided_ns=event.decided_ns,
            approved_ns=event.approved_ns,
            trace_id=event.trace_id,
            reason=event.reason,
            trades_after=trades_after,
        )

    def submission(self, sent_ns: int) -> SubmitOrder:
        """What goes onto the wire."""
        return SubmitOrder(
            client_order_id=self.client_order_id,
            symbol=self.symbol,
            side=self.side,
            type=self.type,
            quantity=self.quantity,
            price=self.price,
            time_in_force=self.time_in_force,
            sent_ns=sent_ns,
        )

    def copy(self) -> Order:
        return msgspec.structs.replace(self, trade_ids=list(self.trade_ids))

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def remaining(self) -> Decimal:
        """Base quantity that may still fill."""
        return self.quantity - self.filled

    @property
    def awaits_trades(self) -> bool:
        """The venue told of more fills than were applied: its trades must be queried."""
        return self.claimed > self.filled

    @property
    def needs_query(self) -> bool:
        """The venue must be asked for this order's state, or for trades."""
        return self.status is _UNKNOWN or self.claimed > self.filled

    def has_trade(self, trade_id: int) -> bool:
        known = self.trade_ids
        if not known or trade_id > known[-1]:
            return False  # as most come: in order
        return known[bisect_left(known, trade_id)] == trade_id


def apply(order: Order, event: OrderSent | OrderMoved | OrderFilled) -> bool:
    """Fold one journal event into its order. False when it brought nothing new."""
    if type(event) is OrderFilled:
        if order.has_trade(event.trade_id):
            return False
        _take(order, event)
        return True
    if type(event) is OrderMoved:
        status = event.status
        order.venue_order_id = event.venue_order_id or order.venue_order_id
    else:
        status = _SENT
    if RANK[status] <= RANK[order.status]:
        return False
    order.status = status
    return True


def _take(order: Order, fill: OrderFilled) -> None:
    insort(order.trade_ids, fill.trade_id)
    order.filled = EXACT.add(order.filled, fill.quantity)
    order.venue_order_id = fill.venue_order_id
    if RANK[fill.status] > RANK[order.status]:
        order.status = fill.status


def contradiction(order: Order, message: ExecutionReport | VenueOrder) -> str:
    """What the message says that cannot be true of this order; empty when nothing.

    Such a message is not applied where it contradicts; the caller reconciles and tells a person.
    """
    new_trade = (
        type(message) is ExecutionReport
        and message.execution_type is _TRADE
        and not order.has_trade(message.trade_id)
    )
    return _contradiction(order, message, new_trade)


def _contradiction(order: Order, message: ExecutionReport | VenueOrder, new_trade: bool) -> str:
    name = order.client_order_id
    if message.symbol != order.symbol:
        return f"order {name} is of {order.symbol}; the venue reports it for {message.symbol}"
    if message.cumulative_quantity > order.quantity:
        return (
            f"order {name} is for {text(order.quantity)}; "
            f"the venue reports {text(message.cumulative_quantity)} as filled"
        )
    if new_trade and type(message) is ExecutionReport:
        if message.last_quantity <= 0 or message.last_price <= 0 or message.trade_id < 0:
            return f"order {name}: trade {message.trade_id} has no quantity, price or id"
        if message.last_quantity > order.quantity - order.filled:
            return (
                f"order {name} has {text(order.remaining)} left; "
                f"trade {message.trade_id} would fill {text(message.last_quantity)}"
            )
    elif order.status in _NEVER_THERE and message.status in RESTING:
        return f"order {name} ended as {order.status} here and is open at the venue"
    return ""


def on_report(order: Order, report: ExecutionReport) -> Events:
    """One event of the account stream, or one of the venue's own trades."""
    new_trade = report.execution_type is _TRADE and not order.has_trade(report.trade_id)
    if _contradiction(order, report, new_trade):
        return ()
    filled = (_fill(order, report),) if new_trade else ()
    return filled + _hear(
        order,
        report.status,
        report.cumulative_quantity,
        report.venue_order_id,
        report.reason,
    )


def on_venue_order(order: Order, venue_order: VenueOrder) -> Events:
    """The venue's answer about this order: resolves UNKNOWN, ends what ended unheard."""
    if contradiction(order, venue_order):
        return ()
    return _hear(
        order,
        venue_order.status,
        venue_order.cumulative_quantity,
        venue_order.venue_order_id,
        "the venue was asked",
    )


def on_refused(order: Order, refused: VenueRefused) -> Events:
    """A refused placement ends an order that the venue never acknowledged.

    A refused cancel changes nothing: the caller asks the venue (a cancel may lose to a fill).
    """
    if refused.request != "place":
        return ()
    said = f"{refused.code} {refused.text}"
    exists = refused.code == DUPLICATE_ORDER and "duplicate" in refused.text.lower()
    if exists or refused.code in UNKNOWN_OUTCOME_CODES:
        return _move(order, OrderStatus.UNKNOWN, said)
    if RANK[order.status] >= RANK[OrderStatus.NEW]:
        return ()
    return _move(order, OrderStatus.REJECTED, said)


def on_unknown(order: Order, unknown: OutcomeUnknown) -> Events:
    """An unknown placement makes the order UNKNOWN; an unknown cancel changes nothing."""
    if unknown.request != "place":
        return ()
    return _move(order, OrderStatus.UNKNOWN, unknown.text)


def lose(order: Order, reason: str) -> Events:
    """The caller holds the venue's proof that the order does not exist there."""
    return () if order.is_terminal else _move(order, OrderStatus.LOST, reason)


def deny(order: Order, reason: str) -> Events:
    """The gate was shut. Only an order that was never sent can be denied."""
    if order.status is not OrderStatus.INTENDED:
        return ()
    return _move(order, OrderStatus.DENIED, reason)


def _fill(order: Order, report: ExecutionReport) -> OrderFilled:
    cumulative = EXACT.add(order.filled, report.last_quantity)
    if cumulative == order.quantity:
        status = _FILLED
    elif order.is_terminal:
        status = order.status
    else:
        status = OrderStatus.PARTIALLY_FILLED
    event = OrderFilled(
        client_order_id=order.client_order_id,
        venue_order_id=report.venue_order_id or order.venue_order_id,
        trade_id=report.trade_id,
        strategy=order.strategy,
        symbol=order.symbol,
        side=order.side,
        price=report.last_price,
        quantity=report.last_quantity,
        cumulative_quantity=cumulative,
        status=status,
        fee=report.fee,
        fee_asset=report.fee_asset,
        maker=report.maker,
        venue_ns=report.venue_ns,
        trace_id=order.trace_id,
    )
    _take(order, event)
    return event


def _hear(
    order: Order, status: OrderStatus, cumulative: Decimal, venue_order_id: int, reason: str
) -> Events:
    """Take note of what the venue claims, and end the order once trades prove the claim."""
    if cumulative > order.claimed:
        order.claimed = cumulative
    if status is _FILLED:
        order.claimed = order.quantity
    if status in TERMINAL and (order.ending is None or RANK[status] > RANK[order.ending]):
        order.ending = status
        order.ending_reason = reason
    if order.status in TERMINAL:
        return ()
    if order.ending is not None and not order.awaits_trades:
        return _move(order, order.ending, order.ending_reason, venue_order_id)
    return _move(order, _NEW, "", venue_order_id)


def _move(order: Order, status: OrderStatus, reason: str, venue_order_id: int = 0) -> Events:
    if venue_order_id:
        order.venue_order_id = venue_order_id
    if RANK[status] <= RANK[order.status]:
        return ()
    order.status = status
    return (OrderMoved(order.client_order_id, status, order.venue_order_id, reason),)
