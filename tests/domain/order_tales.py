"""What a venue may say of one order of 1 BTC (or as many as told)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from genesis.domain import order as machine
from genesis.domain.order import Events, Order
from genesis.messages.journal import OrderIntended, OrderSent
from genesis.messages.orders import (
    ExecutionReport,
    ExecutionType,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    VenueOrder,
)

S = OrderStatus
ID = "g1-ema-1-1"
D = Decimal


def intended(name: str = ID, quantity: str = "1", symbol: str = "BTCUSDT") -> OrderIntended:
    return OrderIntended(
        client_order_id=name,
        strategy="ema",
        symbol=symbol,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=D(quantity),
        price=D(100),
        time_in_force=TimeInForce.GTC,
        decided_ns=1,
        approved_ns=2,
        trace_id=3,
        reason="",
    )


def sent_order(quantity: str = "1") -> Order:
    order = Order.intended(intended(quantity=quantity))
    machine.apply(order, OrderSent(ID))
    return order


def told(
    kind: ExecutionType, status: OrderStatus, cumulative: str | Decimal, name: str = ID
) -> ExecutionReport:
    return ExecutionReport(
        symbol="BTCUSDT",
        client_order_id=name,
        venue_order_id=77,
        execution_type=kind,
        status=status,
        cumulative_quantity=D(cumulative),
        venue_ns=5,
    )


def traded(
    trade_id: int,
    quantity: str | Decimal,
    cumulative: str | Decimal,
    status: OrderStatus = S.PARTIALLY_FILLED,
    name: str = ID,
) -> ExecutionReport:
    return msgspec.structs.replace(
        told(ExecutionType.TRADE, status, cumulative, name),
        trade_id=trade_id,
        last_quantity=D(quantity),
        last_price=D(100),
        fee=D("0.001"),
        fee_asset="BTC",
    )


NEW = told(ExecutionType.NEW, S.NEW, "0")


def at_venue(status: OrderStatus, cumulative: str) -> VenueOrder:
    return VenueOrder(
        "BTCUSDT", ID, 77, Side.BUY, OrderType.LIMIT, status, D(100), D(1), D(cumulative)
    )


def statuses(events: Events) -> list[OrderStatus]:
    return [event.status for event in events]
