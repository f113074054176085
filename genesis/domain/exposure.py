"""What is at stake at its worst: positions at the mid, every buy in flight as if it filled. Never
counts a sell in flight as if it had shrunk anything. No clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger, Valuation
from genesis.domain.limits import Limits, Mark
from genesis.domain.money import EXACT, ONE, ZERO
from genesis.domain.order import Order
from genesis.domain.views import has_touch
from genesis.messages.market import BookView
from genesis.messages.orders import PlaceOrder, Side


class InFlight(msgspec.Struct):
    """What orders that have not ended may still do, per symbol: values in quote, quantities in
    base. ``cash`` is what the buys may take of the quote balance, worst fee included."""

    buy_value: dict[str, Decimal] = {}
    buy_quantity: dict[str, Decimal] = {}
    sell_quantity: dict[str, Decimal] = {}
    orders: dict[str, int] = {}
    cash: Decimal = ZERO


class Exposure:
    """Values what a ledger holds, and what orders may add to it, at the newest marks.

    Call it under ``exact``."""

    def __init__(
        self, instruments: Mapping[str, Instrument], limits: Limits, ledger: Ledger
    ) -> None:
        """``ledger`` is followed, not copied."""
        self.instruments = dict(instruments)
        self.views: dict[str, BookView] = {}
        self.mids: dict[str, Decimal] = {}
        self._limits = limits
        self._ledger = ledger

    def on_view(self, view: BookView) -> None:
        """A symbol's newest touch. While a book is not whole, its last mid still values it."""
        symbol = view.symbol
        if self.views.get(symbol) is view:
            return
        self.views[symbol] = view
        if has_touch(view):
            self.mids[symbol] = self.instruments[symbol].mid(view.bid_ticks, view.ask_ticks)

    def mark(self, symbol: str) -> Mark | None:
        """The newest touch as money; None before there was one."""
        view = self.views.get(symbol)
        if view is None:
            return None
        instrument = self.instruments[symbol]
        bid, ask = instrument.price(view.bid_ticks), instrument.price(view.ask_ticks)
        return Mark(bid, ask, view.time_ns, has_touch(view))

    def inventory(self) -> Decimal | None:
        """Worth of what is held, in quote; None while there are ``unmarked`` symbols."""
        inventory = ZERO
        for symbol, position in self._ledger.positions.items():
            mid = self.mids.get(symbol)
            if mid is None:
                if position.quantity and symbol in self.instruments:
                    return None
                mid = position.last_price
            inventory = EXACT.fma(position.quantity, mid, inventory)
        return inventory

    def unmarked(self) -> tuple[str, ...]:
        """Traded symbols that are held and have no mark yet.

        What is held of a symbol that is not configured is valued at its last fill's price: no
        market data of it will ever come.
        """
        unmarked = []
        for symbol, position in self._ledger.positions.items():
            if symbol not in self.mids and position.quantity and symbol in self.instruments:
                unmarked.append(symbol)
        return tuple(unmarked)

    def valuation(self) -> Valuation:
        return self._ledger.value(self.mids)

    def mid(self, symbol: str) -> Decimal:
        """In quote; before the first mark the last fill's price, else 0."""
        if (mid := self.mids.get(symbol)) is not None:
            return mid
        position = self._ledger.positions.get(symbol)
        return ZERO if position is None else position.last_price

    def worst_price(self, symbol: str, price: Decimal | None) -> Decimal:
        """The most that a buy can pay: its limit, or the ask plus the collar."""
        if price is not None:
            return price
        view = self.views.get(symbol)
        if view is not None and has_touch(view):
            touch = self.instruments[symbol].price(view.ask_ticks)
        else:
            touch = self.mid(symbol)
        return touch * (ONE + self._limits.price_collar_fraction)

    def buy_value(self, symbol: str, worst: Decimal, quantity: Decimal) -> Decimal:
        """What a buy adds, in quote. At the higher of its ``worst_price`` and the mid, so that a
        fill below the mid cannot raise exposure."""
        return quantity * max(worst, self.mid(symbol))

    def cash_needed(self, worst: Decimal, quantity: Decimal) -> Decimal:
        """What a buy may take of the quote balance at its ``worst_price``, in quote, worst fee
        included."""
        return quantity * worst * (ONE + self._limits.worst_fee_fraction)

    def held_value(self, symbol: str) -> Decimal:
        """In quote. A negative position (a foreign sell) is exposure too."""
        return abs(self._ledger.quantity(symbol)) * self.mid(symbol)

    def position(self, symbol: str, flight: InFlight) -> Decimal:
        """One symbol in quote, buys in flight included."""
        return self.held_value(symbol) + flight.buy_value.get(symbol, ZERO)

    def total(self, flight: InFlight) -> Decimal:
        """All symbols in quote, buys in flight included."""
        total = ZERO
        for symbol in self._ledger.positions:
            total += self.held_value(symbol)
        return total + sum(flight.buy_value.values(), ZERO)

    def sellable(self, symbol: str, flight: InFlight) -> Decimal:
        """Base quantity on the step that is held and not taken by a sell in flight."""
        instrument = self.instruments.get(symbol)
        if instrument is None:
            return ZERO
        # The balance is lower than the position where a fee was taken in this base elsewhere.
        held = min(self._ledger.quantity(symbol), self._ledger.balance(instrument.base))
        free = held - flight.sell_quantity.get(symbol, ZERO)
        return max(ZERO, instrument.floor_quantity(free))

    def in_flight(self, orders: Iterable[Order], pending: Iterable[PlaceOrder]) -> InFlight:
        flight = InFlight()
        for order in orders:
            self._count(flight, order, order.remaining)
        for placed in pending:
            self._count(flight, placed, placed.quantity)
        return flight

    def _count(self, flight: InFlight, order: Order | PlaceOrder, left: Decimal) -> None:
        symbol = order.symbol
        flight.orders[symbol] = flight.orders.get(symbol, 0) + 1
        if order.side is Side.SELL:
            flight.sell_quantity[symbol] = flight.sell_quantity.get(symbol, ZERO) + left
            return
        worst = self.worst_price(symbol, order.price)
        value = self.buy_value(symbol, worst, left)
        flight.buy_value[symbol] = flight.buy_value.get(symbol, ZERO) + value
        flight.buy_quantity[symbol] = flight.buy_quantity.get(symbol, ZERO) + left
        flight.cash += self.cash_needed(worst, left)
