"""Journal events in words: what happened, for a person. One calm sentence, or none."""

from __future__ import annotations

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


def sentence(event: AnyEvent) -> str:
    """Empty for what is no news by itself (ordinary orders, marks)."""
    match event:
        case IntentRefused():
            return (
                f"{event.strategy} wanted to {event.side.lower()} {event.quantity} {event.symbol}: "
                f"{event.limit}, {event.value} against {event.compared_with}"
            )
        case ActorRestarted():
            return f"{event.name} restarted because of {event.cause}: {event.reason}"
        case DeadLettered():
            return f"{event.name} could not handle a message: {event.reason}"
        case Halted():
            return f"Halted by {event.source}: {event.reason}"
        case HaltProven():
            return f"Halt proven: {event.canceled} cancelled, the venue shows no open order"
        case Resumed():
            return f"Resumed: {event.reason}"
        case GateMoved():
            return f"Gate {event.state}" + (f": {event.reason}" if event.reason else "")
        case Reconciled():
            return f"Venue compared ({event.cause}): {'; '.join(event.differences)}"
        case BookLost():
            return f"{event.symbol}: book dropped, {event.reason}"
        case BookRecovered():
            return f"{event.symbol}: book whole again at {event.update_id}"
        case OrderMoved() if event.status in WORTH_TELLING:
            return f"Order {event.client_order_id} {event.status.lower()}: {event.reason}"
        case _:
            return ""
