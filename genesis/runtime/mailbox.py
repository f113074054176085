"""A bounded mailbox of two lanes that outlives the incarnations reading it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Protocol

import msgspec

from genesis.messages.base import Lane, Message, Overflow
from genesis.runtime.observer import Observer

_CONTROL = Lane.CONTROL
NEVER = Message.conflation_key
"""What a type has that never conflates."""


class Fenced(BaseException):
    """Unwinds the loop of an incarnation that is no longer the living one.

    A BaseException, raised from ``get``: pykka calls that outside its ``try``, so the loop ends
    without being taken for a failure.
    """


class Entry(msgspec.Struct):
    """One queued message; ``message`` is swapped in place when a newer one conflates it.

    ``epoch`` other than 0: for that incarnation only. ``origin`` goes with the message.
    """

    message: Message
    key: tuple[type, str] | None
    epoch: int
    put_ns: int
    origin: object


class MailboxMetrics(msgspec.Struct, frozen=True):
    """A reading: ``depth`` messages wait, the oldest for ``age_ns``; the rest are totals."""

    depth: int
    age_ns: int
    handled: int
    conflated: int
    dropped: int
    handle_ns: int


class Activity:
    """Counts messages put but not yet handled, and incarnations that are still starting, so that
    a warp clock knows when all are idle."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()
        self.when_idle: Callable[[], None] = lambda: None

    @property
    def idle(self) -> bool:
        return self._count == 0

    def begin(self) -> None:
        with self._lock:
            self._count += 1

    def end(self) -> None:
        with self._lock:
            self._count -= 1
            idle = self._count == 0
        if idle:
            self.when_idle()


class Unwatched(Activity):
    """Where no clock waits for idleness, nobody needs to count."""

    def begin(self) -> None:
        pass

    def end(self) -> None:
        pass


class Sleeper(Protocol):
    """On whose behalf a thread sleeps."""

    def wake(self) -> None: ...


