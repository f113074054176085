"""The base of every actor: receive a message, call pure code, tell. Never blocks on another."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, Protocol, TypeVar

import pykka

from genesis.messages.base import Message
from genesis.messages.lifecycle import (
    ActorStarted,
    ActorStopped,
    Finish,
    InjectCrash,
    InjectHang,
    Ping,
    Pong,
    Stop,
)
from genesis.messages.names import SUPERVISOR
from genesis.runtime.address import Address, Ask
from genesis.runtime.clock import Clock
from genesis.runtime.counters import Counters
from genesis.runtime.observer import Observer

M = TypeVar("M", bound=Message)
A = TypeVar("A", bound="Actor")
F = TypeVar("F", bound=Callable[..., Any])
Handler = Callable[[A, M], Any]


def handles(message_type: type[M]) -> Callable[[Handler[A, M]], Handler[A, M]]:
    """Mark a method as the handler of a message type.

    What it returns is the answer where the message was asked; a tell ignores it.
    """

    def mark(method: Handler[A, M]) -> Handler[A, M]:
        method.__dict__["handles"] = (message_type,)
        return method

    return mark


def handles_each(*message_types: type[Message]) -> Callable[[F], F]:
    """As ``handles``, for a method that takes any of several types."""

    def mark(method: F) -> F:
        method.__dict__["handles"] = message_types
        return method

    return mark


class InjectedCrash(Exception):
    """Raised by a drill inside a handler."""


class Runtime(Protocol):
    """What an incarnation may use of the runtime it lives in."""

    clock: Clock
    counters: Counters
    observer: Observer | None

    def address(self, name: str) -> Address: ...

    def inbox(self, address: Address, epoch: int) -> Any: ...

    def run_loop(self, address: Address, epoch: int, actor: Actor) -> None: ...

    def timer(
        self,
        address: Address,
        epoch: int,
        delay_ns: int,
        message: Message,
        *,
        wall: bool,
        rank: int = 0,
    ) -> None: ...

    def horizon_ns(self, hears_readers: bool = False) -> int | None: ...

    def unseen_ns(self) -> int: ...

    def died(self, address: Address, epoch: int, reason: str) -> None: ...

    def hang(self, address: Address, epoch: int) -> None: ...


class Context:
    """One incarnation's place in the runtime: its address, epoch, and seeded randomness."""

    def __init__(self, runtime: Runtime, address: Address, epoch: int, seed: int) -> None:
        self.runtime = runtime
        self.clock = runtime.clock
        self.observer = runtime.observer
        self.address = address
        self.epoch = epoch
        self.rng = random.Random(f"{seed}/{address.name}/{epoch}")


