"""Risk on a stage: its account, what it is shown, what it records."""

from __future__ import annotations

import msgspec
import numpy as np
from fake import Stage
from orders_told import BTC, LIMITS, SYMBOL, D, filled, intended, place, snapshot

from genesis.actors.risk import LOOK_EVERY_NS, Risk
from genesis.domain.limits import Limits
from genesis.messages.journal import AppendFacts
from genesis.messages.market import TOP, BookView
from genesis.messages.orders import OrderRefused, PlaceOrder
from genesis.runtime.gate import TradingGate


class Stand(Stage):
    """Risk over an account of 1000 USDT, BTC at 60,000, unless told otherwise."""

    def __init__(self, *, ready: bool = True, limits: Limits = LIMITS) -> None:
        self.gate = TradingGate()
        super().__init__("risk", lambda c: Risk(c, self.gate, {SYMBOL: BTC}, limits))
        if ready:
            self.tell(snapshot())
            self.show("60000")
            self.clear()

    def show(
        self, mid: str, *, synced: bool = True, age_ns: int = 0, received_ago_ns: int = 0
    ) -> None:
        bid, ask = (BTC.ticks(D(mid)) - 1, BTC.ticks(D(mid)) + 1) if synced else (0, 0)
        now_ns = self.runtime.clock.time_ns - received_ago_ns
        tops = np.array([(now_ns, now_ns - age_ns, synced, 1, bid, 1, ask, 1)], TOP)
        view = BookView(SYMBOL, 1, now_ns - age_ns, synced, 1, bid, 1, ask, 1)
        self.tell(msgspec.structs.replace(view, tops=tops, newest_ns=now_ns))

    def recorded(self, kind: type) -> list[object]:
        return [f.event for m in self.sent(AppendFacts) for f in m.facts if type(f.event) is kind]


def buy(name: str, notional: str, price: str = "60000.00") -> PlaceOrder:
    quantity = BTC.floor_quantity(D(notional) / D(price))
    return msgspec.structs.replace(place(name), quantity=quantity, price=D(price))


def refusals(stand: Stand) -> list[str]:
    return [refusal.limit for refusal in stand.sent(OrderRefused, "strategy.ema")]


class Deep(Stand):
    """Holds 0.01 BTC bought at 60,000: 600 of its 1000 USDT move with the price."""

    def __init__(self) -> None:
        super().__init__(ready=False)
        self.tell(snapshot(intended(), filled(5)))
        self.show("60000")
        self.wait_ns(LOOK_EVERY_NS)
        self.clear()

    def falls_to(self, mid: str) -> None:
        self.wait_s(1)
        self.show(mid)
        self.wait_ns(LOOK_EVERY_NS)
