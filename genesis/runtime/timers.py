"""One thread that delivers messages when their time has come; it runs no one's code."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

from genesis.messages.base import Message
from genesis.runtime.address import Address
from genesis.runtime.clock import Clock
from genesis.runtime.mailbox import Activity

Timer = tuple[int, int, Address, int, Message]
"""Due time, tie-breaker, addressee, the epoch it is for, the message."""


class Timers:
    """Trading-time timers follow the clock; wall timers follow real time.

    With a clock that only idleness moves, the next trading timer is due when every mailbox has
    been worked off: the clock then jumps to it.
    """

    def __init__(
        self, clock: Clock, activity: Activity, puts_off: Callable[[Timers], bool]
    ) -> None:
        """``puts_off`` is asked where the thread has to know of a timer whether ``wake`` will be
        called for that soon."""
        self._clock = clock
        self._activity = activity
        self._puts_off = puts_off
        self._condition = threading.Condition()
        self._numbers = itertools.count()
        self._trading: list[Timer] = []
        self._wall: list[Timer] = []
        self._stopped = False
        self._unseen = False  # a timer is due before the moment until which the thread waits
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
        activity.when_idle = self.wake

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._condition:
            self._stopped = True
            self._condition.notify()
        self._thread.join()

    def add(
        self, address: Address, epoch: int, delay_ns: int, message: Message, *, wall: bool
    ) -> None:
        now_ns = time.monotonic_ns() if wall else self._clock.now_ns()
        timer = (now_ns + delay_ns, next(self._numbers), address, epoch, message)
        with self._condition:
            heap = self._wall if wall else self._trading
            heapq.heappush(heap, timer)
            if heap[0] is timer:
                self._unseen = True
            # Also where this one is not the first: who set that one may have put the wake-up off.
            if self._unseen and not self._puts_off(self):
                self._condition.notify()

    def wake(self) -> None:
        """Look again at what is due."""
        with self._condition:
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                due = self._next_due()
                while due is None:
                    if self._stopped:
                        return
                    self._unseen = False
                    self._condition.wait(self._wait_s())
                    due = self._next_due()
            _, _, address, epoch, message = due
            address.remind(epoch, message)

    def _next_due(self) -> Timer | None:
        if self._wall and self._wall[0][0] <= time.monotonic_ns():
            return heapq.heappop(self._wall)
        if not self._trading:
            return None
        due_ns = self._trading[0][0]
        if self._clock.wall_wait_s(due_ns) is None:
            if not self._activity.idle:
                return None
            self._clock.jump_to(due_ns)
        elif self._clock.now_ns() < due_ns:
            return None
        return heapq.heappop(self._trading)

    def _wait_s(self) -> float | None:
        waits = []
        if self._wall:
            waits.append(max(0.0, (self._wall[0][0] - time.monotonic_ns()) / 1e9))
        if self._trading:
            wait_s = self._clock.wall_wait_s(self._trading[0][0])
            if wait_s is not None:
                waits.append(wait_s)
        return min(waits, default=None)
