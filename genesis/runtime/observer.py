"""What of a runtime can be written down, and answered from what was written. Does neither itself.

Nothing is watched unless a runtime is given an observer, which costs one test of an attribute.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

from genesis.messages.base import Message

T = TypeVar("T")


class Vacated(NamedTuple):
    """An incarnation is gone; ``message`` is what it was handling."""

    message: Message | None


class Numbered(Message, frozen=True):
    """A message on its way through the timers, with its origin; unwrapped before it is queued."""

    message: Message
    origin: object


class Observer(Protocol):
    """Called from every thread. An *origin* says who sent a message and as which one of theirs; it
    rides with the message through the mailbox. None: it came from outside the watched actors.

    ``noted``, ``fenced``: what a handler learns from beyond its message and its own state passes
    through here, so that a replay can tell it again.
    """

    def sending(self, source: str, epoch: int, to: str, message: Message) -> object:
        """The origin of a message that ``source`` (empty: whoever runs on this thread) sends."""

    def timing(self, name: str, epoch: int, message: Message) -> Message:
        """What goes into the timers in place of ``message``, which has its origin from now on."""

    def taken(self, origin: object, message: Message) -> None:
        """This thread has taken a message, and will handle it next."""

    def starts(self, name: str, epoch: int, now_ns: int) -> None:
        """This thread begins a new incarnation."""

    def handles(self, name: str, epoch: int, now_ns: int) -> None:
        """This thread handles the message it has taken, at ``now_ns`` of trading time."""

    def noted(self, what: str, value: T) -> T:
        """The handler on this thread learns ``value`` about something that others change."""

    def died(self, name: str, epoch: int, reason: str) -> None: ...

    def fenced(self, name: str, epoch: int, vacated: Vacated | None) -> Vacated | None:
        """Incarnation ``epoch`` was abandoned (None: it was not the living one any more)."""
