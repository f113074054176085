"""Addresses outlive incarnations: peers hold an address, restarts happen behind it."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pykka

from genesis.messages.base import Message
from genesis.runtime.mailbox import Mailbox
from genesis.runtime.observer import Numbered, Observer, Vacated
from genesis.runtime.solo import SoloMailbox


class Ask(Message, frozen=True):
    """A question from outside the actors (CLI, tests), with the future for its answer."""

    question: Message
    future: Any

    @property
    def conflation_key(self) -> str | None:
        return None


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that was not, and will not be, handled."""

    name: str
    epoch: int
    message: Message
    reason: str


class Address:
    """A name with a mailbox. ``living`` is the epoch of the incarnation behind it, 0 for none."""

    def __init__(
        self, name: str, mailbox: Mailbox | SoloMailbox, observer: Observer | None = None
    ) -> None:
        self.name = name
        self.mailbox = mailbox
        self.observer = observer
        self.epoch = 0
        self.living = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Address({self.name!r}, epoch={self.epoch})"

    def tell(self, message: Message) -> None:
        """Queue a message from outside the actors."""
        if self.observer is None:
            self.mailbox.put(message)
        else:
            origin = self.observer.sending("", 0, self.name, message)
            self.mailbox.put(message, 0, origin)

    def ask(self, question: Message, timeout_s: float) -> Any:
        """Ask from outside the actors and wait. Raises ``pykka.Timeout``, or what the handler did.

        Actors never call this: between them replies are messages.
        """
        return self.ask_later(question).get(timeout=timeout_s)

    def ask_later(self, question: Message) -> pykka.Future[Any]:
        """Ask from outside the actors; the future holds the answer once it is handled."""
        future: pykka.ThreadingFuture[Any] = pykka.ThreadingFuture()
        self.mailbox.put(Ask(question, future))
        return future

    def send_as(self, epoch: int, to: Address, message: Message) -> bool:
        """Send in the name of incarnation ``epoch``; a fenced one's message is dropped.

        The lock makes check and put one step, so nothing is sent once ``vacate`` has returned.
        """
        with self._lock:
            if epoch != self.living:
                return False
            if self.observer is None:
                to.mailbox.put(message)
            else:
                origin = self.observer.sending(self.name, epoch, to.name, message)
                to.mailbox.put(message, 0, origin)
            return True

    def remind(self, epoch: int, message: Message) -> None:
        """Queue a timer's message, which is for incarnation ``epoch`` only."""
        with self._lock:
            if epoch != self.living:
                return
            if type(message) is Numbered:
                self.mailbox.put(message.message, epoch, message.origin)
            else:
                self.mailbox.put(message, epoch)

    def occupy(self) -> int:
        """A new incarnation takes over; returns its epoch."""
        with self._lock:
            self.epoch += 1
            self.living = self.epoch
            self.mailbox.hand_to(self.living)
            return self.epoch

    def vacate(self, epoch: int) -> Vacated | None:
        """Fence incarnation ``epoch``; None when it was not the living one any more."""
        with self._lock:
            if epoch != self.living:
                return None
            self.living = 0
            return Vacated(self.mailbox.hand_to(0))


class SoloAddress(Address):
    """For a runtime of one thread that nothing observes: nobody comes between check and put."""

    def send_as(self, epoch: int, to: Address, message: Message) -> bool:
        if epoch != self.living:
            return False
        to.mailbox.put(message)
        return True

    def remind(self, epoch: int, message: Message) -> None:
        if epoch == self.living:
            self.mailbox.put(message, epoch)
