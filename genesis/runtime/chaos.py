"""The virtual runtime with a plan of what goes wrong inside: crashes, hangs, full mailboxes."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

from genesis.messages.base import Message
from genesis.runtime.actor import Actor, Context, InjectedCrash, handles
from genesis.runtime.address import Address
from genesis.runtime.base import starter
from genesis.runtime.clock import ENDLESS_NS
from genesis.runtime.mailbox import Mailbox
from genesis.runtime.solo import SoloMailbox
from genesis.runtime.virtual import VirtualRuntime

CHAOS: Final = "chaos"
"""The address of whoever reminds the runtime of its plan; no part of the house."""


class ActorKind(enum.StrEnum):
    """How an incarnation fails at a message.

    A ZOMBIE hangs for ``for_ns``, then goes on with its message, fenced or not. OVERFLOW leaves
    its mailbox without room for ``for_ns``.
    """

    CRASH_BEFORE = "crash-before"
    CRASH_MIDWAY = "crash-midway"
    CRASH_AFTER = "crash-after"
    CRASH_IN_START = "crash-in-start"
    HANG = "hang"
    ZOMBIE = "zombie"
    OVERFLOW = "overflow"


class ActorFault(msgspec.Struct, frozen=True, tag="actor"):
    """``name`` fails at the first message it comes to at or after ``at_ns`` (trading time)."""

    at_ns: int
    kind: ActorKind
    name: str
    for_ns: int = 0


class WakeUp(Message, frozen=True):
    """The time of something that lasts is over."""

    number: int


class Alarm(Actor):
    """Carries the runtime's own timers."""

    @handles(WakeUp)
    def _on_wake_up(self, wake: WakeUp) -> None:
        runtime = self.context.runtime
        assert isinstance(runtime, ChaosRuntime)  # nobody else starts one
        runtime.woken(wake.number)


