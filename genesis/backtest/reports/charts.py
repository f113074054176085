"""Draw curves and bars as SVG that scales to any width. Pure: numbers in, text out.

The drawing is stretched, so its lines do not scale and its labels are text beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import NamedTuple

import numpy as np

from genesis.backtest.prices import Ints
from genesis.backtest.reports.curve import SECOND_NS, thinned
from genesis.backtest.reports.ratios import Floats

WIDTH, HEIGHT = 1000, 240
COLUMNS = 800
"""Spans of time a curve is drawn in: more than a phone, fewer than a large screen is wide."""

MARKERS_MAX = 300
"""More would hide the curve that they are drawn on."""

_LABELS_CHARACTERS = 32
"""So many fit below a chart that is a third of the page wide, gaps between labels included."""

_TIME_STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200),
    *(86_400 * days for days in (1, 2, 7, 14, 30, 61, 91, 182, 365, 730, 1825)),
)


class Marker(NamedTuple):
    """A fill on a price curve."""

    time_ns: int
    price: float
    is_buy: bool


class Scale(NamedTuple):
    """From time and value to the drawing's units."""

    start_ns: int
    end_ns: int
    low: float
    high: float

    def x(self, time_ns: float) -> float:
        return (time_ns - self.start_ns) / max(1, self.end_ns - self.start_ns) * WIDTH

    def y(self, value: float) -> float:
        return (1 - (value - self.low) / (self.high - self.low)) * HEIGHT


def line_chart(
    times_ns: Ints,
    values: Floats,
    *,
    unit: str,
    area: bool = False,
    base: float | None = None,
    markers: Sequence[Marker] = (),
    columns: int = COLUMNS,
) -> str:
    """A curve over time. ``area`` fills it to 0, ``base`` is a level to compare with."""
    kept = thinned(times_ns, values, columns)
    shown = [*values[kept].tolist(), *(m.price for m in markers)]
    if area:
        shown.append(0.0)
    if base is not None:
        shown.append(base)
    scale = Scale(int(times_ns[0]), int(times_ns[-1]), *_room(min(shown), max(shown), area))
    points = [
        f"{_short(scale.x(t))} {_short(scale.y(v))}"
        for t, v in zip(times_ns[kept].tolist(), values[kept].tolist(), strict=True)
    ]
    curve = "M" + "L".join(points)
    parts = [_grid(scale)]
    if area:
        floor = _short(scale.y(0.0))
        parts.append(f'<path class="area" d="{curve}L{WIDTH} {floor}L0 {floor}Z"/>')
    if base is not None:
        parts.append(f'<path class="base" d="M0 {_short(scale.y(base))}H{WIDTH}"/>')
    parts.append(f'<path class="curve" d="{curve}"/>')
    parts.append(_markers(markers, scale))
    drawing = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true" '
        f'data-from="{scale.start_ns // 10**6}" data-to="{scale.end_ns // 10**6}" '
        f'data-low="{scale.low!r}" data-high="{scale.high!r}" data-unit="{escape(unit)}">'
        f"{''.join(parts)}</svg>"
    )
    return (
        f'<div class="plot"><div class="ys">{_y_labels(scale)}</div>'
        f'<div class="draw">{drawing}<output></output></div>'
        f'<div class="xs">{_x_labels(scale)}</div></div>'
    )


