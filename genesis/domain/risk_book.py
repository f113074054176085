"""Everything risk knows, and its judgement of one order or of the whole account. No clock, no I/O.

Never approves on doubt: what cannot be valued or is not fresh is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from genesis.domain.drawdown import DAY_NS, EquityWatch
from genesis.domain.exposure import Exposure, InFlight
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Valuation
from genesis.domain.limits import (
    RATE_WINDOW_NS,
    Breach,
    Limits,
    Refusal,
    check_counts,
    check_filters,
    check_freshness,
    check_instrument,
    check_price,
    over,
    percent,
    under,
)
from genesis.domain.money import EXACT, ZERO, exact, text
from genesis.domain.state import TradingState
from genesis.domain.vigil import Band
from genesis.messages.journal import (
    AccountOpened,
    Entry,
    EquityMarked,
    Event,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderSent,
    Resumed,
)
from genesis.messages.orders import PlaceOrder, Side


class RiskBook:
    """Follows the journal and the marks; reserves what it approved; judges.

    An approved order is *pending* from ``reserve`` until its ``OrderIntended`` is committed or it
    is released; pending and open orders are in flight.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], limits: Limits, state: TradingState
    ) -> None:
        """The ledger and the orders of ``state`` are this book's from now on."""
        self.ledger, self.orders = state.ledger, state.orders
        self.limits = limits
        self.marks = Exposure(instruments, limits, self.ledger)
        self.watch = EquityWatch(limits, state)
        self._pending: dict[str, tuple[PlaceOrder, int]] = {}
        self._approved_ns: deque[int] = deque()
        self._equity: Decimal | None = None
        self._inventory = ZERO  # in ``_equity``
        self._money_moved()

    def on_entry(self, entry: Entry) -> bool:
        """Fold the next journal entry; True where it may change equity, its peak or what moves it.

        Only what moves money, orders or the peak is folded. The journal tells each entry once.
        """
        fold = _FOLDS.get(type(entry.event))
        return fold is not None and fold(self, entry.event)

    def _account_opened(self, event: AccountOpened) -> bool:
        self.ledger.open_account(event.asset, event.amount)
        self._money_moved()
        return True

    def _order_intended(self, event: OrderIntended) -> bool:
        self._pending.pop(event.client_order_id, None)
        if self.orders.get(event.client_order_id) is None:
            self.orders.add(event)
        return False

    def _order_moved(self, event: OrderSent | OrderMoved) -> bool:
        self.orders.apply(event)
        return False

    def _order_filled(self, event: OrderFilled) -> bool:
        if not self.orders.apply(event):
            return False
        self.ledger.apply(event)
        self._money_moved()
        return True

    def _resumed(self, event: Resumed) -> bool:
        self.watch.resumed()
        return True

    def _money_moved(self) -> None:
        traded, positions = self.marks.instruments, self.ledger.positions
        self.held = tuple(
            s for s, position in positions.items() if position.quantity and s in traded
        )
        self._band: Band | None = None  # made when it is wanted

    def reserve(self, order: PlaceOrder, now_ns: int) -> None:
        """The order is approved: it is in flight, and counts towards the order rate."""
        self._pending[order.client_order_id] = (order, now_ns)
        self._approved_ns.append(now_ns)

    def release_unjournaled(self, before_ns: int) -> None:
        """Release approvals made before ``before_ns`` that never reached the journal.

        Only sound once nothing can send them any more: after the executor was restarted and has
        reconciled.
        """
        self._pending = {n: kept for n, kept in self._pending.items() if kept[1] >= before_ns}

    @exact
    def judge(self, order: PlaceOrder, now_ns: int) -> Refusal | None:
        """The first limit that this order would break, or None: it may be approved."""
        instrument = self.marks.instruments.get(order.symbol)
        if refusal := check_instrument(order, instrument) or self._check_identity(order):
            return refusal
        assert instrument is not None  # check_instrument refuses an unknown symbol
        mark = self.marks.mark(order.symbol)
        refusal = check_filters(order, instrument) or check_freshness(
            mark, order.symbol, now_ns, self.limits
        )
        if refusal is not None:
            return refusal
        assert mark is not None  # check_freshness refuses a symbol without a mark
        flight = self._in_flight()
        while self._approved_ns and self._approved_ns[0] <= now_ns - RATE_WINDOW_NS:
            self._approved_ns.popleft()
        return (
            check_price(order, instrument, mark, self.limits)
            or check_counts(instrument, flight.orders, len(self._approved_ns), self.limits)
            or self._check_money(order, instrument, flight, now_ns)
        )

    def at_stake(self, symbol: str) -> Iterable[str]:
        """Whose marks an order of ``symbol`` is judged by: of what is held, or in flight, too."""
        symbols = dict.fromkeys((symbol, *self.held))
        for order in self.orders.open.values():
            symbols[order.symbol] = None
        for placed, _ in self._pending.values():
            symbols[placed.symbol] = None
        return symbols

    def valuation(self) -> Valuation:
        """Of what the journal and the marks tell."""
        return self.marks.valuation()

    @exact
    def exposure(self) -> Decimal:
        """In quote: all positions and all buys in flight."""
        return self.marks.total(self._in_flight())

    def observe(self, now_ns: int) -> Decimal | None:
        """Equity now, noted for the peak and the day's start.

        None while a held symbol has no mark yet: a valuation at old prices must neither raise the
        peak nor halt.
        """
        ledger, inventory = self.ledger, self.marks.inventory()
        if inventory is None or not ledger.quote:
            self._equity = None
            return None
        equity = EXACT.subtract(EXACT.add(ledger.cash, inventory), ledger.fees)
        self._equity, self._inventory = equity, inventory
        if self.watch.note(equity, now_ns):
            self._band = None
        return equity

    def reached(self) -> Breach | None:
        """The account-wide limit that was reached at the last ``observe``."""
        equity, floor = self._equity, self.watch.floor
        if equity is None or floor is None or equity > floor:
            return None
        return self.watch.breach(equity, self.ledger.quote)

    def band(self) -> Band | None:
        """Where equity may go before anything is to be done; None while that cannot be told, or a
        limit is reached already."""
        equity, floor = self._equity, self.watch.floor
        if equity is None or floor is None or equity <= floor:
            return None
        if self._band is None:
            self._band = self._new_band(float(equity), float(floor))
        return self._band

    def _new_band(self, equity: float, floor: float) -> Band:
        watch, held, rest = self.watch, {}, equity
        for symbol in self.held:
            held[symbol] = quantity = float(self.ledger.quantity(symbol))
            rest -= quantity * float(self.marks.mid(symbol))
        peak = equity if watch.peak is None else float(watch.peak)
        return Band.between(floor, peak, (watch.day + 1) * DAY_NS, rest, held)

    def equity_marked(self) -> EquityMarked | None:
        """The journal's mark of the last ``observe``; None where that could not tell equity."""
        equity, peak, day_start = self._equity, self.watch.peak, self.watch.day_start
        if equity is None or peak is None or day_start is None:
            return None
        return EquityMarked(
            equity=equity,
            cash=self.ledger.cash,
            inventory=self._inventory,
            fees=self.ledger.fees,
            peak_equity=peak,
            day_start_equity=day_start,
            day=self.watch.day,
        )

    def _in_flight(self) -> InFlight:
        pending = (order for order, _ in self._pending.values())
        return self.marks.in_flight(self.orders.open.values(), pending)

    def _reduces(self, order: PlaceOrder, flight: InFlight) -> bool:
        if order.side is Side.SELL:
            return order.quantity <= self.marks.sellable(order.symbol, flight)
        held = self.ledger.quantity(order.symbol)
        return order.quantity <= -held - flight.buy_quantity.get(order.symbol, ZERO)

    def _check_identity(self, order: PlaceOrder) -> Refusal | None:
        name = order.client_order_id
        if name in self._pending or self.orders.get(name) is not None:
            return Refusal("client_order_id", f"{name} was used before", "a new one for each order")
        quote = self.marks.instruments[order.symbol].quote
        if quote != self.ledger.quote:
            account = self.ledger.quote or "asset, which is not funded yet"
            return Refusal("quote_asset", f"{order.symbol} in {quote}", f"the account's {account}")
        return None

    def _check_money(
        self, order: PlaceOrder, instrument: Instrument, flight: InFlight, now_ns: int
    ) -> Refusal | None:
        if order.side is Side.SELL:
            sellable = self.marks.sellable(order.symbol, flight)
            if order.quantity <= sellable:
                return None
            return Refusal(
                "inventory",
                f"{text(order.quantity)} {instrument.base}",
                f"{text(sellable)} {instrument.base} that can be sold",
            )
        worst = self.marks.worst_price(order.symbol, order.price)
        if not self._reduces(order, flight):
            added = self.marks.buy_value(order.symbol, worst, order.quantity)
            refusal = self._check_account(order.symbol, added, flight, now_ns)
            if refusal is not None:
                return refusal
        needed = self.marks.cash_needed(worst, order.quantity)
        free = self.ledger.balance(instrument.quote) - flight.cash
        if needed <= free:
            return None
        return Refusal(
            "cash",
            f"{over(needed, instrument.quote)} with the worst fee",
            f"{under(free, instrument.quote)} free",
        )

    def _check_account(
        self, symbol: str, added: Decimal, flight: InFlight, now_ns: int
    ) -> Refusal | None:
        equity = self.observe(now_ns)
        if equity is None:
            return Refusal(
                "valuation",
                f"{', '.join(self.marks.unmarked())} held without market data",
                "a price for everything held",
            )
        if (breach := self.reached()) is None:
            return self._check_exposure(symbol, added, flight, equity)
        return Refusal(breach.limit, breach.value, breach.compared_with)

    def _check_exposure(
        self, symbol: str, added: Decimal, flight: InFlight, equity: Decimal
    ) -> Refusal | None:
        book, limits, quote = self.marks, self.limits, self.ledger.quote
        for limit, at_stake, fraction in (
            ("position_limit", book.position(symbol, flight), limits.position_fraction),
            ("exposure_limit", book.total(flight), limits.exposure_fraction),
        ):
            if at_stake + added > (most := fraction * equity):
                return Refusal(
                    limit,
                    over(at_stake + added, quote),
                    f"{under(most, quote)} = {percent(fraction)} of equity",
                )
        return None


_FOLDS: dict[type[Event], Callable[[RiskBook, Any], bool]] = {
    AccountOpened: RiskBook._account_opened,
    OrderIntended: RiskBook._order_intended,
    OrderSent: RiskBook._order_moved,
    OrderMoved: RiskBook._order_moved,
    OrderFilled: RiskBook._order_filled,
    Resumed: RiskBook._resumed,
}
FOLDED: tuple[type[Event], ...] = tuple(_FOLDS)
"""The events of the journal that a ``RiskBook`` folds; it may leave out all others."""
