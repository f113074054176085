"""The virtual runtime with a seeded plan of what goes wrong inside: crashes and hangs of actors."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

import msgspec

from genesis.messages.base import Message
from genesis.messages.lifecycle import InjectHang
from genesis.runtime.actor import Actor, InjectedCrash
from genesis.runtime.address import Address
from genesis.runtime.virtual import VirtualRuntime


class When(enum.StrEnum):
    """Where in the handling of a message an incarnation fails."""

    BEFORE = "before handling it"
    MIDWAY = "in the middle of what it sends"
    AFTER = "after handling it"
    HANG = "never coming back from it"
    START = "in its own start"


class ActorFault(msgspec.Struct, frozen=True):
    """``name`` fails at the first message handled at or after ``at_ns`` (trading time)."""

    at_ns: int
    name: str
    when: When


class ChaosRuntime(VirtualRuntime):
    """Each fault of the plan strikes once, on the production actors as they are."""

    def __init__(
        self,
        start_ns: int,
        faults: Iterable[ActorFault],
        *,
        seed: int = 0,
        mailbox_capacity: int = 10_000,
    ) -> None:
        super().__init__(start_ns, seed=seed, mailbox_capacity=mailbox_capacity)
        self._plan = sorted(faults, key=lambda fault: fault.at_ns)
        self.struck: list[ActorFault] = []

    def _deliver(self, address: Address) -> None:
        fault = self._next_fault(address, starting=False)
        _, actor, _ = self._actors.get(address.name, (0, None, None))
        if fault is None or actor is None:
            super()._deliver(address)
            return
        if fault.when is When.HANG:
            address.tell(InjectHang("drill"))
        else:
            _sabotage(actor, fault.when)
        super()._deliver(address)
        _mend(actor)

    def _start(self, address: Address, actor: Actor) -> None:
        if self._next_fault(address, starting=True) is not None:
            actor.__dict__["begin"] = _fail_to_begin
        super()._start(address, actor)

    def _next_fault(self, address: Address, *, starting: bool) -> ActorFault | None:
        now_ns = self.clock.now_ns()
        for index, fault in enumerate(self._plan):
            if fault.at_ns > now_ns:
                return None
            wanted = fault.name == address.name and (fault.when is When.START) == starting
            if wanted and (starting or (address.living and address.mailbox.depth)):
                del self._plan[index]
                self.struck.append(fault)
                return fault
        return None


def _fail_to_begin() -> None:
    raise InjectedCrash("drill: in its own start")


def _sabotage(actor: Actor, when: When) -> None:
    """Shadow the actor's own methods for one message."""
    handle = type(actor).on_receive
    tell = type(actor).tell

    def on_receive(message: Any) -> Any:
        if when is When.BEFORE:
            raise InjectedCrash(f"drill: {when}")
        handle(actor, message)
        raise InjectedCrash(f"drill: {when}")

    def tell_once(to: str, message: Message) -> None:
        tell(actor, to, message)
        raise InjectedCrash(f"drill: {when}")

    actor.__dict__["on_receive"] = on_receive
    if when is When.MIDWAY:
        actor.__dict__["tell"] = tell_once


def _mend(actor: Actor) -> None:
    actor.__dict__.pop("on_receive", None)
    actor.__dict__.pop("tell", None)
