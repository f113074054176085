"""Tell an operator's interrupt from one that a strategy raised. Ends nothing itself."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from genesis.commands.watchdog import strategy_call
from genesis.errors import RuntimeFault


@contextmanager
def interrupts_told_apart() -> Iterator[None]:
    """While it lasts an operator's interrupt raises KeyboardInterrupt as ever, where nobody else
    handles it. Main thread only.

    Raises RuntimeFault, naming the strategy, in place of one that nobody sent.
    """
    sent: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        sent.append(number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    unhandled = before is signal.default_int_handler
    if unhandled:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except KeyboardInterrupt as error:
        if sent:
            raise
        raise RuntimeFault(_told(error)) from error
    finally:
        if unhandled:
            signal.signal(signal.SIGINT, before)


def _told(error: KeyboardInterrupt) -> str:
    frame = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
    call = strategy_call(frame)
    who = "something" if call is None else f"strategy {type(call.f_locals['self']).__name__}"
    code = frame.f_code
    return (
        f"{who} raised KeyboardInterrupt ({code.co_filename}, from line {code.co_firstlineno}): "
        "to interrupt is for the operator; mend it"
    )
