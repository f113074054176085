"""Round trips, from flat to flat, exact to the last digit. Pure: fills in, trips out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from genesis.backtest.reports.flows import flow_of
from genesis.domain.instrument import Instrument
from genesis.domain.money import ZERO, exact
from genesis.messages.journal import OrderFilled
from genesis.messages.orders import Side


class Step(msgspec.Struct, frozen=True):
    """The trip after one fill: ``paid`` is what it has cost so far (in quote, fees included,
    negative when it has brought more), ``quantity`` what is held then, in base."""

    time_ns: int
    price: Decimal
    paid: Decimal
    quantity: Decimal


class Trip(msgspec.Struct):
    """A position of one strategy in one symbol from its first fill until it is flat again.

    Flat is less than one step of the instrument: dust, which the venue would not take. Dust from
    before is taken over at the first fill's price, and dust that is left is valued at the last
    one's. ``notional`` is what the entries cost (of a sale before a purchase: brought) in quote.
    """

    strategy: str
    symbol: str
    side: Side
    steps: list[Step]
    notional: Decimal = ZERO
    fees: Decimal = ZERO
    is_open: bool = True

    @property
    def begin_ns(self) -> int:
        return self.steps[0].time_ns

    @property
    def end_ns(self) -> int:
        return self.steps[-1].time_ns

    @exact
    def value(self, price: Decimal) -> Decimal:
        """Profit in quote, fees taken off, with what is held valued at ``price``."""
        last = self.steps[-1]
        return last.quantity * price - last.paid

    @property
    def pnl(self) -> Decimal:
        """Profit at the last fill's price, fees taken off; final once the trip is closed."""
        return self.value(self.steps[-1].price)


class _Hand:
    """One strategy's position in one symbol."""

    __slots__ = ("quantity", "started", "trip")

    def __init__(self) -> None:
        self.quantity = ZERO
        self.trip: Trip | None = None
        self.started = False


@exact
def round_trips(
    fills: Iterable[tuple[int, OrderFilled]], instruments: Mapping[str, Instrument]
) -> list[Trip]:
    """Trips in the order in which they began, those still open at the end included.

    ``fills`` are (time_ns, fill), oldest first, each once. A fee in a third asset is no part of it.
    """
    trips: list[Trip] = []
    hands: dict[tuple[str, str], _Hand] = {}
    for time_ns, fill in fills:
        hand = hands.setdefault((fill.strategy, fill.symbol), _Hand())
        if hand.trip is None:
            before = hand.quantity * fill.price
            trip = Trip(fill.strategy, fill.symbol, fill.side, [])
            hand.trip, hand.started = trip, False
            trips.append(trip)
        else:
            trip, before = hand.trip, hand.trip.steps[-1].paid
        instrument = instruments[fill.symbol]
        flow = flow_of(fill, instrument)
        hand.quantity += flow.received
        trip.fees += flow.fee
        if fill.side is trip.side:
            trip.notional += fill.price * fill.quantity
        trip.steps.append(Step(time_ns, fill.price, before + flow.paid, hand.quantity))
        # A part of a fill can be finer than a step: the trip has begun, and is not over.
        if abs(hand.quantity) >= instrument.step_size:
            hand.started = True
        elif hand.started:
            trip.is_open = False
            hand.trip = None
    return trips
