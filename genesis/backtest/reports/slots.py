"""Profit divided by hour and weekday, exact: the parts add up to the whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from genesis.backtest.prices import PricePath
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger
from genesis.domain.money import ZERO, exact
from genesis.messages.journal import OrderFilled

HOUR_NS = 3_600_000_000_000
THURSDAY = 3
"""1970-01-01 was one; Monday is 0."""


@exact
def pnl_by_slot(
    start_ns: int,
    end_ns: int,
    opened: tuple[str, Decimal],
    end_equity: Decimal,
    fills: Sequence[tuple[int, OrderFilled]],
    prices: Mapping[str, PricePath],
    instruments: Mapping[str, Instrument],
) -> tuple[list[Decimal], list[Decimal]]:
    """Profit in quote per hour of the day (24, UTC) and per weekday (7, from Monday on).

    Equity is marked at every full hour that was traded through, each symbol at the newest price
    known then. ``opened`` is the account's asset and first funding, ``fills`` are (time_ns, fill).
    """
    hours, weekdays = [ZERO] * 24, [ZERO] * 7
    walk = _Walk(opened, fills, prices, instruments)
    before = opened[1]
    for from_ns, until_ns in _hours(start_ns, end_ns):
        equity = end_equity if until_ns >= end_ns else walk.equity_at(until_ns)
        hour = from_ns // HOUR_NS
        hours[hour % 24] += equity - before
        weekdays[(hour // 24 + THURSDAY) % 7] += equity - before
        before = equity
    return hours, weekdays


def _hours(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """The run cut at full hours; one piece at least."""
    from_ns = start_ns
    while True:
        until_ns = (from_ns // HOUR_NS + 1) * HOUR_NS
        yield from_ns, min(until_ns, end_ns)
        if until_ns >= end_ns:
            return
        from_ns = until_ns


class _Walk:
    """A ledger that follows the fills, valued at rising times."""

    def __init__(
        self,
        opened: tuple[str, Decimal],
        fills: Sequence[tuple[int, OrderFilled]],
        prices: Mapping[str, PricePath],
        instruments: Mapping[str, Instrument],
    ) -> None:
        self._ledger = Ledger()
        self._ledger.open_account(*opened)
        self._fills = fills
        self._next = 0
        self._filled_ns: dict[str, int] = {}
        self._prices = prices
        self._instruments = instruments

    def equity_at(self, time_ns: int) -> Decimal:
        while self._next < len(self._fills) and self._fills[self._next][0] < time_ns:
            filled_ns, fill = self._fills[self._next]
            self._ledger.apply(fill)
            self._filled_ns[fill.symbol] = filled_ns
            self._next += 1
        marks = {}
        for symbol, filled_ns in self._filled_ns.items():
            path = self._prices.get(symbol)
            at = -1 if path is None else int(path.times_ns.searchsorted(time_ns)) - 1
            # Before its first point, or where the newest fill is newer, the ledger's price counts.
            if path is not None and at >= 0 and path.times_ns[at] >= filled_ns:
                marks[symbol] = self._instruments[symbol].price(int(path.close[at]))
        return self._ledger.value(marks).equity
