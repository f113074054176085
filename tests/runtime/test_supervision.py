"""OTP's supervisor_SUITE, where its cases apply, against the pure plan."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.runtime.supervision import (
    Action,
    AllDown,
    AllUp,
    ChildSpec,
    ChildState,
    Escalate,
    GroupSpec,
    Plan,
    Restart,
    Restarted,
    Spawn,
    StopChild,
    Strategy,
)

SECOND = 1_000_000_000


class World:
    """Carries out a plan's actions at once, on children that obey unless told otherwise."""

    def __init__(
        self,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        restarts: tuple[Restart, ...] = (Restart.PERMANENT,) * 3,
        intensity: int = 5,
    ) -> None:
        self.names = [f"c{n}" for n in range(1, len(restarts) + 1)]
        self.plan = Plan(
            [GroupSpec("g", strategy, intensity, 60 * SECOND)],
            [ChildSpec(n, "g", r) for n, r in zip(self.names, restarts, strict=True)],
        )
        self.now_ns = 0
        self.log: list[Action] = []
        self.fails_to_start: Callable[[str], bool] = lambda name: False
        self.do(self.plan.begin())

    def do(self, actions: list[Action]) -> None:
        self.log += actions
        for action in actions:
            match action:
                case Spawn(name, delay_ns):
                    if delay_ns:
                        self.now_ns += delay_ns
                        assert self.plan.delay_over(name)
                    if self.fails_to_start(name):
                        self.do(self.plan.failed(name, "start failed", self.now_ns))
                    else:
                        self.do(self.plan.started(name))
                case StopChild(name):
                    self.do(self.plan.stopped(name, self.now_ns))

    def crash(self, name: str) -> list[Action]:
        before = len(self.log)
        self.do(self.plan.failed(name, "boom", self.now_ns))
        return self.log[before:]

    def states(self) -> dict[str, ChildState]:
        return {name: self.plan.state(name) for name in self.names}

    def spawned(self, actions: list[Action]) -> list[str]:
        return [a.name for a in actions if isinstance(a, Spawn)]

    def stopped(self, actions: list[Action]) -> list[str]:
        return [a.name for a in actions if isinstance(a, StopChild)]


def test_children_start_in_order_one_at_a_time() -> None:
    plan = Plan(
        [GroupSpec("g", Strategy.ONE_FOR_ONE, 5, SECOND)],
        [ChildSpec("a", "g"), ChildSpec("b", "g")],
    )
    assert plan.begin() == [Spawn("a", 0)]
    assert plan.started("a") == [Spawn("b", 0)]
    assert plan.started("b") == [AllUp()]


def test_shutdown_stops_in_reverse_order() -> None:
    world = World()
    before = len(world.log)
    world.do(world.plan.shutdown())
    actions = world.log[before:]
    assert world.stopped(actions) == ["c3", "c2", "c1"]
    assert actions[-1] == AllDown()


def test_one_for_one_restarts_only_the_failed_child() -> None:
    world = World(Strategy.ONE_FOR_ONE)
    actions = world.crash("c2")
    assert actions == [Spawn("c2", 0), Restarted("c2", "c2", "boom"), AllUp()]


def test_rest_for_one_restarts_the_failed_child_and_the_later_ones() -> None:
    world = World(Strategy.REST_FOR_ONE)
    actions = world.crash("c2")
    assert world.stopped(actions) == ["c3"]
    assert world.spawned(actions) == ["c2", "c3"]
    assert world.plan.restarts("c1") == 0


def test_one_for_all_stops_in_reverse_and_restarts_in_order() -> None:
    world = World(Strategy.ONE_FOR_ALL)
    actions = world.crash("c2")
    assert world.stopped(actions) == ["c3", "c1"]
    assert world.spawned(actions) == ["c1", "c2", "c3"]


@pytest.mark.parametrize(
    ("restart", "after_crash", "after_end"),
    [
        (Restart.PERMANENT, ChildState.RUNNING, ChildState.RUNNING),
        (Restart.TRANSIENT, ChildState.RUNNING, ChildState.ENDED),
        (Restart.TEMPORARY, ChildState.ENDED, ChildState.ENDED),
    ],
)
def test_restart_kinds(restart: Restart, after_crash: ChildState, after_end: ChildState) -> None:
    world = World(restarts=(restart,))
    world.crash("c1")
    assert world.plan.state("c1") is after_crash
    world = World(restarts=(restart,))
    world.do(world.plan.stopped("c1", 0))
    assert world.plan.state("c1") is after_end


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_temporary_bystander_of_a_group_restart_is_not_restarted(strategy: Strategy) -> None:
    world = World(strategy, (Restart.PERMANENT, Restart.TEMPORARY))
    world.crash("c1")
    assert world.states() == {"c1": ChildState.RUNNING, "c2": ChildState.ENDED}
    actions = world.crash("c1")
    assert world.spawned(actions) == ["c1"]


