"""Match own orders of one symbol against its market. No latency, no I/O: it acts at given times."""

from __future__ import annotations

from decimal import Decimal

from genesis.domain.book import Book
from genesis.domain.book_layout import TIME
from genesis.domain.instrument import Instrument
from genesis.domain.money import UNITS
from genesis.messages.market import Table
from genesis.messages.orders import (
    CancelAtVenue,
    ExecutionType,
    OrderType,
    Side,
    SubmitOrder,
    TimeInForce,
)
from genesis.simulator import orders as o
from genesis.simulator.desk import OrderDesk
from genesis.simulator.liquidity import (
    ASKS,
    BIDS,
    Consumption,
    displayed_at,
    displayed_levels,
)
from genesis.simulator.orders import Order, Refusal
from genesis.simulator.queue import Match, RestingQueue
from genesis.simulator.tape import (
    Hit,
    Interest,
    LevelSeen,
    Scanner,
    TradeSeen,
    depth_levels,
    reached_ns,
    seen,
)

UNSEEN_QUEUE = 1 << 62
"""Lots before an order where no queue is shown: only trades through its price fill it."""

Plan = list[tuple[int, int, int]]
"""The levels an arriving order takes, best first: ticks, lots displayed, and taken of them."""


class SymbolMatcher:
    """The market of one symbol with own orders in it; ``desk`` books what is decided here."""

    def __init__(self, instrument: Instrument, desk: OrderDesk) -> None:
        self.instrument = instrument
        self.book = Book(instrument, trades=False)
        self._desk = desk
        self._filters = o.Filters(instrument)
        self._step_lots = self._filters.step_lots
        self._queues = {side: RestingQueue(side, self._step_lots) for side in (BIDS, ASKS)}
        self._consumption = Consumption()
        self._consumed_id = 0
        self._scanner = Scanner()

    # The market moves

    def on_rows(self, table: Table) -> None:
        """Fold rows in receive order and fill whatever they fill, at their times."""
        book = self.book
        if not self._desk.open and (not self._consumption or book.shows_touch_alone):
            book.follow(table)
            return
        start = 0
        while start < len(table):
            interest = Interest(
                self._best_own(BIDS), self._best_own(ASKS), self._prices_of_interest()
            )
            end, hits = self._scanner.next_piece(table, start, book.last_update_id, interest)
            if self._desk.open:
                self._see(hits)
            else:  # only what own orders took is of interest
                for side, ticks, lots in depth_levels(hits):
                    self._consumption.on_level(side, ticks, lots)
            was_synced = book.synced
            book.follow(table[start:end])
            if book.synced and not was_synced:
                self._on_resync(table.item(end - 1, TIME))
            start = end

    def _see(self, hits: list[Hit]) -> None:
        for event in seen(hits):
            if isinstance(event, LevelSeen):
                if not event.from_ticker:
                    self._consumption.on_level(event.side, event.ticks, event.lots)
                self._on_level(event)
            else:
                self._on_trade(event)

    def _on_trade(self, trade: TradeSeen) -> None:
        queue = self._queues[trade.side]
        for match in queue.on_trade(trade.ticks, trade.lots, trade.event_ns):
            self._fill_resting(match, trade.time_ns)

    def _on_level(self, level: LevelSeen) -> None:
        if not level.from_ticker and (own := self._queues[level.side]):
            own.on_own_level(level.ticks, level.lots, level.update_id, level.event_ns)
        self._cross(level.side, level.ticks, level.lots, level.update_id, level.time_ns)

    def _cross(self, side: int, ticks: int, lots: int, update_id: int, now_ns: int) -> None:
        self._forget_older_quotes(update_id)
        if not self._queues[-side]:
            return
        left = self._consumption.left(side, ticks, lots)
        matches = self._queues[-side].on_opposite_level(ticks, left, update_id)
        if matches:
            self._consumption.take(side, ticks, lots, sum(match.lots for match in matches))
        for match in matches:
            self._fill_resting(match, now_ns)

    def _on_resync(self, now_ns: int) -> None:
        """Whatever happened while the book was not whole: judge own orders by the new book."""
        update_id = self._newest_id()
        for side, queue in self._queues.items():
            for order in queue:
                order.as_of_id = min(order.as_of_id, update_id)
            for ticks in set(queue.prices()):
                lots = displayed_at(self.book, side, ticks)
                queue.on_own_level(ticks, lots, update_id, self.book.depth_event_ns)
            for ticks, lots in displayed_levels(self.book, -side):
                if not queue.reached_by(ticks):
                    break
                self._cross(-side, ticks, lots, update_id, now_ns)

    def reached_ns(self, table: Table) -> int | None:
        """When rows still to come may first fill a resting order; None while they cannot."""
        if not self._desk.open:
            return None
        return reached_ns(table, self._best_own(BIDS), self._best_own(ASKS))

    def _best_own(self, side: int) -> int | None:
        queue = self._queues[side]
        return queue.best_ticks if len(queue) else None

    def _prices_of_interest(self) -> list[int]:
        own = [ticks for queue in self._queues.values() for ticks in queue.prices()]
        return own + self._consumption.prices()

    def _forget_older_quotes(self, update_id: int) -> None:
        """Where no level shrinks or grows in sight, each quote is on offer anew, and once."""
        if self._consumed_id != update_id and self.book.shows_touch_alone:
            self._consumption.clear()
            self._consumed_id = update_id

    def _newest_id(self) -> int:
        return max(self.book.last_update_id, self.book.ticker_id)

    # Requests arrive

    def place(self, request: SubmitOrder, now_ns: int) -> None:
        """Take in one order as of ``now_ns`` and say what becomes of it."""
        order = self._refusal_by_state(request) or self._filters.read(request)
        if isinstance(order, Refusal):
            self._desk.refuse(request, order, now_ns)
            return
        self._forget_older_quotes(self.book.ticker_id)
        plan = self._plan(order)
        needs = self._needs(order, plan)
        refusal = self._refusal_by_market(order, needs)
        if refusal is not None:
            self._desk.refuse(request, refusal, now_ns)
            return
        desk = self._desk
        others = bool(desk.open)
        desk.accept(order, needs, now_ns)
        if o.all_or_nothing(order) and _planned(plan) < order.lots:
            self._close(order, ExecutionType.EXPIRED, now_ns, "it cannot be filled whole")
            return
        if others:
            self._expire_own_makers(order, plan, now_ns)
        for ticks, displayed, lots in plan:
            self._consumption.take(-order.book_side, ticks, displayed, lots)
            desk.fill(order, ticks, lots, False, now_ns)
        if order.remaining_lots:
            self._rest_or_expire(order, now_ns)

    def cancel(self, request: CancelAtVenue, now_ns: int) -> None:
        order = self._desk.open.get(request.client_order_id)
        if order is None:
            self._desk.refuse(request, o.UNKNOWN_ORDER, now_ns)
        else:
            self._close(order, ExecutionType.CANCELED, now_ns)

    def fill_resting(self, client_order_id: str, percent: int, now_ns: int) -> None:
        """Fill that much of a resting order at its own price, at least one step."""
        order = self._desk.open.get(client_order_id)
        if order is not None and order.price_ticks is not None:
            lots = order.remaining_lots * percent // 100 // self._step_lots * self._step_lots
            self._fill(order, order.price_ticks, max(lots, self._step_lots), True, now_ns)

    def _refusal_by_state(self, request: SubmitOrder) -> Refusal | None:
        if self.instrument.status != "TRADING" or not self.book.synced:
            # Without a whole book this venue has no market to match against.
            return o.MARKET_CLOSED
        if request.client_order_id in self._desk.open:
            return o.DUPLICATE
        if len(self._desk.open) >= self.instrument.max_orders and o.may_rest(request):
            return o.filter_failure("MAX_NUM_ORDERS")
        return None

    def _refusal_by_market(self, order: Order, needs: Decimal) -> Refusal | None:
        side, ticks = order.book_side, order.price_ticks
        if ticks is None:
            top, _ = self.book.top(-side)
            if top and order.lots * top < self._filters.min_value:
                return o.filter_failure("NOTIONAL")
        elif order.type is OrderType.LIMIT_MAKER:
            top, _ = self.book.top(-side)
            if (top and (ticks - top) * side >= 0) or self._queues[-side].reached_by(ticks):
                return o.WOULD_TAKE
        if needs > self._desk.account.free(order.pays):
            return o.INSUFFICIENT
        return None

    def _needs(self, order: Order, plan: Plan) -> Decimal:
        """What the order reserves of the asset it pays with."""
        if order.side is Side.SELL:
            return order.quantity
        if order.price is not None:
            return order.price * order.quantity
        value = sum([ticks * lots for ticks, _, lots in plan])
        return value * UNITS[self.instrument.price_decimals + self.instrument.lot_decimals]

    def _plan(self, order: Order) -> Plan:
        if order.type is OrderType.LIMIT_MAKER:
            return []
        side, limit, left = order.book_side, order.price_ticks, order.lots
        plan = []
        for ticks, displayed in displayed_levels(self.book, -side):
            if limit is not None and (ticks - limit) * side > 0:
                break
            free = self._consumption.left(-side, ticks, displayed)
            if lots := min(left, free) // self._step_lots * self._step_lots:
                plan.append((ticks, displayed, lots))
                left -= lots
                if not left:  # before the next level is read: mostly the first is enough
                    break
        return plan

    def _rest_or_expire(self, order: Order, now_ns: int) -> None:
        if order.price_ticks is None:
            self._close(order, ExecutionType.EXPIRED, now_ns, "the book holds no more")
        elif order.type is OrderType.LIMIT and order.time_in_force is not TimeInForce.GTC:
            self._close(order, ExecutionType.EXPIRED, now_ns, "no more within its limit")
        else:
            side = order.book_side
            order.queue_ahead = (
                UNSEEN_QUEUE
                if self.book.shows_touch_alone
                else displayed_at(self.book, side, order.price_ticks)
            )
            order.as_of_id = self._newest_id()
            order.counted_ns = self.book.depth_event_ns
            self._queues[side].add(order)

    def _expire_own_makers(self, order: Order, plan: Plan, now_ns: int) -> None:
        """Self-trade prevention, Binance's default EXPIRE_MAKER: own orders it would meet go."""
        reach = order.price_ticks
        if plan and _planned(plan) == order.lots:
            reach = plan[-1][0]
        for maker in self._queues[-order.book_side].reached_by(reach):
            self._close(maker, ExecutionType.EXPIRED, now_ns, "self-trade prevention")

    # What follows from it

    def _fill_resting(self, match: Match, now_ns: int) -> None:
        if (ticks := match.order.price_ticks) is not None:
            self._fill(match.order, ticks, match.lots, True, now_ns)

    def _fill(self, order: Order, ticks: int, lots: int, maker: bool, now_ns: int) -> None:
        self._desk.fill(order, ticks, lots, maker, now_ns)
        if not order.remaining_lots:
            self._queues[order.book_side].discard(order)

    def _close(self, order: Order, how: ExecutionType, now_ns: int, reason: str = "") -> None:
        self._desk.close(order, how, now_ns, reason)
        self._queues[order.book_side].discard(order)


def _planned(plan: Plan) -> int:
    return sum(lots for _, _, lots in plan)
