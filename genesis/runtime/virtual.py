"""The runtime for backtests, replays and drills: one thread, an event heap, virtual time.

The same actors, the same order of events for the same seed and input, on every Python.
"""

from __future__ import annotations

import enum
import functools
import heapq
import itertools
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from genesis.messages.base import Message
from genesis.runtime.actor import Actor
from genesis.runtime.address import Address, SoloAddress
from genesis.runtime.base import BaseRuntime
from genesis.runtime.clock import ENDLESS_NS, WarpClock
from genesis.runtime.mailbox import Mailbox
from genesis.runtime.solo import SoloMailbox
from genesis.runtime.turns import Guard, NoTurn, Unwound, forget

Timer = tuple[int, int, int, Address, int, Message]
"""Due time, rank, tie-breaker, addressee, the epoch it is for, the message."""

MARKET_RANK = 1
"""Of the timer that brings what was received at a moment: those of a lower rank come before it."""
READERS_RANK = 3
"""Timers of this rank or above only read what was received: no horizon ends at them."""


class Stood(enum.Enum):
    """Why ``run`` returned."""

    PAUSED = enum.auto()
    BUSY = enum.auto()
    IDLE = enum.auto()


class Inhabitant(NamedTuple):
    """The newest incarnation of a name; it may be dead already."""

    epoch: int
    actor: Actor
    guard: Guard
    mailbox: Mailbox | SoloMailbox


class VirtualRuntime(BaseRuntime):
    """``run`` drives everything: what is ready first in, first out, then the next timer.

    ``lookahead``: what is received before the next timer may travel at once. Nothing that happens
    is changed by it, only how often anyone is woken. ``reaction_ns``: what a reader does reaches
    no other before that.
    """

    def __init__(
        self,
        start_ns: int,
        *,
        seed: int = 0,
        mailbox_capacity: int = 10_000,
    ) -> None:
        super().__init__(WarpClock(start_ns), seed=seed, mailbox_capacity=mailbox_capacity)
        self.lookahead = False
        self.reaction_ns = 0
        self._ready: deque[str | tuple[Address, Actor]] = deque()
        """Whose turn is next: a message's reader by name, or an actor that begins."""
        self._timers: list[Timer] = []
        self._readers: list[Timer] = []
        self._due_ns = self._rank = 0
        self._numbers = itertools.count()
        self._actors: dict[str, Inhabitant] = {}
        self._hung: set[tuple[str, int]] = set()
        self._paused = False

    def wall_ns(self) -> int:
        """There is no other time here than the virtual one."""
        return self.clock.now_ns()

    def run(self, events_max: int = ENDLESS_NS) -> Stood:
        """Until ``pause`` is called, so many events have happened, or nothing is left to happen."""
        ready, deliver = self._ready, self._delivery()
        for _ in itertools.repeat(None, events_max):
            if self._paused:
                self._paused = False
                return Stood.PAUSED
            if ready:
                turn = ready.popleft()
                if type(turn) is str:
                    deliver(turn)
                else:
                    self._start(*turn)
                continue
            timer = self._next_timer()
            if timer is None:
                return Stood.IDLE
            due_ns, rank, _, address, epoch, message = timer
            if due_ns != self._due_ns:
                self._due_ns, self._rank = due_ns, rank
                self.clock.jump_to(due_ns)
            elif rank > self._rank:
                self._rank = rank
            address.remind(epoch, message)
        return Stood.BUSY

    def pause(self) -> None:
        """Let ``run`` return before the next event; safe from a handler, a thread or a signal."""
        self._paused = True

    def _next_timer(self) -> Timer | None:
        timers, readers = self._timers, self._readers
        if readers and (not timers or readers[0] < timers[0]):
            return heapq.heappop(readers)
        return heapq.heappop(timers) if timers else None

    def stop(self) -> None:
        """Let go of every actor. None runs afterwards."""
        for address in self._addresses.values():
            address.vacate(address.living)
        for here in self._actors.values():
            forget(here.actor)
        for turn in self._ready:
            if isinstance(turn, tuple):
                forget(turn[1])
        self._ready.clear()
        self._timers.clear()
        self._readers.clear()
        self._actors.clear()

    def inbox(self, address: Address, epoch: int) -> Any:
        return NoTurn(address.mailbox, epoch)

    def run_loop(self, address: Address, epoch: int, actor: Actor) -> None:
        self._ready.append((address, actor))

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
        due_ns = self.clock.now_ns() + delay_ns
        reads_only = rank >= READERS_RANK or message.reads_only
        timers = self._readers if reads_only else self._timers
        heapq.heappush(timers, (due_ns, rank, next(self._numbers), address, epoch, message))

    def horizon_ns(self, hears_readers: bool = False) -> int:
        now_ns = self.clock.now_ns()
        if not self.lookahead:
            return now_ns + 1
        horizon_ns = self._timers[0][0] if self._timers else ENDLESS_NS
        if hears_readers and self._readers:
            horizon_ns = min(horizon_ns, self._readers[0][0] + self.reaction_ns)
        return max(now_ns + 1, horizon_ns)

    def unseen_ns(self) -> int:
        # It may have come in a stretch already.
        early = self.lookahead and self._rank < MARKET_RANK
        return 1 if early and self._due_ns == self.clock.now_ns() else 0

    def hang(self, address: Address, epoch: int) -> None:
        """One thread cannot wait: the incarnation simply gets no more turns until it is fenced."""
        self._hung.add((address.name, epoch))

    def _new_address(self, name: str) -> Address:
        mailbox = SoloMailbox(
            self._capacity,
            on_overflow=lambda message: self._overflowed(name, message),
            on_put=functools.partial(self._ready.append, name),
        )
        return SoloAddress(name, mailbox)

    def _start(self, address: Address, actor: Actor) -> None:
        if address.name in self._actors:
            forget(self._actors[address.name].actor)  # one that hangs has not left by itself
        self._actors[address.name] = Inhabitant(actor.epoch, actor, Guard(actor), address.mailbox)
        # What waited while nobody lived here has its turns behind the start.
        self._ready.extend([address.name] * address.mailbox.depth)
        with suppress(Unwound):
            actor._actor_loop()

    def _delivery(self) -> Callable[[str], None]:
        """What gives somebody his turn."""
        return self._deliver

    def _deliver(self, name: str) -> None:
        here = self._actors.get(name)
        if here is None:
            return
        epoch, actor, guard, mailbox = here
        if self._hung and (name, epoch) in self._hung:
            return
        message = mailbox.take_now(epoch)
        if message is None:
            return
        try:
            actor.on_receive(message)
        except BaseException:
            # Only now: to enter the guard for each message costs more than to queue it.
            if guard.__exit__(*sys.exc_info()):
                return
            raise
        mailbox.handling = None
