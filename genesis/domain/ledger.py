"""Fold fills into cash, FIFO lots, fees and balances, exact to the last digit. No clock, no I/O.

No division happens, so nothing is ever rounded. For a fill of signed quantity ``s`` (a sell is
negative) at price ``p`` with base fee ``b`` and quote fee ``f``::

    net = s - b        cash -= p * net        fees += p * b + f

Then ``equity = cash + inventory - fees`` and ``equity = start + realized + unrealized - fees``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from genesis.domain.money import EXACT, ZERO, divide_down, exact, rounded_down
from genesis.messages.journal import AccountOpened, Entry, OrderFilled
from genesis.messages.orders import Side

MOVES_MONEY = (OrderFilled, AccountOpened)
"""What a ledger folds."""

_BUY = Side.BUY


class Lot(msgspec.Struct, array_like=True):
    """``quantity`` in base (negative: sold without being held), ``price`` in quote."""

    quantity: Decimal
    price: Decimal


class Position(msgspec.Struct):
    """One symbol: ``quantity`` net of base fees = sum of lots, ``cost`` = sum of quantity * price.

    ``last_price`` is of the newest fill: what it is valued at before a mark is known.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    last_price: Decimal = ZERO
    lots: list[Lot] = []

    @property
    def average_price(self) -> Decimal:
        """In quote, to 8 decimals, 0 when flat. For display only: it is rounded."""
        if not self.quantity:
            return ZERO
        return rounded_down(divide_down(self.cost, self.quantity), 8)


class Valuation(msgspec.Struct, frozen=True):
    """Money at given marks, all in quote; ``equity`` = cash + inventory - fees."""

    start: Decimal
    cash: Decimal
    inventory: Decimal
    fees: Decimal
    realized: Decimal
    unrealized: Decimal
    equity: Decimal


class Balances(msgspec.Struct):
    """What the venue should show of an account counted in ``quote``: ``amounts`` per asset, free
    and locked together."""

    quote: str = ""
    amounts: dict[str, Decimal] = {}

    def follow(self, entries: Iterable[Entry]) -> None:
        """Fold what of the journal moves money; the journal tells each fill once."""
        for entry in entries:
            event = entry.event
            if type(event) is OrderFilled:
                _pay(self.amounts, event, base_of(event.symbol, self.quote), self.quote)
            elif type(event) is AccountOpened:
                self.quote, before = event.asset, self.amounts.get(event.asset, ZERO)
                self.amounts[event.asset] = EXACT.add(before, event.amount)


