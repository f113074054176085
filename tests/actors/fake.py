"""A stage for one actor alone: messages in by hand, messages out on a list, time by the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from genesis.messages.base import Message
from genesis.messages.journal import JournalSnapshot
from genesis.runtime.actor import Actor, Context
from genesis.runtime.address import Address
from genesis.runtime.counters import Counters
from genesis.runtime.mailbox import Activity, Mailbox

MS = 1_000_000
SECOND = 1_000_000_000
NOON_NS = 1_723_118_400 * SECOND

M = TypeVar("M", bound=Message)


class Sent(NamedTuple):
    to: str
    message: Message


class Timer(NamedTuple):
    due_ns: int
    name: str
    epoch: int
    message: Message
    wall: bool


class Clock:
    """Stands still unless the test moves it."""

    def __init__(self) -> None:
        self.time_ns = NOON_NS

    def now_ns(self) -> int:
        return self.time_ns

    def wall_wait_s(self, due_ns: int) -> float | None:
        return None

    def jump_to(self, time_ns: int) -> None:
        self.time_ns = max(self.time_ns, time_ns)


class Pigeonhole(Mailbox):
    """Nobody reads it: what is put in goes onto the runtime's list. ``behind``: so many messages
    wait behind the one that a test tells."""

    behind = 0

    def __init__(self, name: str, sent: list[Sent]) -> None:
        super().__init__(1000, Activity(), lambda message: None)
        self._name = name
        self._sent = sent

    @property
    def depth(self) -> int:
        return self.behind

    def put(self, message: Message) -> None:
        self._sent.append(Sent(self._name, message))


class FakeRuntime:
    """What an actor may use of a runtime, and what the supervisor needs of one. Runs nothing."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.counters = Counters()
        self.observer = None
        self.sent: list[Sent] = []
        self.timers: list[Timer] = []
        self.fenced: list[tuple[str, int, str]] = []
        self.waiting: set[str] = set()
        self._addresses: dict[str, Address] = {}

    def address(self, name: str) -> Address:
        if name not in self._addresses:
            self._addresses[name] = Address(name, Pigeonhole(name, self.sent))
        return self._addresses[name]

    def inbox(self, address: Address, epoch: int) -> Any:
        return None

    def run_loop(self, address: Address, epoch: int, actor: Actor) -> None:
        raise AssertionError(f"{address.name} is not to be started here")

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
        self.timers.append(Timer(due_ns, address.name, epoch, message, wall))

    def died(self, address: Address, epoch: int, reason: str) -> None:
        address.vacate(epoch)

    def unseen_ns(self) -> int:
        return 0

    def horizon_ns(self, hears_readers: bool = False) -> int | None:
        return None

    def hang(self, address: Address, epoch: int) -> None:
        """A test does not wait."""

    def waits(self, name: str) -> bool:
        return name in self.waiting

    def wall_ns(self) -> int:
        return self.clock.now_ns()

    def spawn(self, name: str, start: Callable[[Context], Any]) -> int:
        address = self.address(name)
        epoch = address.occupy()
        start(Context(self, address, epoch, 0))
        return epoch

    def fence(self, name: str, epoch: int, reason: str) -> Message | None:
        self.fenced.append((name, epoch, reason))
        return self.address(name).vacate(epoch)


class Stage:
    """One incarnation after another of one actor, told its messages one at a time."""

    def __init__(
        self, name: str, make: Callable[[Context], Actor], runtime: FakeRuntime | None = None
    ) -> None:
        self.name = name
        self.runtime = runtime or FakeRuntime()
        self._make = make
        self.start()

    def start(self) -> None:
        """A (further) incarnation comes to life; the one before, if any, is gone."""
        address = self.runtime.address(self.name)
        self.epoch = address.occupy()
        self.actor = self._make(Context(self.runtime, address, self.epoch, 0))
        self.actor.on_start()

    def tell(self, *messages: Message) -> None:
        """A snapshot of the journal is made to answer the living incarnation."""
        mailbox = self.runtime.address(self.name).mailbox
        assert isinstance(mailbox, Pigeonhole)
        for number, message in enumerate(messages, 1):
            if isinstance(message, JournalSnapshot):
                message = msgspec.structs.replace(message, epoch=self.epoch)
            mailbox.behind = len(messages) - number
            self.actor.on_receive(message)

    def stop(self) -> None:
        self.actor.on_stop()

    def sent(self, kind: type[M], to: str | None = None) -> list[M]:
        """What was sent of a kind, oldest first. Leaves it on the list."""
        return [
            message
            for addressee, message in self.runtime.sent
            if isinstance(message, kind) and to in (None, addressee)
        ]

    def take(self, kind: type[M], to: str | None = None) -> list[M]:
        """As ``sent``, and takes it off the list."""
        taken = self.sent(kind, to)
        self.runtime.sent[:] = [
            s for s in self.runtime.sent if not (isinstance(s.message, kind) and to in (None, s.to))
        ]
        return taken

    def clear(self) -> None:
        """Forget what was sent so far."""
        self.runtime.sent.clear()

    def to_itself(self) -> None:
        """Deliver what the actor sent to itself."""
        for message in self.take(Message, self.name):
            self.tell(message)

    def wait_ns(self, nanoseconds: int) -> None:
        """Let time pass; what falls due in it is delivered at its time."""
        end_ns = self.runtime.clock.time_ns + nanoseconds
        while due := [t for t in self.runtime.timers if t.due_ns <= end_ns]:
            timer = min(due, key=lambda t: t.due_ns)
            self.runtime.timers.remove(timer)
            self.runtime.clock.jump_to(timer.due_ns)
            if timer.epoch == self.runtime.address(self.name).living:
                self.tell(timer.message)
        self.runtime.clock.time_ns = end_ns

    def wait_s(self, seconds: float) -> None:
        self.wait_ns(round(seconds * SECOND))

    def timers(self, kind: type[Message]) -> list[Timer]:
        """Timers of the living incarnation that are still to fire."""
        return [
            t for t in self.runtime.timers if isinstance(t.message, kind) and t.epoch == self.epoch
        ]
