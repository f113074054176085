"""A desk to try a strategy at: views and fills in, intents out."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from genesis.domain.instrument import Instrument
from genesis.messages.market import BookView
from genesis.messages.orders import (
    CancelOrder,
    OrderRefused,
    OrderStatus,
    OrderUpdated,
    PlaceOrder,
    Side,
)
from genesis.strategies.port import Desk

D = Decimal
ZERO = D(0)
SECOND = 1_000_000_000
SYMBOL = "BTCUSDT"
BTC = Instrument.build(
    SYMBOL, "BTC", "USDT", tick_size=D("0.01"), step_size=D("0.00001"), min_notional=D(5)
)


def view(bid_ticks: int, ask_ticks: int, *, synced: bool = True, symbol: str = SYMBOL) -> BookView:
    none = np.empty((0, 2), np.int64)
    return BookView(
        symbol=symbol,
        trace_id=1,
        time_ns=1,
        synced=synced,
        update_id=1,
        bid_ticks=bid_ticks if synced else 0,
        bid_lots=1 if synced else 0,
        ask_ticks=ask_ticks if synced else 0,
        ask_lots=1 if synced else 0,
        bids=none,
        asks=none,
    )


class Work(Desk):
    """Carries intents nowhere; the test says what became of them."""

    def __init__(self, bid: str = "59999.99", ask: str = "60000.01") -> None:
        super().__init__("test", {SYMBOL: BTC}, "g1-test-1")
        self.now_ns = 100 * SECOND
        self.show(bid, ask)

    def show(self, bid: str, ask: str) -> None:
        self.see(view(BTC.ticks(D(bid)), BTC.ticks(D(ask))))

    def placed(self) -> list[PlaceOrder]:
        return [i for i in self.take_intents() if isinstance(i, PlaceOrder)]

    def canceled(self) -> list[CancelOrder]:
        return [i for i in self.take_intents() if isinstance(i, CancelOrder)]

    def fill(self, intent: PlaceOrder, part: str = "1", fee: str = "0") -> None:
        """A fraction of the order fills; the rest stays open unless it is the whole."""
        quantity = intent.quantity * D(part)
        net = quantity * (1 - D(fee)) if intent.side is Side.BUY else -quantity
        done = OrderStatus.FILLED if part == "1" else OrderStatus.PARTIALLY_FILLED
        self.moves(intent, done, cumulative=quantity, change=net)

    def moves(
        self,
        intent: PlaceOrder,
        status: OrderStatus,
        cumulative: Decimal = ZERO,
        change: Decimal = ZERO,
    ) -> None:
        self.hear(
            OrderUpdated(
                strategy=intent.strategy,
                symbol=intent.symbol,
                client_order_id=intent.client_order_id,
                side=intent.side,
                status=status,
                price=intent.price,
                quantity=intent.quantity,
                cumulative_quantity=cumulative,
                position_change=change,
            )
        )

    def refuse(self, intent: PlaceOrder) -> None:
        self.refused(OrderRefused(intent, "position_limit", "6 %", "5 %"))
