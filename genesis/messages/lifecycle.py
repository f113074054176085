"""Between the runtime, the supervisor and the actors: births, deaths, heartbeats."""

from __future__ import annotations

from genesis.messages.base import Control, Message


class ActorStarted(Control, frozen=True):
    """``on_start`` returned: the incarnation handles messages."""

    name: str
    epoch: int


class ActorStopped(Control, frozen=True):
    """The incarnation ended as asked."""

    name: str
    epoch: int


class ActorDown(Control, frozen=True):
    """The incarnation died of an exception. ``message`` describes what it was handling."""

    name: str
    epoch: int
    reason: str
    message: str


class MailboxOverflowed(Control, frozen=True):
    """A mailbox that must not drop was full: the global halt must trip."""

    name: str
    message: str
    capacity: int


class Stop(Control, frozen=True):
    """End this incarnation; a stop meant for an earlier one is ignored."""

    epoch: int


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
    """Everything is up: the market may flow."""


class MarketEnded(Message, frozen=True):
    """The recording is over, or the run's time is up."""

    frames: int


class InputFailed(Control, frozen=True):
    """The recorded input cannot be used further; the run must end with this error."""

    error: str
