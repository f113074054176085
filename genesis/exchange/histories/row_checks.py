"""What makes a row of a table unusable, told with its file and row. Reads no file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from genesis.errors import InputError
from genesis.exchange.histories.scales import MOST_COUNTED
from genesis.exchange.histories.tables import FileTable, Floats, Ints, Mask

Check = tuple[Mask, Callable[[int], str]]
"""Which rows are bad, and what is wrong with one of them, in words."""


def require_good(table: FileTable, checks: Sequence[Check]) -> None:
    """Raises InputError for the first row that any check marks."""
    firsts = [(int(np.argmax(mask)), tell) for mask, tell in checks if mask.any()]
    if firsts:
        row, tell = min(firsts, key=lambda first: first[0])
        raise table.bad(row, tell(row))


def backwards(times: Ints) -> Check:
    """That no time is before the one in the row above."""
    back = np.concatenate(([False], times[1:] < times[:-1]))
    return back, lambda row: f"its time {moment(times[row])} is before {moment(times[row - 1])}"


def bad_numbers(name: str, column: Floats, *, zero: bool) -> list[Check]:
    """Checks that a column is finite, not negative, not absurd, and (unless ``zero``) not zero.

    Absurd is what no scale can count; the instrument's own decides in ``require_countable``.
    """
    low = column < 0 if zero else column <= 0
    least = "at least 0" if zero else "above 0"
    return [
        (~np.isfinite(column), lambda row: f"{name} is missing or not finite"),
        (low, lambda row: f"{name} {column[row]:.10g} is not {least}"),
        (column > MOST_COUNTED, lambda row: f"{name} {column[row]:g} is above {MOST_COUNTED:.0e}"),
    ]


def moment(time_ns: int | np.int64) -> str:
    """A time for a person, as short as it is exact."""
    text = str(np.datetime64(int(time_ns), "ns"))
    return text.rstrip("0").rstrip(".") + "Z" if "." in text else text + "Z"


def require_apart(parts: Sequence[tuple[FileTable, Ints]], *, touching: bool) -> None:
    """Raises InputError for a file that begins before the one before it has ended.

    ``touching``: it may begin at the very moment of the other's last row.
    """
    for (before, earlier), (after, later) in itertools.pairwise(parts):
        if later[0] < earlier[-1] or (later[0] == earlier[-1] and not touching):
            row = int(np.searchsorted(earlier, later[0])) + 1
            raise InputError(
                f"{after.path}: row 1 ({moment(later[0])}) overlaps {before.path} from its row "
                f"{row}; leave one of them out"
            )
