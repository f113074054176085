"""What may stand around a run, as a watchdog does, given by whoever knows a clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Guard = Callable[[Callable[[str], None]], AbstractContextManager[None]]
"""Called with what ends the run early and takes one line for a person; entered while it lasts."""


def unguarded(_give_up: Callable[[str], None]) -> AbstractContextManager[None]:
    """Nothing stands around it."""
    return nullcontext()
