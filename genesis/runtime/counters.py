"""Totals of a run that outlive the incarnations counting them."""

from __future__ import annotations

import threading


class Counters:
    """Named sums; any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, int] = {}

    def add(self, name: str, count: int = 1) -> None:
        with self._lock:
            self._sums[name] = self._sums.get(name, 0) + count

    def get(self, name: str) -> int:
        return self._sums.get(name, 0)
