"""The runtime for live and paper trading: one thread per actor, real time underneath."""

from __future__ import annotations

import threading
import time
from typing import Any

from pykka import ActorRegistry

from genesis.messages.base import Message
from genesis.runtime.actor import Actor
from genesis.runtime.address import Address
from genesis.runtime.base import BaseRuntime, Inbox, describe, starter
from genesis.runtime.clock import Clock
from genesis.runtime.mailbox import Activity, Fenced
from genesis.runtime.observer import Observer
from genesis.runtime.timers import Timers

__all__ = ["ThreadsRuntime", "describe", "starter"]


class ThreadsRuntime(BaseRuntime):
    """Actors on threads. ``spawn`` starts an incarnation behind its address."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        mailbox_capacity: int = 10_000,
        observer: Observer | None = None,
    ) -> None:
        super().__init__(
            clock,
            seed=seed,
            mailbox_capacity=mailbox_capacity,
            activity=Activity() if clock.wall_wait_s(0) is None else None,
            observer=observer,
        )
        self._timers = Timers(clock, self._activity)
        self._revoked = threading.Condition()
        self._timers.start()

    def wall_ns(self) -> int:
        """Real time that never goes back, for supervision; not a time of day."""
        now_ns = time.monotonic_ns()
        return now_ns if self.observer is None else self.observer.noted("wall", now_ns)

    def fence(self, name: str, epoch: int, reason: str) -> Message | None:
        message = super().fence(name, epoch, reason)
        with self._revoked:
            self._revoked.notify_all()
        return message

    def stop(self) -> None:
        """Stop timers and unwind every loop that is left. No actor runs afterwards."""
        self._timers.stop()
        for address in self._addresses.values():
            address.vacate(address.living)
        with self._revoked:
            self._revoked.notify_all()

    def inbox(self, address: Address, epoch: int) -> Any:
        return Inbox(address.mailbox, epoch)

    def run_loop(self, address: Address, epoch: int, actor: Actor) -> None:
        def run() -> None:
            try:
                actor._actor_loop()
            except Fenced:
                # pykka's registry would keep the actor, and all it holds, for ever.
                ActorRegistry.unregister(actor.actor_ref)

        threading.Thread(target=run, name=f"{address.name}#{epoch}", daemon=True).start()

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
        self._timers.add(address, epoch, delay_ns, message, wall=wall)

    def hang(self, address: Address, epoch: int) -> None:
        with self._revoked:
            self._revoked.wait_for(lambda: address.living != epoch)
