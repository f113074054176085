"""Trading time: the wall's, a recording's at some speed, or as fast as the work allows.

Every clock counts nanoseconds UTC and never goes back. Only the runtime reads a real clock.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

ENDLESS_NS = 1 << 62
"""Later than anything that happens."""


class Clock(Protocol):
    def now_ns(self) -> int:
        """Trading time, ns UTC."""
        ...

    def wall_wait_s(self, due_ns: int) -> float | None:
        """Real seconds until ``due_ns``; None where only idleness moves this clock."""
        ...

    def jump_to(self, time_ns: int) -> None:
        """Go forward to ``time_ns``; a time in the past is ignored."""
        ...


class ScaledClock:
    """A recording's time, running ``speed`` times as fast as the wall."""

    def __init__(self, start_ns: int, speed: float) -> None:
        if speed <= 0:
            raise ValueError("a scaled clock needs a speed above 0")
        self._speed = speed
        self._lock = threading.Lock()
        self._base = (start_ns, time.monotonic_ns())  # trading time and real time of one moment

    def now_ns(self) -> int:
        base_ns, monotonic_ns = self._base
        return base_ns + int((time.monotonic_ns() - monotonic_ns) * self._speed)

    def wall_wait_s(self, due_ns: int) -> float | None:
        return max(0.0, (due_ns - self.now_ns()) / 1e9 / self._speed)

    def jump_to(self, time_ns: int) -> None:
        with self._lock:
            if time_ns > self.now_ns():
                self._base = (time_ns, time.monotonic_ns())


class WarpClock:
    """Time that stands still while anyone works and jumps to the next timer when all are idle."""

    def __init__(self, start_ns: int) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        return self._now_ns

    def wall_wait_s(self, due_ns: int) -> float | None:
        return None

    def jump_to(self, time_ns: int) -> None:
        self._now_ns = max(self._now_ns, time_ns)
