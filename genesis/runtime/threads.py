"""The runtime for live and paper trading: one thread per actor, real time underneath."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from pykka import messages as pykka_messages
from pykka._envelope import Envelope

from genesis.errors import RuntimeFault
from genesis.messages.base import Message
from genesis.messages.lifecycle import ActorDown, MailboxOverflowed
from genesis.runtime.actor import SUPERVISOR, Actor, Context
from genesis.runtime.address import Address, DeadLetter
from genesis.runtime.clock import Clock
from genesis.runtime.counters import Counters
from genesis.runtime.mailbox import Activity, Fenced, Mailbox
from genesis.runtime.timers import Timers

DEAD_LETTERS_KEPT = 1000


class _Inbox:
    """pykka's view of a mailbox for one incarnation: it has nothing of its own to drain."""

    def __init__(self, mailbox: Mailbox, epoch: int) -> None:
        self._mailbox = mailbox
        self._epoch = epoch

    def put(self, envelope: Envelope[Any]) -> None:
        # pykka's registry stops actors this way; anything else has to use an address.
        if not isinstance(envelope.message, pykka_messages._ActorStop):
            raise TypeError("send through an Address, not through a pykka ActorRef")

    def get(self) -> Envelope[Any]:
        return Envelope(self._mailbox.take(self._epoch))

    def empty(self) -> bool:
        return True


class ThreadsRuntime:
    """Actors on threads. ``spawn`` starts an incarnation behind its address."""

    def __init__(self, clock: Clock, *, seed: int = 0, mailbox_capacity: int = 10_000) -> None:
        self.clock = clock
        self.counters = Counters()
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self.supervisor_down: Callable[[str], None] = _raise_fault
        self._seed = seed
        self._capacity = mailbox_capacity
        self._activity = Activity()
        self._timers = Timers(clock, self._activity)
        self._addresses: dict[str, Address] = {}
        self._revoked = threading.Condition()
        self._timers.start()

    def register(self, name: str, capacity: int | None = None) -> Address:
        """Make an address; messages wait in it until an incarnation lives there."""
        mailbox = Mailbox(
            capacity or self._capacity,
            self._activity,
            on_overflow=lambda message: self._overflowed(name, message),
        )
        return self._addresses.setdefault(name, Address(name, mailbox))

    def address(self, name: str) -> Address:
        """The address of that name. Raises KeyError: an unknown name is a bug."""
        return self._addresses[name]

    def addresses(self) -> list[Address]:
        return list(self._addresses.values())

    def spawn(self, name: str, start: Callable[[Context], Any]) -> int:
        """Start a new incarnation of ``name``; returns its epoch."""
        address = self._addresses[name]
        epoch = address.occupy()
        start(Context(self, address, epoch, self._seed))
        return epoch

    def fence(self, name: str, epoch: int, reason: str) -> None:
        """Abandon incarnation ``epoch`` of ``name``: nothing it still does has an effect."""
        address = self._addresses[name]
        self._bury(address, epoch, address.vacate(epoch), reason)
        with self._revoked:
            self._revoked.notify_all()

    def wall_ns(self) -> int:
        """Real time that never goes back, for supervision; not a time of day."""
        return time.monotonic_ns()

    def stop(self) -> None:
        """Stop timers and unwind every loop that is left. No actor runs afterwards."""
        self._timers.stop()
        for address in self._addresses.values():
            address.vacate(address.living)
        with self._revoked:
            self._revoked.notify_all()

    def inbox(self, address: Address, epoch: int) -> Any:
        return _Inbox(address.mailbox, epoch)

    def run_loop(self, address: Address, epoch: int, loop: Callable[[], None]) -> None:
        def run() -> None:
            try:
                loop()
            except Fenced:
                return

        threading.Thread(target=run, name=f"{address.name}#{epoch}", daemon=True).start()

    def timer(
        self, address: Address, epoch: int, delay_ns: int, message: Message, *, wall: bool
    ) -> None:
        self._timers.add(address, epoch, delay_ns, message, wall=wall)

    def died(self, address: Address, epoch: int, reason: str) -> None:
        if address.living != epoch:
            return
        message = address.vacate(epoch)
        self._bury(address, epoch, message, reason)
        if address.name == SUPERVISOR:
            self.supervisor_down(reason)
            return
        self._addresses[SUPERVISOR].tell(
            ActorDown(address.name, epoch, reason, "" if message is None else describe(message))
        )

    def hang(self, address: Address, epoch: int) -> None:
        with self._revoked:
            self._revoked.wait_for(lambda: address.living != epoch)

    def _bury(self, address: Address, epoch: int, message: Message | None, reason: str) -> None:
        if message is not None:
            self.dead_letters.append(DeadLetter(address.name, epoch, message, reason))

    def _overflowed(self, name: str, message: Message) -> None:
        self._addresses[SUPERVISOR].tell(
            MailboxOverflowed(name, type(message).__name__, self._addresses[name].mailbox.capacity)
        )


def starter(actor: type[Actor], **kwargs: Any) -> Callable[[Context], Any]:
    """How to start an incarnation of ``actor`` with these constructor arguments."""

    def start(context: Context) -> Any:
        return actor.start(context, **kwargs)

    return start


def describe(message: Message) -> str:
    """One line about a message, short enough for a log and the journal."""
    text = repr(message)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _raise_fault(reason: str) -> None:
    raise RuntimeFault(f"the supervisor died: {reason}")
