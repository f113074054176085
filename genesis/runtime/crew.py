"""Actors that take turns on one thread, first come, first served. Never waits for a stuck one.

From one member to the next no thread has to be woken. Each member keeps its own mailbox, address,
epoch and supervision; only the thread is shared.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import SimpleQueue

from genesis.runtime.actor import Actor
from genesis.runtime.address import Address
from genesis.runtime.turns import Guard, Turn, Unwound, forget, lives


class Crew:
    """A member may get stuck in its turn. Once it is fenced, ``go_on`` puts a fresh thread in the
    place of the stuck one, which ends without another turn if it ever comes back."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ready: SimpleQueue[Turn | None] = SimpleQueue()
        self._actors: dict[str, Actor] = {}  # the newest incarnation of each name
        self._lock = threading.Lock()
        self._thread = 0  # the number of the one that may take turns
        self._running: Actor | None = None

    def start(self, actor: Actor) -> None:
        """A new incarnation's first turn, in which it begins, waits behind the others."""
        with self._lock:
            if self._thread == 0:
                self._start_thread()
        self._ready.put((actor.context.address, actor))

    def put_to(self, address: Address) -> None:
        """A message waits for the member at ``address``: one more turn for it."""
        self._ready.put((address, None))

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
        if fenced is not None and not lives(fenced):
            forget(fenced)

    def stop(self) -> None:
        """End the thread and let go of every actor. None lives any more."""
        with self._lock:
            self._thread += 1
            for actor in self._actors.values():
                forget(actor)
            self._actors.clear()
        self._ready.put(None)

    def _start_thread(self) -> None:
        self._thread += 1
        name = f"{self._name}#{self._thread}"
        threading.Thread(target=self._run, args=(self._thread,), name=name, daemon=True).start()

    def _run(self, thread: int) -> None:
        while (turn := self._ready.get()) is not None:
            actor = self._begin(turn)
            if actor is None:
                continue
            with Guard(actor, BaseException):
                if turn[1] is None:
                    _handle_next(actor)
                else:
                    self._start(actor)
            if not lives(actor):
                forget(actor)
            with self._lock:
                if thread != self._thread:
                    return
                self._running = None

    def _begin(self, turn: Turn) -> Actor | None:
        """Whose turn it really is; None when nobody lives there (any more, or yet).

        One step under the lock, until when this thread is the one that may take turns. From here on
        it may be replaced, and a successor of the one it runs may begin on the fresh thread.
        """
        address, starting = turn
        with self._lock:
            if starting is not None and lives(starting):
                self._actors[address.name] = starting
            actor = self._actors.get(address.name)
            if actor is not None and lives(actor) and starting in (None, actor):
                self._running = actor
                return actor
        if starting is not None:
            forget(starting)
        return None

    def _start(self, actor: Actor) -> None:
        # What waited while nobody lived here had its turns in vain.
        for _ in range(actor.context.address.mailbox.depth):
            self.put_to(actor.context.address)
        with suppress(Unwound):
            actor._actor_loop()


def _handle_next(actor: Actor) -> None:
    mailbox, epoch = actor.context.address.mailbox, actor.epoch
    message = mailbox.take_now(epoch)
    if message is not None:
        actor._handle_receive(message)
        mailbox.done(epoch)
