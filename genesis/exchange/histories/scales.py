"""Decimal columns that came as floats to exact ticks and lots. Never keeps a float."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from genesis.domain.instrument import Instrument
from genesis.errors import InputError
from genesis.exchange.binance.instruments import split_symbol
from genesis.exchange.histories.tables import Floats, Ints, Mask

MOST_DECIMALS = 8
MOST_COUNTED = 10**18
"""Ticks or lots of one row: a ninth of what an int64 holds, as quotes stand beyond a price."""
_COVERED = 0.99
_NOISE = 1e-12
"""Relative: what arithmetic on floats leaves of a decimal, far below any tick."""


def off_scale(numbers: Floats, decimals: int) -> Mask:
    """Where a number has more than so many decimals; one that would become 0 has."""
    scaled = numbers * 10.0**decimals
    near = np.rint(scaled)
    noise = 1e-7 + np.abs(scaled) * _NOISE
    off: Mask = (np.abs(scaled - near) > noise) | ((near == 0) & (numbers != 0))
    return off


def decimals_of(columns: Sequence[Floats], covered: float = 1.0) -> int:
    """The fewest decimals that hold so large a part of each column, at most ``MOST_DECIMALS``."""
    found = 0
    for column in columns:
        while found < MOST_DECIMALS and off_scale(column, found).mean() > 1 - covered:
            found += 1
    return found


def whole(numbers: Floats, decimals: int) -> Ints:
    """Numbers times 10**decimals, to the nearest integer: for numbers on that scale."""
    return np.rint(numbers * 10.0**decimals).astype(np.int64)


def floored(numbers: Floats, decimals: int) -> Ints:
    """As ``whole``, but never more than the number says (beyond the noise of floats)."""
    scaled = numbers * 10.0**decimals
    return np.floor(scaled + 1e-7 + np.abs(scaled) * _NOISE).astype(np.int64)


def require_on_scale(
    files: Sequence[tuple[Path, int]], name: str, numbers: Floats, instrument: Instrument
) -> None:
    """Raises InputError for a price off the tick; ``files`` are those of ``numbers``, each with how
    many rows it has."""
    off = off_scale(numbers, instrument.price_decimals)
    _refuse(
        *(files, name, numbers, off),
        f"is off the tick {instrument.tick_size:f} of {instrument.symbol}",
    )


def require_countable(
    files: Sequence[tuple[Path, int]], name: str, numbers: Floats, symbol: str, decimals: int
) -> None:
    """Raises InputError for a number of more than ``MOST_COUNTED`` units of 10**-decimals.

    The scale is the instrument's, so a coin traded in whole pieces may have larger volumes than
    one traded in parts. ``files`` as for ``require_on_scale``.
    """
    most = Decimal(MOST_COUNTED).scaleb(-decimals)
    unit = Decimal(1).scaleb(-decimals)
    _refuse(
        *(files, name, numbers, numbers > float(most)),
        f"is above {most:.0e}, the most that can be counted in units of {unit:f} of {symbol}; "
        "mend the row or leave it out",
    )


def _refuse(
    files: Sequence[tuple[Path, int]], name: str, numbers: Floats, bad: Mask, why: str
) -> None:
    """Raises InputError naming file and row of the first number that is bad."""
    if not bad.any():
        return
    row = int(np.argmax(bad))
    number = float(numbers[row])
    for path, rows in files:
        if row < rows:
            raise InputError(f"{path}: row {row + 1}: {name} {number!r} {why}")
        row -= rows


def inferred(symbol: str, prices: Sequence[Floats], quantities: Floats) -> Instrument:
    """An instrument from nothing but its numbers. Raises InputError for an unknown quote asset.

    Every price is on the tick: bars and trades hold no stray levels, as recordings do. The step
    covers 99 % of the quantities, as there: in sums of quantities remnants finer than it show.
    """
    base, quote = split_symbol(symbol)
    step = Decimal(1).scaleb(-decimals_of([quantities], _COVERED))
    return Instrument.build(
        symbol,
        base,
        quote,
        tick_size=Decimal(1).scaleb(-decimals_of(prices)),
        step_size=step,
        # The usual maximum of 9000 would refuse ordinary orders of cheap assets.
        max_quantity=step * 900_000_000,
    )
