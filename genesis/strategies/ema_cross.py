"""Trend: long while the fast average of trade prices is above the slow one, flat otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from genesis.domain.sizing import is_large_enough, quantity_for_notional
from genesis.messages.orders import OrderType, OrderUpdated, Side, TimeInForce
from genesis.strategies.port import Cadence, Desk, Strategy


class _Averages:
    """Exponential averages in ticks, weight 2 / (span + 1), started at the first price.

    ``left``: of the warm-up's prices.
    ``settled``: the direction for which there is nothing left to do until an order moves.
    """

    __slots__ = ("fast", "left", "settled", "slow")

    def __init__(self, warm_up: int) -> None:
        self.left = warm_up
        self.fast = self.slow = 0.0
        self.settled: bool | None = None


class EmaCross(Strategy):
    """Spot, so it buys and sells but never goes short.

    ``fast`` and ``slow`` are spans in trades, ``notional`` what one entry costs in quote. It acts
    only after ``slow`` trades. Orders are market orders: the signal is about being in or out.
    """

    cadence = Cadence(every_trade=True)

    def __init__(self, symbols: Iterable[str], fast: int, slow: int, notional: Decimal) -> None:
        self._averages = {symbol: _Averages(slow) for symbol in symbols}
        self._fast_weight = 2 / (fast + 1)
        self._slow_weight = 2 / (slow + 1)
        self._warm_up = slow
        self._notional = notional

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        averages = self._averages[symbol]
        if averages.left:
            if averages.left == self._warm_up:
                averages.fast = averages.slow = float(price_ticks)
            averages.left -= 1
        averages.fast += (price_ticks - averages.fast) * self._fast_weight
        averages.slow += (price_ticks - averages.slow) * self._slow_weight
        up = averages.fast > averages.slow
        if up is not averages.settled and not averages.left:
            self._follow(desk, symbol, up)

    def on_order(self, desk: Desk, update: OrderUpdated) -> None:
        self._averages[update.symbol].settled = None

    def _follow(self, desk: Desk, symbol: str, up: bool) -> None:
        held = desk.sellable(symbol)
        if not up and not held:
            self._averages[symbol].settled = up
            return
        view = desk.view(symbol)
        if view is None or desk.quiet(symbol) or any(desk.orders(symbol)):
            return
        instrument = desk.instruments[symbol]
        # Dust, which the venue would not take, is not held: it must not keep the next entry out.
        if up == is_large_enough(instrument, held, instrument.price(view.bid_ticks)):
            self._averages[symbol].settled = up
            return
        if up:
            ask = instrument.price(view.ask_ticks)
            quantity = quantity_for_notional(instrument, self._notional, ask)
            side, why = Side.BUY, "fast above slow"
        else:
            quantity, side, why = held, Side.SELL, "fast below slow"
        if quantity > 0:
            desk.place(symbol, side, OrderType.MARKET, quantity, None, TimeInForce.GTC, why)
