"""Watch a runtime and note what a replay needs, in the order of takes. Judges and changes nothing.

What happens on the actors' threads is an append to a deque; all else is the writer's.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Any, TypeVar

from genesis.messages.base import Message
from genesis.messages.lifecycle import MailboxOverflowed
from genesis.messages.orders import CancelOrder, CancelOrders, PlaceOrder
from genesis.runtime.observer import Numbered, Vacated

T = TypeVar("T")

DECISIONS = (PlaceOrder, CancelOrder, CancelOrders)
NOBODY = ("", 0)

BEGAN, TOOK, TOLD, NOTED, DIED, FENCED = range(6)
Note = tuple[Any, ...]
"""The kind of a record and its fields, contents not packed yet."""


class _Thread(threading.local):
    """Whom this thread works for, and what it took last."""

    who: tuple[str, int] = NOBODY
    taken: tuple[object, Message | None] = (None, None)


class Origins:
    """Numbers what each incarnation sends to each address, and its timers, from 1."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, int, str], int] = {}
        self._timers: dict[tuple[str, int], int] = {}

    def sent(self, source: str, epoch: int, to: str) -> tuple[str, int, int]:
        key = (source, epoch, to)
        number = self._sent[key] = self._sent.get(key, 0) + 1
        return (source, epoch, number)

    def timer(self, name: str, epoch: int) -> tuple[str, int, int]:
        key = (name, epoch)
        number = self._timers[key] = self._timers.get(key, 0) + 1
        return (name, epoch, -number)


class Recorder:
    """The observer of a run that is captured. ``watch`` says which addresses are inside."""

    def __init__(self) -> None:
        self.notes: deque[Note] = deque()
        self._watched: frozenset[str] = frozenset()
        self._origins = Origins()
        self._on = _Thread()

    def watch(self, names: Iterable[str]) -> None:
        """Before anyone starts: the actors to be replayed. Everything else is outside."""
        self._watched = frozenset(names)

    def stop(self) -> None:
        """Nothing is noted from here on."""
        self._watched = frozenset()

    def sending(self, source: str, epoch: int, to: str, message: Message) -> object:
        if not source:
            source, epoch = self._on.who
        watched = self._watched
        if source not in watched or type(message) is MailboxOverflowed:
            return None  # a mailbox fills up by what others do: that is told as from outside
        if to not in watched:
            self.notes.append((TOLD, source, epoch, to, message))
            return None
        if type(message) in DECISIONS:
            self.notes.append((TOLD, source, epoch, to, message))
        return self._origins.sent(source, epoch, to)

    def timing(self, name: str, epoch: int, message: Message) -> Message:
        if name not in self._watched:
            return message
        return Numbered(message, self._origins.timer(name, epoch))

    def taken(self, origin: object, message: Message) -> None:
        self._on.taken = (origin, message)

    def starts(self, name: str, epoch: int, now_ns: int) -> None:
        if self._entered(name, epoch):
            self.notes.append((BEGAN, name, epoch, now_ns))

    def handles(self, name: str, epoch: int, now_ns: int) -> None:
        if self._entered(name, epoch):
            origin, message = self._on.taken
            content = message if origin is None else type(message)
            self.notes.append((TOOK, name, epoch, now_ns, origin, content))

    def _entered(self, name: str, epoch: int) -> bool:
        watched = name in self._watched
        self._on.who = (name, epoch) if watched else NOBODY
        return watched

    def noted(self, what: str, value: T) -> T:
        who = self._on.who
        if who[0] in self._watched:
            self.notes.append((NOTED, *who, what, value))
        return value

    def died(self, name: str, epoch: int, reason: str) -> None:
        if name in self._watched:
            self.notes.append((DIED, name, epoch, reason))

    def fenced(self, name: str, epoch: int, vacated: Vacated | None) -> Vacated | None:
        if name in self._watched:
            handling = vacated is not None and vacated.message is not None
            self.notes.append((FENCED, name, epoch, vacated is not None, handling))
        return vacated
