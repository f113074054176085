"""A mailbox for a runtime of one thread: the same lanes and policies, without locks or clocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from genesis.messages.base import Lane, Message, Overflow
from genesis.runtime.mailbox import NEVER, MailboxMetrics

CONTROL = Lane.CONTROL

Waiting = tuple[Any, ...] | list[Any]
"""A message, what it conflates by or None, and the epoch it is for (0: any). A list where the
message conflates: it is replaced."""


class SoloMailbox:
    """As ``Mailbox``: what waits, for whom, and what happens when there is no more room.

    Times are not measured: nobody waits where nothing happens at the same time.
    """

    def __init__(
        self,
        capacity: int,
        on_overflow: Callable[[Message], None],
        on_put: Callable[[], None],
    ) -> None:
        self.capacity = capacity
        self.handling: Message | None = None
        self._on_overflow = on_overflow
        self._on_put = on_put
        self._control: deque[Waiting] = deque()
        self._data: deque[Waiting] = deque()
        self._conflating: dict[tuple[type, str], list[Any]] = {}
        self._epoch = 0
        self._overflowing = False
        self._taken = self._conflated = self._dropped = 0

    def put(self, message: Message, epoch: int = 0, origin: object = None) -> None:
        """Queue a message under its type's lane and policy; see ``Mailbox.put``."""
        kind = type(message)
        if kind.lane is CONTROL:
            self._control.append((message, None, epoch))
        elif kind.conflation_key is NEVER and len(self._data) < self.capacity:
            self._data.append((message, None, epoch))
        else:
            self._put_by_policy(message, epoch)
            return
        self._on_put()

    def _put_by_policy(self, message: Message, epoch: int) -> None:
        kind = type(message)
        name = None if epoch else message.conflation_key
        key = None if name is None else (kind, name)
        if key is not None and key in self._conflating:
            self._conflating[key][0] = message
            self._conflated += 1
            return
        replaced = overflowed = False
        if len(self._data) >= self.capacity:
            if kind.overflow is Overflow.RESYNC:
                self._dropped += 1
                return
            if kind.overflow is Overflow.DROP_OLDEST:
                replaced = self._drop_oldest(kind)
            else:
                overflowed = not self._overflowing
                self._overflowing = True
        if key is None:
            self._data.append((message, None, epoch))
        else:
            entry = self._conflating[key] = [message, key, epoch]
            self._data.append(entry)
        if not replaced:
            self._on_put()
        if overflowed:
            self._on_overflow(message)

    def _drop_oldest(self, kind: type[Message]) -> bool:
        for index, entry in enumerate(self._data):
            if type(entry[0]) is kind:
                del self._data[index]
                if entry[1] is not None:
                    del self._conflating[entry[1]]
                self._dropped += 1
                return True
        return False

    def take_now(self, epoch: int) -> Message | None:
        """The next message, or None when there is none or ``epoch`` is not the living one."""
        if epoch != self._epoch:
            return None
        while waiting := self._control or self._data:
            message, key, meant = waiting.popleft()
            if key is not None:
                del self._conflating[key]
            if self._overflowing and len(self._data) <= self.capacity // 2:
                self._overflowing = False
            if not meant or meant == epoch:
                self._taken += 1
                self.handling = message
                return message  # type: ignore[no-any-return]
        self.handling = None
        return None

    def done(self, epoch: int) -> Message | None:
        """What ``epoch`` was at is finished, one way or the other; returns the message."""
        if epoch != self._epoch:
            return None
        message, self.handling = self.handling, None
        return message

    def hand_to(self, epoch: int) -> Message | None:
        """Make ``epoch`` the one reader (0: nobody). Returns what the former was handling."""
        abandoned = self.done(self._epoch)
        self._epoch = epoch
        return abandoned

    @property
    def depth(self) -> int:
        """Messages waiting."""
        return len(self._control) + len(self._data)

    def metrics(self) -> MailboxMetrics:
        """Ages and handling times are 0."""
        return MailboxMetrics(
            depth=self.depth,
            age_ns=0,
            handled=self._taken - (self.handling is not None),
            conflated=self._conflated,
            dropped=self._dropped,
            handle_ns=0,
        )
