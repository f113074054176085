"""Incarnations on threads: fencing, zombies, timers, time that stands still while anyone works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pykka
import pytest

from genesis.messages.base import Control, Message
from genesis.messages.lifecycle import ActorDown, ActorStarted, ActorStopped, InjectHang, Stop
from genesis.messages.names import SUPERVISOR
from genesis.runtime.actor import (
    Actor,
    Context,
    handles,
    handles_each,
)
from genesis.runtime.base import starter
from genesis.runtime.clock import WarpClock
from genesis.runtime.threads import ThreadsRuntime

SECOND = 1_000_000_000
PATIENCE_S = 60.0
"""For what takes milliseconds: a busy machine is no failure."""


def until(condition: Callable[[], bool], what: str) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    turn = threading.Event()
    while not condition():
        assert time.monotonic() < ends_s, f"{what}: not within {PATIENCE_S:g} s"
        turn.wait(0.001)


class Newcomers:
    """Threads and actors that came since. Those of a test before may still be leaving."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._actors = set(pykka.ActorRegistry.get_all())

    def threads(self) -> int:
        return len(set(threading.enumerate()) - self._threads)

    def actors(self) -> int:
        return len(set(pykka.ActorRegistry.get_all()) - self._actors)


class Say(Message, frozen=True):
    text: str


class Fail(Message, frozen=True):
    pass


class Do(Message, frozen=True):
    """Run something in the actor's thread."""

    act: Any


class Tick(Message, frozen=True):
    of: int  # epoch


class UrgentTick(Control, frozen=True):
    of: int


class Listener(Actor):
    """Stands for the supervisor: writes down what it hears."""

    def __init__(self, context: Context, heard: list[Message]) -> None:
        super().__init__(context)
        self._heard = heard

    @handles_each(ActorStarted, ActorStopped, ActorDown, Say)
    def _on_news(self, news: Message) -> None:
        self._heard.append(news)


class Worker(Actor):
    def __init__(self, context: Context, log: list[tuple[int, Any]]) -> None:
        super().__init__(context)
        self.log = log

    @handles(Say)
    def _on_say(self, say: Say) -> str:
        self.log.append((self.epoch, say.text))
        return say.text.upper()

    @handles(Fail)
    def _on_fail(self, fail: Fail) -> None:
        raise RuntimeError("asked to")

    @handles(Do)
    def _on_do(self, do: Do) -> None:
        do.act(self)

    @handles_each(Tick, UrgentTick)
    def _on_tick(self, tick: Tick | UrgentTick) -> None:
        self.log.append((self.epoch, tick))


class Stage:
    """A runtime with a listening supervisor and one worker."""

    def __init__(self, start_ns: int = 0) -> None:
        self.clock = WarpClock(start_ns)
        self.runtime = ThreadsRuntime(self.clock)
        self.heard: list[Message] = []
        self.log: list[tuple[int, Any]] = []
        self.start = starter(Worker, log=self.log)
        for name in (SUPERVISOR, "worker"):
            self.runtime.register(name)
        self.runtime.spawn(SUPERVISOR, starter(Listener, heard=self.heard))
        self.worker = self.runtime.address("worker")
        self.spawn()

    def spawn(self) -> int:
        epoch = self.runtime.spawn("worker", self.start)
        until(lambda: ActorStarted("worker", epoch) in self.heard, "its start")
        return epoch

    def idle(self) -> None:
        until(lambda: self.runtime._activity.idle, "idleness")


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.runtime.stop()


def test_a_crash_is_told_once_with_its_message_which_is_a_dead_letter(stage: Stage) -> None:
    stage.worker.tell(Fail())
    stage.worker.tell(Say("next"))
    until(lambda: any(isinstance(m, ActorDown) for m in stage.heard), "its death")
    assert stage.heard[-1] == ActorDown("worker", 1, "RuntimeError: asked to", Fail())
    assert stage.worker.living == 0
    assert stage.spawn() == 2
    stage.idle()
    assert stage.log == [(2, "next")]
    assert [letter.message for letter in stage.runtime.dead_letters] == [Fail()]


