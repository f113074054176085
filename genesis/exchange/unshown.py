"""Rows that are published but not yet shown to the venue's own matching. Shows nothing itself."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Mapping

import msgspec

from genesis.messages.market import Table

Reached = Callable[[str, Table], int | None]
"""Of a symbol and rows: when the first of them that may fill an own order was received."""


class _Part(msgspec.Struct):
    """Rows, of which those from ``at`` on are waiting. ``times`` reads their times from memory."""

    table: Table
    times: memoryview
    at: int = 0


class Unshown:
    """Per symbol in receive order; ``len`` counts rows."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[_Part]] = {}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def reached_ns(self, reached_ns: Reached) -> int | None:
        """When the first waiting row that may fill an own order was received."""
        first: int | None = None
        for symbol, parts in self._waiting.items():
            for part in parts:
                reach = reached_ns(symbol, part.table[part.at :])
                if reach is not None:
                    first = reach if first is None else min(first, reach)
                    break
        return first

    def add(self, tables: Mapping[str, Table]) -> None:
        for symbol, table in tables.items():
            if len(table):
                # Searched without a copy, as numpy would make one of a column.
                part = _Part(table, table[:, 0].data)
                self._waiting.setdefault(symbol, deque()).append(part)
                self._rows += len(table)

    def take(self, before_ns: int) -> Iterator[tuple[str, Table]]:
        """What was received before ``before_ns``, symbol by symbol, in one or more tables each."""
        for symbol, parts in self._waiting.items():
            while parts:
                part = parts[0]
                first, end = part.at, bisect_left(part.times, before_ns, part.at)
                if end > first:
                    part.at = end
                    self._rows -= end - first
                    yield symbol, part.table[first:end]
                if end < len(part.times):
                    break
                parts.popleft()
