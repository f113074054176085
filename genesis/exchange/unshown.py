"""Rows that are published but not yet shown to the venue's own matching. Shows nothing itself."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from genesis.messages.market import ROW, Rows

Reached = Callable[[str, Rows], int | None]
"""Of a symbol and rows: when the first of them that may fill an own order was received."""


class Unshown:
    """Per symbol in receive order; ``len`` counts rows."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Rows]] = {}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    @property
    def next_ns(self) -> int | None:
        """When the first waiting row was received."""
        heads = (int(parts[0]["time_ns"][0]) for parts in self._waiting.values() if parts)
        return min(heads, default=None)

    def reached_ns(self, reached_ns: Reached) -> int | None:
        """When the first waiting row that may fill an own order was received."""
        first: int | None = None
        for symbol, parts in self._waiting.items():
            for part in parts:
                reach = reached_ns(symbol, part)
                if reach is not None:
                    first = reach if first is None else min(first, reach)
                    break
        return first

    def add(self, rows: Mapping[str, Rows]) -> None:
        for symbol, part in rows.items():
            if len(part):
                self._waiting.setdefault(symbol, deque()).append(part)
                self._rows += len(part)

    def take(self, before_ns: int) -> Iterator[tuple[str, Rows]]:
        """What was received before ``before_ns``, symbol by symbol."""
        for symbol, parts in self._waiting.items():
            taken: list[Rows] = []
            while parts:
                part = parts.popleft()
                if int(part["time_ns"][-1]) >= before_ns:
                    cut = bisect_left(part["time_ns"].data, before_ns)
                    parts.appendleft(part[cut:])
                    if cut:
                        taken.append(part[:cut])
                    break
                taken.append(part)
            if taken:
                rows = taken[0] if len(taken) == 1 else _joined(taken)
                self._rows -= len(rows)
                yield symbol, rows


def _joined(parts: Sequence[Rows]) -> Rows:
    # As plain integers: joining structures takes numpy ten times as long.
    tables = [np.ascontiguousarray(part).view(np.int64) for part in parts]
    rows: Rows = np.concatenate(tables).view(ROW)
    return rows