def test_a_failing_start_is_a_death(stage: Stage) -> None:
    class Stillborn(Worker):
        def begin(self) -> None:
            raise RuntimeError("no")

    stage.runtime.fence("worker", 1, "test")
    stage.runtime.spawn("worker", starter(Stillborn, log=stage.log))
    until(lambda: ActorDown("worker", 2, "RuntimeError: no", None) in stage.heard, "its death")
    stage.idle()


def test_an_ask_that_fails_is_answered_and_deadly(stage: Stage) -> None:
    assert stage.worker.ask(Say("hello"), PATIENCE_S) == "HELLO"
    with pytest.raises(RuntimeError, match="asked to"):
        stage.worker.ask(Fail(), PATIENCE_S)
    until(lambda: any(isinstance(m, ActorDown) for m in stage.heard), "its death")


def test_what_a_zombie_sends_counts_or_arms_has_no_effect(stage: Stage) -> None:
    inside, wake, done = threading.Event(), threading.Event(), threading.Event()

    def hang(worker: Worker) -> None:
        inside.set()
        wake.wait(PATIENCE_S)
        worker.tell(SUPERVISOR, Say("from the grave"))
        worker.after(1, Tick(1))
        worker.count("deeds")
        done.set()

    stage.worker.tell(Do(hang))
    assert inside.wait(PATIENCE_S)
    assert isinstance(stage.runtime.fence("worker", 1, "hung"), Do)
    assert stage.runtime.fence("worker", 1, "hung") is None
    stage.spawn()
    wake.set()
    assert done.wait(PATIENCE_S)
    stage.worker.tell(Say("alive"))
    until(lambda: stage.log == [(2, "alive")], "the new one to work")
    stage.idle()
    assert Say("from the grave") not in stage.heard
    assert stage.runtime.counters.get("deeds") == 0
    assert len(stage.runtime.dead_letters) == 1


def test_a_zombie_that_dies_kills_nobody(stage: Stage) -> None:
    inside, wake = threading.Event(), threading.Event()

    def hang(worker: Worker) -> None:
        inside.set()
        wake.wait(PATIENCE_S)
        raise RuntimeError("late")

    stage.worker.tell(Do(hang))
    assert inside.wait(PATIENCE_S)
    zombie = next(t for t in threading.enumerate() if t.name == "worker#1")
    stage.runtime.fence("worker", 1, "hung")
    stage.spawn()
    wake.set()
    zombie.join(PATIENCE_S)
    assert not zombie.is_alive()
    stage.idle()
    assert stage.worker.living == 2
    assert not [m for m in stage.heard if isinstance(m, ActorDown)]


@pytest.mark.parametrize("kind", [Tick, UrgentTick])
def test_a_timer_that_fired_before_a_death_does_not_reach_the_next_incarnation(
    stage: Stage, kind: type[Tick] | type[UrgentTick]
) -> None:
    """Whoever re-arms a timer in its handler would tick twice as often ever after."""

    def wait_for_the_tick_and_fail(worker: Worker) -> None:
        worker.after_wall(0, kind(1))
        until(lambda: stage.worker.mailbox.depth == 1, "the timer")
        raise RuntimeError("with a tick in the mailbox")

    stage.worker.tell(Do(wait_for_the_tick_and_fail))
    until(lambda: stage.worker.living == 0, "its death")
    stage.spawn()
    stage.worker.tell(Do(lambda worker: worker.after(5, kind(2))))
    until(lambda: bool(stage.log), "a tick")
    stage.idle()
    assert stage.log == [(2, kind(2))]


def test_a_timer_that_is_due_after_the_death_fires_into_nothing(stage: Stage) -> None:
    stage.worker.tell(Do(lambda worker: worker.after_wall(0, Tick(1))))
    until(lambda: len(stage.log) == 1, "a tick")
    armed = threading.Event()

    def arm(worker: Worker) -> None:
        worker.after(50, Tick(1))
        armed.set()
        raise RuntimeError("armed")

    stage.worker.tell(Do(arm))
    assert armed.wait(PATIENCE_S)
    until(lambda: stage.worker.living == 0, "its death")
    stage.spawn()
    stage.worker.tell(Do(lambda worker: worker.after(100, Tick(2))))
    until(lambda: len(stage.log) == 2, "the new one's tick")
    assert stage.log == [(1, Tick(1)), (2, Tick(2))]


