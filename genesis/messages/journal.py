"""Facts that are kept for ever: the journal's events, and how actors hand them over.

The journal is the one ordered log of everything that concerns money. Actors append facts to it
through the persistence actor; whoever holds state derived from it (risk, strategies, publisher)
follows the committed events in sequence. So a crash anywhere loses no fact and doubles none.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from genesis.messages.base import Control, Message
from genesis.messages.orders import OrderStatus, OrderType, Side, TimeInForce


class Event(msgspec.Struct, frozen=True, tag_field="event", omit_defaults=False, gc=False):
    """Base of journal events. Field order is the canonical order of the stored payload.

    Without containers of its own no event can be part of a circle: Python need not look for one
    among all that a long run keeps. So it is with ``Fact`` and ``Entry``.
    """


class RunStarted(Event, frozen=True, tag=True):
    """A daemon opened this data folder. ``run`` counts from 1 and rises with every start."""

    run: int
    version: str
    market: str
    symbols: tuple[str, ...]
    strategies: tuple[str, ...]
    config_digest: str


class RunEnded(Event, frozen=True, tag=True):
    run: int
    reason: str


class AccountOpened(Event, frozen=True, tag=True):
    """The first funding of the account: how much of the quote asset it starts with."""

    asset: str
    amount: Decimal


class OrderIntended(Event, frozen=True, tag=True):
    """An approved order, durable before it is sent."""

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


class OrderSent(Event, frozen=True, tag=True):
    """The gate was open and the order went onto the wire. At most one per client order id."""

    client_order_id: str


class OrderMoved(Event, frozen=True, tag=True):
    """An order's status moved forward without a fill."""

    client_order_id: str
    status: OrderStatus
    venue_order_id: int
    reason: str


class OrderFilled(Event, frozen=True, tag=True):
    """One execution, applied once per (symbol, trade_id).

    ``cumulative_quantity`` is the order's filled quantity after it, ``status`` the order's
    status after it. ``fee`` is in ``fee_asset``.
    """

    client_order_id: str
    venue_order_id: int
    trade_id: int
    strategy: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    cumulative_quantity: Decimal
    status: OrderStatus
    fee: Decimal
    fee_asset: str
    maker: bool
    venue_ns: int
    trace_id: int


class IntentRefused(Event, frozen=True, tag=True):
    """Risk refused an intent: which limit, its value, what it was compared with."""

    strategy: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    limit: str
    value: str
    compared_with: str
    trace_id: int


class Halted(Event, frozen=True, tag=True):
    """The global halt latched. ``source`` is an actor name or "operator"."""

    reason: str
    source: str


class HaltProven(Event, frozen=True, tag=True):
    """After a halt the venue was asked and showed no open order."""

    canceled: int


class Resumed(Event, frozen=True, tag=True):
    """The operator lifted the halt, after a reconciliation without differences."""

    reason: str


class GateMoved(Event, frozen=True, tag=True):
    """The trading gate changed its state: ACTIVE, REDUCING or HALTED, and why."""

    state: str
    reason: str


class Reconciled(Event, frozen=True, tag=True):
    """The venue was compared with the journal; each difference in words."""

    cause: str
    differences: tuple[str, ...]


class ActorRestarted(Event, frozen=True, tag=True):
    """``name`` came back as incarnation ``epoch``; ``cause`` is the child that failed."""

    name: str
    epoch: int
    cause: str
    reason: str


class DeadLettered(Event, frozen=True, tag=True):
    """A message that was not, and will not be, handled. ``message`` is its type and summary."""

    name: str
    epoch: int
    message: str
    reason: str


class BookLost(Event, frozen=True, tag=True):
    symbol: str
    reason: str


class BookRecovered(Event, frozen=True, tag=True):
    symbol: str
    update_id: int


class EquityMarked(Event, frozen=True, tag=True):
    """Equity at a moment, for the curve and for drawdown across restarts. All in quote."""

    equity: Decimal
    cash: Decimal
    inventory: Decimal
    fees: Decimal
    peak_equity: Decimal
    day_start_equity: Decimal
    day: int  # days since the epoch, UTC


AnyEvent = (
    RunStarted
    | RunEnded
    | AccountOpened
    | OrderIntended
    | OrderSent
    | OrderMoved
    | OrderFilled
    | IntentRefused
    | Halted
    | HaltProven
    | Resumed
    | GateMoved
    | Reconciled
    | ActorRestarted
    | DeadLettered
    | BookLost
    | BookRecovered
    | EquityMarked
)


class Fact(msgspec.Struct, frozen=True, gc=False):
    """An event on its way into the journal: what, and when (trading time, ns UTC)."""

    time_ns: int
    event: AnyEvent


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A committed event: ``seq`` counts from 1 without holes."""

    seq: int
    time_ns: int
    source: str
    event: AnyEvent


class AppendFacts(Message, frozen=True):
    """Hand one or more facts to persistence.

    They count from 1 per (source, source_epoch); ``first`` is the number of the first. Handing the
    same over again is harmless: persistence keeps each number once. The source knows that its facts
    up to number ``acknowledged`` are durable; so a hole between them and ``first`` can be told from
    facts that are kept already. What does not ``wait`` for that becomes durable with the next that
    does, by the next sign of life at the latest, and its source is told only now and then, so that
    it need not keep them for ever.
    """

    source: str
    source_epoch: int
    first: int
    facts: tuple[Fact, ...]
    acknowledged: int
    wait: bool = True


class FactsCommitted(Message, frozen=True):
    """To the source: everything up to and including number ``upto`` is durable."""

    source_epoch: int
    upto: int


class Subscribe(Message, frozen=True):
    """Follow the journal. ``after_seq`` None asks for a state snapshot first.

    ``epoch`` comes back in it: what a former incarnation asked for may be older than what that
    incarnation did afterwards. ``kinds`` names the events that the subscriber folds, None for all:
    a commit without any of them is passed over.
    """

    subscriber: str
    after_seq: int | None
    epoch: int = 0
    kinds: tuple[str, ...] | None = None


class JournalSnapshot(Message, frozen=True):
    """The folded state as of ``seq``, encoded (``genesis.domain.state.decode``)."""

    seq: int
    state: bytes
    epoch: int = 0


class JournalAppended(Message, frozen=True):
    """Committed entries in sequence. What its follower folds of the entries from ``first_seq`` to
    the last of these is among these; those between ``first_seq`` and the first were passed over.

    ``committed``: which of the follower's own facts are durable now, None without news of them.
    """

    first_seq: int
    entries: tuple[Entry, ...]
    committed: FactsCommitted | None = None


class JournalOpened(Message, frozen=True):
    """A persistence incarnation is ready: sources hand over again, followers follow again."""

    head_seq: int
    run: int


class JournalFailed(Control, frozen=True):
    """The journal cannot be written (disk full, locked); facts wait until it can."""

    reason: str


class JournalRecovered(Control, frozen=True):
    """The journal can be written again, and nothing that waited was lost."""
