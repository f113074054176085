"""What viewers see: one snapshot, then numbered deltas. Numbers are ready to print.

A viewer holds a ``ViewState`` and folds deltas into it with ``fold``; a hole in the numbers means
it must ask for a snapshot again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from genesis.messages.base import Message, Overflow


class AccountLine(msgspec.Struct, frozen=True):
    """Money in the quote asset. ``equity = cash + inventory - fees`` to the last digit."""

    quote: str
    equity: Decimal
    cash: Decimal
    inventory: Decimal
    fees: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    day_pnl: Decimal
    drawdown: Decimal  # fraction of the peak, 0..1
    drawdown_limit: Decimal
    exposure: Decimal  # fraction of equity, in-flight included
    exposure_limit: Decimal
    curve: tuple[float, ...]  # newest equities for a sparkline, oldest first


class PositionLine(msgspec.Struct, frozen=True):
    """``mark`` is its last fill's price where the symbol is not ``traded`` in this run."""

    symbol: str
    quantity: Decimal
    average_price: Decimal
    mark: Decimal
    value: Decimal
    unrealized_pnl: Decimal
    traded: bool = True


class BookLine(msgspec.Struct, frozen=True):
    """One symbol's top. ``data_time_ns`` is when its newest data came; 0 = never."""

    symbol: str
    synced: bool
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal
    data_time_ns: int
    update_id: int


class OrderLine(msgspec.Struct, frozen=True):
    client_order_id: str
    strategy: str
    symbol: str
    side: str
    price: Decimal | None
    quantity: Decimal
    filled: Decimal
    status: str
    time_ns: int


class FillLine(msgspec.Struct, frozen=True):
    time_ns: int
    strategy: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool


class ActorLine(msgspec.Struct, frozen=True):
    """``state``: running, restarting, stopped, hung. ``depth`` messages wait, oldest for age_ms."""

    name: str
    state: str
    epoch: int
    restarts: int
    depth: int
    age_ms: float
    handled: int
    dropped: int
    conflated: int
    mean_handle_us: float


class GateLine(msgspec.Struct, frozen=True):
    """``state``: ACTIVE, REDUCING or HALTED; ``reason`` says why it is not ACTIVE."""

    state: str
    reason: str
    halted: bool  # latched: needs the operator


class NoteLine(msgspec.Struct, frozen=True):
    """Something worth telling: a refusal, a restart, a gap, a halt. One sentence."""

    time_ns: int
    text: str


class CounterLine(msgspec.Struct, frozen=True):
    frames: int
    depth_updates: int
    trades: int
    gaps: int
    resyncs: int
    crossed: int
    decisions: int
    orders: int
    fills: int
    refusals: int
    restarts: int
    halts: int


class ViewState(msgspec.Struct, frozen=True):
    """Everything a screen needs. ``now_ns`` is trading time (recorded time in a replay)."""

    seq: int
    now_ns: int
    title: str
    account: AccountLine | None = None
    positions: tuple[PositionLine, ...] = ()
    books: tuple[BookLine, ...] = ()
    orders: tuple[OrderLine, ...] = ()
    fills: tuple[FillLine, ...] = ()  # newest first
    actors: tuple[ActorLine, ...] = ()
    gate: GateLine | None = None
    notes: tuple[NoteLine, ...] = ()  # newest first
    counters: CounterLine | None = None
    ended: str = ""  # not empty: the run is over, and why


class ViewSnapshot(Message, frozen=True):
    overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST

    state: ViewState


class ViewDelta(Message, frozen=True):
    """The sections that changed since ``seq - 1``; None means unchanged."""

    overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST

    seq: int
    now_ns: int
    account: AccountLine | None = None
    positions: tuple[PositionLine, ...] | None = None
    books: tuple[BookLine, ...] | None = None
    orders: tuple[OrderLine, ...] | None = None
    fills: tuple[FillLine, ...] | None = None
    actors: tuple[ActorLine, ...] | None = None
    gate: GateLine | None = None
    notes: tuple[NoteLine, ...] | None = None
    counters: CounterLine | None = None
    ended: str | None = None


class SubscribeView(Message, frozen=True):
    """Ask the publisher for a snapshot and then deltas; ``viewer`` is an address name."""

    viewer: str


_SECTIONS = tuple(f for f in ViewDelta.__struct_fields__ if f not in ("seq", "now_ns"))


def fold(state: ViewState, delta: ViewDelta) -> ViewState | None:
    """Fold one delta into a state; None when numbers are missing and a snapshot is needed."""
    if delta.seq != state.seq + 1:
        return None
    changed = {name: value for name in _SECTIONS if (value := getattr(delta, name)) is not None}
    return msgspec.structs.replace(state, seq=delta.seq, now_ns=delta.now_ns, **changed)


def diff(old: ViewState, new: ViewState) -> ViewDelta:
    """The delta that takes ``old`` to ``new``; ``new.seq`` must be ``old.seq + 1``."""
    changed = {
        name: getattr(new, name) for name in _SECTIONS if getattr(new, name) != getattr(old, name)
    }
    return ViewDelta(seq=new.seq, now_ns=new.now_ns, **changed)