def test_warped_time_stands_still_while_an_incarnation_starts(stage: Stage) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class SlowStarter(Worker):
        def begin(self) -> None:
            self.after(SECOND, Tick(2))
            inside.set()
            go_on.wait(PATIENCE_S)
            self.log.append((self.epoch, self.context.runtime.clock.now_ns()))

    stage.idle()
    before_ns = stage.clock.now_ns()
    stage.runtime.fence("worker", 1, "test")
    stage.runtime.spawn("worker", starter(SlowStarter, log=stage.log))
    assert inside.wait(PATIENCE_S)
    # The timers' thread has looked at the clock once a wall timer has fired.
    stage.runtime.timer(stage.runtime.address(SUPERVISOR), 1, 1_000_000, Say("wall"), wall=True)
    until(lambda: Say("wall") in stage.heard, "a wall timer")
    assert stage.clock.now_ns() == before_ns
    go_on.set()
    until(lambda: (2, Tick(2)) in stage.log, "its own timer")
    assert stage.log[0] == (2, before_ns)
    assert stage.clock.now_ns() == before_ns + SECOND


def test_warped_time_does_not_pass_over_waiting_work(stage: Stage) -> None:
    """A message for one that is down keeps the clock; a fenced one's message lets it go."""
    stage.runtime.fence("worker", 1, "down")
    stage.idle()
    start_ns = stage.clock.now_ns()
    stage.worker.tell(Say("waits"))
    listener = stage.runtime.address(SUPERVISOR)
    stage.runtime.timer(listener, 1, SECOND, Say("later"), wall=False)
    stage.runtime.timer(listener, 1, 1_000_000, Say("wall"), wall=True)
    until(lambda: Say("wall") in stage.heard, "a wall timer")
    assert stage.clock.now_ns() == start_ns
    stage.spawn()
    until(lambda: Say("later") in stage.heard, "the timer")
    assert stage.log == [(2, "waits")]


def test_an_ordered_end(stage: Stage) -> None:
    stage.worker.tell(Stop(7))  # meant for another incarnation
    stage.worker.tell(Stop(1))
    until(lambda: ActorStopped("worker", 1) in stage.heard, "its end")
    until(lambda: stage.worker.living == 0, "its leaving")
    assert not stage.runtime.dead_letters
    stage.idle()


def test_two_hundred_restarts_leave_no_thread_and_no_actor_behind() -> None:
    new = Newcomers()
    stage = Stage()
    for n in range(200):
        epoch = stage.worker.living
        if n % 2:
            stage.worker.tell(Fail())
            until(lambda: stage.worker.living == 0, "its death")
        else:
            stage.worker.tell(InjectHang("drill"))
            until(lambda: isinstance(stage.worker.mailbox.handling, InjectHang), "its hang")
            stage.runtime.fence("worker", epoch, "hung")
        stage.spawn()
    until(lambda: new.threads() <= 3, "the zombies to leave")
    assert new.actors() == 2
    stage.idle()
    stage.runtime.stop()
    until(lambda: new.threads() == 0, "everyone to leave")
    until(lambda: new.actors() == 0, "the registry to forget them")


def test_many_actors_talking_while_one_is_fenced_all_the_time_end_in_idleness() -> None:
    """The activity count stays balanced whatever is fenced when: else warped time stands still."""
    stage = Stage()
    for n in range(150):
        for m in range(5):
            stage.worker.tell(Say(f"{n}.{m}"))
        epoch = stage.worker.living
        stage.worker.tell(Do(lambda worker: worker.after(7, Tick(worker.epoch))))
        stage.runtime.fence("worker", epoch, "at any moment")
        stage.spawn()
    stage.idle()
    assert stage.runtime._activity._count == 0
    said = [text for _, text in stage.log if isinstance(text, str)]
    dead = [m.text for d in stage.runtime.dead_letters if isinstance(m := d.message, Say)]
    wanted = {f"{n}.{m}" for n in range(150) for m in range(5)}
    assert len(said) == len(set(said))
    assert set(said) | set(dead) == wanted
    stage.runtime.stop()
