"""How far each round trip was ever down and up, from its fills and the prices between. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from genesis.backtest.prices import PricePath
from genesis.backtest.reports.curve import SECOND_NS
from genesis.backtest.reports.figures import Trips
from genesis.backtest.reports.trips import Step, Trip
from genesis.domain.instrument import Instrument
from genesis.domain.money import ZERO, exact, text


class Excursion(NamedTuple):
    """In quote, fees so far taken off: ``worst`` <= 0 <= ``best``."""

    worst: Decimal
    best: Decimal


@exact
def excursion(trip: Trip, path: PricePath | None, instrument: Instrument) -> Excursion:
    """The trip's value at its lowest and highest.

    J. Sweeney, "Campaign Trading" (1996). Seen at every fill and, between two fills, at every
    close of the path and at the lowest and highest price of its spans that lie wholly between them:
    nothing from before the entry or after the exit is counted.
    """
    worst = best = ZERO
    for i, step in enumerate(trip.steps):
        after = trip.steps[i + 1] if i + 1 < len(trip.steps) else step
        seen = [step.price, after.price]
        if path is not None and after is not step:
            seen += _extremes(step, after, path, instrument)
        values = [step.quantity * price - step.paid for price in seen]
        worst, best = min(worst, *values), max(best, *values)
    return Excursion(worst, best)


def _extremes(step: Step, after: Step, path: PricePath, instrument: Instrument) -> list[Decimal]:
    first = int(np.searchsorted(path.times_ns, step.time_ns, side="left"))
    last = int(np.searchsorted(path.times_ns, after.time_ns, side="right"))
    if first >= last:
        return []
    closes = path.close[first:last]
    # A span's extremes are of the time since the span before it: the first's may be too old.
    low = min(closes.min(), path.low[first + 1 : last].min(initial=closes[0]))
    high = max(closes.max(), path.high[first + 1 : last].max(initial=closes[0]))
    return [instrument.price(int(low)), instrument.price(int(high))]


@exact
def trip_figures(
    trips: Sequence[Trip],
    prices: Mapping[str, PricePath],
    instruments: Mapping[str, Instrument],
) -> Trips:
    """Sums and means over the closed trips."""
    closed = [trip for trip in trips if not trip.is_open]
    gains = [trip.pnl for trip in closed]
    profit = sum((pnl for pnl in gains if pnl > 0), ZERO)
    loss = sum((pnl for pnl in gains if pnl < 0), ZERO)
    seen = [excursion(t, prices.get(t.symbol), instruments[t.symbol]) for t in closed]
    worst = [e.worst for e in seen]
    shares = [
        float(e.worst) / float(trip.notional)
        for e, trip in zip(seen, closed, strict=True)
        if trip.notional
    ]
    held = sorted((trip.end_ns - trip.begin_ns) / SECOND_NS for trip in closed)
    won = sum(pnl > 0 for pnl in gains)
    return Trips(
        closed=len(closed),
        open=len(trips) - len(closed),
        won=won,
        win_rate=won / len(closed) if closed else None,
        gross_profit=text(profit),
        gross_loss=text(loss),
        profit_factor=float(profit) / -float(loss) if loss else None,
        mean_pnl=_mean(gains),
        best=text(max(gains, default=ZERO)),
        worst=text(min(gains, default=ZERO)),
        mae_worst=text(min(worst, default=ZERO)),
        mae_mean=_mean(worst),
        mae_worst_fraction=min(shares, default=None),
        mfe_mean=_mean([e.best for e in seen]),
        holding_mean_s=float(np.mean(held)) if held else None,
        holding_median_s=float(np.median(held)) if held else None,
        holding_longest_s=max(held, default=None),
    )


def _mean(amounts: Sequence[Decimal]) -> float | None:
    return float(sum(amounts, ZERO)) / len(amounts) if amounts else None
