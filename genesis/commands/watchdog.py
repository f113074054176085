"""End a virtual run whose strategy does not come back from a call. Judges nothing else.

In virtual time one thread does everything, so nobody else could notice. A timer signal looks at
what the main thread is executing: the same call of a strategy for too long ends the run.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

LOOK_EVERY_S = 0.25
PATIENCE_S = 10.0
"""Live, a strategy that is silent for 3 s is fenced; a first call may load or compile something."""

_DEAF_AFTER = 3
"""So many times as long, and a strategy that swallows what is raised in it ends the process."""


class StrategyStuck(Exception):
    """Raised inside the call that does not end, to get out of it."""


@contextmanager
def watchdog(
    patience_s: float, give_up: Callable[[str], None], advice: str = "mend it"
) -> Iterator[None]:
    """While it lasts no strategy call may take longer than ``patience_s``, on the wall's clock.

    ``give_up`` is told what a person should know, with ``advice``; it must make the run end. Main
    thread only.
    """
    call: FrameType | None = None
    since_s = 0.0

    def look(_number: int, frame: FrameType | None) -> None:
        nonlocal call, since_s
        now_s = time.monotonic()
        current = strategy_call(frame)
        if current is not call:
            call, since_s = current, now_s
            return
        if current is None or now_s - since_s < patience_s:
            return
        text = f"{_told(current, patience_s)}; {advice}"
        if now_s - since_s > _DEAF_AFTER * patience_s:
            print(f"genesis: {text}", file=sys.stderr, flush=True)
            os._exit(4)
        give_up(text)
        raise StrategyStuck(text)

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_EVERY_S, LOOK_EVERY_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def patient(give_up: Callable[[str], None]) -> AbstractContextManager[None]:
    """A watchdog with the usual patience."""
    return watchdog(PATIENCE_S, give_up)


def strategy_call(frame: FrameType | None) -> FrameType | None:
    """The outermost call of a strategy's method that is going on; None outside of any."""
    from genesis.strategies.port import Strategy

    found = None
    while frame is not None:
        if isinstance(frame.f_locals.get("self"), Strategy):
            found = frame
        frame = frame.f_back
    return found


def _told(call: FrameType, patience_s: float) -> str:
    code = call.f_code
    strategy = type(call.f_locals["self"]).__name__
    return (
        f"strategy {strategy} did not come back from {code.co_name} ({code.co_filename}, from line "
        f"{code.co_firstlineno}) within {patience_s:g} s"
    )
