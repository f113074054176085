"""Judges every intent, is the only mint of approvals, and trips the halt the account calls for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from genesis.actors.journaling import FollowingActor
from genesis.domain.instrument import Instrument
from genesis.domain.limits import Limits, Refusal
from genesis.domain.risk_book import FOLDED, RiskBook
from genesis.domain.state import TradingState
from genesis.domain.views import Views, has_touch
from genesis.domain.vigil import Mids
from genesis.messages.base import Message
from genesis.messages.control import Halt
from genesis.messages.journal import (
    ActorRestarted,
    Entry,
    GateMoved,
    IntentRefused,
    JournalSnapshot,
)
from genesis.messages.market import BookView
from genesis.messages.names import EXECUTOR, SUPERVISOR, strategy_name
from genesis.messages.orders import Approved, OrderRefused, PlaceOrder
from genesis.runtime.actor import Context, handles
from genesis.runtime.clock import ENDLESS_NS
from genesis.runtime.gate import OVER, GateState, TradingGate

DAILY_LOSS = "daily loss"
MARK_EVERY_NS = 10_000_000_000
LOOK_EVERY_NS = 250_000_000
"""How often marks alone (without a fill) are looked at for a breach, at most."""
LOOK_RANK = 2
"""Behind what the market brings at a moment, before the strategies it is shown to."""
_FREES_APPROVED = (ActorRestarted, GateMoved)
REFUSED_BY = "refused by"
"""What is counted for each limit: this, and its name."""
REPEAT_AFTER_NS = 60_000_000_000
"""A refusal like the one before is journaled again only after this long."""
REPEAT_SHUT_AFTER_NS = 24 * 60 * REPEAT_AFTER_NS
"""So it is where the gate is still shut for the same reason: strategies go on asking."""


class Look(Message, frozen=True):
    """Time to see whether the marks alone broke a limit. Only the newest ``number`` counts."""

    reads_only: ClassVar[bool] = True  # it may halt, and so cancel: the venue answers later

    number: int


class Risk(FollowingActor):
    """Holds the ledger as the journal tells it, and what is approved but not journaled yet."""

    kinds = (*FOLDED, *_FREES_APPROVED)

    def __init__(
        self,
        context: Context,
        gate: TradingGate,
        instruments: Mapping[str, Instrument],
        limits: Limits,
        mark_every_ns: int = MARK_EVERY_NS,
    ) -> None:
        super().__init__(context)
        self._mark_every_ns = mark_every_ns
        self._gate = gate
        self._instruments = instruments
        self._ticks = {symbol: float(i.tick_size) for symbol, i in instruments.items()}
        self._limits = limits

    def begin(self) -> None:
        super().begin()
        self._in_real_time = self.horizon_ns() is None
        self._book: RiskBook | None = None
        self._views = Views()
        self._mids: dict[str, Mids] = {}
        self._looks = 0  # number of the Look on its way, and when it comes
        self._looks_ns = ENDLESS_NS
        self._called_ns = ENDLESS_NS  # the first moment known that calls for a look
        self._looked_ns = 0
        self._mark_due_ns = self._mark_every_ns
        self._refused: dict[tuple[str, str, str], tuple[str, int]] = {}
        self._halting = False
        self._narrows = True  # a former incarnation may have held the gate
        self._executor_back_ns: int | None = None

    def end(self) -> None:
        if self._book is not None:
            self._show(self._book, self._book.held)
            self._book.observe(self.now_ns())
            self._mark_equity(self._book)
        super().end()

    def restore(self, snapshot: JournalSnapshot) -> None:
        state = TradingState.decode(snapshot.state)
        self._book = RiskBook(self._instruments, self._limits, state)
        self._look_later()

    def follow(self, entries: tuple[Entry, ...]) -> None:
        book = self._book
        if book is None:
            return
        moved = False
        for entry in entries:
            if book.on_entry(entry):
                moved = True
            elif type(entry.event) in _FREES_APPROVED:
                self._release_dead(book, entry)
        if moved:
            self._look(book)
            self._look_later()

    def _release_dead(self, book: RiskBook, entry: Entry) -> None:
        """Approvals that died with an executor are in flight no more.

        Only once the gate opens again: its successor has then compared with the venue, and so has
        worked off everything that had been waiting for it.
        """
        event = entry.event
        if isinstance(event, ActorRestarted) and event.name == EXECUTOR:
            self._executor_back_ns = entry.time_ns
        elif isinstance(event, GateMoved) and event.state != GateState.HALTED:
            if self._executor_back_ns is not None:
                book.release_unjournaled(self._executor_back_ns + 1)  # that moment included
            self._executor_back_ns = None

    @handles(BookView)
    def _on_view(self, view: BookView) -> None:
        self._views.see(view)
        self._mids.pop(view.symbol, None)
        if self._missed(view):
            self._called_ns = min(self._called_ns, view.newest_ns)
            self._remind()
        elif view.newest_ns:
            self._look_later()

    def _missed(self, view: BookView) -> bool:
        """Whether it was received before the last look, which did not know of it: that happens only
        where time does not wait."""
        if not 0 < view.newest_ns <= self._looked_ns or not self._in_real_time:
            return False
        book = self._book
        if book is None or view.symbol not in book.held:
            return False
        seen = book.marks.views.get(view.symbol)
        touch = (view.synced, view.bid_ticks, view.ask_ticks)
        return seen is None or (seen.synced, seen.bid_ticks, seen.ask_ticks) != touch

    def _look_later(self) -> None:
        """Look when something is to be done, as far as the market is known, and not too often."""
        book, views, now_ns = self._book, self._views, self.now_ns()
        if book is None or views.newest_ns <= self._looked_ns:
            return
        if self._called_ns >= now_ns:
            self._called_ns = ENDLESS_NS  # of that moment more is known now
        after_ns = self._looked_ns
        if not self._in_real_time:
            after_ns = max(after_ns, now_ns - 1)  # each earlier moment has had its turn
        mark_ns = views.next_ns(max(after_ns, self._mark_due_ns - 1))
        at_ns = ENDLESS_NS if mark_ns is None else mark_ns
        left_ns = self._left_ns(book, after_ns, at_ns)
        if left_ns is not None and left_ns < at_ns:
            at_ns = left_ns
        self._called_ns = min(self._called_ns, at_ns)
        self._remind()

    def _left_ns(self, book: RiskBook, after_ns: int, before_ns: int) -> int | None:
        """When equity first leaves the band, as far as the market is known."""
        band, held = book.band(), book.held
        if band is None:
            return self._views.next_ns(after_ns)
        known = {}
        for symbol in held:
            moves = self._mids.get(symbol) or self._mids_of(symbol)
            if moves is not None:
                known[symbol] = moves
        mids = self._mids_now(book) if len(held) > 1 else {}
        return band.left_ns(known, mids, after_ns, before_ns)

    def _wanted_ns(self) -> int:
        """When to look, as far as is known."""
        return max(self._called_ns, self._looked_ns + LOOK_EVERY_NS)

    def _remind(self) -> None:
        """Have a Look come when it is wanted. One that comes sooner is not called back: it reminds
        again."""
        wanted_ns = self._wanted_ns()
        if wanted_ns < self._looks_ns:
            self._looks_ns = wanted_ns
            self._looks += 1
            delay_ns = max(0, wanted_ns - self.now_ns())
            self.after(delay_ns, Look(self._looks), rank=LOOK_RANK)

    def _mids_now(self, book: RiskBook) -> dict[str, float]:
        """Of what is held: one symbol may have moved since the last look, another moves next."""
        seen_ns = self.now_ns() - self.unseen_ns()
        mids = {}
        for symbol in book.held:
            view = self._views.at(symbol, seen_ns)
            if view is not None and has_touch(view):
                mids[symbol] = (view.bid_ticks + view.ask_ticks) * self._ticks[symbol] / 2
            else:
                mids[symbol] = float(book.marks.mid(symbol))
        return mids

    def _mids_of(self, symbol: str) -> Mids | None:
        """Of the newest view, made when they are first wanted; None where it moved nothing."""
        view = self._views.newest(symbol)
        if view is None or not view.newest_ns:
            return None
        moves = self._mids[symbol] = Mids(view, self._ticks[symbol])
        return moves

    def _show(self, book: RiskBook, symbols: Iterable[str]) -> None:
        """Let ``book`` see the touches of ``symbols`` as of now, and of no others: nobody asks."""
        seen_ns = self.now_ns() - self.unseen_ns()
        for symbol in symbols:
            view = self._views.at(symbol, seen_ns)
            if view is not None:
                book.marks.on_view(view)

    @handles(Look)
    def _on_look(self, look: Look) -> None:
        if look.number != self._looks or self._book is None:
            return
        now_ns, self._looks_ns = self.now_ns(), ENDLESS_NS
        if now_ns < self._wanted_ns():
            self._remind()
            return
        self._look(self._book)
        if now_ns >= self._mark_due_ns:
            self._mark_equity(self._book)
        self._look_later()

    @handles(PlaceOrder)
    def _on_place(self, order: PlaceOrder) -> None:
        refusal = self._judge(order)
        if refusal is None and self._book is not None:
            self._book.reserve(order, self.now_ns())
            self.tell(EXECUTOR, Approved(order, self.epoch, self.now_ns()))
        elif refusal is not None:
            self._refuse(order, refusal)

    def _judge(self, order: PlaceOrder) -> Refusal | None:
        if self._book is None:
            return Refusal("ledger", "risk is still reading the journal", "a complete ledger")
        gate = self._gate.read()
        if gate.state is GateState.HALTED:
            return Refusal("gate", f"{gate.state}: {gate.reason}", str(GateState.ACTIVE))
        self._show(self._book, self._book.at_stake(order.symbol))
        return self._book.judge(order, self.now_ns())

    def _refuse(self, order: PlaceOrder, refusal: Refusal) -> None:
        refused = OrderRefused(order, refusal.limit, refusal.value, refusal.compared_with)
        self.tell(strategy_name(order.strategy), refused)
        if refusal.limit == "gate" and self._gate.held(OVER):
            return  # strategies go on asking for as long as somebody watches: that is no news
        self.count("refusals")
        self.count(f"{REFUSED_BY} {refusal.limit}")
        kind = (order.strategy, order.symbol, refusal.limit)
        if self._journaled_lately(kind, refusal):
            return
        self._refused[kind] = refusal.value, self.now_ns()
        self.record(
            IntentRefused(
                strategy=order.strategy,
                symbol=order.symbol,
                side=order.side,
                quantity=order.quantity,
                price=order.price,
                limit=refusal.limit,
                value=refusal.value,
                compared_with=refusal.compared_with,
                trace_id=order.trace_id,
            )
        )

    def _journaled_lately(self, kind: tuple[str, str, str], refusal: Refusal) -> bool:
        if kind not in self._refused:
            return False
        value, last_ns = self._refused[kind]
        still_shut = refusal.limit == "gate" and refusal.value == value
        repeat_ns = REPEAT_SHUT_AFTER_NS if still_shut else REPEAT_AFTER_NS
        return self.now_ns() - last_ns < repeat_ns

    def _look(self, book: RiskBook) -> None:
        self._looked_ns, self._called_ns = self.now_ns(), ENDLESS_NS
        self._show(book, book.held)
        equity = book.observe(self._looked_ns)
        if equity is None:
            return  # equity cannot be told: that is no reason to lift anything
        breach = book.reached()
        if breach is None:
            if self._narrows:
                self._gate.release(DAILY_LOSS)
            self._narrows = False
        elif not breach.halts:
            self._narrows = True
            self._gate.hold(DAILY_LOSS, breach.sentence, GateState.REDUCING)
        elif not self._halting:
            self.tell(SUPERVISOR, Halt(breach.sentence, self.name))
        self._halting = breach is not None and breach.halts

    def _mark_equity(self, book: RiskBook) -> None:
        """What ``book`` has observed just now."""
        marked = book.equity_marked()
        if marked is not None:
            self._mark_due_ns = self.now_ns() + self._mark_every_ns
            self.record(marked)
