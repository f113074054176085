"""Bars of one symbol from files, checked row by row. Decides nothing about how they trade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genesis.errors import InputError
from genesis.exchange.histories.files import SYMBOL_ALIASES, require_symbol
from genesis.exchange.histories.row_checks import (
    Check,
    backwards,
    bad_numbers,
    moment,
    require_apart,
    require_good,
)
from genesis.exchange.histories.tables import FileTable, Floats, Ints, read_table

_FIELDS = {
    "time": ("date", "time", "timestamp", "open_time", "datetime", "open time", "opentime", "ts"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v", "base_volume"),
    "symbol": SYMBOL_ALIASES,
}
_KLINE = ("time", "open", "high", "low", "close", "volume")
_BARE = {
    len(_KLINE): _KLINE,
    12: (*_KLINE, *("close_time", "quote_volume", "count", "taker_base", "taker_quote", "ignore")),
}
"""Binance's own klines files have no header."""

_PRICES = ("open", "high", "low", "close")


class Bars(NamedTuple):
    """Columns of one symbol's bars: starts in ns UTC, all ``interval_ns`` long, holes allowed."""

    starts_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    interval_ns: int
    files: tuple[tuple[Path, int], ...]
    """Which files they are of, and how many of each."""


def read_bars(symbol: str, paths: Sequence[Path]) -> Bars:
    """The bars of one symbol's files, in the order of their times.

    Raises InputError naming file and row: a time that goes back or comes twice, a price that is
    not above zero, one outside the bar's range, a missing number, files that overlap.
    """
    parts = sorted((_part(symbol, path) for path in paths), key=lambda part: int(part[1][0]))
    require_apart([(table, times) for table, times, _ in parts], touching=False)
    starts = np.concatenate([times for _, times, _ in parts])
    open_, high, low, close, volume = (
        np.concatenate([columns[i] for _, _, columns in parts]) for i in range(5)
    )
    files = tuple((table.path, table.rows) for table, _, _ in parts)
    return Bars(starts, open_, high, low, close, volume, _interval(parts, starts), files)


_Part = tuple[FileTable, Ints, list[Floats]]


def _part(symbol: str, path: Path) -> _Part:
    table = read_table(path, _FIELDS, optional=("symbol",), bare=_BARE)
    require_symbol(table, symbol)
    times = table.times_ns("time")
    columns = [table.floats(field) for field in (*_PRICES, "volume")]
    require_good(table, [backwards(times), _twice(times), *_bad_bars(columns)])
    return table, times, columns


def _twice(times: Ints) -> Check:
    same = np.concatenate(([False], times[1:] == times[:-1]))
    return same, lambda row: f"there is a bar of {moment(times[row])} already"


def _bad_bars(columns: Sequence[Floats]) -> list[Check]:
    open_, high, low, close, volume = columns
    checks: list[Check] = []
    for name, column in zip(_PRICES, (open_, high, low, close), strict=True):
        checks += bad_numbers(name, column, zero=False)
    checks += bad_numbers("volume", volume, zero=True)
    checks.append((high < low, lambda row: f"high {high[row]:g} is below low {low[row]:g}"))
    for name, column in (("open", open_), ("close", close)):
        outside = (column > high) | (column < low)
        checks.append((outside, _outside(name, column, low, high)))
    return checks


def _outside(name: str, column: Floats, low: Floats, high: Floats) -> Callable[[int], str]:
    return lambda row: f"{name} {column[row]:.10g} is outside {low[row]:.10g} to {high[row]:.10g}"


def _interval(parts: Sequence[_Part], starts: Ints) -> int:
    """How long the bars are: the usual distance. Raises InputError where two are closer."""
    steps = np.diff(starts)
    if not len(steps):
        raise InputError(f"{parts[0][0].path}: one bar alone does not say how long it is")
    lengths, counts = np.unique(steps, return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    if lengths[0] < usual:
        at = int(np.argmax(steps < usual)) + 1
        for table, times, _ in parts:
            if at < len(times):
                raise table.bad(
                    at,
                    f"it begins {steps[at - 1] / 1e9:g} s after the bar before, and the bars are "
                    f"{usual / 1e9:g} s long",
                )
            at -= len(times)
    return usual
