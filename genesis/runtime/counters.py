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

    def most(self, kind: str) -> str:
        """Of the sums named ``kind`` and a word, that of the largest one; empty for none."""
        with self._lock:
            sums = {n: s for n, s in self._sums.items() if n.startswith(f"{kind} ")}
        return max(sorted(sums), key=sums.__getitem__, default="").removeprefix(f"{kind} ")

    def get(self, name: str) -> int:
        return self._sums.get(name, 0)
