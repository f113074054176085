"""Between the runtime, the supervisor and the actors: births, deaths, heartbeats."""

from __future__ import annotations

from typing import ClassVar

from genesis.messages.base import Control, Message, Overflow


class ActorStarted(Control, frozen=True):
    """``on_start`` returned: the incarnation handles messages."""

    name: str
    epoch: int


class ActorStopped(Control, frozen=True):
    """The incarnation ended as asked."""

    name: str
    epoch: int


class ActorDown(Control, frozen=True):
    """The incarnation died of an exception. ``message`` is what it was handling: a dead letter,
    to be told of and never to be delivered again."""

    name: str
    epoch: int
    reason: str
    message: Message | None


class MailboxOverflowed(Control, frozen=True):
    """A mailbox that must not drop was full: the global halt must trip."""

    name: str
    message: str
    capacity: int


class Stop(Control, frozen=True):
    """End this incarnation; a stop meant for an earlier one is ignored."""

    epoch: int


class Finish(Message, frozen=True):
    """As ``Stop``, but behind everything that waits: the orderly end."""

    epoch: int


class StartCheck(Control, frozen=True):
    """Time to see whether an incarnation has started."""

    name: str
    epoch: int


class StopCheck(Control, frozen=True):
    """Time to see whether an incarnation has ended as asked."""

    name: str
    epoch: int


class SpawnDue(Control, frozen=True):
    """The delay of a restart is over."""

    name: str


class Heartbeat(Control, frozen=True):
    """Time to ask every actor for a sign of life."""


class Ping(Control, frozen=True):
    epoch: int
    nonce: int


class Pong(Control, frozen=True):
    name: str
    epoch: int
    nonce: int


class InjectCrash(Message, frozen=True):
    """A drill: raise inside the handler."""

    reason: str


class InjectHang(Message, frozen=True):
    """A drill: stay inside the handler until fenced, then wake as a zombie."""

    reason: str


class StartMarket(Message, frozen=True):
    """Everything is up and trading time has begun: the market may flow."""


class MarketEnded(Message, frozen=True):
    """The recording is over, or the run's time is up."""

    frames: int


class InputFailed(Control, frozen=True):
    """The recorded input cannot be used further; the run must end with this error."""

    error: str


class GaveUp(Message, frozen=True):
    """A group failed more often than it may: trading is halted, and its restarts wait longer and
    longer."""

    reason: str


class Shutdown(Control, frozen=True):
    """End in good order: gate shut, orders cancelled, children stopped in reverse order."""

    reason: str


class ShutdownDue(Control, frozen=True):
    """The time for cancelling orders is over; stop the children whatever is left."""


class ActorSeen(Message, frozen=True):
    """How one actor is doing, for viewers."""

    name: str
    state: str
    epoch: int
    restarts: int
    depth: int
    age_ns: int
    handled: int
    dropped: int
    conflated: int
    handle_ns: int


class ActorsSeen(Message, frozen=True):
    """All of them, in start order. The newest replaces the one before."""

    overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST

    actors: tuple[ActorSeen, ...]

    @property
    def conflation_key(self) -> str:
        return "actors"


class Started(Control, frozen=True):
    """To the daemon: every actor is up."""


class Ended(Control, frozen=True):
    """To the daemon: every actor is down. ``orders_left`` may still be open at the venue."""

    orders_left: bool


class RunOver(Message, frozen=True):
    """To the publisher: the run is over, and why; its figures stay on the screens."""

    reason: str


class Noted(Message, frozen=True):
    """To the publisher: a sentence for the screens that is no fact of the journal."""

    text: str


class Failed(Control, frozen=True):
    """To the daemon: the run cannot go on."""

    error: str