class Actor(pykka.Actor):
    """Override ``begin`` and add methods marked with ``@handles``; a raise ends the incarnation.

    ``now_ns`` is read once per message, so a handler is a function of its message and that time.
    """

    _handlers: ClassVar[dict[type, Callable[..., Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._handlers = {
            message_type: method
            for base in reversed(cls.__mro__)
            for method in base.__dict__.values()
            for message_type in getattr(method, "__dict__", {}).get("handles", ())
        }

    def __init__(self, context: Context) -> None:
        self.context = context
        self._now_ns = context.runtime.clock.now_ns()
        super().__init__()

    @property
    def name(self) -> str:
        return self.context.address.name

    @property
    def epoch(self) -> int:
        return self.context.epoch

    @property
    def rng(self) -> random.Random:
        return self.context.rng

    def now_ns(self) -> int:
        """Trading time of the message being handled, ns UTC."""
        return self._now_ns

    def tell(self, to: str, message: Message) -> None:
        """Send to an address by name; dropped if this incarnation has been fenced."""
        context = self.context
        context.address.send_as(context.epoch, context.runtime.address(to), message)

    def after(self, delay_ns: int, message: Message, rank: int = 0) -> None:
        """Deliver ``message`` to this incarnation in ``delay_ns`` of trading time.

        Of virtual timers due at one moment those of a lower ``rank`` come first.
        """
        context = self.context
        if context.observer is not None:
            message = context.observer.timing(context.address.name, context.epoch, message)
        context.runtime.timer(
            context.address, context.epoch, delay_ns, message, wall=False, rank=rank
        )

    def horizon_ns(self, hears_readers: bool = False) -> int | None:
        """In virtual time: before this moment nothing else happens, so that what is received until
        then may be worked off now. None in real time, where nobody knows.

        ``hears_readers``: what those still do who read what was received may reach this actor.
        """
        return self.context.runtime.horizon_ns(hears_readers)

    def unseen_ns(self) -> int:
        """1 where what is received at this very moment is still to come, else 0."""
        return self.context.runtime.unseen_ns()

    def after_wall(self, delay_ns: int, message: Message) -> None:
        """As ``after``, in real time: for housekeeping that recorded time must not hurry."""
        context = self.context
        if context.observer is not None:
            message = context.observer.timing(context.address.name, context.epoch, message)
        context.runtime.timer(context.address, context.epoch, delay_ns, message, wall=True)

    def more_waits(self) -> bool:
        """Whether another message waits behind the one that is handled."""
        waits = self.context.address.mailbox.depth > 0
        observer = self.context.observer
        return waits if observer is None else observer.noted("more", waits)

    def living(self, name: str) -> int:
        """Which incarnation of ``name`` lives at this moment; 0 for none."""
        epoch = self.context.runtime.address(name).living
        observer = self.context.observer
        return epoch if observer is None else observer.noted("living", epoch)

    def count(self, name: str, number: int = 1) -> None:
        """Add to a total of the run; what a fenced incarnation still does is not counted."""
        if number and self.context.address.living == self.context.epoch:
            self.context.runtime.counters.add(name, number)

    def begin(self) -> None:
        """First thing an incarnation does, before any message."""

    def end(self) -> None:
        """Last thing an incarnation does when asked to stop; not called after a crash."""

    def on_start(self) -> None:
        context = self.context
        self._now_ns = context.runtime.clock.now_ns()
        if context.observer is not None:
            context.observer.starts(context.address.name, context.epoch, self._now_ns)
        self.begin()
        if self.name != SUPERVISOR:
            self.tell(SUPERVISOR, ActorStarted(self.name, self.epoch))

    def on_stop(self) -> None:
        self.end()
        if self.name != SUPERVISOR:
            self.tell(SUPERVISOR, ActorStopped(self.name, self.epoch))
        self.context.address.vacate(self.epoch)

    def _handle_receive(self, message: Any) -> Any:
        # Nothing comes through an address but messages: no proxy of pykka, and no stop of its own.
        return self.on_receive(message)

    def on_receive(self, message: Any) -> Any:
        context = self.context
        self._now_ns = context.clock.now_ns()
        if context.observer is not None:
            context.observer.handles(context.address.name, context.epoch, self._now_ns)
        handler = self._handlers.get(type(message))
        return self._dispatch(message) if handler is None else handler(self, message)

    def _dispatch(self, message: Message) -> Any:
        handler = self._handlers.get(type(message))
        if handler is not None:
            return handler(self, message)
        if type(message) is Ask:
            return self._answer(message)
        raise TypeError(f"{self.name} does not handle {type(message).__name__}")

    def _answer(self, ask: Ask) -> None:
        # pykka gives an ask's exception to the caller and lets the actor live on with whatever
        # state it broke; here the caller gets it and the incarnation dies of it as well.
        answered = False
        try:
            answer = self._dispatch(ask.question)
            answered = True
        finally:
            if not answered:
                ask.future.set_exception()
        ask.future.set(answer)

    @handles(Ping)
    def _on_ping(self, ping: Ping) -> None:
        if ping.epoch == self.epoch:
            self.tell(SUPERVISOR, Pong(self.name, self.epoch, ping.nonce))

    @handles_each(Stop, Finish)
    def _on_stop_asked(self, stop: Stop | Finish) -> None:
        if stop.epoch == self.epoch:
            self._stop()

    @handles(InjectCrash)
    def _on_inject_crash(self, fault: InjectCrash) -> None:
        raise InjectedCrash(fault.reason)

    @handles(InjectHang)
    def _on_inject_hang(self, fault: InjectHang) -> None:
        self.context.runtime.hang(self.context.address, self.epoch)

    def _handle_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super()._handle_failure(exception_type, exception_value, traceback)
        kind = exception_type.__name__ if exception_type is not None else "unknown"
        # One line: it is told in a sentence, and some libraries' errors are pages.
        reason = " ".join(f"{kind}: {exception_value}".split())
        self.context.runtime.died(self.context.address, self.epoch, reason)

    def _create_actor_inbox(self) -> Any:  # type: ignore[override]  # pykka's is static
        return self.context.runtime.inbox(self.context.address, self.context.epoch)

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return pykka.ThreadingFuture()

    def _start_actor_loop(self) -> None:
        context = self.context
        context.runtime.run_loop(context.address, context.epoch, self)
