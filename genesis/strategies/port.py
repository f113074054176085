"""What a strategy is, and the desk it works at. No clock, no I/O, no actor.

A strategy is told what it declared in its ``cadence`` and acts through its ``Desk``: the desk
knows the books, the strategy's own position and orders, and collects the intents. The host (an
actor, live or in a backtest) keeps the desk true and carries the intents away.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

import msgspec
import numpy as np

from genesis.domain.instrument import Instrument
from genesis.domain.order import TERMINAL
from genesis.domain.views import Views
from genesis.messages.market import TRADE, BookView, Rows
from genesis.messages.orders import (
    CancelOrder,
    OrderRefused,
    OrderStatus,
    OrderType,
    OrderUpdated,
    PlaceOrder,
    Side,
    TimeInForce,
)

NO_TRADES: Rows = np.empty(0, TRADE)
QUIET_NS = 1_000_000_000
CANCEL_AGAIN_NS = 5_000_000_000
"""A cancel without effect for this long was lost on the way: it may be asked for again."""
MOST_DIGITS = 100
"""Of an order's price or quantity, before the point or behind it: logs write them in full."""


class Cadence(msgspec.Struct, frozen=True):
    """What wakes a strategy; the same live and in a backtest. ``every_ns`` 0 means no timer.

    ``trades``: it takes the trades since its last timer from the desk. ``depth``: it reads the
    levels of a view, not only its touch.
    """

    every_trade: bool = False
    top_of_book: bool = False
    every_ns: int = 0
    trades: bool = False
    depth: bool = False


class OwnOrder(msgspec.Struct):
    """An order from its intent until it is terminal.

    ``durable``: its intent is in the journal, so its end will be, too. ``cancel_asked_ns``: when
    its cancel was last asked for, None if never.
    """

    intent: PlaceOrder
    filled: Decimal = Decimal(0)
    durable: bool = False
    cancel_asked_ns: int | None = None

    @property
    def remaining(self) -> Decimal:
        return self.intent.quantity - self.filled


