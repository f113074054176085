"""The life of own orders of one symbol at the venue: ids, reservations, fills, reports.

It books what it is told and never decides what matches.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from decimal import Decimal

from genesis.domain.instrument import Instrument
from genesis.domain.money import ZERO
from genesis.messages.base import Message
from genesis.messages.orders import (
    ExecutionReport,
    ExecutionType,
    OrderStatus,
    Side,
    SubmitOrder,
    VenueRefused,
)
from genesis.simulator.account import Account, fee_of
from genesis.simulator.orders import Order, Refusal, Request
from genesis.simulator.terms import VenueTerms

KEPT_CLOSED_ORDERS = 10_000
KEPT_TRADES = 100_000
"""So that memory stays flat. The journal, not the venue, is the long memory."""

Emit = Callable[[int, Message], None]
"""Takes the venue's time in ns and what it says."""


class OrderDesk:
    """Open and recently closed own orders, and own trades. Ids count up from ``first_id``."""

    def __init__(
        self,
        instrument: Instrument,
        account: Account,
        terms: VenueTerms,
        emit: Emit,
        first_id: int,
    ) -> None:
        self.instrument = instrument
        self.account = account
        self.open: dict[str, Order] = {}
        self.trades: deque[ExecutionReport] = deque(maxlen=KEPT_TRADES)
        self._closed: OrderedDict[str, Order] = OrderedDict()
        self._terms = terms
        self._emit = emit
        self._next_order_id = self._next_trade_id = first_id

    def order(self, client_order_id: str) -> Order | None:
        """The newest order of this id, open or closed."""
        return self.open.get(client_order_id) or self._closed.get(client_order_id)

    def accept(self, order: Order, reserve: Decimal, now_ns: int) -> None:
        """Open an order, lock ``reserve`` of the asset it pays with and report it NEW."""
        self.account.lock(order.pays, reserve)
        order.reserved = reserve
        order.venue_order_id = self._next_order_id
        self._next_order_id += 1
        self.open[order.client_order_id] = order
        self._report(order, ExecutionType.NEW, now_ns, "")

    def fill(self, order: Order, ticks: int, lots: int, maker: bool, now_ns: int) -> None:
        """Book one trade of ``lots`` at ``ticks`` and report it."""
        instrument, terms = self.instrument, self._terms
        price, quantity = instrument.price(ticks), instrument.quantity(lots)
        value = price * quantity
        if order.side is Side.BUY:
            get, paid, gross = instrument.base, value, quantity
            reserved = paid if order.price is None else order.price * quantity
        else:
            get, paid, gross = instrument.quote, quantity, value
            reserved = paid
        fee = min(gross, fee_of(gross, terms.maker_fee if maker else terms.taker_fee))
        self.account.settle(order.pays, reserved, paid, get, gross - fee)
        order.reserved -= reserved
        order.filled_lots += lots
        done = not order.remaining_lots
        order.status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        report = ExecutionReport(
            symbol=instrument.symbol,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            execution_type=ExecutionType.TRADE,
            status=order.status,
            cumulative_quantity=instrument.quantity(order.filled_lots),
            venue_ns=now_ns,
            trade_id=self._next_trade_id,
            last_quantity=quantity,
            last_price=price,
            fee=fee,
            fee_asset=get,
            maker=maker,
        )
        self._next_trade_id += 1
        self.trades.append(report)
        self._emit(now_ns, report)
        if done:
            self._end(order)

    def close(self, order: Order, how: ExecutionType, now_ns: int, reason: str) -> None:
        """End an order that is not filled (CANCELED, EXPIRED): unlock its rest and report it."""
        order.status = OrderStatus(how.value)
        self._end(order)
        self._report(order, how, now_ns, reason)

    def refuse(self, request: Request, refusal: Refusal, now_ns: int) -> None:
        """Answer a request with the venue's code; nothing changes."""
        self._emit(now_ns, refused(request, refusal))

    def _end(self, order: Order) -> None:
        if order.reserved:
            self.account.unlock(order.pays, order.reserved)
            order.reserved = ZERO
        del self.open[order.client_order_id]
        self._closed.pop(order.client_order_id, None)
        self._closed[order.client_order_id] = order
        if len(self._closed) > KEPT_CLOSED_ORDERS:
            self._closed.popitem(last=False)

    def _report(self, order: Order, how: ExecutionType, now_ns: int, reason: str) -> None:
        report = ExecutionReport(
            symbol=self.instrument.symbol,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            execution_type=how,
            status=order.status,
            cumulative_quantity=self.instrument.quantity(order.filled_lots),
            venue_ns=now_ns,
            reason=reason,
        )
        self._emit(now_ns, report)


def refused(request: Request, refusal: Refusal) -> VenueRefused:
    """The venue's answer to a request it does not take."""
    return VenueRefused(
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        request="place" if isinstance(request, SubmitOrder) else "cancel",
        code=refusal.code,
        text=refusal.text,
    )
