"""What committed events change in the projections' rows. No database, no arithmetic of its own.

Orders, positions and balances are read off the ``TradingState`` right after it has folded an
entry, so that tables and state cannot disagree about what an event means.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from genesis.domain.money import text
from genesis.domain.state import TradingState
from genesis.messages.journal import (
    AccountOpened,
    Entry,
    EquityMarked,
    Halted,
    HaltProven,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderSent,
    Resumed,
)
from genesis.messages.orders import OrderStatus

RowDict = dict[str, Any]


class HaltChange(msgspec.Struct, frozen=True):
    """Columns to set on every halt that is not over (``only_unproven``: and not proven)."""

    values: RowDict
    only_unproven: bool = False


class Changes(msgspec.Struct):
    """What a batch of entries changes: rows to add, and columns to set by key.

    ``positions`` and ``balances`` hold whole rows; ``halts`` keeps the order in which halts
    began, were proven and ended.
    """

    intended: dict[str, RowDict] = {}
    moved: dict[str, RowDict] = {}
    fills: list[RowDict] = []
    equity: list[RowDict] = []
    positions: dict[str, RowDict] = {}
    balances: dict[str, RowDict] = {}
    halts: list[RowDict | HaltChange] = []

    def note(self, entry: Entry, state: TradingState) -> None:
        """Take up one entry; ``state`` has just folded it."""
        match entry.event:
            case OrderIntended() as order:
                self.intended[order.client_order_id] = _order_row(entry, order)
            case OrderSent(client_order_id=order_id):
                self._move(entry, state, order_id)
            case OrderMoved(client_order_id=order_id) as moved:
                order_now = state.orders.get(order_id)
                stale = order_now is None or order_now.status is not moved.status
                columns = {} if stale else {"status_reason": moved.reason}
                self._move(entry, state, order_id, **columns)
            case OrderFilled() as fill:
                self._fill(entry, state, fill)
            case AccountOpened(asset=asset):
                self._balance(entry, state, asset)
            case EquityMarked() as mark:
                self.equity.append(_mark_row(entry, mark))
            case Halted(reason=reason, source=source):
                self.halts.append(_halt_row(entry, reason, source))
            case HaltProven(canceled=canceled):
                proof = {"proven_ns": entry.time_ns, "canceled": canceled}
                self.halts.append(HaltChange(proof, only_unproven=True))
            case Resumed(reason=reason):
                end = {"resumed_ns": entry.time_ns, "resume_reason": reason}
                self.halts.append(HaltChange(end))
            case _:
                pass

    def _move(self, entry: Entry, state: TradingState, order_id: str, **columns: Any) -> None:
        order = state.orders.get(order_id)
        if order is None:
            return  # ended long ago: the state has forgotten it and ignored the event
        self._set_order(
            entry,
            order_id,
            status=order.status.value,
            filled_quantity=text(order.filled),
            venue_order_id=order.venue_order_id,
            **columns,
        )

    def _fill(self, entry: Entry, state: TradingState, fill: OrderFilled) -> None:
        self.fills.append(_fill_row(entry, fill))
        if state.orders.get(fill.client_order_id) is not None:
            self._move(entry, state, fill.client_order_id)
        else:
            self._set_order(
                entry, fill.client_order_id, filled_quantity=text(fill.cumulative_quantity)
            )
        ledger = state.ledger
        if (position := ledger.positions.get(fill.symbol)) is not None:
            self.positions[fill.symbol] = {
                "symbol": fill.symbol,
                "quantity": text(position.quantity),
                "cost": text(position.cost),
                "last_price": text(position.last_price),
                "updated_seq": entry.seq,
            }
        for asset in (ledger.base_of(fill.symbol), ledger.quote, fill.fee_asset):
            self._balance(entry, state, asset)

    def _balance(self, entry: Entry, state: TradingState, asset: str) -> None:
        if (total := state.ledger.balances.get(asset)) is not None:
            self.balances[asset] = {
                "asset": asset,
                "total": text(total),
                "updated_seq": entry.seq,
            }

    def _set_order(self, entry: Entry, order_id: str, **columns: Any) -> None:
        """Set columns of an order's row, or of the row this very batch adds."""
        row = self.intended.get(order_id)
        if row is None:
            row = self.moved.setdefault(order_id, {})
        row.update(columns, updated_ns=entry.time_ns, updated_seq=entry.seq)


def _order_row(entry: Entry, order: OrderIntended) -> RowDict:
    return {
        "client_order_id": order.client_order_id,
        "strategy": order.strategy,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "time_in_force": order.time_in_force.value,
        "quantity": text(order.quantity),
        "price": None if order.price is None else text(order.price),
        "status": OrderStatus.INTENDED.value,
        "filled_quantity": "0",
        "venue_order_id": 0,
        "intended_ns": entry.time_ns,
        "updated_ns": entry.time_ns,
        "updated_seq": entry.seq,
        "trace_id": order.trace_id,
        "reason": order.reason,
        "status_reason": "",
    }


def _fill_row(entry: Entry, fill: OrderFilled) -> RowDict:
    return {
        "symbol": fill.symbol,
        "trade_id": fill.trade_id,
        "seq": entry.seq,
        "time_ns": entry.time_ns,
        "client_order_id": fill.client_order_id,
        "strategy": fill.strategy,
        "side": fill.side.value,
        "price": text(fill.price),
        "quantity": text(fill.quantity),
        "fee": text(fill.fee),
        "fee_asset": fill.fee_asset,
        "maker": fill.maker,
        "venue_ns": fill.venue_ns,
        "trace_id": fill.trace_id,
    }


def _mark_row(entry: Entry, mark: EquityMarked) -> RowDict:
    columns = {
        name: text(value) if isinstance(value, Decimal) else value
        for name, value in msgspec.structs.asdict(mark).items()
    }
    return {"seq": entry.seq, "time_ns": entry.time_ns, **columns}


def _halt_row(entry: Entry, reason: str, source: str) -> RowDict:
    return {
        "seq": entry.seq,
        "time_ns": entry.time_ns,
        "reason": reason,
        "source": source,
        "proven_ns": None,
        "canceled": None,
        "resumed_ns": None,
        "resume_reason": None,
    }
