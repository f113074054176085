"""Give back the memory of rows that lie in a mapped file. Changes no row, and frees no other."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np

from genesis.messages.market import Rows, Table

R = TypeVar("R", Rows, Table)

BLOCK = 1 << 16
"""Rows that are looked at at once, 3.7 MB."""


def release(rows: Rows | Table) -> None:
    """Let go of the pages that hold only ``rows``; whoever looks at one again reads it anew.

    So a history longer than the memory plays in little of it. Rows that lie elsewhere stay. What
    somebody had written into the pages would be lost: nobody does.
    """
    mapped = _map_of(rows)
    if mapped is None or not hasattr(mmap, "MADV_DONTNEED"):
        return
    begin = rows.ctypes.data - np.frombuffer(mapped, np.uint8, 1).ctypes.data
    first = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE
    last = (begin + rows.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if last > first:
        mapped.madvise(mmap.MADV_DONTNEED, first, last - first)


def looked_through(rows: R) -> Iterator[R]:
    """``rows`` in parts, each let go of behind the look at it."""
    for first in range(0, len(rows), BLOCK):
        part = rows[first : first + BLOCK]
        yield part
        release(part)


def _map_of(rows: Rows | Table) -> mmap.mmap | None:
    """The map that the memory of ``rows`` belongs to."""
    holder: Any = rows
    while isinstance(holder, np.ndarray):
        holder = holder.base
    return holder if isinstance(holder, mmap.mmap) else None
