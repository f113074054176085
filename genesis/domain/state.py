"""The state of an account as the fold of its journal. No clock, no I/O.

Memory stays flat: of what has ended only a bounded memory of orders and a rolling digest are kept,
and the digest covers every fill and every other end of an order there ever was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Self

import msgspec

from genesis.domain.ledger import Ledger
from genesis.domain.money import canonical_json
from genesis.domain.order import TERMINAL
from genesis.domain.orders import OrderTable
from genesis.messages.journal import (
    AccountOpened,
    ActorRestarted,
    BookLost,
    BookRecovered,
    DeadLettered,
    Entry,
    EquityMarked,
    GateMoved,
    Halted,
    HaltProven,
    IntentRefused,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderSent,
    Reconciled,
    Resumed,
    RunEnded,
    RunStarted,
)
from genesis.messages.orders import OrderStatus

FORMAT = 2
"""Of the encoding; raised when an older encoding can no longer be folded on."""

_encode = msgspec.json.Encoder().encode


class Counters(msgspec.Struct):
    """How often something happened in the whole journal. ``orders`` were made durable, ``sent``
    went onto the wire, ``rejected`` by the venue, ``refusals`` are risk's."""

    runs: int = 0
    orders: int = 0
    sent: int = 0
    fills: int = 0
    rejected: int = 0
    refusals: int = 0
    restarts: int = 0
    dead_letters: int = 0
    halts: int = 0
    gaps: int = 0
    resyncs: int = 0


class TradingState(msgspec.Struct):
    """Everything that follows from the journal up to entry ``seq``.

    ``run`` is the last run's number; ``run_open`` is True while no end of it was journaled.
    ``halted`` latches until the operator resumes; ``halt_proven`` once the venue showed no open
    order. ``equity``, ``peak_equity`` and ``day_start_equity`` are of the last mark, in quote, and
    None before it; ``resumed`` is True from a resume until the next mark (see ``drawdown.py``).
    """

    format: int = FORMAT
    seq: int = 0
    time_ns: int = 0
    run: int = 0
    run_open: bool = False
    halted: bool = False
    halt_proven: bool = False
    halt_reason: str = ""
    halt_source: str = ""
    resumed: bool = False
    gate: str = ""
    gate_reason: str = ""
    equity: Decimal | None = None
    peak_equity: Decimal | None = None
    day_start_equity: Decimal | None = None
    day: int = 0
    counters: Counters = msgspec.field(default_factory=Counters)
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    orders: OrderTable = msgspec.field(default_factory=OrderTable)
    history: str = ""

    def apply(self, entry: Entry) -> None:
        """Fold the next entry. Raises ValueError on a hole or a repetition: a bug of the caller."""
        seq, event = entry.seq, entry.event
        if seq != self.seq + 1:
            raise ValueError(f"journal entry {seq} cannot follow entry {self.seq}")
        _FOLDS[type(event)](self, event)
        self.seq = seq
        self.time_ns = entry.time_ns

    def encode(self) -> bytes:
        """Canonical JSON: equal states have equal bytes."""
        return canonical_json(self)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Raises ValueError when the bytes are not a state of this format."""
        state = msgspec.json.decode(data, type=cls)
        if state.format != FORMAT:
            raise ValueError(f"a state of format {state.format} cannot be read, only {FORMAT}")
        return state

    def digest(self) -> str:
        """sha256 of ``encode()``, in hex."""
        return digest_of(self.encode())

    def _run_started(self, event: RunStarted) -> None:
        self.run = event.run
        self.run_open = True
        self.counters.runs += 1

    def _run_ended(self, event: RunEnded) -> None:
        self.run_open = False

    def _account_opened(self, event: AccountOpened) -> None:
        self.ledger.open_account(event.asset, event.amount)

    def _order_intended(self, event: OrderIntended) -> None:
        if self.orders.get(event.client_order_id) is None:
            self.orders.add(event)
            self.counters.orders += 1

    def _order_sent(self, event: OrderSent) -> None:
        self.counters.sent += self.orders.apply(event)

    def _order_moved(self, event: OrderMoved) -> None:
        if self.orders.apply(event) and event.status in TERMINAL:
            self.counters.rejected += event.status is OrderStatus.REJECTED
            self._remember(event)

    def _order_filled(self, event: OrderFilled) -> None:
        if self.orders.apply(event):
            self.ledger.apply(event)
            self.counters.fills += 1
            self._remember(event)

    def _remember(self, event: OrderFilled | OrderMoved) -> None:
        """Read back from its row, an event is always encoded to the same bytes."""
        self.history = hashlib.sha256(self.history.encode() + _encode(event)).hexdigest()

    def _intent_refused(self, event: IntentRefused) -> None:
        self.counters.refusals += 1

    def _halted(self, event: Halted) -> None:
        if self.halted:
            return  # the first reason is the one the operator needs
        self.halted = True
        self.halt_proven = False
        self.halt_reason = event.reason
        self.halt_source = event.source
        self.counters.halts += 1

    def _halt_proven(self, event: HaltProven) -> None:
        self.halt_proven = self.halted

    def _resumed(self, event: Resumed) -> None:
        self.halted = self.halt_proven = False
        self.halt_reason = self.halt_source = ""
        self.resumed = True

    def _gate_moved(self, event: GateMoved) -> None:
        self.gate = event.state
        self.gate_reason = event.reason

    def _actor_restarted(self, event: ActorRestarted) -> None:
        self.counters.restarts += 1

    def _dead_lettered(self, event: DeadLettered) -> None:
        self.counters.dead_letters += 1

    def _book_lost(self, event: BookLost) -> None:
        self.counters.gaps += 1

    def _book_recovered(self, event: BookRecovered) -> None:
        self.counters.resyncs += 1

    def _reconciled(self, event: Reconciled) -> None:
        """Told to people only: it changes no state."""

    def _equity_marked(self, event: EquityMarked) -> None:
        self.equity = event.equity
        self.peak_equity = event.peak_equity
        self.day_start_equity = event.day_start_equity
        self.day = event.day
        self.resumed = False


_FOLDS: dict[type, Callable[[TradingState, Any], None]] = {
    RunStarted: TradingState._run_started,
    RunEnded: TradingState._run_ended,
    AccountOpened: TradingState._account_opened,
    OrderIntended: TradingState._order_intended,
    OrderSent: TradingState._order_sent,
    OrderMoved: TradingState._order_moved,
    OrderFilled: TradingState._order_filled,
    IntentRefused: TradingState._intent_refused,
    Halted: TradingState._halted,
    HaltProven: TradingState._halt_proven,
    Resumed: TradingState._resumed,
    GateMoved: TradingState._gate_moved,
    ActorRestarted: TradingState._actor_restarted,
    DeadLettered: TradingState._dead_lettered,
    BookLost: TradingState._book_lost,
    BookRecovered: TradingState._book_recovered,
    Reconciled: TradingState._reconciled,
    EquityMarked: TradingState._equity_marked,
}


def digest_of(encoded: bytes) -> str:
    """What ``TradingState.digest`` says of the state that is encoded so."""
    return hashlib.sha256(encoded).hexdigest()