class ChaosRuntime(VirtualRuntime):
    """Each fault of the plan strikes once, before ``until_ns``, on the production actors as they
    are. ``struck`` lists what struck when; ``zombie_sent`` counts what zombies got through;
    ``spawned`` lists each incarnation: when, name, which one lived there then (0: none), epoch."""

    def __init__(
        self,
        start_ns: int,
        faults: Iterable[ActorFault],
        *,
        seed: int = 0,
        mailbox_capacity: int = 10_000,
        until_ns: int = ENDLESS_NS,
    ) -> None:
        super().__init__(start_ns, seed=seed, mailbox_capacity=mailbox_capacity)
        self._at_starts: dict[str, list[ActorFault]] = {}
        self._at_messages: dict[str, list[ActorFault]] = {}
        for fault in sorted(faults, key=lambda fault: (fault.at_ns, fault.kind)):
            at_start = fault.kind is ActorKind.CRASH_IN_START
            plan = self._at_starts if at_start else self._at_messages
            plan.setdefault(fault.name, []).append(fault)
        self._until_ns = until_ns
        self.struck: list[tuple[int, ActorFault]] = []
        self.zombie_sent = 0
        self._later: list[Callable[[], None]] = []
        self.spawned: list[tuple[int, str, int, int]] = []

    def set_alarm(self) -> None:
        """Whoever has a plan of faults, or calls ``call_in``, begins with this."""
        self.register(CHAOS)
        self.spawn(CHAOS, starter(Alarm))

    def call_in(self, delay_ns: int, act: Callable[[], None]) -> None:
        """Call ``act`` in so much trading time, between two messages of the house."""
        self._later.append(act)
        alarm = self._addresses[CHAOS]
        number = len(self._later) - 1
        self.timer(alarm, alarm.living, delay_ns, WakeUp(number), wall=False)

    def spawn(self, name: str, start: Callable[[Context], Any]) -> int:
        before = self._addresses[name].living
        epoch = super().spawn(name, start)
        self.spawned.append((self.clock.now_ns(), name, before, epoch))
        return epoch

    def is_hung(self, name: str) -> bool:
        """Whether the incarnation that lives there will never come to a message again."""
        return (name, self._addresses[name].living) in self._hung

    def woken(self, number: int) -> None:
        self._later[number]()

    def _delivery(self) -> Callable[[str], None]:
        return self._deliver_or_strike if self._at_messages else self._deliver

    def _deliver_or_strike(self, name: str) -> None:
        waiting = self._at_messages.get(name)
        if not waiting or waiting[0].at_ns > self.clock.now_ns() or not self._can_strike(name):
            self._deliver(name)
            return
        fault = self._strike(waiting)
        _, actor, guard, mailbox = self._actors[name]
        if fault.kind is ActorKind.OVERFLOW:
            self._fill_up(mailbox, fault.for_ns)
        elif fault.kind in (ActorKind.HANG, ActorKind.ZOMBIE):
            self._hang_at_message(actor, guard, fault)
        else:
            _sabotage(actor, fault.kind)
        self._deliver(name)
        _mend(actor)

    def _start(self, address: Address, actor: Actor) -> None:
        waiting = self._at_starts.get(address.name)
        now_ns = self.clock.now_ns()
        if waiting and waiting[0].at_ns <= now_ns < self._until_ns:
            self._strike(waiting)
            actor.__dict__["begin"] = _fail_to_begin
        super()._start(address, actor)

    def _strike(self, waiting: list[ActorFault]) -> ActorFault:
        fault = waiting.pop(0)
        self.struck.append((self.clock.now_ns(), fault))
        return fault

    def _can_strike(self, name: str) -> bool:
        """A living incarnation is about to come to a message."""
        address, here = self._addresses[name], self._actors.get(name)
        lives = bool(address.living and address.mailbox.depth) and not self.is_hung(name)
        same = here is not None and here.epoch == address.living
        return lives and same and self.clock.now_ns() < self._until_ns

    def _fill_up(self, mailbox: Mailbox | SoloMailbox, for_ns: int) -> None:
        """No room but for what waits already."""
        capacity = self._capacity
        mailbox.capacity = 0

        def make_room() -> None:
            mailbox.capacity = capacity

        self.call_in(for_ns, make_room)

    def _hang_at_message(
        self, actor: Actor, guard: AbstractContextManager[Any], fault: ActorFault
    ) -> None:
        address, epoch = actor.context.address, actor.epoch

        def on_receive(message: Any) -> None:
            self.hang(address, epoch)
            if fault.kind is ActorKind.ZOMBIE:
                self.call_in(fault.for_ns, lambda: go_on(message))

        def go_on(message: Any) -> None:
            self._hung.discard((address.name, epoch))
            if address.living == epoch:
                self._ready.extend([address.name] * address.mailbox.depth)
            fenced, before = address.living != epoch, len(self._ready)
            with guard:
                actor.on_receive(message)
            if fenced:
                self.zombie_sent += len(self._ready) - before

        actor.__dict__["on_receive"] = on_receive


def _fail_to_begin() -> None:
    raise InjectedCrash("drill: in its own start")


def _sabotage(actor: Actor, kind: ActorKind) -> None:
    """Shadow the actor's own methods for one message."""
    handle = type(actor).on_receive
    tell = type(actor).tell

    def on_receive(message: Any) -> Any:
        if kind is ActorKind.CRASH_BEFORE:
            raise InjectedCrash(f"drill: {kind}")
        handle(actor, message)
        raise InjectedCrash(f"drill: {kind}")

    def tell_once(to: str, message: Message) -> None:
        tell(actor, to, message)
        raise InjectedCrash(f"drill: {kind}")

    actor.__dict__["on_receive"] = on_receive
    if kind is ActorKind.CRASH_MIDWAY:
        actor.__dict__["tell"] = tell_once


def _mend(actor: Actor) -> None:
    actor.__dict__.pop("on_receive", None)
    actor.__dict__.pop("tell", None)
