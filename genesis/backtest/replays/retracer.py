"""Drive the actors through a captured session and notice the first thing that differs."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

import pykka

from genesis.backtest.replays.ahead import Ahead, Item, Key
from genesis.backtest.replays.divergence import kind_of_message
from genesis.capture.codec import pack, unpack
from genesis.capture.recorder import DECISIONS, NOBODY, Origins
from genesis.capture.records import (
    AnyRecord,
    Began,
    Died,
    Fenced,
    Noted,
    Told,
    Took,
)
from genesis.messages.base import Message
from genesis.messages.names import SUPERVISOR
from genesis.runtime.address import Ask
from genesis.runtime.observer import Numbered, Vacated
from genesis.runtime.retrace import RetraceRuntime

T = TypeVar("T")

TAKEN_KEPT = 6
INPUTS_KEPT = 10_000
"""Inputs from outside that a trace can be led back to."""

_unpack = functools.lru_cache(1000)(unpack)


class Taken(NamedTuple):
    time_ns: int
    source: str
    message: Message


class Difference(NamedTuple):
    """``session`` and ``replay``: a message, a journal entry, words, or None for nothing."""

    what: str
    name: str
    epoch: int
    session: object
    replay: object


class Retracer:
    """The script of a ``RetraceRuntime``: give it the runtime, then ``run``.

    ``different`` is the first difference, None while there is none. ``told`` is what the handler
    at work has told so far, ``taken`` what each incarnation took last.
    """

    def __init__(self, records: Iterator[AnyRecord], watched: Callable[[str], bool]) -> None:
        self.ahead = Ahead(records)
        self.different: Difference | None = None
        self.handled = 0
        self.decisions = 0
        self.now_ns = 0
        self.told: list[tuple[str, Message]] = []
        self.taken_by: dict[Key, deque[Taken]] = {}
        self.inputs: dict[int, Taken] = {}
        self._watched = watched
        self._origins = Origins()
        self._who = NOBODY
        self._fenced: set[Key] = set()

    def run(self, runtime: RetraceRuntime) -> None:
        """Until the capture ends or something differs."""
        while self.different is None and (item := self.ahead.pop()) is not None:
            self._step(runtime, item)

    def differs(self, what: str, session: object, replay: object, of: Key | None = None) -> None:
        """Only the first time counts."""
        if self.different is None:
            self.different = Difference(what, *(of or self._who), session, replay)

    def _step(self, runtime: RetraceRuntime, item: Item) -> None:
        record = item.record
        key = (record.name, record.epoch)
        match record:
            case Began():
                self._begin(runtime, record)
            case Took():
                self._take(runtime, record)
            case Told() if not item.used:
                self.told.clear()
                message = unpack(record.content)
                self.differs(kind_of_message(record.name, message), message, None, key)
            case Noted() if not item.used and key not in self._fenced:
                self.differs("reading", f"it read {_reading(record)}", None, key)
            case Died() if runtime.lives(*key):
                self.differs("death", f"it died: {record.reason}", "it lived on", key)
            case Fenced():
                self._fenced.add(key)
                if record.name == SUPERVISOR:
                    runtime.fence(*key, "")
                elif not item.used:
                    self.differs("death", "it was given up", "it was kept", key)

    def _begin(self, runtime: RetraceRuntime, record: Began) -> None:
        key = (record.name, record.epoch)
        if not runtime.lives(*key):
            self.differs("birth", "it began", "it was not started", key)
            return
        self.now_ns = record.now_ns
        self.told.clear()
        runtime.begin(*key, record.now_ns)
        self._who = NOBODY

    def _take(self, runtime: RetraceRuntime, record: Took) -> None:
        key = (record.name, record.epoch)
        if record.source:
            origin = (record.source, record.source_epoch, record.number)
            message = runtime.pick(record.name, origin)
        else:
            message = unpack(record.content)
        if message is None or (record.source and type(message).__name__ != record.kind):
            sender = (record.source, record.source_epoch)
            sent = None if message is None else f"it sent {record.name} a {type(message).__name__}"
            self.differs("message", f"it sent {record.name} a {record.kind}", sent, sender)
            return
        if not runtime.lives(*key):
            self.differs("death", f"it took a {record.kind}", "it was gone", key)
            return
        self._remember(record, message)
        if record.kind == Ask.__name__:
            message = Ask(message, pykka.ThreadingFuture())
        self.told.clear()
        runtime.deliver(*key, message, record.now_ns)
        self._who = NOBODY
        self.handled += 1

    def _remember(self, record: Took, message: Message) -> None:
        self.now_ns = record.now_ns
        source = record.source if record.number >= 0 else "a timer"
        taken = Taken(record.now_ns, source or "outside", message)
        key = (record.name, record.epoch)
        self.taken_by.setdefault(key, deque(maxlen=TAKEN_KEPT)).append(taken)
        number = None if record.source else getattr(message, "first_frame", None)
        if number is not None:
            self.inputs[number] = taken
            if len(self.inputs) > INPUTS_KEPT:
                del self.inputs[next(iter(self.inputs))]

    # What the runtime asks.

    def sending(self, source: str, epoch: int, to: str, message: Message) -> object:
        key = (source, epoch) if source else self._who
        if not self._watched(key[0]):
            return None
        watched = self._watched(to)
        if not watched or type(message) in DECISIONS:
            self._compare(key, to, message)
        return self._origins.sent(*key, to) if watched else None

    def _compare(self, key: Key, to: str, message: Message) -> None:
        self.told.append((to, message))
        if key in self._fenced or self.different is not None:
            return
        record, stop = self.ahead.find(key, Told, (Took, Began, Died, Fenced))
        kind = kind_of_message(key[0], message)
        self.decisions += kind == "decision"
        if record is not None:
            if record.to != to or record.content != pack(message):
                self.differs(kind, unpack(record.content), message, key)
        elif stop is not None and not isinstance(stop, Fenced):
            self.differs(kind, None, message, key)

    def timing(self, name: str, epoch: int, message: Message) -> Message:
        return Numbered(message, self._origins.timer(name, epoch))

    def taken(self, origin: object, message: Message) -> None:
        """The driver knows."""

    def starts(self, name: str, epoch: int, now_ns: int) -> None:
        self._who = (name, epoch)

    def handles(self, name: str, epoch: int, now_ns: int) -> None:
        self._who = (name, epoch)

    def noted(self, what: str, value: T) -> T:
        if self._who == NOBODY:
            return value
        record, stop = self.ahead.find(self._who, Noted)
        if record is None:
            if stop is not None and self._who not in self._fenced:
                self.differs("reading", None, f"it read {what}")
            return value
        if record.what != what:
            self.differs("reading", f"it read {_reading(record)}", f"it read {what}")
            return value
        known: Any = _unpack(record.content)
        return known  # type: ignore[no-any-return]  # as the recorder noted it

    def died(self, name: str, epoch: int, reason: str) -> None:
        """``may_die`` was asked before."""

    def may_die(self, name: str, epoch: int, reason: str) -> bool:
        key = (name, epoch)
        record, stop = self.ahead.find(key, Died, (Took, Began, Fenced))
        if record is not None and record.reason != reason:
            self.differs("death", f"it died: {record.reason}", f"it died: {reason}", key)
        elif isinstance(stop, Fenced):
            return False
        elif record is None and stop is not None:
            self.differs("death", "it lived on", f"it died: {reason}", key)
        return True

    def fenced(self, name: str, epoch: int, vacated: Vacated | None) -> Vacated | None:
        key = (name, epoch)
        if self._who == NOBODY or not self._watched(name):
            return vacated
        record, stop = self.ahead.find(key, Fenced, (), self._who)
        if record is None:
            if stop is not None:
                self.differs("death", "it was kept", "it was given up", key)
            return vacated
        if not record.lived:
            return None
        last = self.taken_by[key][-1].message if record.handling else None
        return Vacated(last)


def _reading(record: Noted) -> str:
    return f"{record.what}: {unpack(record.content)}"
