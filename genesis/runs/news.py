"""Say in the log what trading comes to: a line for each fact an operator would look for there.

It is told of facts after they are committed, by whoever shows things; nothing waits for it.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import structlog

from genesis.domain.money import text
from genesis.messages import journal as j
from genesis.messages.orders import OrderStatus

NAME = "genesis.trading"
_LEVELS = {
    OrderStatus.REJECTED: logging.WARNING,
    OrderStatus.LOST: logging.WARNING,
    OrderStatus.DENIED: logging.INFO,
    OrderStatus.CANCELED: logging.DEBUG,
    OrderStatus.EXPIRED: logging.DEBUG,
}
_WORDS = {OrderStatus.CANCELED: "cancelled"}

Said = tuple[int, str, dict[str, object]]
"""Level, what happened, and its details."""


class News:
    """Make it after logging was configured. For one thread at a time."""

    def __init__(self) -> None:
        self._log = structlog.get_logger(NAME)
        self._intended: dict[str, j.OrderIntended] = {}

    def tell(self, entry: j.Entry) -> None:
        """``at`` is trading time, ``seq`` the fact's number in the journal."""
        said = self._order(entry.event) or _said(entry.event)
        if said is not None:
            level, what, details = said
            moment = datetime.fromtimestamp(entry.time_ns / 1e9, UTC)
            at = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            known = {key: value for key, value in details.items() if value != ""}
            self._log.log(level, what, **known, at=at, seq=entry.seq)

    def _order(self, event: j.AnyEvent) -> Said | None:
        """An order is told of when it is on the wire, with what its intent said."""
        match event:
            case j.OrderIntended():
                self._intended[event.client_order_id] = event
            case j.OrderSent(name) if name in self._intended:
                return logging.INFO, "order sent", _wanted(self._intended.pop(name))
            case j.OrderMoved(name, status, _, reason):
                self._intended.pop(name, None)
                if status in _LEVELS:
                    what = f"order {_WORDS.get(status, status.lower())}"
                    return _LEVELS[status], what, {"order": name, "reason": reason}
        return None


def _wanted(order: j.OrderIntended) -> dict[str, object]:
    return {
        "order": order.client_order_id,
        "strategy": order.strategy,
        "side": order.side.value,
        "quantity": text(order.quantity),
        "symbol": order.symbol,
        "price": "market" if order.price is None else text(order.price),
        "reason": order.reason,
    }


def _said(event: j.AnyEvent) -> Said | None:
    match event:
        case j.OrderFilled() as fill:
            return logging.INFO, "order filled", _dealt(fill)
        case j.IntentRefused() as refused:
            return logging.INFO, "order refused", _refused(refused)
        case j.Halted(reason, source):
            return logging.WARNING, "trading halted", {"by": source, "reason": reason}
        case j.HaltProven(canceled):
            return (
                logging.INFO,
                "halt proven: the venue shows no open order",
                {"cancelled": canceled},
            )
        case j.Resumed(reason):
            return logging.INFO, "trading resumed", {"reason": reason}
        case j.GateMoved(state, reason):
            return logging.INFO, f"trading gate {state}", {"reason": reason}
        case j.Reconciled(cause, differences) if differences:
            details: dict[str, object] = {"cause": cause, "differences": list(differences)}
            return logging.WARNING, "the venue and the journal differ", details
        case j.ActorRestarted(name, epoch, cause, reason):
            details = {"actor": name, "incarnation": epoch, "cause": cause, "reason": reason}
            return logging.WARNING, "actor restarted", details
        case j.DeadLettered(name, epoch, message, reason):
            kind = message.partition("(")[0]
            details = {"actor": name, "incarnation": epoch, "message": kind, "reason": reason}
            return logging.WARNING, "message not handled", details
        case j.BookLost(symbol, reason):
            return logging.WARNING, "book lost", {"symbol": symbol, "reason": reason}
        case j.BookRecovered(symbol, update_id):
            return logging.INFO, "book recovered", {"symbol": symbol, "update": update_id}
        case j.RunStarted() as started:
            return logging.INFO, "run started", _started(started)
        case j.RunEnded(run, reason):
            return logging.INFO, "run ended", {"run": run, "reason": reason}
    return None


def _started(started: j.RunStarted) -> dict[str, object]:
    return {
        "run": started.run,
        "version": started.version,
        "market": started.market,
        "symbols": list(started.symbols),
        "strategies": list(started.strategies),
    }


def _dealt(fill: j.OrderFilled) -> dict[str, object]:
    return {
        "order": fill.client_order_id,
        "strategy": fill.strategy,
        "side": fill.side.value,
        "quantity": text(fill.quantity),
        "symbol": fill.symbol,
        "price": text(fill.price),
        "fee": f"{text(fill.fee)} {fill.fee_asset}",
        "maker": fill.maker,
        "status": fill.status.value,
    }


def _refused(refused: j.IntentRefused) -> dict[str, object]:
    return {
        "strategy": refused.strategy,
        "side": refused.side.value,
        "quantity": text(refused.quantity),
        "symbol": refused.symbol,
        "by": refused.limit,
        "value": refused.value,
        "limit": refused.compared_with,
    }
