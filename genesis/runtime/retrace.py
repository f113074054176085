"""The runtime that repeats: one thread, no order and no time of its own, nothing from outside.

Whoever drives it says which incarnation handles which message at what time. What actors send is
kept until it is asked for by its origin; what never was handled is never asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Protocol

from pykka import ActorRegistry

from genesis.messages.base import Message
from genesis.runtime.actor import Actor, Context
from genesis.runtime.address import Address
from genesis.runtime.base import BaseRuntime
from genesis.runtime.observer import Numbered, Observer
from genesis.runtime.solo import SoloMailbox
from genesis.runtime.turns import Guard, NoTurn, Unwound


class Script(Observer, Protocol):
    """An observer that also knows what happened."""

    def may_die(self, name: str, epoch: int, reason: str) -> bool:
        """False: that the handler raised had no effect, for the incarnation was fenced by then."""


class ToldClock:
    """Shows the time it was told last."""

    def __init__(self) -> None:
        self.time_ns = 0

    def now_ns(self) -> int:
        return self.time_ns

    def wall_wait_s(self, due_ns: int) -> float | None:
        return None

    def jump_to(self, time_ns: int) -> None:
        """Time is the driver's."""


class Pile(SoloMailbox):
    """Not a queue: holds every message that was sent until it is picked by its origin."""

    def __init__(self) -> None:
        super().__init__(1, on_overflow=lambda message: None, on_put=lambda: None)
        self._by_origin: dict[object, tuple[Message, int]] = {}
        self._replacing: dict[tuple[type, str, object], deque[object]] = {}

    def put(self, message: Message, epoch: int = 0, origin: object = None) -> None:
        if origin is None:
            return  # from outside: the driver has it
        self._by_origin[origin] = (message, epoch)
        if not epoch and (key := _key(message, origin)) is not None:
            self._replacing.setdefault(key, deque()).append(origin)

    def pick(self, origin: object) -> Message | None:
        """The message of that origin, once; those that it replaced in the queue go with it."""
        message, _ = self._by_origin.pop(origin, (None, 0))
        if message is not None and (key := _key(message, origin)) is not None:
            older = self._replacing.get(key, deque())
            while older and (passed := older.popleft()) != origin:
                self._by_origin.pop(passed, None)
        return message

    def hand_to(self, epoch: int) -> Message | None:
        # The one before may still have taken a timer while it was being given up.
        self._by_origin = {
            origin: kept
            for origin, kept in self._by_origin.items()
            if not kept[1] or kept[1] >= epoch - 1
        }
        return super().hand_to(epoch)


def _key(message: Message, origin: object) -> tuple[type, str, object] | None:
    name = message.conflation_key
    assert isinstance(origin, tuple)
    return None if name is None else (type(message), name, origin[:2])


class _Unfenced(Address):
    """Lets a fenced incarnation send: what came too late in truth is not asked for here either."""

    def send_as(self, epoch: int, to: Address, message: Message) -> bool:
        assert self.observer is not None
        to.mailbox.put(message, 0, self.observer.sending(self.name, epoch, to.name, message))
        return True


class RetraceRuntime(BaseRuntime):
    """``begin`` and ``deliver`` drive it. ``outside`` are the addresses where nobody lives."""

    def __init__(self, script: Script, *, seed: int, outside: Collection[str]) -> None:
        self.told = ToldClock()
        super().__init__(self.told, seed=seed, mailbox_capacity=1, observer=script)
        self._script = script
        self._outside = outside
        self._actors: dict[tuple[str, int], Actor] = {}

    def _new_address(self, name: str) -> Address:
        return _Unfenced(name, Pile(), self.observer)

    def spawn(self, name: str, start: Callable[[Context], Any]) -> int:
        return 0 if name in self._outside else super().spawn(name, start)

    def inbox(self, address: Address, epoch: int) -> Any:
        return NoTurn(address.mailbox, epoch)

    def run_loop(self, address: Address, epoch: int, actor: Actor) -> None:
        self._actors[address.name, epoch] = actor

    def timer(
        self,
        address: Address,
        epoch: int,
        delay_ns: int,
        message: Message,
        *,
        wall: bool,
        rank: int = 0,
    ) -> None:
        assert isinstance(message, Numbered)
        address.mailbox.put(message.message, epoch, message.origin)

    def wall_ns(self) -> int:
        return self._script.noted("wall", 0)

    def waits(self, name: str) -> bool:
        return self._script.noted("waits", False)

    def hang(self, address: Address, epoch: int) -> None:
        """It came back only when it was fenced; nothing it did then had an effect."""

    def died(self, address: Address, epoch: int, reason: str) -> None:
        if self._script.may_die(address.name, epoch, reason):
            super().died(address, epoch, reason)

    def lives(self, name: str, epoch: int) -> bool:
        """Whether this incarnation was started and has not come to its end by itself."""
        actor = self._actors.get((name, epoch))
        return actor is not None and not actor.actor_stopped.is_set()

    def pick(self, name: str, origin: object) -> Message | None:
        """The message to ``name`` of that origin; None if none was sent."""
        pile = self._addresses[name].mailbox
        assert isinstance(pile, Pile)
        return pile.pick(origin)

    def begin(self, name: str, epoch: int, now_ns: int) -> None:
        """Let an incarnation that ``lives`` begin."""
        self._run(name, epoch, None, now_ns)

    def deliver(self, name: str, epoch: int, message: Message, now_ns: int) -> None:
        """Let an incarnation that ``lives`` handle a message."""
        self._run(name, epoch, message, now_ns)

    def _run(self, name: str, epoch: int, message: Message | None, now_ns: int) -> None:
        self.told.time_ns = now_ns
        actor = self._actors[name, epoch]
        if message is None:
            with suppress(Unwound):
                actor._actor_loop()
            return
        mailbox = self._addresses[name].mailbox
        mailbox.handling = message
        self._script.taken(None, message)
        # Not in pykka's loop, which takes an interrupt of the process for the actor's own.
        with Guard(actor):
            actor.on_receive(message)
            mailbox.done(epoch)

    def stop(self) -> None:
        """Let go of every actor. None runs afterwards."""
        for address in self._addresses.values():
            address.vacate(address.living)
        for actor in self._actors.values():
            ActorRegistry.unregister(actor.actor_ref)
        self._actors.clear()
