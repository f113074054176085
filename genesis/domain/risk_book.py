"""Everything risk knows, and its judgement of one order or of the whole account. No clock, no I/O.

Never approves on doubt: what cannot be valued or is not fresh is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from genesis.domain.drawdown import DAY_NS, EquityWatch
from genesis.domain.exposure import Exposure, InFlight
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Valuation
from genesis.domain.limits import (
    RATE_WINDOW_NS,
    Breach,
    Limits,
    Mark,
    Refusal,
    check_filters,
    check_freshness,
    check_instrument,
    check_price,
    over,
    percent,
    under,
)
from genesis.domain.money import ZERO, divide_down, exact, rounded_down, text
from genesis.domain.state import TradingState
from genesis.domain.vigil import Band, Holding
from genesis.messages.journal import (
    Entry,
    EquityMarked,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    Resumed,
)
from genesis.messages.orders import PlaceOrder, Side


class Figures(msgspec.Struct, frozen=True):
    """The account for a view, in quote; ``drawdown`` and ``exposure`` are fractions (6 decimals,
    rounded down), ``exposure_value`` is in quote."""

    quote: str
    equity: Decimal
    cash: Decimal
    inventory: Decimal
    fees: Decimal
    realized: Decimal
    unrealized: Decimal
    day_pnl: Decimal
    drawdown: Decimal
    exposure: Decimal
    exposure_value: Decimal


class RiskBook:
    """Follows the journal and the marks; reserves what it approved; judges.

    An approved order is *pending* from ``reserve`` until its ``OrderIntended`` is committed or it
    is released; pending and open orders are in flight.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], limits: Limits, state: TradingState
    ) -> None:
        """``state`` is owned by this book from now on; ``on_entry`` folds into it."""
        self.state = state
        self.limits = limits
        self._exposure = Exposure(instruments, limits, state.ledger)
        self._watch = EquityWatch(limits, state)
        self._pending: dict[str, tuple[PlaceOrder, int]] = {}
        self._approved_ns: deque[int] = deque()
        self._equity: Decimal | None = None
        self._valuation: Valuation | None = None  # None: something has moved since
        self._kept = 1 - float(limits.drawdown_fraction), 1 - float(limits.daily_loss_fraction)

    def on_entry(self, entry: Entry) -> None:
        """Fold the next journal entry. Raises ValueError on a hole: a bug of the caller."""
        self.state.apply(entry)
        self._valuation = None
        event = entry.event
        if self._pending and isinstance(event, OrderIntended | OrderMoved | OrderFilled):
            self._pending.pop(event.client_order_id, None)
        elif type(event) is Resumed:
            self._watch.resumed()

    def on_mark(self, symbol: str, mark: Mark) -> None:
        """A symbol's newest touch. While a book is not whole, its last mid still values it."""
        self._exposure.on_mark(symbol, mark)
        self._valuation = None

    def on_instrument(self, instrument: Instrument) -> None:
        """The venue changed a symbol (its status, its filters)."""
        self._exposure.instruments[instrument.symbol] = instrument

    def reserve(self, order: PlaceOrder, now_ns: int) -> None:
        """The order is approved: it is in flight, and counts towards the order rate."""
        self._pending[order.client_order_id] = (order, now_ns)
        self._approved_ns.append(now_ns)

    def release(self, client_order_id: str) -> None:
        """An approved order will never be journaled (its approval died on the way)."""
        self._pending.pop(client_order_id, None)

    def release_unjournaled(self, before_ns: int) -> tuple[str, ...]:
        """Release approvals made before ``before_ns`` that never reached the journal; their ids.

        Only sound once nothing can send them any more: after the executor was restarted and has
        reconciled.
        """
        dead = tuple(name for name, (_, at) in self._pending.items() if at < before_ns)
        for name in dead:
            del self._pending[name]
        return dead

    @exact
    def judge(self, order: PlaceOrder, now_ns: int) -> Refusal | None:
        """The first limit that this order would break, or None: it may be approved."""
        instrument = self._exposure.instruments.get(order.symbol)
        mark = self._exposure.marks.get(order.symbol)
        if refusal := check_instrument(order, instrument) or self._check_identity(order):
            return refusal
        assert instrument is not None  # check_instrument refuses an unknown symbol
        refusal = check_filters(order, instrument) or check_freshness(
            mark, order.symbol, now_ns, self.limits
        )
        if refusal is not None:
            return refusal
        assert mark is not None  # check_freshness refuses a symbol without a mark
        flight = self._in_flight()
        return (
            check_price(order, instrument, mark, self.limits)
            or self._check_counts(order, instrument, flight, now_ns)
            or self._check_money(order, instrument, flight, now_ns)
        )

    @exact
    def is_reducing(self, order: PlaceOrder) -> bool:
        """Whether the order can only shrink exposure, whatever else in flight fills."""
        return self._reduces(order, self._in_flight())

    @exact
    def sellable(self, symbol: str) -> Decimal:
        """Base quantity on the step that is held and that no sell in flight has taken."""
        return self._exposure.sellable(symbol, self._in_flight())

    @property
    def mids(self) -> Mapping[str, Decimal]:
        """The last known mid per symbol, in quote: what positions are valued at."""
        return self._exposure.mids

    def valuation(self) -> Valuation:
        """Of what the journal and the marks tell; made anew only where they have."""
        if self._valuation is None:
            self._valuation = self._exposure.valuation()
        return self._valuation

    @exact
    def exposure(self) -> Decimal:
        """In quote: all positions and all buys in flight."""
        return self._exposure.total(self._in_flight())

    def observe(self, now_ns: int) -> Decimal | None:
        """Equity now, noted for the peak and the day's start.

        None while a held symbol has no mark yet: a valuation at old prices must neither raise the
        peak nor halt.
        """
        self._equity = None
        if self.state.ledger.quote and not self._exposure.unmarked():
            self._equity = self.valuation().equity
            self._watch.note(self._equity, now_ns)
        return self._equity

    def breach(self, now_ns: int) -> Breach | None:
        """The account-wide limit that is reached now; None also while equity cannot be told."""
        self.observe(now_ns)
        return self.reached()

    def reached(self) -> Breach | None:
        """The account-wide limit that was reached at the last ``observe``."""
        if self._equity is None:
            return None
        return self._watch.breach(self._equity, self.state.ledger.quote)

    def band(self) -> Band | None:
        """Where equity may go before anything is to be done; None while that cannot be told, or a
        limit is reached already."""
        equity, peak, day_start = self._equity, self._watch.peak, self._watch.day_start
        if equity is None or peak is None or day_start is None:
            return None
        of_peak, of_day_start = self._kept
        now, high = float(equity), float(peak)
        low = max(high * of_peak, float(day_start) * of_day_start)
        if now <= low:
            return None
        held, inventory = {}, 0.0
        for symbol, position in self.state.ledger.positions.items():
            if position.quantity and symbol in self._exposure.instruments:
                quantity, mid = float(position.quantity), float(self._exposure.mid(symbol))
                held[symbol] = Holding(quantity, mid)
                inventory += quantity * mid
        return Band(low, high, (self._watch.day + 1) * DAY_NS, now - inventory, held)

    def equity_marked(self, now_ns: int) -> EquityMarked | None:
        """The journal's equity mark of now; None while equity cannot be told."""
        equity = self.observe(now_ns)
        if equity is None or self._watch.peak is None or self._watch.day_start is None:
            return None
        value = self.valuation()
        return EquityMarked(
            equity=equity,
            cash=value.cash,
            inventory=value.inventory,
            fees=value.fees,
            peak_equity=self._watch.peak,
            day_start_equity=self._watch.day_start,
            day=self._watch.day,
        )

    @exact
    def figures(self, now_ns: int) -> Figures:
        """The account for a view, as far as it is known."""
        self.observe(now_ns)
        value, exposure = self.valuation(), self.exposure()
        equity = value.equity
        peak = equity if self._watch.peak is None else self._watch.peak
        start = equity if self._watch.day_start is None else self._watch.day_start
        return Figures(
            quote=self.state.ledger.quote,
            equity=equity,
            cash=value.cash,
            inventory=value.inventory,
            fees=value.fees,
            realized=value.realized,
            unrealized=value.unrealized,
            day_pnl=equity - start,
            drawdown=_fraction(max(ZERO, peak - equity), peak),
            exposure=_fraction(exposure, equity),
            exposure_value=exposure,
        )

    def _in_flight(self) -> InFlight:
        pending = (order for order, _ in self._pending.values())
        return self._exposure.in_flight(self.state.orders.open.values(), pending)

    def _reduces(self, order: PlaceOrder, flight: InFlight) -> bool:
        if order.side is Side.SELL:
            return order.quantity <= self._exposure.sellable(order.symbol, flight)
        held = self.state.ledger.quantity(order.symbol)
        return order.quantity <= -held - flight.buy_quantity.get(order.symbol, ZERO)

    def _check_identity(self, order: PlaceOrder) -> Refusal | None:
        name = order.client_order_id
        if name in self._pending or self.state.orders.get(name) is not None:
            return Refusal("client_order_id", f"{name} was used before", "a new one for each order")
        quote = self._exposure.instruments[order.symbol].quote
        if quote != self.state.ledger.quote:
            account = self.state.ledger.quote or "asset, which is not funded yet"
            return Refusal("quote_asset", f"{order.symbol} in {quote}", f"the account's {account}")
        return None

    def _check_counts(
        self, order: PlaceOrder, instrument: Instrument, flight: InFlight, now_ns: int
    ) -> Refusal | None:
        while self._approved_ns and self._approved_ns[0] <= now_ns - RATE_WINDOW_NS:
            self._approved_ns.popleft()
        for limit, count, what, most in (
            ("order_rate", len(self._approved_ns), "orders in 10 s", self.limits.orders_per_10_s),
            (
                "max_orders",
                flight.orders.get(order.symbol, 0),
                f"open orders of {order.symbol}",
                instrument.max_orders,
            ),
            (
                "open_orders",
                sum(flight.orders.values()),
                "open orders",
                self.limits.open_orders_max,
            ),
        ):
            if count + 1 > most:
                return Refusal(limit, f"{count + 1} {what}", f"at most {most}")
        return None

    @exact
    def _check_money(
        self, order: PlaceOrder, instrument: Instrument, flight: InFlight, now_ns: int
    ) -> Refusal | None:
        if order.side is Side.SELL:
            sellable = self._exposure.sellable(order.symbol, flight)
            if order.quantity <= sellable:
                return None
            return Refusal(
                "inventory",
                f"{text(order.quantity)} {instrument.base}",
                f"{text(sellable)} {instrument.base} that can be sold",
            )
        if not self._reduces(order, flight):
            refusal = self._check_account(now_ns) or self._check_exposure(order, flight)
            if refusal is not None:
                return refusal
        needed = self._exposure.cash_needed(order.symbol, order.price, order.quantity)
        free = self.state.ledger.balance(instrument.quote) - flight.cash
        if needed <= free:
            return None
        return Refusal(
            "cash",
            f"{over(needed, instrument.quote)} with the worst fee",
            f"{under(free, instrument.quote)} free",
        )

    def _check_account(self, now_ns: int) -> Refusal | None:
        if self.observe(now_ns) is None:
            return Refusal(
                "valuation",
                f"{', '.join(self._exposure.unmarked())} held without market data",
                "a price for everything held",
            )
        if (breach := self.reached()) is None:
            return None
        return Refusal(breach.limit, breach.value, breach.compared_with)

    def _check_exposure(self, order: PlaceOrder, flight: InFlight) -> Refusal | None:
        book, limits, quote = self._exposure, self.limits, self.state.ledger.quote
        equity = self.valuation().equity
        added = book.buy_value(order.symbol, order.price, order.quantity)
        for limit, at_stake, fraction in (
            ("position_limit", book.position(order.symbol, flight), limits.position_fraction),
            ("exposure_limit", book.total(flight), limits.exposure_fraction),
        ):
            if at_stake + added > (most := fraction * equity):
                return Refusal(
                    limit,
                    over(at_stake + added, quote),
                    f"{under(most, quote)} = {percent(fraction)} of equity",
                )
        return None


def _fraction(part: Decimal, whole: Decimal) -> Decimal:
    return rounded_down(divide_down(part, whole), 6) if whole > 0 else ZERO
