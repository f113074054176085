"""Shows: keeps a replica of the account and the books, and sends viewers numbered deltas."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from genesis.actors.journaling import FollowingActor
from genesis.counted import counted
from genesis.domain.figures import figures
from genesis.domain.instrument import Instrument
from genesis.domain.limits import Limits
from genesis.domain.money import rounded_down, text
from genesis.domain.order import TERMINAL
from genesis.domain.risk_book import RiskBook
from genesis.domain.sentences import sentence
from genesis.domain.state import TradingState
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
    Reconciled,
)
from genesis.messages.lifecycle import ActorsSeen, Noted, RunOver
from genesis.messages.market import BookView
from genesis.runtime.actor import Context, handles
from genesis.runtime.gate import GateReading, GateState, TradingGate

KEPT = 50
"""Fills and notes a viewer may scroll back."""
CURVE_POINTS = 240
CURVE_EVERY_NS = 1_000_000_000
_FINEST = 8
"""Decimals of a fee, and so of what is held after it."""


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
        news: Callable[[Entry], None],
    ) -> None:
        """``news`` is told of every fact that is committed while it lives."""
        super().__init__(context)
        self._news = news
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
        self._differences: tuple[str, ...] = ()
        self._ended = ""
        self._ended_ns: int | None = None
        self._ended_counters: v.CounterLine | None = None
        self._state = v.ViewState(seq=0, now_ns=self.now_ns(), title=self._title)
        self.after_wall(self._interval_ns, Tick())

    def restore(self, snapshot: JournalSnapshot) -> None:
        state = TradingState.decode(snapshot.state)
        self._book = RiskBook(self._instruments, self._limits, state)

    def follow(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            self._news(entry)
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
            elif isinstance(event, Reconciled):
                self._differences = event.differences
            if told := sentence(event):
                self._notes.appendleft(v.NoteLine(entry.time_ns, told))

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

    @handles(Noted)
    def _on_noted(self, noted: Noted) -> None:
        self._notes.appendleft(v.NoteLine(self.now_ns(), noted.text))

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
                book.marks.on_view(view)
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
            gate=self._gate_line(self._gate.read()),
            notes=tuple(self._notes),
            counters=self._ended_counters or self._counters(),
            ended=self._ended,
        )

    def _gate_line(self, gate: GateReading) -> v.GateLine:
        """While the gate waits for the venue to agree, what they differ in is the reason."""
        if gate.state is GateState.ACTIVE:
            self._differences = ()
        reason = gate.reason
        if self._differences and gate.state is GateState.HALTED and not gate.halted:
            many = counted(len(self._differences), "difference")
            reason = f"asking about {many}: {'; '.join(self._differences)} ({reason})"
        return v.GateLine(str(gate.state), reason, gate.halted)

    def _account(self, book: RiskBook) -> v.AccountLine:
        now_ns = self._shown_ns()
        told = figures(book, now_ns)
        if now_ns - self._curve_ns >= CURVE_EVERY_NS:
            self._curve_ns = now_ns
            self._curve.append(float(told.equity))
        return v.AccountLine(
            quote=told.quote,
            equity=told.equity,
            cash=told.cash,
            inventory=told.inventory,
            fees=told.fees,
            realized_pnl=told.realized,
            unrealized_pnl=told.unrealized,
            day_pnl=told.day_pnl,
            drawdown=told.drawdown,
            drawdown_limit=self._limits.drawdown_fraction,
            exposure=told.exposure,
            exposure_limit=self._limits.exposure_fraction,
            curve=tuple(self._curve),
        )

    def _positions(self, book: RiskBook) -> list[v.PositionLine]:
        lines = []
        for symbol, position in sorted(book.ledger.positions.items()):
            if position.quantity:
                mark = book.marks.mids.get(symbol, position.last_price)
                digits = self._digits(symbol)
                value = position.quantity * mark
                lines.append(
                    v.PositionLine(
                        symbol=symbol,
                        quantity=_written(position.quantity, digits.step, _FINEST),
                        average_price=position.average_price,
                        mark=_written(mark, digits.tick),
                        value=value,
                        unrealized_pnl=value - position.cost,
                        traded=symbol in self._instruments,
                    )
                )
        return lines

    def _orders(self, book: RiskBook) -> list[v.OrderLine]:
        lines = []
        for name, order in reversed(book.orders.open.items()):
            digits = self._digits(order.symbol)
            lines.append(
                v.OrderLine(
                    client_order_id=name,
                    strategy=order.strategy,
                    symbol=order.symbol,
                    side=str(order.side),
                    price=None if order.price is None else _written(order.price, digits.tick),
                    quantity=_written(order.quantity, digits.step),
                    filled=_written(order.filled, digits.step),
                    status=str(order.status),
                    time_ns=self._times.get(name, order.decided_ns),
                )
            )
        return lines

    def _digits(self, symbol: str) -> _Digits:
        """A symbol that is held from a former run may be none of this run's."""
        instrument = self._instruments.get(symbol)
        if instrument is None:
            return _Digits(0, 0)
        step_decimals = len(text(instrument.step_size).partition(".")[2])
        return _Digits(instrument.price_decimals, step_decimals)

    def _book_line(self, view: BookView) -> v.BookLine:
        instrument = self._instruments[view.symbol]
        step = self._digits(view.symbol).step
        return v.BookLine(
            symbol=view.symbol,
            synced=view.synced,
            bid=instrument.price(view.bid_ticks),
            bid_quantity=_written(instrument.quantity(view.bid_lots), step),
            ask=instrument.price(view.ask_ticks),
            ask_quantity=_written(instrument.quantity(view.ask_lots), step),
            data_time_ns=view.time_ns,
            update_id=view.update_id,
        )

    def _fill_line(self, fill: OrderFilled, time_ns: int) -> v.FillLine:
        digits = self._digits(fill.symbol)
        return v.FillLine(
            time_ns=time_ns,
            strategy=fill.strategy,
            symbol=fill.symbol,
            side=str(fill.side),
            quantity=_written(fill.quantity, digits.step),
            price=_written(fill.price, digits.tick),
            fee=_written(fill.fee, _FINEST),
            fee_asset=fill.fee_asset,
            maker=fill.maker,
        )

    def _counters(self) -> v.CounterLine:
        get = self.context.runtime.counters.get
        return v.CounterLine(**{name: get(name) for name in v.CounterLine.__struct_fields__})


class _Digits(NamedTuple):
    """Decimals of a symbol's prices and of its orders' quantities."""

    tick: int
    step: int


def _written(value: Decimal, *digits: int) -> Decimal:
    """With as many decimals as the first of ``digits`` that loses nothing: the journal keeps no
    final zeros."""
    for decimals in digits:
        if (whole := rounded_down(value, decimals)) == value:
            return whole
    return value
