"""Which orders the venue must be asked about, and for how long it has denied them. No clock."""

from __future__ import annotations

from genesis.domain.order import RESTING, Order
from genesis.messages.orders import OrderType, TimeInForce


def can_rest(order: Order) -> bool:
    """Whether the venue may keep it on its book. What cannot rest ends as soon as it arrives."""
    return order.type is OrderType.LIMIT_MAKER or (
        order.type is OrderType.LIMIT and order.time_in_force is TimeInForce.GTC
    )


class Doubts:
    """Per client order id; what has ended is forgotten, so it stays as small as what is open.

    ``give_up_ns``: how long "no such order" must stand before it is proof. A venue's reads lag.
    """

    def __init__(self, give_up_ns: int) -> None:
        self._give_up_ns = give_up_ns
        self._watched: set[str] = set()
        self._canceling: set[str] = set()
        self._resting: set[str] = set()
        self._denied_since_ns: dict[str, int] = {}

    def watch(self, name: str) -> bool:
        """True when a check must be set for this order; False when one is on its way."""
        if name in self._watched:
            return False
        self._watched.add(name)
        return True

    def checked(self, name: str) -> None:
        """The check has come."""
        self._watched.discard(name)

    def rests(self, name: str) -> bool:
        """Nothing is in doubt. True when a look must be set for it; False when one is."""
        if name in self._resting:
            return False
        self._resting.add(name)
        return True

    def looked(self, name: str) -> None:
        """The look has come."""
        self._resting.discard(name)

    def cancel(self, name: str) -> None:
        """The order is to be cancelled, again and again, until it has ended."""
        self._canceling.add(name)

    def is_canceling(self, name: str) -> bool:
        return name in self._canceling

    def denied(self, name: str, now_ns: int) -> bool:
        """The venue does not know the order; True once it has said so for long enough."""
        since_ns = self._denied_since_ns.setdefault(name, now_ns)
        return now_ns - since_ns >= self._give_up_ns

    def seen(self, name: str) -> None:
        """The venue knows the order."""
        self._denied_since_ns.pop(name, None)

    def about(self, order: Order) -> bool:
        """Whether the venue must be asked for this open order."""
        name = order.client_order_id
        in_doubt = name in self._denied_since_ns or name in self._canceling
        rests = order.status in RESTING and can_rest(order)
        return in_doubt or order.awaits_trades or not rests

    def forget(self, name: str) -> None:
        """The order has ended."""
        self._watched.discard(name)
        self._canceling.discard(name)
        self._resting.discard(name)
        self._denied_since_ns.pop(name, None)

    def __len__(self) -> int:
        known = self._watched | self._canceling | self._resting
        return len(known | self._denied_since_ns.keys())
