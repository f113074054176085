"""The runtime that repeats handles what it is told to, and keeps what was sent until asked."""

from __future__ import annotations

from typing import TypeVar

import pytest

from genesis.messages.base import Message
from genesis.messages.lifecycle import ActorDown, ActorStarted, InjectCrash, InjectHang, Stop
from genesis.messages.names import SUPERVISOR
from genesis.runtime.actor import Actor, handles
from genesis.runtime.base import starter
from genesis.runtime.observer import Numbered, Vacated
from genesis.runtime.retrace import Pile, RetraceRuntime

T = TypeVar("T")


class View(Message, frozen=True):
    symbol: str
    number: int

    @property
    def conflation_key(self) -> str:
        return self.symbol


class Work(Message, frozen=True):
    number: int


class Interrupted(Message, frozen=True):
    """The operator interrupts while it is handled."""


class Script:
    """Numbers what is sent to each, and notes what it is asked."""

    def __init__(self) -> None:
        self.number = 0
        self.deaths: list[str] = []
        self.deaths_count = True

    def sending(self, source: str, epoch: int, to: str, message: Message) -> object:
        return self._next(source, epoch)

    def timing(self, name: str, epoch: int, message: Message) -> Message:
        return Numbered(message, self._next(name, epoch))

    def _next(self, name: str, epoch: int) -> object:
        self.number += 1
        return (name, epoch, self.number)

    def taken(self, origin: object, message: Message) -> None: ...

    def starts(self, name: str, epoch: int, now_ns: int) -> None: ...

    def handles(self, name: str, epoch: int, now_ns: int) -> None: ...

    def noted(self, what: str, value: T) -> T:
        return value

    def died(self, name: str, epoch: int, reason: str) -> None:
        self.deaths.append(reason)

    def fenced(self, name: str, epoch: int, vacated: Vacated | None) -> Vacated | None:
        return vacated

    def may_die(self, name: str, epoch: int, reason: str) -> bool:
        return self.deaths_count


class Worker(Actor):
    @handles(Work)
    def _on_work(self, work: Work) -> None:
        self.tell(SUPERVISOR, Work(self.now_ns() + work.number))
        self.after(5, View("a", work.number))

    @handles(View)
    def _on_view(self, view: View) -> None: ...

    @handles(Interrupted)
    def _on_interrupted(self, interrupted: Interrupted) -> None:
        raise KeyboardInterrupt


def stage() -> tuple[RetraceRuntime, Script]:
    script = Script()
    runtime = RetraceRuntime(script, seed=1, outside=("outside",))
    for name in (SUPERVISOR, "worker", "outside"):
        runtime.register(name)
    assert runtime.spawn("outside", starter(Worker)) == 0
    assert runtime.spawn("worker", starter(Worker)) == 1
    return runtime, script


def test_it_handles_what_it_is_given_at_the_time_it_is_told() -> None:
    runtime, _ = stage()
    runtime.begin("worker", 1, 10)
    assert runtime.pick(SUPERVISOR, ("worker", 1, 1)) == ActorStarted("worker", 1)
    runtime.deliver("worker", 1, Work(7), 100)
    assert runtime.pick(SUPERVISOR, ("worker", 1, 2)) == Work(107)
    assert runtime.pick(SUPERVISOR, ("worker", 1, 2)) is None, "a message is there once"
    assert runtime.pick("worker", ("worker", 1, 3)) == View("a", 7), "its timer"
    runtime.stop()


def test_a_crash_is_told_and_a_stopped_one_is_gone() -> None:
    runtime, script = stage()
    runtime.begin("worker", 1, 10)
    runtime.deliver("worker", 1, InjectCrash("drill"), 20)
    assert not runtime.lives("worker", 1)
    down = ActorDown("worker", 1, "InjectedCrash: drill", InjectCrash("drill"))
    assert runtime.pick(SUPERVISOR, ("", 0, 2)) == down
    assert script.deaths == ["InjectedCrash: drill"]
    assert runtime.spawn("worker", starter(Worker)) == 2
    runtime.begin("worker", 2, 30)
    runtime.deliver("worker", 2, Stop(2), 40)
    assert not runtime.lives("worker", 2)
    runtime.stop()


def test_an_interrupt_is_for_the_process_and_no_actor_dies_of_it() -> None:
    runtime, script = stage()
    runtime.begin("worker", 1, 10)
    with pytest.raises(KeyboardInterrupt):
        runtime.deliver("worker", 1, Interrupted(), 20)
    assert script.deaths == []
    assert runtime.lives("worker", 1)
    runtime.stop()


def test_a_crash_that_came_too_late_has_no_effect() -> None:
    runtime, script = stage()
    script.deaths_count = False
    runtime.begin("worker", 1, 10)
    runtime.deliver("worker", 1, InjectCrash("drill"), 20)
    assert script.deaths == []
    assert runtime.address("worker").living == 1


def test_one_that_was_given_up_still_says_what_it_said() -> None:
    runtime, _ = stage()
    runtime.begin("worker", 1, 10)
    runtime.deliver("worker", 1, InjectHang("drill"), 20)  # comes back: others decide its end
    runtime.fence("worker", 1, "silent")
    runtime.spawn("worker", starter(Worker))
    runtime.deliver("worker", 1, Work(1), 30)
    assert runtime.pick(SUPERVISOR, ("worker", 1, 2)) == Work(31)
    runtime.stop()


def test_a_view_that_is_taken_takes_those_it_replaced_with_it() -> None:
    pile = Pile()
    for number in range(1, 4):
        pile.put(View("a", number), 0, ("book", 1, number))
    pile.put(View("b", 4), 0, ("book", 1, 4))
    pile.put(Work(5), 0, ("book", 1, 5))
    assert pile.pick(("book", 1, 2)) == View("a", 2)
    assert pile.pick(("book", 1, 1)) is None
    assert pile.pick(("book", 1, 3)) == View("a", 3)
    assert pile.pick(("book", 1, 4)) == View("b", 4)
    assert pile.pick(("book", 1, 5)) == Work(5)


def test_timers_die_with_the_incarnation_after_the_next() -> None:
    pile = Pile()
    pile.hand_to(1)
    pile.put(Work(1), 1, ("a", 1, -1))
    pile.put(Work(2), 0, ("b", 1, 1))
    pile.hand_to(2)
    pile.put(Work(3), 2, ("a", 2, -1))
    pile.hand_to(3)
    assert pile.pick(("a", 1, -1)) is None
    assert pile.pick(("a", 2, -1)) == Work(3)
    assert pile.pick(("b", 1, 1)) == Work(2), "what others sent waits for whoever comes"
