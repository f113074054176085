"""Journal events in words: what happened, for a person. One calm sentence, or none."""

from __future__ import annotations

from genesis.counted import counted
from genesis.messages.journal import (
    ActorRestarted,
    AnyEvent,
    BookLost,
    BookRecovered,
    DeadLettered,
    GateMoved,
    Halted,
    HaltProven,
    IntentRefused,
    OrderMoved,
    Reconciled,
    Resumed,
)
from genesis.messages.orders import OrderStatus

WORTH_TELLING = frozenset({OrderStatus.REJECTED, OrderStatus.DENIED, OrderStatus.LOST})
_GATE = {
    "ACTIVE": "The gate is open",
    "REDUCING": "The gate lets through what reduces",
    "HALTED": "The gate is shut",
}
"""Not "halted", which is what only an operator ends."""


def sentence(event: AnyEvent) -> str:
    """Empty for what is no news by itself (ordinary orders, marks)."""
    match event:
        case IntentRefused():
            return _refusal(event)
        case ActorRestarted():
            by = "" if event.cause == event.name else f" with {event.cause}"
            return f"{event.name} was restarted{by}: {event.reason}"
        case DeadLettered():
            return f"{event.name} could not handle a message: {event.reason}"
        case Halted():
            return f"Halted by {event.source}: {event.reason}"
        case HaltProven():
            orders = counted(event.canceled, "order")
            return f"Halt proven: {orders} cancelled, the venue shows none open"
        case Resumed():
            return f"Resumed: {event.reason}"
        case GateMoved():
            gate = _GATE.get(event.state, f"The gate is {event.state}")
            return gate + (f": {event.reason}" if event.reason else "")
        case Reconciled():
            found = "; ".join(event.differences) or "no differences"
            return f"Compared with the venue ({event.cause}): {found}"
        case BookLost():
            return f"{event.symbol}: the book was dropped, {event.reason}"
        case BookRecovered():
            return f"{event.symbol}: the book is whole at update {event.update_id}"
        case OrderMoved() if event.status in WORTH_TELLING:
            return f"Order {event.client_order_id} {event.status.lower()}: {event.reason}"
        case _:
            return ""


def _refusal(event: IntentRefused) -> str:
    wanted = f"{event.strategy} wanted to {event.side.lower()} {event.quantity} {event.symbol}"
    if event.limit == "gate":
        return f"{wanted}; trading is {event.value}"
    limit = event.limit.replace("_", " ")
    return f"{wanted}; refused by {limit}: {event.value} against {event.compared_with}"