def test_temporary_bystander_is_left_alone_by_one_for_one() -> None:
    world = World(restarts=(Restart.PERMANENT, Restart.TEMPORARY))
    world.crash("c1")
    assert world.states() == {"c1": ChildState.RUNNING, "c2": ChildState.RUNNING}


@pytest.mark.parametrize("strategy", list(Strategy))
def test_one_failure_more_than_the_intensity_escalates_once(strategy: Strategy) -> None:
    world = World(strategy, intensity=5)
    for _ in range(5):
        assert not [a for a in world.crash("c1") if isinstance(a, Escalate)]
    sixth = world.crash("c1")
    assert next(type(a) for a in sixth) is Escalate
    assert world.plan.state("c1") is ChildState.RUNNING  # with a delay, so cancels still work
    assert not [a for a in world.crash("c1") if isinstance(a, Escalate)]


def test_failures_outside_the_period_do_not_count() -> None:
    world = World(intensity=1)
    for _ in range(5):
        assert not [a for a in world.crash("c1") if isinstance(a, Escalate)]
        world.now_ns += 60 * SECOND


def test_forgiven_failures_do_not_count() -> None:
    world = World(intensity=1)
    world.crash("c1")
    world.plan.forgive()
    assert not [a for a in world.crash("c1") if isinstance(a, Escalate)]


def test_a_restart_that_fails_in_a_loop_escalates_and_then_slows_down() -> None:
    world = World(intensity=5)
    attempts = iter(range(8))
    world.fails_to_start = lambda name: next(attempts, None) is not None
    actions = world.crash("c1")
    assert sum(isinstance(a, Escalate) for a in actions) == 1
    delays_s = [a.delay_ns // SECOND for a in actions if isinstance(a, Spawn)]
    assert delays_s == [0, 0, 0, 0, 0, 1, 2, 4, 8]
    assert world.plan.state("c1") is ChildState.RUNNING


def test_a_second_child_failing_during_a_group_restart_joins_it() -> None:
    plan = World(Strategy.REST_FOR_ONE).plan
    assert plan.failed("c2", "boom", 0) == [StopChild("c3")]
    assert plan.failed("c1", "too", 0) == []  # c3 is still stopping
    assert plan.stopped("c3", 0) == [Spawn("c1", 0)]
    assert plan.started("c1") == [Restarted("c1", "c1", "too"), Spawn("c2", 0)]
    assert plan.started("c2") == [Restarted("c2", "c1", "too"), Spawn("c3", 0)]
    assert plan.started("c3")[-1] == AllUp()


def test_other_child_fails_while_the_first_is_starting_again() -> None:
    plan = World(Strategy.ONE_FOR_ALL, (Restart.PERMANENT,) * 2).plan
    assert plan.failed("c1", "boom", 0) == [StopChild("c2")]
    assert plan.stopped("c2", 0) == [Spawn("c1", 0)]
    assert plan.failed("c1", "again", 0) == [Spawn("c1", 0)]
    assert plan.started("c1")[-1] == Spawn("c2", 0)
    assert plan.started("c2")[-1] == AllUp()


def test_a_child_that_dies_while_being_stopped_is_not_counted() -> None:
    plan = World(Strategy.ONE_FOR_ALL, (Restart.PERMANENT,) * 2, intensity=1).plan
    assert plan.failed("c1", "boom", 0) == [StopChild("c2")]
    assert plan.failed("c2", "died of the stop", 0) == [Spawn("c1", 0)]


def test_shutdown_during_a_delayed_restart_does_not_start_the_child() -> None:
    plan = World(restarts=(Restart.PERMANENT,), intensity=0).plan
    spawn = plan.failed("c1", "boom", 0)[-1]
    assert isinstance(spawn, Spawn)
    assert spawn.delay_ns > 0
    assert plan.shutdown() == [AllDown()]
    assert not plan.delay_over("c1")


@given(
    st.sampled_from(list(Strategy)),
    st.lists(st.sampled_from(list(Restart)), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), max_size=30),
)
def test_whatever_fails_every_permanent_child_runs_in_the_end(
    strategy: Strategy, restarts: list[Restart], crashes: list[tuple[int, int]]
) -> None:
    world = World(strategy, tuple(restarts), intensity=3)
    for index, wait_s in crashes:
        name = world.names[index % len(world.names)]
        world.now_ns += wait_s * SECOND
        if world.plan.state(name) is ChildState.RUNNING:
            world.crash(name)
    for name, restart in zip(world.names, restarts, strict=True):
        if restart is Restart.PERMANENT:
            assert world.plan.state(name) is ChildState.RUNNING
    world.do(world.plan.shutdown())
    assert world.log[-1] == AllDown()
