"""An account of 1000 USDT with a risk book, and a journal to play events through."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

import msgspec

from genesis.domain.instrument import Instrument
from genesis.domain.limits import Limits
from genesis.domain.money import exact, rounded_up
from genesis.domain.risk_book import RiskBook
from genesis.domain.state import TradingState
from genesis.messages.journal import (
    AccountOpened,
    AnyEvent,
    Entry,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderSent,
)
from genesis.messages.market import BookView
from genesis.messages.orders import OrderStatus, OrderType, PlaceOrder, Side, TimeInForce

D = Decimal
SECOND = 1_000_000_000
NOW = 20_000 * 86_400 * SECOND + 7 * SECOND

BTC = Instrument.build("BTCUSDT", "BTC", "USDT", tick_size=D("0.01"), step_size=D("0.001"))
ETH = Instrument.build("ETHUSDT", "ETH", "USDT", tick_size=D("0.01"), step_size=D("0.001"))
MIDS = {"BTCUSDT": D(100), "ETHUSDT": D(10), "XRPUSDT": D(1)}
LIMITS = Limits(
    position_fraction=D("0.05"),
    exposure_fraction=D("0.30"),
    orders_per_10_s=40,
    open_orders_max=20,
    price_collar_fraction=D("0.01"),
    stale_after_ms=3000,
    daily_loss_fraction=D("0.05"),
    drawdown_fraction=D("0.15"),
    worst_fee_fraction=D("0.001"),
)


def placed(
    side: Side, quantity: str | Decimal, price: str | Decimal, name: str, symbol: str
) -> PlaceOrder:
    return PlaceOrder(
        client_order_id=name,
        strategy="ema",
        symbol=symbol,
        side=side,
        type=OrderType.LIMIT,
        quantity=D(quantity),
        price=D(price),
        time_in_force=TimeInForce.GTC,
        decided_ns=NOW,
        trace_id=1,
    )


def buy(quantity: str, price: str = "100.00", name: str = "new") -> PlaceOrder:
    return placed(Side.BUY, quantity, price, name, "BTCUSDT")


def sell(quantity: str, price: str = "100.00", name: str = "new") -> PlaceOrder:
    return placed(Side.SELL, quantity, price, name, "BTCUSDT")


def shown(mid: str, now_ns: int = NOW, symbol: str = "BTCUSDT", synced: bool = True) -> BookView:
    """A touch one tick on either side of ``mid``."""
    ticks = BTC.ticks(D(mid))
    return BookView(symbol, 1, now_ns, synced, 1, ticks - 1, 1, ticks + 1, 1)


class Account:
    """BTCUSDT at 99.99 / 100.01 and ETHUSDT at 9.99 / 10.01, unless told otherwise."""

    def __init__(self, marks: bool = True, **limits: Any) -> None:
        self.state = TradingState()
        self.book = RiskBook(
            {"BTCUSDT": BTC, "ETHUSDT": ETH},
            msgspec.structs.replace(LIMITS, **limits),
            TradingState(),
        )
        self.approved: dict[str, PlaceOrder] = {}
        self.trades = 0
        self.happens(AccountOpened("USDT", D(1000)))
        if marks:
            self.mark("100")
            self.mark("10", symbol="ETHUSDT")

    def happens(self, event: AnyEvent) -> None:
        entry = Entry(self.state.seq + 1, NOW, "test", event)
        self.state.apply(entry)
        self.book.on_entry(entry)

    def mark(self, mid: str, now_ns: int = NOW, symbol: str = "BTCUSDT") -> None:
        self.book.marks.on_view(shown(mid, now_ns, symbol))

    def approve(self, order: PlaceOrder, now_ns: int = NOW) -> None:
        self.approved[order.client_order_id] = order
        self.book.reserve(order, now_ns)

    def intend(self, name: str) -> None:
        o = self.approved.pop(name)
        self.happens(
            OrderIntended(
                client_order_id=name,
                strategy=o.strategy,
                symbol=o.symbol,
                side=o.side,
                type=o.type,
                quantity=o.quantity,
                price=o.price,
                time_in_force=o.time_in_force,
                decided_ns=NOW,
                approved_ns=NOW,
                trace_id=1,
                reason="",
            )
        )

    def move(self, name: str, status: OrderStatus) -> None:
        self.happens(OrderMoved(name, status, 1, ""))

    @exact
    def fill(self, name: str, quantity: Decimal, price: Decimal) -> None:
        """A fill with the venue's fee: 0.1 %, of base on a buy, of quote on a sell."""
        order = self.state.orders.open[name]
        is_buy = order.side is Side.BUY
        done = order.filled + quantity
        taken = quantity if is_buy else quantity * price
        self.trades += 1
        self.happens(
            OrderFilled(
                client_order_id=name,
                venue_order_id=1,
                trade_id=self.trades,
                strategy=order.strategy,
                symbol=order.symbol,
                side=order.side,
                price=price,
                quantity=quantity,
                cumulative_quantity=done,
                status=OrderStatus.FILLED
                if done == order.quantity
                else OrderStatus.PARTIALLY_FILLED,
                fee=rounded_up(taken * D("0.001"), 8),
                fee_asset=order.symbol[:3] if is_buy else "USDT",
                maker=False,
                venue_ns=NOW,
                trace_id=1,
            )
        )

    def holding(self, quantity: str, symbol: str = "BTCUSDT") -> Self:
        """Hold this much by a fill at the mid, without a fee (negative: a foreign sell)."""
        price = MIDS[symbol]
        side = Side.BUY if D(quantity) > 0 else Side.SELL
        self.trades += 1
        self.happens(
            OrderFilled(
                client_order_id=f"held-{self.trades}",
                venue_order_id=1,
                trade_id=self.trades,
                strategy="ema",
                symbol=symbol,
                side=side,
                price=price,
                quantity=abs(D(quantity)),
                cumulative_quantity=abs(D(quantity)),
                status=OrderStatus.FILLED,
                fee=D(0),
                fee_asset="USDT",
                maker=False,
                venue_ns=NOW,
                trace_id=1,
            )
        )
        return self

    def worst(self, symbol: str) -> Decimal:
        """One symbol's exposure told independently of the book: all buys fill, no sell does."""
        mid = MIDS[symbol]
        collar = (mid + D("0.01")) * (1 + self.book.limits.price_collar_fraction)
        total = self.state.ledger.quantity(symbol) * mid
        for order in (*self.state.orders.open.values(), *self.approved.values()):
            if order.symbol == symbol and order.side is Side.BUY:
                left = order.quantity - getattr(order, "filled", D(0))
                total += left * max(mid, collar if order.price is None else order.price)
        return total

    def act(self, name: str, action: str, symbol: str, size: int, percent_away: int) -> None:
        """One step of a random history; what cannot happen now, does not."""
        mid, side = MIDS[symbol], Side.SELL if action == "sell" else Side.BUY
        if action in ("buy", "sell", "market"):
            away = mid * percent_away / 100
            price = mid - away if side is Side.BUY else mid + away
            order = placed(side, D(size) * 100 / mid, price, name, symbol)
            if action == "market":
                order = msgspec.structs.replace(order, type=OrderType.MARKET, price=None)
            if self.book.judge(order, NOW) is None:
                self.approve(order)
                if percent_away % 2:
                    self.intend(name)
        elif action == "intend":
            for approved in tuple(self.approved):
                self.intend(approved)
                self.happens(OrderSent(approved))
        elif action == "release":
            self.approved.clear()
            self.book.release_unjournaled(NOW + 1)
        elif action in ("fill", "cancel") and (open_orders := self.state.orders.open):
            chosen = open_orders[sorted(open_orders)[size % len(open_orders)]]
            if action == "cancel":
                self.move(chosen.client_order_id, OrderStatus.CANCELED)
                return
            price = chosen.price or MIDS[chosen.symbol] + D("0.01")
            part = chosen.remaining if percent_away > 5 else chosen.remaining / 2
            self.fill(chosen.client_order_id, part, price)