class Mailbox:
    """Control overtakes data; data is bounded by ``capacity`` under each type's ``Overflow``.

    Any thread may ``put``. One incarnation at a time may take; ``epoch`` says which. It either
    waits in ``take``, or ``on_put`` is told that there is something for its turn (``take_now``).
    """

    def __init__(
        self,
        capacity: int,
        activity: Activity,
        on_overflow: Callable[[Message], None],
        on_put: Callable[[], None] | None = None,
        observer: Observer | None = None,
        puts_off: Callable[[Mailbox], bool] | None = None,
    ) -> None:
        """``puts_off`` is asked at a view that conflates whether ``wake`` will be called for it
        later; without it, and at any other message, the reader is woken at once. So is one that
        takes turns: it is in nobody's way."""
        self.capacity = capacity
        self._observer = observer
        self._activity = activity
        self._counted = not isinstance(activity, Unwatched)
        self._on_overflow = on_overflow
        self._puts_off = puts_off if on_put is None else None
        self._lock = threading.Lock()
        self._tokens: SimpleQueue[None] = SimpleQueue()  # wake-ups of ``take``
        self._waits = on_put is None
        self._wake = on_put or partial(self._tokens.put, None)
        self._owed = 0  # wake-ups put off
        self._control: deque[Entry] = deque()
        self._data: deque[Entry] = deque()
        self._conflating: dict[tuple[type, str], Entry] = {}
        self._epoch = 0
        self._busy = False  # the reader is starting, or handling a message
        self._overflowing = False
        self._taken_ns = 0
        self._handled = self._conflated = self._dropped = self._handle_ns = 0
        self.handling: Message | None = None

    def put(self, message: Message, epoch: int = 0, origin: object = None) -> None:
        """Queue a message under its type's lane and policy. Never blocks.

        One that is for incarnation ``epoch`` only is thrown away when another comes to take it.
        ``origin`` is for an observer: where it came from.
        ``on_overflow`` is told once until half of what waits has been worked off.
        """
        overflowed = replaced = False
        kind, key = type(message), None
        wakes = 0
        with self._lock:
            if kind.lane is _CONTROL:
                self._control.append(Entry(message, None, epoch, time.monotonic_ns(), origin))
            else:
                if kind.conflation_key is not NEVER and not epoch:
                    name = message.conflation_key
                    key = None if name is None else (kind, name)
                    if key is not None and (waiting := self._conflating.get(key)) is not None:
                        waiting.message, waiting.origin = message, origin
                        self._conflated += 1
                        return
                if len(self._data) >= self.capacity:
                    policy = kind.overflow
                    if policy is Overflow.RESYNC:
                        self._dropped += 1
                        return
                    if policy is Overflow.DROP_OLDEST:
                        replaced = self._drop_oldest(kind)
                    else:
                        overflowed = not self._overflowing
                        self._overflowing = True
                entry = Entry(message, key, epoch, time.monotonic_ns(), origin)
                self._data.append(entry)
                if key is not None:
                    self._conflating[key] = entry
            # One that took another's place is counted already, and already has its wake-up.
            if not replaced:
                if self._counted:
                    self._activity.begin()
                if key is not None and self._puts_off is not None and self._puts_off(self):
                    self._owed += 1
                else:
                    # What is put off must not keep this one waiting in its place.
                    wakes, self._owed = 1 + self._owed, 0
        for _ in range(wakes):
            self._wake()
        if overflowed:
            self._on_overflow(message)

    def wake(self) -> None:
        """Give the wake-ups that were put off."""
        with self._lock:
            wakes, self._owed = self._owed, 0
        for _ in range(wakes):
            self._wake()

    def _drop_oldest(self, kind: type[Message]) -> bool:
        for index, entry in enumerate(self._data):
            if type(entry.message) is kind:
                del self._data[index]
                if entry.key is not None:
                    del self._conflating[entry.key]
                self._dropped += 1
                return True
        return False

    def take(self, epoch: int) -> Message:
        """Block for the next message; raises ``Fenced`` once ``epoch`` is not the living one."""
        self.done(epoch)
        while True:
            if epoch != self._epoch:
                raise Fenced  # at once, or it would wait for a wake-up that is another's
            self._tokens.get()
            with self._lock:
                if epoch != self._epoch:
                    self._tokens.put(None)
                    raise Fenced
                message = self._pop()
                if message is not None:
                    return message

    def take_now(self, epoch: int) -> Message | None:
        """The next message, or None when there is none or ``epoch`` is not the living one."""
        if self._busy:
            self.done(epoch)
        with self._lock:
            return self._pop() if epoch == self._epoch else None

    def _pop(self) -> Message | None:
        while (entry := self._next_entry()) is not None:
            if entry.epoch in (0, self._epoch):
                self._taken_ns = time.monotonic_ns()
                self._busy = True
                self.handling = entry.message
                if self._observer is not None:
                    self._observer.taken(entry.origin, entry.message)
                return entry.message
            self._activity.end()
        return None

    def _next_entry(self) -> Entry | None:
        if self._control:
            return self._control.popleft()
        if not self._data:
            return None
        entry = self._data.popleft()
        if entry.key is not None:
            del self._conflating[entry.key]
        if len(self._data) <= self.capacity // 2:
            self._overflowing = False
        return entry

    def done(self, epoch: int) -> Message | None:
        """What ``epoch`` was at (a message, or its start) is finished, one way or the other;
        returns the message."""
        with self._lock:
            if epoch != self._epoch:
                return None
            was_busy, message = self._finish()
        if was_busy and self._counted:
            self._activity.end()
        return message

    def hand_to(self, epoch: int) -> Message | None:
        """Make ``epoch`` the one reader (0: nobody). Returns what the former was handling.

        The new one counts as busy until it comes for its first message. One step under the lock:
        the former cannot take another message in between, which nobody would ever hear of.
        """
        with self._lock:
            was_busy, abandoned = self._finish()
            self._epoch = epoch
            if epoch:
                self._busy = True
                self._activity.begin()
        if was_busy:
            self._activity.end()
        if self._waits:
            self._wake()
        return abandoned

    def _finish(self) -> tuple[bool, Message | None]:
        was_busy, self._busy = self._busy, False
        message, self.handling = self.handling, None
        if message is not None:
            self._handled += 1
            self._handle_ns += time.monotonic_ns() - self._taken_ns
        return was_busy, message

    @property
    def depth(self) -> int:
        """Messages waiting."""
        return len(self._control) + len(self._data)

    def metrics(self) -> MailboxMetrics:
        with self._lock:
            heads = [lane[0].put_ns for lane in (self._control, self._data) if lane]
            age_ns = time.monotonic_ns() - min(heads) if heads else 0
            return MailboxMetrics(
                depth=self.depth,
                age_ns=age_ns,
                handled=self._handled,
                conflated=self._conflated,
                dropped=self._dropped,
                handle_ns=self._handle_ns,
            )
