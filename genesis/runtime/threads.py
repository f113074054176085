"""The runtime for live and paper trading: a thread per actor or crew, real time underneath."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from genesis.messages.base import Message
from genesis.runtime.actor import Actor
from genesis.runtime.address import Address
from genesis.runtime.base import BaseRuntime, Inbox
from genesis.runtime.clock import Clock
from genesis.runtime.crew import Crew
from genesis.runtime.mailbox import Activity, Fenced, Sleeper
from genesis.runtime.observer import Observer
from genesis.runtime.timers import Timers
from genesis.runtime.turns import NoTurn, forget


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
        self._timers = Timers(clock, self._activity, self._puts_off)
        self._time_held = False
        self._revoked = threading.Condition()
        self._crews: list[Crew] = []
        self._crew_of: dict[str, Crew] = {}
        self._timers.start()

    def crew(self, name: str, members: Iterable[str]) -> None:
        crew = Crew(name)
        self._crews.append(crew)
        self._crew_of |= dict.fromkeys(members, crew)

    def hold_time(self) -> None:
        """Where only idleness moves time, it stands still until ``release_time``: or the timers of
        whoever is up already would carry it past what has not begun yet."""
        self._time_held = True
        self._activity.begin()

    def release_time(self) -> None:
        """Time goes on, if it was held."""
        if self._time_held:
            self._time_held = False
            self._activity.end()

    def wall_ns(self) -> int:
        """Real time that never goes back, for supervision; not a time of day."""
        now_ns = time.monotonic_ns()
        return now_ns if self.observer is None else self.observer.noted("wall", now_ns)

    def fence(self, name: str, epoch: int, reason: str) -> Message | None:
        message = super().fence(name, epoch, reason)
        with self._revoked:
            self._revoked.notify_all()
        if name in self._crew_of:
            self._crew_of[name].go_on(name)
        return message

    def waits(self, name: str) -> bool:
        waits = name in self._crew_of and self._crew_of[name].waits(name)
        return waits if self.observer is None else self.observer.noted("waits", waits)

    def stop(self) -> None:
        """Stop timers and unwind every loop that is left. No actor runs afterwards."""
        self._timers.stop()
        self.release_time()
        for address in self._addresses.values():
            address.vacate(address.living)
        with self._revoked:
            self._revoked.notify_all()
        for crew in self._crews:
            crew.stop()

    def inbox(self, address: Address, epoch: int) -> Any:
        kind = NoTurn if address.name in self._crew_of else Inbox
        return kind(address.mailbox, epoch)

    def run_loop(self, address: Address, epoch: int, actor: Actor) -> None:
        if address.name in self._crew_of:
            self._crew_of[address.name].start(actor)
            return

        def run() -> None:
            try:
                actor._actor_loop()
            except Fenced:
                forget(actor)

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

    def _on_put(self, name: str) -> Callable[[], None] | None:
        return self._crew_of[name].turn_for(name) if name in self._crew_of else None

    def _puts_off(self, sleeper: Sleeper) -> bool:
        return any(crew.puts_off(sleeper) for crew in self._crews)
