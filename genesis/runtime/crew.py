"""Actors that take turns on one thread, first come, first served. Never waits for a stuck one.

From one member to the next no thread has to be woken. Each member keeps its own mailbox, address,
epoch and supervision; only the thread is shared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue

from genesis.runtime.actor import Actor
from genesis.runtime.mailbox import Sleeper
from genesis.runtime.turns import Guard, Unwound, forget, lives

TURNS_PUT_OFF = 8
"""For so many turns wake-ups of readers outside may be put off."""


class Crew:
    """A member may get stuck in its turn. Once it is fenced, ``go_on`` puts a fresh thread in the
    place of the stuck one, which ends without another turn if it ever comes back."""

    def __init__(self, name: str) -> None:
        self._name = name
        # Whose turn it is; the actor itself where it is its first, in which it begins.
        self._ready: SimpleQueue[str | Actor | None] = SimpleQueue()
        self._actors: dict[str, tuple[Actor, Guard]] = {}  # the newest incarnation of each name
        self._lock = threading.Lock()
        self._thread = 0  # the number of the one that may take turns
        self._running: Actor | None = None
        self._at_work = 0  # the identity of that thread
        self._put_off: list[Sleeper] = []
        self._turns_put_off = 0

    def start(self, actor: Actor) -> None:
        """A new incarnation's first turn, in which it begins, waits behind the others."""
        with self._lock:
            if self._thread == 0:
                self._start_thread()
        self._ready.put(actor)

    def turn_for(self, name: str) -> Callable[[], None]:
        """What to call for each message that waits for ``name``: one more turn for it."""
        return partial(self._ready.put, name)

    def puts_off(self, sleeper: Sleeper) -> bool:
        """Whether the caller is a member in its turn. ``sleeper`` is then woken after the turns
        that wait already: it would only get in the way of them, for a timer, or for a view whose
        next one takes its place."""
        if threading.get_ident() != self._at_work:
            return False
        self._put_off.append(sleeper)
        return True

    def waits(self, name: str) -> bool:
        """Whether a living member other than ``name`` has the turn now."""
        running = self._running
        return running is not None and running.name != name and lives(running)

    def go_on(self, name: str) -> None:
        """``name`` was fenced. If it had the turn, its thread is lost to the others."""
        with self._lock:
            if self._running is not None and not lives(self._running):
                self._running = None
                self._start_thread()
            fenced = self._actors.get(name)
        if fenced is not None and not lives(fenced[0]):
            forget(fenced[0])

    def stop(self) -> None:
        """End the thread and let go of every actor. None lives any more."""
        with self._lock:
            self._thread += 1
            self._at_work = 0
            for actor, _ in self._actors.values():
                forget(actor)
            self._actors.clear()
        self._ready.put(None)

    def _start_thread(self) -> None:
        self._thread += 1
        name = f"{self._name}#{self._thread}"
        threading.Thread(target=self._run, args=(self._thread,), name=name, daemon=True).start()

    def _run(self, thread: int) -> None:
        self._at_work = threading.get_ident()
        self._wake_others()  # those put off in a turn that never ended
        while (turn := self._next_turn()) is not None:
            actor, guard = self._begin(turn)
            if actor is None or guard is None:
                continue
            with guard:
                if turn is actor:
                    self._start(actor)
                else:
                    _handle_next(actor)
            if not lives(actor):
                forget(actor)
            with self._lock:
                if thread != self._thread:
                    return
                self._running = None

    def _next_turn(self) -> str | Actor | None:
        if self._put_off:
            self._turns_put_off += 1
            if self._turns_put_off > TURNS_PUT_OFF or self._ready.empty():
                self._wake_others()
        return self._ready.get()

    def _wake_others(self) -> None:
        put_off, self._put_off = self._put_off, []
        for sleeper in put_off:
            sleeper.wake()
        self._turns_put_off = 0

    def _begin(self, turn: str | Actor) -> tuple[Actor, Guard] | tuple[None, None]:
        """Whose turn it really is; nobody's when none lives there (any more, or yet).

        One step under the lock, until when this thread is the one that may take turns. From here on
        it may be replaced, and a successor of the one it runs may begin on the fresh thread.
        """
        with self._lock:
            if isinstance(turn, str):
                found = self._actors.get(turn)
            else:
                found = (turn, Guard(turn, BaseException))
            if found is not None and lives(found[0]):
                if turn is found[0]:
                    self._actors[turn.name] = found
                self._running = found[0]
                return found
        if isinstance(turn, Actor):
            forget(turn)
        return None, None

    def _start(self, actor: Actor) -> None:
        # What waited while nobody lived here had its turns in vain.
        for _ in range(actor.context.address.mailbox.depth):
            self._ready.put(actor.name)
        with suppress(Unwound):
            actor._actor_loop()


def _handle_next(actor: Actor) -> None:
    context = actor.context
    mailbox, epoch = context.address.mailbox, context.epoch
    message = mailbox.take_now(epoch)
    if message is not None:
        actor.on_receive(message)
        mailbox.done(epoch)
