"""What waits for a strategy is shown in order, each trade once and up to the first intent."""

from __future__ import annotations

import numpy as np
import pytest
from desk_work import BTC, SYMBOL

from genesis.messages.market import TRADE
from genesis.messages.orders import OrderType, Side, TimeInForce
from genesis.strategies.port import Cadence, Desk, Strategy
from genesis.strategies.waiting import ALL_NS, AT_ONCE, Waiting

COUNT = 3 * AT_ONCE + 5


class Buyer(Strategy):
    """Buys at some moments, and remembers what it saw."""

    cadence = Cadence(every_trade=True)

    def __init__(self, buys_at: set[int]) -> None:
        self.seen: list[tuple[int, int, int, int]] = []
        self._buys_at = buys_at

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        self.seen.append((desk.now_ns, price_ticks, quantity_lots, side))
        if desk.now_ns in self._buys_at:
            one = BTC.step_size
            desk.place(symbol, Side.BUY, OrderType.MARKET, one, None, TimeInForce.GTC, "now")


@pytest.mark.parametrize("buys_at", [set(), {AT_ONCE - 1, AT_ONCE, 2 * AT_ONCE + 7, COUNT - 1}])
def test_trades_are_shown_once_and_in_order_however_many_wait(buys_at: set[int]) -> None:
    trades = np.zeros(COUNT, TRADE)
    times = np.arange(COUNT)
    trades["time_ns"], trades["price_ticks"], trades["quantity_lots"] = times, times + 1, times + 2
    trades["side"] = 1
    strategy, desk = Buyer(buys_at), Desk("buyer", {SYMBOL: BTC}, "b")
    waiting = Waiting(desk, strategy, (SYMBOL,))
    waiting.add_trades(SYMBOL, trades)
    stopped_at = set()
    while waiting.next_ns is not None:
        waiting.run(ALL_NS)
        stopped_at |= {desk.now_ns for _ in desk.take_intents()}
    assert strategy.seen == [(at, at + 1, at + 2, 1) for at in range(COUNT)]
    assert stopped_at == buys_at


def test_nothing_is_shown_at_or_behind_the_horizon() -> None:
    trades = np.zeros(COUNT, TRADE)
    trades["time_ns"] = np.arange(COUNT)
    strategy, desk = Buyer(set()), Desk("buyer", {SYMBOL: BTC}, "b")
    waiting = Waiting(desk, strategy, (SYMBOL,))
    waiting.add_trades(SYMBOL, trades)
    waiting.run(2 * AT_ONCE)
    assert len(strategy.seen) == 2 * AT_ONCE
    assert waiting.next_ns == 2 * AT_ONCE
