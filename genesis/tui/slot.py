"""Hand the newest view state from an actor's thread to the app. It never waits and never grows."""

from __future__ import annotations

from collections import deque

from genesis.messages.control import CommandAnswer
from genesis.messages.view import ViewState

ANSWERS_KEPT = 32
"""Answers the app has not read yet; older ones give way to newer ones."""


class Slot:
    """A latest-value cell: the actor puts, the app looks ten times a second.

    Safe between threads without a lock: each side does one reference assignment or one deque
    operation at a time, which Python makes atomic, and the states themselves are immutable.
    """

    def __init__(self) -> None:
        self._state: ViewState | None = None
        self._closed = False
        self._answers: deque[CommandAnswer] = deque(maxlen=ANSWERS_KEPT)

    def put(self, state: ViewState) -> None:
        """Replace the state; one nobody looked at is gone, for screens want the newest."""
        self._state = state

    def get(self) -> ViewState | None:
        """The newest state, or None before the first."""
        return self._state

    def answer(self, answer: CommandAnswer) -> None:
        """Leave one line for the operator."""
        self._answers.append(answer)

    def drain(self) -> list[CommandAnswer]:
        """Take all answers that wait, oldest first."""
        taken = []
        while self._answers:
            taken.append(self._answers.popleft())
        return taken

    def close(self) -> None:
        """The daemon is ending without being asked here: the app leaves at its next look."""
        self._closed = True

    @property
    def closed(self) -> bool:
        return self._closed
