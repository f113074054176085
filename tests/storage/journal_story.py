"""A short life of an account in which every kind of event happens once or more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from genesis.messages.journal import (
    AccountOpened,
    ActorRestarted,
    AnyEvent,
    AppendFacts,
    BookLost,
    BookRecovered,
    DeadLettered,
    EquityMarked,
    Fact,
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
from genesis.messages.orders import OrderStatus, OrderType, Side, TimeInForce
from genesis.storage.journal import Journal

D = Decimal
Opener = Callable[[], Journal]
"""Opens the same journal again and again, as incarnations of its writer do."""
NOON_NS = 1_723_118_400_000_000_000


def intended(order_id: str, side: Side = Side.BUY, quantity: str = "0.001") -> OrderIntended:
    return OrderIntended(
        client_order_id=order_id,
        strategy="ema",
        symbol="BTCUSDT",
        side=side,
        type=OrderType.LIMIT,
        quantity=D(quantity),
        price=D("61685.99"),
        time_in_force=TimeInForce.GTC,
        decided_ns=NOON_NS,
        approved_ns=NOON_NS + 1,
        trace_id=77,
        reason="cross",
    )


def moved(order_id: str, status: OrderStatus, reason: str = "") -> OrderMoved:
    return OrderMoved(client_order_id=order_id, status=status, venue_order_id=9, reason=reason)


def filled(
    order_id: str,
    trade_id: int,
    *,
    side: Side = Side.BUY,
    quantity: str = "0.001",
    status: OrderStatus = OrderStatus.FILLED,
    cumulative: str = "0.001",
) -> OrderFilled:
    buys = side is Side.BUY
    return OrderFilled(
        client_order_id=order_id,
        venue_order_id=9,
        trade_id=trade_id,
        strategy="ema",
        symbol="BTCUSDT",
        side=side,
        price=D("61685.99"),
        quantity=D(quantity),
        cumulative_quantity=D(cumulative),
        status=status,
        fee=D("0.00000100") if buys else D("0.06168599"),
        fee_asset="BTC" if buys else "USDT",
        maker=False,
        venue_ns=NOON_NS,
        trace_id=77,
    )


def run_started(run: int) -> RunStarted:
    return RunStarted(run, "0.1.0", "simulated", ("BTCUSDT",), ("ema",), "digest")


def mark(equity: str) -> EquityMarked:
    amount = D(equity)
    return EquityMarked(amount, amount, D(0), D(0), amount, amount, day=19943)


def trade(n: int, trade_id: int) -> list[AnyEvent]:
    """One order from its intent to its only fill."""
    order_id = f"g1-ema-0-{n}"
    status = OrderStatus.NEW
    return [
        intended(order_id),
        OrderSent(order_id),
        moved(order_id, status),
        filled(order_id, trade_id),
    ]


def story(run: int = 1) -> list[AnyEvent]:
    return [
        run_started(run),
        AccountOpened("USDT", D("500.00")),
        GateMoved("ACTIVE", "reconciled"),
        intended("g1-ema-0-1"),
        OrderSent("g1-ema-0-1"),
        moved("g1-ema-0-1", OrderStatus.NEW),
        filled(
            *("g1-ema-0-1", 1),
            quantity="0.0004",
            cumulative="0.0004",
            status=OrderStatus.PARTIALLY_FILLED,
        ),
        filled("g1-ema-0-1", 2, quantity="0.0006"),
        IntentRefused(
            *("ema", "BTCUSDT", Side.BUY, D("1"), None),
            *("max_position", "0.05", "0.4 of equity", 78),
        ),
        intended("g1-ema-0-2", Side.SELL, "0.0005"),
        OrderSent("g1-ema-0-2"),
        filled("g1-ema-0-2", 3, side=Side.SELL, quantity="0.0005", cumulative="0.0005"),
        mark("499.83"),
        intended("g1-ema-0-3"),
        moved("g1-ema-0-3", OrderStatus.DENIED, "the gate is shut"),
        ActorRestarted("risk", 2, "risk", "drill"),
        DeadLettered("risk", 1, "BookView BTCUSDT", 'drill: "quoted"\nline — ünïcode'),
        BookLost("BTCUSDT", "a gap after update 5"),
        BookRecovered("BTCUSDT", 9),
        Reconciled("start", ("balance of USDT differs by 1",)),
        Halted("drawdown 15 %", "risk"),
        HaltProven(1),
        Resumed("looked at it"),
        mark("499.90"),
        RunEnded(run, "quit"),
    ]


def numbered(
    events: Iterable[AnyEvent], source: str = "executor", epoch: int = 1, first: int = 1
) -> list[AppendFacts]:
    """The events as one source hands them over, a millisecond apart, each for itself. It knows all
    before ``first`` to be durable."""
    return [
        AppendFacts(source, epoch, first + i, (Fact(NOON_NS + i * 1_000_000, event),), first - 1)
        for i, event in enumerate(events)
    ]


def batches(items: list[AppendFacts], size: int) -> Iterator[list[AppendFacts]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
