"""Messages about orders of 0.01 BTC at 60,000, and a journal to restore an actor from."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from fake import NOON_NS

from genesis.domain.instrument import Instrument
from genesis.domain.limits import Limits
from genesis.domain.state import TradingState
from genesis.messages.journal import (
    AccountOpened,
    AnyEvent,
    Entry,
    JournalAppended,
    JournalSnapshot,
    OrderFilled,
    OrderIntended,
    RunStarted,
)
from genesis.messages.orders import (
    Approved,
    ExecutionReport,
    ExecutionType,
    OrderStatus,
    OrderType,
    PlaceOrder,
    Side,
    TimeInForce,
    VenueOrder,
)

D = Decimal
S = OrderStatus
ID = "g1-ema-1-1"
SYMBOL = "BTCUSDT"
BTC = Instrument.build(SYMBOL, "BTC", "USDT", tick_size=D("0.01"), step_size=D("0.00001"))
LIMITS = Limits(
    position_fraction=D("0.05"),
    exposure_fraction=D("0.30"),
    orders_per_10_s=40,
    open_orders_max=20,
    price_collar_fraction=D("0.01"),
    stale_after_ms=3000,
    daily_loss_fraction=D("0.05"),
    drawdown_fraction=D("0.15"),
    worst_fee_fraction=D("0.001"),
)
OPENING: tuple[AnyEvent, ...] = (
    RunStarted(1, "0", "test", (SYMBOL,), ("ema",), ""),
    AccountOpened("USDT", D(1000)),
)


def place(name: str = ID, side: Side = Side.BUY, quantity: str = "0.01") -> PlaceOrder:
    return PlaceOrder(
        client_order_id=name,
        strategy="ema",
        symbol=SYMBOL,
        side=side,
        type=OrderType.LIMIT,
        quantity=D(quantity),
        price=D(60_000),
        time_in_force=TimeInForce.GTC,
        decided_ns=NOON_NS,
        trace_id=7,
        reason="a test",
    )


def approved(name: str = ID, side: Side = Side.BUY, mint: int = 1) -> Approved[PlaceOrder]:
    return Approved(place(name, side), mint, NOON_NS)


def intended(name: str = ID, side: Side = Side.BUY) -> OrderIntended:
    return OrderIntended(**msgspec.structs.asdict(place(name, side)), approved_ns=NOON_NS)


def report(
    kind: ExecutionType, status: OrderStatus, name: str = ID, cumulative: str = "0"
) -> ExecutionReport:
    return ExecutionReport(
        symbol=SYMBOL,
        client_order_id=name,
        venue_order_id=77,
        execution_type=kind,
        status=status,
        cumulative_quantity=D(cumulative),
        venue_ns=NOON_NS,
    )


def new(name: str = ID) -> ExecutionReport:
    return report(ExecutionType.NEW, S.NEW, name)


def canceled(name: str = ID) -> ExecutionReport:
    return report(ExecutionType.CANCELED, S.CANCELED, name)


def trade(
    trade_id: int,
    quantity: str = "0.01",
    cumulative: str | None = None,
    status: OrderStatus = S.FILLED,
    name: str = ID,
) -> ExecutionReport:
    """A buy's fill: the fee is taken in BTC."""
    return msgspec.structs.replace(
        report(ExecutionType.TRADE, status, name, cumulative or quantity),
        trade_id=trade_id,
        last_quantity=D(quantity),
        last_price=D(60_000),
        fee=D(quantity) / 1000,
        fee_asset="BTC",
    )


def filled(
    trade_id: int, quantity: str = "0.01", name: str = ID, side: Side = Side.BUY
) -> OrderFilled:
    return OrderFilled(
        client_order_id=name,
        venue_order_id=77,
        trade_id=trade_id,
        strategy="ema",
        symbol=SYMBOL,
        side=side,
        price=D(60_000),
        quantity=D(quantity),
        cumulative_quantity=D(quantity),
        status=S.FILLED,
        fee=D(quantity) / 1000 if side is Side.BUY else D(quantity) * 60,
        fee_asset="BTC" if side is Side.BUY else "USDT",
        maker=False,
        venue_ns=NOON_NS,
        trace_id=7,
    )


def at_venue(status: OrderStatus, name: str = ID, cumulative: str = "0") -> VenueOrder:
    return VenueOrder(
        SYMBOL, name, 77, Side.BUY, OrderType.LIMIT, status, D(60_000), D("0.01"), D(cumulative)
    )


def entries(first_seq: int, *events: AnyEvent) -> tuple[Entry, ...]:
    return tuple(Entry(first_seq + i, NOON_NS, "test", event) for i, event in enumerate(events))


def snapshot(*events: AnyEvent) -> JournalSnapshot:
    """Of a journal with the opening of the account and these events."""
    state = TradingState()
    for entry in entries(1, *OPENING, *events):
        state.apply(entry)
    return JournalSnapshot(state.seq, state.encode())


def appended(first_seq: int, *events: AnyEvent) -> JournalAppended:
    return JournalAppended(first_seq, entries(first_seq, *events))
