"""Turns: one message of one actor at a time, for runtimes where several actors share a thread.

An actor begins in pykka's own loop, which an inbox that raises leaves again; each message is then
handled as that loop would. Knows no thread and no queue.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from pykka import ActorRegistry
from pykka._envelope import Envelope

from genesis.runtime.actor import Actor
from genesis.runtime.base import Inbox


class Unwound(BaseException):
    """Back to who gave the turn; a BaseException from ``get``, as pykka takes no notice of it
    there."""


class NoTurn(Inbox):
    """An incarnation that begins gives its turn back before its first message."""

    def get(self) -> Envelope[Any]:
        self._mailbox.done(self._epoch)
        raise Unwound


class Guard:
    """Around one message, what pykka's loop does around it: an exception is the actor's death.

    ``deadly`` is BaseException where nothing but actors runs, so that nothing else can be meant.
    Elsewhere an interrupt is for the process; that an actor asks to exit never is.
    """

    def __init__(self, actor: Actor, *deadly: type[BaseException]) -> None:
        self._actor = actor
        self._deadly = deadly or (Exception, SystemExit)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if kind is None or not issubclass(kind, self._deadly):
            return False
        self._actor._handle_failure(kind, value, traceback)
        return True


def lives(actor: Actor) -> bool:
    """Whether it has not failed, ended, or been fenced."""
    return actor.context.address.living == actor.context.epoch


def forget(actor: Actor) -> None:
    """Else pykka's registry would keep the actor, and all it holds, for ever."""
    ActorRegistry.unregister(actor.actor_ref)
