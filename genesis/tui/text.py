"""Write numbers, times and words into a given width. Pure; never cuts inside a number."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite

from rich.cells import cell_len, set_cell_size

NOTHING = "-"
BARS = "▁▂▃▄▅▆▇█"
_SUFFIXES = ((3, "k"), (6, "M"), (9, "G"), (12, "T"))


def number(
    value: Decimal | None,
    width: int,
    *,
    decimals: int | None = None,
    signed: bool = False,
    grouped: bool = False,
) -> str:
    """``value`` in at most ``width`` characters, whole or not at all.

    With ``decimals`` None every digit the value has is shown. What does not fit loses decimals
    first, then is scaled (k, M, G, T), then written with an exponent.
    """
    if value is None or not value.is_finite():
        return NOTHING
    sign = "+" if signed and value else ""
    most = exact_decimals(value) if decimals is None else decimals
    for places in range(most, -1, -1):
        for separator in (",", "") if grouped else ("",):
            text = f"{value:{sign}{separator}.{places}f}"
            if len(text) <= width and (places == most or not _vanished(text)):
                return text
    for power, suffix in _SUFFIXES:
        for places in (2, 1, 0):
            text = f"{value.scaleb(-power):{sign}.{places}f}{suffix}"
            if len(text) <= width and not _vanished(text[:-1]):
                return text
    for places in (3, 2, 1, 0):
        text = f"{value:{sign}.{places}e}"
        if len(text) <= width:
            return text
    return "…"[:width]


def _vanished(text: str) -> bool:
    """Whether rounding left nothing but zeros."""
    return not text.strip("+-0.,")


def exact_decimals(value: Decimal) -> int:
    """Digits after the point as the value is written."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def money(value: Decimal, width: int, *, signed: bool = False) -> str:
    """An amount of quote: four decimals on a small account, two from 10,000 on."""
    decimals = 4 if abs(value) < 10_000 else 2
    return number(value, width, decimals=decimals, signed=signed, grouped=True)


def percent(fraction: Decimal, decimals: int = 2) -> str:
    return f"{fraction * 100:.{decimals}f}%"


def limit(fraction: Decimal) -> str:
    """A configured fraction as a percentage without trailing zeros: ``15%``, ``12.5%``."""
    text = f"{fraction * 100:.2f}"
    return text.rstrip("0").rstrip(".") + "%"


def age(elapsed_ns: int) -> str:
    """How long ago, in at most six characters; a time still to come counts as now."""
    ms = max(0, elapsed_ns) // 1_000_000
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms // 100 / 10:.1f} s"
    minutes = ms // 60_000
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def data_age(elapsed_ns: int) -> str:
    """How old data is, in tenths of a second: milliseconds would only flicker."""
    tenths = max(0, elapsed_ns) // 100_000_000
    if not tenths:
        return "< 0.1 s"
    return f"0.{tenths} s" if tenths < 10 else age(elapsed_ns)


def clock(time_ns: int) -> str:
    """Time of day, UTC."""
    seconds = time_ns // 1_000_000_000 % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def date_clock(time_ns: int) -> str:
    """Date and time of day, UTC; empty for a time that was never set."""
    if time_ns <= 0:
        return ""
    moment = datetime.fromtimestamp(time_ns // 1_000_000_000, tz=UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def file_clock(time_ns: int) -> str:
    """Date and time of day, UTC, as part of a file's name."""
    return f"{datetime.fromtimestamp(time_ns // 1_000_000_000, tz=UTC):%Y%m%d-%H%M%S}"


def clean(text: str) -> str:
    """Text from outside on one line, without anything a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def fit(text: str, width: int) -> str:
    """A sentence in exactly ``width`` cells; what is left out ends at a word, with ``…``."""
    text = clean(text)
    if cell_len(text) > width:
        kept = set_cell_size(text, max(0, width - 2))
        kept = kept.rpartition(" ")[0] if " " in kept else ""
        text = f"{kept} …" if kept else "…"[:width]
    return text + " " * (width - cell_len(text))


@lru_cache(maxsize=1024)  # the same few names are written ten times a second
def name(text: str, width: int) -> str:
    """A name in exactly ``width`` cells; a long one keeps its both ends, which tell it apart."""
    text = clean(text)
    if cell_len(text) > width:
        head = (width - 1) // 2
        text = text[:head] + "…" + text[len(text) - (width - 1 - head) :]
    return set_cell_size(text, width)


def wrap(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """A sentence in lines of ``width``, broken between words."""
    return textwrap.wrap(
        clean(text),
        max(8, width),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )


def sparkline(values: tuple[float, ...], width: int) -> str:
    """A curve in one row of bars, newest at the right, scaled from its lowest to its highest."""
    levels = _levels(values, width, len(BARS))
    return "".join(BARS[level] for level in levels).rjust(max(0, width))


def curve(values: tuple[float, ...], width: int, height: int) -> list[str]:
    """A curve as the edge of an area in ``height`` rows of bars, newest at the right."""
    levels = _levels(values, width, height * len(BARS))
    rows = []
    for row in range(height - 1, -1, -1):
        over = (level + 1 - row * len(BARS) for level in levels)
        rows.append("".join((" " + BARS)[min(8, max(0, part))] for part in over).rjust(width))
    return rows


@lru_cache(maxsize=8)  # the curve moves far more rarely than the figures beside it
def _levels(values: tuple[float, ...], width: int, count: int) -> tuple[int, ...]:
    """At most ``width`` values as whole levels 0..count-1; thinned ones keep the last."""
    points = [value for value in values if isfinite(value)]
    if not points or width <= 0:
        return ()
    if len(points) > width:
        points = [points[(i + 1) * len(points) // width - 1] for i in range(width)]
    low, high = min(points), max(points)
    if high <= low:
        return (0,) * len(points)
    return tuple(round((point - low) / (high - low) * (count - 1)) for point in points)