def bar_chart(labels: Sequence[str], values: Sequence[float], shown: Sequence[str]) -> str:
    """Standing bars from 0, labelled below; ``shown`` is told when one is pointed at."""
    low, high = _room(min(0.0, *values), max(0.0, *values), True)
    scale = Scale(0, len(values), low, high)
    zero = scale.y(0.0)
    wide = min(0.7, 0.05 * len(values))
    bars = []
    for n, (label, value, told) in enumerate(zip(labels, values, shown, strict=True)):
        top, bottom = sorted((scale.y(value), zero))
        kind = "gain" if value >= 0 else "loss"
        bars.append(
            f'<rect class="{kind}" x="{_short(scale.x(n + 0.5 - wide / 2))}" y="{_short(top)}" '
            f'width="{_short(scale.x(wide))}" height="{_short(bottom - top)}">'
            f"<title>{escape(label)}: {escape(told)}</title></rect>"
        )
    room = max(1, _LABELS_CHARACTERS // (1 + max(map(len, labels), default=1)))
    every = max(1, -(-len(labels) // room))
    below = "".join(
        f'<span style="left:{(n + 0.5) / len(labels):.2%}">{escape(label)}</span>'
        for n, label in enumerate(labels)
        if n % every == 0
    )
    return (
        f'<div class="plot"><div class="ys">{_y_labels(scale)}</div><div class="draw low">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'{_grid(scale)}<path class="base" d="M0 {_short(zero)}H{WIDTH}"/>{"".join(bars)}</svg>'
        f'</div><div class="xs{" few" if len(labels) < 5 else ""}">{below}</div></div>'
    )


def _room(low: float, high: float, from_zero: bool) -> tuple[float, float]:
    """A little more than what is shown, and something where nothing varies."""
    span = high - low or abs(high) * 0.001 or 1.0
    pad = span * 0.06
    return (
        low - pad if not from_zero or low < 0 else low,
        high + pad if not from_zero or high > 0 else high or (0.0 if low < 0 else 1.0),
    )


def _grid(scale: Scale) -> str:
    lines = "".join(f"M0 {_short(scale.y(v))}H{WIDTH}" for v in _ticks(scale.low, scale.high))
    return f'<path class="grid" d="{lines}"/>'


def _markers(markers: Sequence[Marker], scale: Scale) -> str:
    """Dots for purchases, rings for sales; of many only one each in every small cell."""
    size = 6 if len(markers) <= MARKERS_MAX else 24
    cells: dict[bool, dict[tuple[int, int], str]] = {True: {}, False: {}}
    for marker in markers:
        x, y = scale.x(marker.time_ns), scale.y(marker.price)
        drawn = f"M{_short(x)} {_short(y)}h0"
        cells[marker.is_buy].setdefault((int(x / size), int(y / size)), drawn)
    bought, sold = ("".join(cells[is_buy].values()) for is_buy in (True, False))
    rings = f'<path class="sold" d="{sold}"/><path class="hole" d="{sold}"/>' if sold else ""
    return (f'<path class="bought" d="{bought}"/>' if bought else "") + rings


def _y_labels(scale: Scale) -> str:
    ticks = _ticks(scale.low, scale.high)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return "".join(
        f'<span style="top:{scale.y(v) / HEIGHT:.2%}">{v:,.{digits}f}</span>' for v in ticks
    )


def _ticks(low: float, high: float) -> list[float]:
    """Some three to six round numbers within [low, high]."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [n * step + 0.0 for n in range(first, last + 1)]


def _x_labels(scale: Scale) -> str:
    span_s = (scale.end_ns - scale.start_ns) / SECOND_NS
    step_s = next((s for s in _TIME_STEPS_S if span_s / s <= 6), _TIME_STEPS_S[-1])
    step_ns = step_s * SECOND_NS
    first = -(-scale.start_ns // step_ns) * step_ns
    times = np.arange(first, scale.end_ns + 1, step_ns, dtype=np.int64).tolist()
    form = "%Y-%m-%d" if step_s >= 86_400 else "%d %b %H:%M" if span_s > 86_400 else "%H:%M"
    if step_s < 60:
        form = "%H:%M:%S"
    return "".join(
        f'<span style="left:{scale.x(t) / WIDTH:.2%}">'
        f"{datetime.fromtimestamp(t // SECOND_NS, UTC).strftime(form)}</span>"
        for t in times
        if 0.02 <= scale.x(t) / WIDTH <= 0.98
    )


def _short(value: float) -> str:
    """One digit behind the point, none where it is zero."""
    written = f"{value:.1f}"
    return written.removesuffix(".0")