class Ledger(msgspec.Struct):
    """``cash`` is before fees; ``balances`` are what the venue should show, per asset.

    ``fees`` is in quote. A fee in a third asset has no exact value in quote: it is kept in
    ``other_fees`` (per asset) and taken from that asset's balance, which is not part of equity.

    Spot cannot sell what it does not hold, but a fill made outside of this program can. Such a
    fill is recorded as a negative lot, because the position must equal the venue's truth; later
    buys close negative lots first. Refusing to sell what is not held is the task of risk.
    """

    quote: str = ""
    start: Decimal = ZERO
    cash: Decimal = ZERO
    fees: Decimal = ZERO
    realized: Decimal = ZERO
    balances: dict[str, Decimal] = {}
    other_fees: dict[str, Decimal] = {}
    positions: dict[str, Position] = {}
    by_strategy: dict[str, dict[str, Decimal]] = {}

    @exact
    def open_account(self, asset: str, amount: Decimal) -> None:
        """Fund the account. Raises ValueError on a second quote asset or a negative amount."""
        if self.quote not in ("", asset):
            raise ValueError(f"the account counts in {self.quote}; it cannot be funded in {asset}")
        if amount < 0:
            raise ValueError(f"an account cannot be opened with {amount} {asset}")
        self.quote = asset
        self.start += amount
        self.cash += amount
        self.balances[asset] = self.balance(asset) + amount

    def base_of(self, symbol: str) -> str:
        """The base asset. Raises ValueError when the symbol is not quoted in the ledger's asset."""
        return base_of(symbol, self.quote)

    @exact
    def apply(self, fill: OrderFilled) -> None:
        """Fold one fill. Raises ValueError for a symbol not quoted in the ledger's asset."""
        symbol, price, fee, quote = fill.symbol, fill.price, fill.fee, self.quote
        base = base_of(symbol, quote)
        net = fill.quantity if fill.side is _BUY else -fill.quantity
        if fill.fee_asset == base:
            net -= fee
            self.fees += price * fee
        elif fill.fee_asset == quote:
            self.fees += fee
        elif fee:
            self.other_fees[fill.fee_asset] = self.other_fees.get(fill.fee_asset, ZERO) + fee
        self.cash -= price * net
        _pay(self.balances, fill, base, quote)
        self._move(symbol, net, price)
        held = self.by_strategy.setdefault(fill.strategy, {})
        left = held[symbol] = held.get(symbol, ZERO) + net
        if not left:
            del held[symbol]

    @exact
    def value(self, marks: Mapping[str, Decimal]) -> Valuation:
        """Value at ``marks`` (quote per base); a symbol without one at its last fill's price."""
        inventory = cost = ZERO
        for symbol, position in self.positions.items():
            inventory += position.quantity * marks.get(symbol, position.last_price)
            cost += position.cost
        return Valuation(
            start=self.start,
            cash=self.cash,
            inventory=inventory,
            fees=self.fees,
            realized=self.realized,
            unrealized=inventory - cost,
            equity=self.cash + inventory - self.fees,
        )

    def quantity(self, symbol: str) -> Decimal:
        """Net base quantity held of a symbol."""
        position = self.positions.get(symbol)
        return ZERO if position is None else position.quantity

    def strategy_quantity(self, strategy: str, symbol: str) -> Decimal:
        """Net base quantity that one strategy's fills left."""
        return self.by_strategy.get(strategy, {}).get(symbol, ZERO)

    def balance(self, asset: str) -> Decimal:
        """What the venue should show, free and locked together."""
        return self.balances.get(asset, ZERO)

    def _move(self, symbol: str, net: Decimal, price: Decimal) -> None:
        """Close lots of the other sign, oldest first; what remains opens a lot."""
        position = self.positions.get(symbol)
        if position is None:
            position = self.positions[symbol] = Position()
        position.last_price = price
        lots, left = position.lots, net
        if lots and (lots[0].quantity > 0) != (net > 0):  # all lots are of one sign
            left = self._close(position, net, price)
        position.quantity += net
        if left:
            position.cost += left * price
            if lots and lots[-1].price == price:
                lots[-1].quantity += left
            else:
                lots.append(Lot(left, price))

    def _close(self, position: Position, net: Decimal, price: Decimal) -> Decimal:
        """What ``net`` leaves when it has closed all the lots it can."""
        left, closed = net, 0
        for lot in position.lots:
            if not left:
                break
            taken = -left if abs(left) < abs(lot.quantity) else lot.quantity
            self.realized += taken * (price - lot.price)
            position.cost -= taken * lot.price
            left += taken
            if taken != lot.quantity:
                lot.quantity -= taken
                break
            closed += 1
        del position.lots[:closed]
        return left


def base_of(symbol: str, quote: str) -> str:
    """The base asset. Raises ValueError when the symbol is not quoted in the account's asset."""
    if not quote or not symbol.endswith(quote) or symbol == quote:
        raise ValueError(f"the ledger counts in {quote or 'nothing yet'}, not {symbol}")
    return symbol[: -len(quote)]


def _pay(balances: dict[str, Decimal], fill: OrderFilled, base: str, quote: str) -> None:
    """What a fill moves at the venue."""
    got = fill.quantity if fill.side is _BUY else EXACT.minus(fill.quantity)
    if fill.fee:
        left = balances.get(fill.fee_asset, ZERO)
        balances[fill.fee_asset] = EXACT.subtract(left, fill.fee)
    balances[base] = EXACT.add(balances.get(base, ZERO), got)
    left = balances.get(quote, ZERO)
    balances[quote] = EXACT.subtract(left, EXACT.multiply(fill.price, got))