class Desk:
    """One strategy's own small world.

    ``positions`` are net of base fees and this strategy's alone. It limits nothing: risk does.
    """

    def __init__(
        self, strategy: str, instruments: Mapping[str, Instrument], id_prefix: str
    ) -> None:
        self.instruments = MappingProxyType(instruments)
        self.now_ns = 0
        self.unseen_ns = 0
        self.traced: int | None = 0
        self._strategy = strategy
        self._id_prefix = id_prefix
        self._number = 0
        self.intents: list[PlaceOrder | CancelOrder] = []
        self._views = Views()
        self._trades: dict[str, list[Rows]] = {}
        self._positions: dict[str, Decimal] = {}
        self._orders: dict[str, OwnOrder] = {}
        self._quiet_until_ns: dict[str, int] = {}

    @property
    def trace_id(self) -> int:
        """Of the market event that is acted on: as ``traced``, else the moment it came at."""
        return self.now_ns if self.traced is None else self.traced

    def view(self, symbol: str) -> BookView | None:
        """The newest view of a synchronised book that has both sides, or None."""
        view = self._views.at(symbol, self.now_ns - self.unseen_ns)
        usable = view is not None and view.synced and 0 < view.bid_ticks < view.ask_ticks
        return view if usable else None

    def position(self, symbol: str) -> Decimal:
        """Base quantity this strategy holds."""
        return self._positions.get(symbol, Decimal(0))

    def sellable(self, symbol: str) -> Decimal:
        """What of the position can be sold in whole steps; dust below a step is residue."""
        return self.instruments[symbol].floor_quantity(max(self.position(symbol), Decimal(0)))

    def orders(self, symbol: str) -> Iterator[OwnOrder]:
        """Own orders that are not terminal, those still on their way included."""
        return (o for o in self._orders.values() if o.intent.symbol == symbol)

    @property
    def has_orders(self) -> bool:
        """Whether any own order is not terminal, those still on their way included."""
        return bool(self._orders)

    def order(self, client_order_id: str) -> OwnOrder | None:
        """One of the own orders that are not terminal."""
        return self._orders.get(client_order_id)

    def quiet(self, symbol: str) -> bool:
        """True for a second after an order was refused, by risk, the gate or the venue: the same
        again at once would end the same."""
        return self.now_ns < self._quiet_until_ns.get(symbol, 0)

    def place(
        self,
        symbol: str,
        side: Side,
        type: OrderType,
        quantity: Decimal,
        price: Decimal | None,
        time_in_force: TimeInForce,
        reason: str,
    ) -> PlaceOrder:
        """Intend an order; it is on its way when the strategy returns.

        Raises TypeError or ValueError for what is no order at all (a quantity that is a float or
        NaN, a side in words): a fault of the strategy must not be risk's or the journal's.
        """
        _require_kinds(symbol=(symbol, str), side=(side, Side), type=(type, OrderType))
        _require_kinds(time_in_force=(time_in_force, TimeInForce), reason=(reason, str))
        _require_amount("quantity", quantity)
        if price is not None:
            _require_amount("price", price)
        (symbol + reason).encode()  # what cannot be written ends here
        self._number += 1
        intent = PlaceOrder(
            client_order_id=f"{self._id_prefix}-{self._number}",
            strategy=self._strategy,
            symbol=symbol,
            side=side,
            type=type,
            quantity=quantity,
            price=price,
            time_in_force=time_in_force,
            decided_ns=self.now_ns,
            trace_id=self.trace_id,
            reason=reason,
        )
        self._orders[intent.client_order_id] = OwnOrder(intent)
        self.intents.append(intent)
        return intent

    def cancel(self, order: OwnOrder) -> None:
        """Intend to cancel; while the cancel is on its way, asking again does nothing more."""
        asked_ns = order.cancel_asked_ns
        if asked_ns is None or self.now_ns - asked_ns >= CANCEL_AGAIN_NS:
            order.cancel_asked_ns = self.now_ns
            self.intents.append(CancelOrder(order.intent.client_order_id, self.trace_id))

    def take_trades(self, symbol: str) -> Rows:
        """Trades (dtype ``TRADE``) received since the last call and before now.

        Only for a strategy whose cadence says ``trades``.
        """
        parts = self._trades.pop(symbol, [])
        if not parts:
            return NO_TRADES
        trades = parts[0] if len(parts) == 1 else np.concatenate(parts)
        cut = bisect_left(trades["time_ns"].data, self.now_ns)
        if cut < len(trades):
            self._trades[symbol] = [trades[cut:]]
        return trades[:cut]

    def take_intents(self) -> list[PlaceOrder | CancelOrder]:
        """For the host: what was intended since the last call."""
        intents, self.intents = self.intents, []
        return intents

    def see(self, view: BookView) -> None:
        """For the host: keep a view."""
        self._views.see(view)

    def keep_trades(self, symbol: str, trades: Rows) -> None:
        """For the host: what ``take_trades`` will find."""
        self._trades.setdefault(symbol, []).append(trades)

    def hold(self, symbol: str, quantity: Decimal) -> None:
        """For the host: the position after a restart."""
        self._positions[symbol] = quantity

    def forget_undurable(self) -> None:
        """For the host: intents on their way may have died with an actor that held them."""
        self._orders = {name: order for name, order in self._orders.items() if order.durable}

    def hear(self, update: OrderUpdated) -> None:
        """For the host: one of the strategy's own orders moved."""
        if update.position_change:
            self._positions[update.symbol] = self.position(update.symbol) + update.position_change
        order = self._orders.get(update.client_order_id)
        if order is None:
            return
        order.filled = max(order.filled, update.cumulative_quantity)
        if update.status in TERMINAL:
            del self._orders[update.client_order_id]
        if update.status in (OrderStatus.DENIED, OrderStatus.REJECTED):
            self._hush(update.symbol)

    def refused(self, refusal: OrderRefused) -> None:
        """For the host: risk refused an intent."""
        self._orders.pop(refusal.order.client_order_id, None)
        self._hush(refusal.order.symbol)

    def _hush(self, symbol: str) -> None:
        self._quiet_until_ns[symbol] = self.now_ns + QUIET_NS


def _require_kinds(**given: tuple[object, type]) -> None:
    for name, (value, kind) in given.items():
        if not isinstance(value, kind):
            raise TypeError(f"{name} {value!r} of an order is no {kind.__name__}")


def _require_amount(name: str, value: Decimal) -> None:
    if not isinstance(value, Decimal):
        raise TypeError(f"{name} {value!r} of an order is no Decimal")
    if not value.is_finite():
        raise ValueError(f"{name} {value} of an order is no number")
    if abs(value.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{name} {value} of an order is no amount")


class Strategy:
    """Override what the cadence asks for. Never keeps time, never does I/O."""

    cadence: Cadence

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        """A public trade; ``side`` +1 when the aggressor bought."""

    def on_top(self, desk: Desk, symbol: str) -> None:
        """The touch of a book changed."""

    def on_timer(self, desk: Desk) -> None:
        """``every_ns`` has passed."""

    def on_order(self, desk: Desk, update: OrderUpdated) -> None:
        """One of the strategy's own orders moved; the desk already knows."""
