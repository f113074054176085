"""What the operator asks for, and how the daemon answers."""

from __future__ import annotations

from genesis.messages.base import Control

RESUME_PHRASE = "resume trading"
"""Typed in full to leave a halt: leaving one is never a slip of the finger."""


class Halt(Control, frozen=True):
    """Trip the global halt: gate shut, orders cancelled, none open proven at the venue."""

    reason: str
    source: str


class Resume(Control, frozen=True):
    """Leave the halt; needs ``RESUME_PHRASE`` and a reconciliation without differences."""

    reason: str
    phrase: str


class Quit(Control, frozen=True):
    """End the daemon in good order."""

    reason: str


class ReconcileNow(Control, frozen=True):
    """To the executor: compare with the venue; answered with ``ReconcileDone``."""

    cause: str


class ReconcileDone(Control, frozen=True):
    cause: str
    differences: tuple[str, ...]


class CancelAllDone(Control, frozen=True):
    """To the supervisor: the venue shows no open order."""

    canceled: int


class CommandAnswer(Control, frozen=True):
    """One line for the operator about what a command did."""

    accepted: bool
    text: str
