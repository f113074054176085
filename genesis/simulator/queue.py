"""Which resting own orders a public trade or a crossing level fills, and how far. Pure.

The market's data does not know of own orders, so each rule asks what would have happened with
them in the book, and resolves doubt against them:

- a trade at an own price first uses up the lots that stood before the order, then fills it;
- a trade at a worse price than an own one would have met the own order first: nothing stands
  before it any more, and it is filled at its own price, with at most the lots of that trade (the
  aggressor's size is fixed: what the own order takes, the recorded counterparty would not get);
- a displayed opposite level at or through an own price could not rest there: it would have hit
  the own order, which is filled at its own price with at most the lots displayed there.

One trade's or level's lots are shared in price-time priority and used once.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import NamedTuple

from genesis.simulator.orders import Order


class Match(NamedTuple):
    order: Order
    lots: int


class RestingQueue:
    """Own resting orders of one side in price-time priority. Fills are on the order step."""

    def __init__(self, side: int, step_lots: int) -> None:
        self.side = side
        self._step_lots = step_lots
        self._orders: list[Order] = []

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        return iter(tuple(self._orders))

    @property
    def best_ticks(self) -> int:
        """The most aggressive own price. Only for a queue that is not empty."""
        return _ticks(self._orders[0])

    def prices(self) -> list[int]:
        return [_ticks(order) for order in self._orders]

    def add(self, order: Order) -> None:
        """Behind every order of the same or a better price."""
        insort(self._orders, order, key=lambda o: -self.side * _ticks(o))

    def discard(self, order: Order) -> None:
        """Take an order out, if it is in."""
        if order in self._orders:
            self._orders.remove(order)

    def reached_by(self, limit_ticks: int | None) -> list[Order]:
        """Own orders an opposite order with this limit (None: without one) would meet."""
        if limit_ticks is None:
            return list(self._orders)
        return [o for o in self._orders if (_ticks(o) - limit_ticks) * self.side >= 0]

    def on_trade(self, ticks: int, lots: int, event_ns: int) -> list[Match]:
        """Share one public trade of an aggressor against this side. ``event_ns`` 0 = unknown."""
        matches = []
        left, passed = lots, 0
        for order in self._orders:
            better = (_ticks(order) - ticks) * self.side
            if better < 0:
                break
            if better > 0:
                order.queue_ahead = 0
            elif 0 < event_ns <= order.counted_ns:
                continue
            else:
                # ``passed`` lots of the market left the queue before this order too.
                ahead = max(0, order.queue_ahead - passed)
                eaten = min(left, ahead)
                left -= eaten
                passed += eaten
                order.queue_ahead = ahead - eaten
            if not order.queue_ahead and (fill := self._fill(order, left)):
                left -= fill
                matches.append(Match(order, fill))
        return matches

    def on_opposite_level(self, ticks: int, lots: int, as_of_id: int) -> list[Match]:
        """Share the lots an opposite level shows at ``ticks`` as of update ``as_of_id``."""
        matches = []
        for order in self.reached_by(ticks):
            if order.as_of_id <= as_of_id and (fill := self._fill(order, lots)):
                lots -= fill
                matches.append(Match(order, fill))
        return matches

    def on_own_level(self, ticks: int, lots: int, as_of_id: int, event_ns: int) -> None:
        """The market shows ``lots`` at ``ticks``: no more than that stands before an own order.

        Cancels behind an own order would shrink the level too, so a decrease moves it forward
        only where the level is now smaller than the queue that was thought to be before it.
        """
        for order in self._orders:
            if _ticks(order) == ticks and order.as_of_id <= as_of_id and lots < order.queue_ahead:
                order.queue_ahead = lots
                order.counted_ns = max(order.counted_ns, event_ns)

    def _fill(self, order: Order, lots: int) -> int:
        usable = min(lots, order.remaining_lots)
        return usable - usable % self._step_lots


def _ticks(order: Order) -> int:
    if order.price_ticks is None:
        raise ValueError(f"order {order.client_order_id} has no price and cannot rest")
    return order.price_ticks
