"""What every runtime shares: addresses, births, deaths and dead letters. Drives nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from pykka import messages as pykka_messages
from pykka._envelope import Envelope

from genesis.errors import RuntimeFault
from genesis.messages.base import Message
from genesis.messages.lifecycle import ActorDown, MailboxOverflowed
from genesis.messages.names import SUPERVISOR
from genesis.runtime.actor import Actor, Context
from genesis.runtime.address import Address, Ask, DeadLetter
from genesis.runtime.clock import Clock
from genesis.runtime.counters import Counters
from genesis.runtime.mailbox import Activity, Mailbox, Sleeper, Unwatched
from genesis.runtime.observer import Observer

DEAD_LETTERS_KEPT = 1000


class Inbox:
    """pykka's view of a mailbox for one incarnation: it has nothing of its own to drain."""

    def __init__(self, mailbox: Any, epoch: int) -> None:
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


class BaseRuntime:
    """A runtime adds how loops run, what time is, and how timers fire."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int,
        mailbox_capacity: int,
        activity: Activity | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.clock = clock
        self.observer = observer
        self.counters = Counters()
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self.supervisor_down: Callable[[str], None] = _raise_fault
        self._seed = seed
        self._capacity = mailbox_capacity
        self._activity = activity or Unwatched()
        self._addresses: dict[str, Address] = {}

    def crew(self, name: str, members: Iterable[str]) -> None:
        """Let ``members`` take turns on one thread, where there are several. Comes before their
        ``register``."""

    def register(self, name: str) -> Address:
        """Make an address; messages wait in it until an incarnation lives there."""
        if name not in self._addresses:
            self._addresses[name] = self._new_address(name)
        return self._addresses[name]

    def _new_address(self, name: str) -> Address:
        mailbox = Mailbox(
            self._capacity,
            self._activity,
            on_overflow=lambda message: self._overflowed(name, message),
            on_put=self._on_put(name),
            observer=self.observer,
            puts_off=self._puts_off,
        )
        return Address(name, mailbox, self.observer)

    def _on_put(self, name: str) -> Callable[[], None] | None:
        """Whom to tell of a message for ``name``; None where it waits for them itself."""
        return None

    def _puts_off(self, sleeper: Sleeper) -> bool:
        """Whether who has something for ``sleeper`` now will wake it later."""
        return False

    def address(self, name: str) -> Address:
        """The address of that name. Raises KeyError: an unknown name is a bug."""
        return self._addresses[name]

    def spawn(self, name: str, start: Callable[[Context], Any]) -> int:
        """Start a new incarnation of ``name``; returns its epoch."""
        address = self._addresses[name]
        epoch = address.occupy()
        start(Context(self, address, epoch, self._seed))  # type: ignore[arg-type]  # a subclass is
        return epoch

    def fence(self, name: str, epoch: int, reason: str) -> Message | None:
        """Abandon incarnation ``epoch`` of ``name``: nothing it still does has an effect.

        Returns the message it was handling, which is a dead letter now.
        """
        address = self._addresses[name]
        vacated = address.vacate(epoch)
        if self.observer is not None:
            vacated = self.observer.fenced(name, epoch, vacated)
        if vacated is None:
            return None
        self._bury(address, epoch, vacated.message, reason)
        return vacated.message

    def died(self, address: Address, epoch: int, reason: str) -> None:
        vacated = address.vacate(epoch)
        if vacated is None:
            return
        if self.observer is not None:
            self.observer.died(address.name, epoch, reason)
        self._bury(address, epoch, vacated.message, reason)
        if address.name == SUPERVISOR:
            self.supervisor_down(reason)
            return
        down = ActorDown(address.name, epoch, reason, vacated.message)
        self._addresses[SUPERVISOR].tell(down)

    def unseen_ns(self) -> int:
        return 0

    def horizon_ns(self, hears_readers: bool = False) -> int | None:
        """In real time nobody knows what comes next."""
        return None

    def waits(self, name: str) -> bool:
        """Whether ``name`` can do nothing now because another has the turn on its thread."""
        return False

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
    text = repr(message.question if isinstance(message, Ask) else message)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _raise_fault(reason: str) -> None:
    raise RuntimeFault(f"the supervisor died: {reason}")
