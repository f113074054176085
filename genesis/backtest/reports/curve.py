"""Equity, drawdown and exposure along a run, as float curves. Pure; exact money is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from genesis.backtest.prices import Ints, PricePath
from genesis.backtest.reports.ratios import Floats
from genesis.domain.instrument import Instrument

SECOND_NS = 1_000_000_000
LADDER_NS = tuple(
    seconds * SECOND_NS for seconds in (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 8 * 3600, 86_400)
)
"""Between two samples of a series of returns."""

SAMPLES_MIN = 60
"""Fewer returns than this say nothing about how they are spread."""


class Holding(NamedTuple):
    """What the account is after one fill, as floats: ``cash`` after all fees, in quote."""

    time_ns: int
    symbol: str
    quantity: float
    cash: float
    price: float


class Curve(msgspec.Struct, frozen=True):
    """Columns of one length, times rising. ``inventory`` is what is held at market, in quote;
    ``gross`` the same with short positions counted as positive."""

    times_ns: Ints
    equity: Floats
    inventory: Floats
    gross: Floats


def equity_curve(
    start_ns: int,
    end_ns: int,
    start_equity: float,
    end_equity: float,
    holdings: Sequence[Holding],
    prices: Mapping[str, PricePath],
    instruments: Mapping[str, Instrument],
) -> Curve:
    """Equity at the start, at every fill, wherever a price path has a point, and at the end.

    Every symbol is marked at the newest of its path's closes and its own fills.
    """
    fill_times = np.array([h.time_ns for h in holdings], np.int64)
    inside = [path.times_ns for path in prices.values()]
    times = np.unique(np.concatenate([[start_ns, end_ns], fill_times, *inside]).astype(np.int64))
    times = times[(times >= start_ns) & (times <= end_ns)]
    cash = np.array([start_equity, *(h.cash for h in holdings)])
    inventory, gross = np.zeros(len(times)), np.zeros(len(times))
    for symbol in sorted({h.symbol for h in holdings}):  # sums of floats have an order
        own = [h for h in holdings if h.symbol == symbol]
        since = np.array([h.time_ns for h in own], np.int64)
        held = np.array([0.0, *(h.quantity for h in own)])[_newest(since, times) + 1]
        value = held * _marks(own, since, prices.get(symbol), instruments[symbol], times)
        inventory += value
        gross += np.abs(value)
    equity = cash[_newest(fill_times, times) + 1] + inventory
    equity[0], equity[-1] = start_equity if not len(holdings) else equity[0], end_equity
    return Curve(times, equity, inventory, gross)


def _marks(
    own: Sequence[Holding],
    since: Ints,
    path: PricePath | None,
    instrument: Instrument,
    times: Ints,
) -> Floats:
    """The newest price known at each time; 0 before any, when nothing is held either."""
    fills = np.array([0.0, *(h.price for h in own)])
    newest_fill = _newest(since, times)
    marks: Floats = fills[newest_fill + 1]
    if path is None or not len(path.times_ns):
        return marks
    newest = _newest(path.times_ns, times)
    closes = np.append(0.0, path.close * 10.0**-instrument.price_decimals)[newest + 1]
    path_times = np.append(np.int64(-1), path.times_ns)[newest + 1]
    fill_times = np.append(np.int64(-2), since)[newest_fill + 1]
    return np.where(path_times >= fill_times, closes, marks)


def _newest(since: Ints, times: Ints) -> Ints:
    """The index of the newest entry of ``since`` not after each time; -1 before the first."""
    return np.searchsorted(since, times, side="right") - 1


class Drawdown(NamedTuple):
    """The deepest fall from a peak: a fraction of the peak, and in quote at that place; the
    longest time without a new peak, to the end of the run if it never came."""

    fraction: float
    amount: float
    longest_ns: int


def drawdowns(curve: Curve) -> tuple[Floats, Drawdown]:
    """The fall below the highest equity so far at every point, as a fraction >= 0."""
    peak = np.maximum.accumulate(curve.equity)
    fall = np.where(peak > 0, 1 - curve.equity / np.where(peak > 0, peak, 1.0), 0.0)
    deepest = int(np.argmax(fall))
    at_peak = np.flatnonzero(curve.equity >= peak)
    until = np.append(at_peak[1:], len(fall) - 1)
    below = until > at_peak + 1  # a level stretch at the peak is no fall
    below[-1] = until[-1] > at_peak[-1]
    gaps = (curve.times_ns[until] - curve.times_ns[at_peak])[below]
    amount = float(peak[deepest] - curve.equity[deepest])
    return fall, Drawdown(float(fall[deepest]), amount, int(gaps.max(initial=0)))


def sample_interval_ns(span_ns: int, samples_min: int) -> int:
    """The longest step of ``LADDER_NS`` that still gives ``samples_min`` returns, else a second.

    Long steps, because returns far apart depend less on each other, which is what the yearly
    ratios take for granted.
    """
    fitting = [step for step in LADDER_NS if span_ns >= samples_min * step]
    return fitting[-1] if fitting else LADDER_NS[0]


def sampled(curve: Curve, interval_ns: int) -> Floats:
    """Equity every ``interval_ns`` from the curve's first moment on; the odd end is left out."""
    first, last = int(curve.times_ns[0]), int(curve.times_ns[-1])
    times = np.arange(first, last + 1, interval_ns, dtype=np.int64)
    return curve.equity[_newest(curve.times_ns, times)]


def returns_of(equity: Floats) -> Floats:
    """Simple returns between samples; empty once equity is not positive."""
    if len(equity) < 2 or float(equity.min()) <= 0:
        return np.zeros(0)
    return np.diff(equity) / equity[:-1]


def time_mean(curve: Curve, values: Floats) -> float:
    """The mean over time of what holds from each point to the next."""
    spans = np.diff(curve.times_ns).astype(np.float64)
    whole = float(spans.sum())
    return float(np.dot(values[:-1], spans)) / whole if whole > 0 else float(values[-1])


def thinned(times_ns: Ints, values: Floats, columns: int) -> npt.NDArray[np.intp]:
    """Which points to draw: of every one of ``columns`` equal spans of time the first, the lowest,
    the highest and the last. What is left out lies between two that stay."""
    if len(times_ns) <= 4 * columns:
        return np.arange(len(times_ns))
    span = max(1, int(times_ns[-1] - times_ns[0]))
    column = (times_ns - times_ns[0]) * columns // (span + 1)
    starts = np.flatnonzero(np.append(True, column[1:] != column[:-1]))
    ends = np.append(starts[1:], len(times_ns))
    order = np.lexsort((values, column))  # within each column from the lowest to the highest
    return np.unique(np.concatenate((starts, ends - 1, order[starts], order[ends - 1])))
