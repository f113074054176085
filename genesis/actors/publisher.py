"""Shows: keeps a replica of the account and the books, and sends viewers numbered deltas."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from genesis.actors.journaling import FollowingActor
from genesis.actors.risk import mark_of
from genesis.domain.instrument import Instrument
from genesis.domain.limits import Limits
from genesis.domain.order import TERMINAL
from genesis.domain.risk_book import RiskBook
from genesis.domain.sentences import sentence
from genesis.domain.state import Replica
from genesis.messages import view as v
from genesis.messages.base import Message
from genesis.messages.control import CommandAnswer
from genesis.messages.journal import (
    Entry,
    Halted,
    JournalSnapshot,
    OrderFilled,
    OrderIntended,
    OrderMoved,
)
from genesis.messages.lifecycle import ActorsSeen, RunOver
from genesis.messages.market import BookView
from genesis.runtime.actor import Context, handles
from genesis.runtime.gate import TradingGate

KEPT = 50
"""Fills and notes a viewer may scroll back."""
CURVE_POINTS = 240
CURVE_EVERY_NS = 1_000_000_000


class Tick(Message, frozen=True):
    """Time for the next delta."""


class Publisher(FollowingActor):
    """A viewer that asks gets one snapshot and then every delta; nobody is waited for."""

    def __init__(
        self,
        context: Context,
        gate: TradingGate,
        instruments: Mapping[str, Instrument],
        limits: Limits,
        interval_ns: int,
        title: str,
    ) -> None:
        super().__init__(context)
        self._gate = gate
        self._instruments = instruments
        self._limits = limits
        self._interval_ns = interval_ns
        self._title = title

    def begin(self) -> None:
        super().begin()
        self._book: RiskBook | None = None
        self._views: dict[str, BookView] = {}
        self._viewers: list[str] = []
        self._times: dict[str, int] = {}
        self._fills: deque[v.FillLine] = deque(maxlen=KEPT)
        self._notes: deque[v.NoteLine] = deque(maxlen=KEPT)
        self._actors: tuple[v.ActorLine, ...] = ()
        self._curve: deque[float] = deque(maxlen=CURVE_POINTS)
        self._curve_ns = 0
        self._ended = ""
        self._ended_ns: int | None = None
        self._ended_counters: v.CounterLine | None = None
        self._state = v.ViewState(seq=0, now_ns=self.now_ns(), title=self._title)
        self.after_wall(self._interval_ns, Tick())

    def restore(self, snapshot: JournalSnapshot) -> None:
        state = Replica.decode(snapshot.state)
        self._book = RiskBook(self._instruments, self._limits, state)

    def follow(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            if self._book is not None:
                self._book.on_entry(entry)
            event = entry.event
            if isinstance(event, OrderIntended):
                self.count("orders")
                self._times[event.client_order_id] = entry.time_ns
            elif isinstance(event, OrderMoved | OrderFilled) and event.status in TERMINAL:
                self._times.pop(event.client_order_id, None)
            if isinstance(event, OrderFilled):
                self.count("fills")
                self._fills.appendleft(self._fill_line(event, entry.time_ns))
            elif isinstance(event, Halted):
                self.count("halts")
            text = sentence(event)
            if text:
                self._notes.appendleft(v.NoteLine(entry.time_ns, text))

    @handles(BookView)
    def _on_view(self, view: BookView) -> None:
        self._views[view.symbol] = view

    @handles(ActorsSeen)
    def _on_actors(self, seen: ActorsSeen) -> None:
        self._actors = tuple(
            v.ActorLine(
                name=actor.name,
                state=actor.state,
                epoch=actor.epoch,
                restarts=actor.restarts,
                depth=actor.depth,
                age_ms=actor.age_ns / 1e6,
                handled=actor.handled,
                dropped=actor.dropped,
                conflated=actor.conflated,
                mean_handle_us=actor.handle_ns / max(1, actor.handled) / 1e3,
            )
            for actor in seen.actors
        )

    @handles(CommandAnswer)
    def _on_answer(self, answer: CommandAnswer) -> None:
        for viewer in self._viewers:
            self.tell(viewer, answer)

    @handles(RunOver)
    def _on_run_over(self, over: RunOver) -> None:
        self._ended = over.reason
        self._ended_ns = self.now_ns()
        self._ended_counters = self._counters()

    @handles(v.SubscribeView)
    def _on_subscribe(self, subscribe: v.SubscribeView) -> None:
        if subscribe.viewer not in self._viewers:
            self._viewers.append(subscribe.viewer)
        self.tell(subscribe.viewer, v.ViewSnapshot(self._state))

    @handles(Tick)
    def _on_tick(self, tick: Tick) -> None:
        self.after_wall(self._interval_ns, tick)
        if not self._viewers:
            return
        new = self._look()
        delta = v.diff(self._state, new)
        self._state = new
        for viewer in self._viewers:
            self.tell(viewer, delta)

    def _shown_ns(self) -> int:
        """Trading time; it stands still once the run is over, so that its figures stay."""
        return self.now_ns() if self._ended_ns is None else self._ended_ns

    def _look(self) -> v.ViewState:
        book = self._book
        if book is not None:
            for view in self._views.values():
                book.on_mark(view.symbol, mark_of(view, self._instruments[view.symbol]))
        gate = self._gate.read()
        return v.ViewState(
            seq=self._state.seq + 1,
            now_ns=self._shown_ns(),
            title=self._title,
            account=None if book is None else self._account(book),
            positions=() if book is None else tuple(self._positions(book)),
            books=tuple(self._book_line(self._views[s]) for s in sorted(self._views)),
            orders=() if book is None else tuple(self._orders(book)),
            fills=tuple(self._fills),
            actors=self._actors,
            gate=v.GateLine(str(gate.state), gate.reason, gate.halted),
            notes=tuple(self._notes),
            counters=self._ended_counters or self._counters(),
            ended=self._ended,
        )

    def _account(self, book: RiskBook) -> v.AccountLine:
        now_ns = self._shown_ns()
        figures = book.figures(now_ns)
        if now_ns - self._curve_ns >= CURVE_EVERY_NS:
            self._curve_ns = now_ns
            self._curve.append(float(figures.equity))
        return v.AccountLine(
            quote=figures.quote,
            equity=figures.equity,
            cash=figures.cash,
            inventory=figures.inventory,
            fees=figures.fees,
            realized_pnl=figures.realized,
            unrealized_pnl=figures.unrealized,
            day_pnl=figures.day_pnl,
            drawdown=figures.drawdown,
            drawdown_limit=self._limits.drawdown_fraction,
            exposure=figures.exposure,
            exposure_limit=self._limits.exposure_fraction,
            curve=tuple(self._curve),
        )

    def _positions(self, book: RiskBook) -> list[v.PositionLine]:
        lines = []
        for symbol, position in sorted(book.state.ledger.positions.items()):
            if position.quantity:
                mark = book.mids.get(symbol, position.last_price)
                value = position.quantity * mark
                lines.append(
                    v.PositionLine(
                        symbol=symbol,
                        quantity=position.quantity,
                        average_price=position.average_price,
                        mark=mark,
                        value=value,
                        unrealized_pnl=value - position.cost,
                    )
                )
        return lines

    def _orders(self, book: RiskBook) -> list[v.OrderLine]:
        open_orders = book.state.orders.open
        return [
            v.OrderLine(
                client_order_id=name,
                strategy=order.strategy,
                symbol=order.symbol,
                side=str(order.side),
                price=order.price,
                quantity=order.quantity,
                filled=order.filled,
                status=str(order.status),
                time_ns=self._times.get(name, order.decided_ns),
            )
            for name, order in reversed(open_orders.items())
        ]

    def _book_line(self, view: BookView) -> v.BookLine:
        instrument = self._instruments[view.symbol]
        return v.BookLine(
            symbol=view.symbol,
            synced=view.synced,
            bid=instrument.price(view.bid_ticks),
            bid_quantity=_on_step(instrument.quantity(view.bid_lots), instrument),
            ask=instrument.price(view.ask_ticks),
            ask_quantity=_on_step(instrument.quantity(view.ask_lots), instrument),
            data_time_ns=view.time_ns,
            update_id=view.update_id,
        )

    def _fill_line(self, fill: OrderFilled, time_ns: int) -> v.FillLine:
        return v.FillLine(
            time_ns=time_ns,
            strategy=fill.strategy,
            symbol=fill.symbol,
            side=str(fill.side),
            quantity=_on_step(fill.quantity, self._instruments.get(fill.symbol)),
            price=fill.price,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            maker=fill.maker,
        )

    def _counters(self) -> v.CounterLine:
        get = self.context.runtime.counters.get
        return v.CounterLine(**{name: get(name) for name in v.CounterLine.__struct_fields__})


def _on_step(quantity: Decimal, instrument: Instrument | None) -> Decimal:
    """Without the digits below an order's step where they are all zero."""
    whole = quantity if instrument is None else instrument.floor_quantity(quantity)
    return whole if whole == quantity else quantity
