"""Who starts, who is started again, and who was hung."""

from __future__ import annotations

import pytest
from fake import SECOND
from supervisor_stand import CHILDREN, MARKET, MONEY, TIMES, Stand

from genesis.actors.ladder import RECOVERY
from genesis.messages.control import ReconcileDone, ReconcileNow
from genesis.messages.journal import ActorRestarted, DeadLettered, GateMoved, Halted
from genesis.messages.lifecycle import (
    ActorDown,
    ActorsSeen,
    ActorStarted,
    ActorStopped,
    Failed,
    GaveUp,
    MarketEnded,
    Ping,
    Pong,
    Started,
    StartMarket,
    Stop,
)
from genesis.messages.orders import CancelOrders
from genesis.runtime.gate import GateState

# Starting


def test_children_start_one_after_the_other_in_order() -> None:
    stand = Stand(up=False)
    assert stand.spawned == ["persistence#1"]
    stand.started("persistence")
    assert stand.spawned == ["persistence#1", "risk#1"]
    stand.come_up()
    assert stand.spawned == [f"{name}#1" for name in CHILDREN]
    assert len(stand.reported(Started)) == 1


def test_the_gate_opens_only_when_the_market_started_and_the_venue_was_compared() -> None:
    stand = Stand(up=False)
    stand.come_up()
    assert stand.sent(ReconcileNow) == []
    stand.tell(StartMarket())
    assert stand.sent(ReconcileNow, "executor") == [ReconcileNow(RECOVERY)]
    assert stand.state is GateState.HALTED
    stand.tell(ReconcileDone(RECOVERY, ()))
    assert stand.state is GateState.ACTIVE


def test_a_child_that_does_not_start_in_time_is_fenced_and_started_again() -> None:
    stand = Stand(up=False)
    stand.wait_s(10)
    assert [(name, epoch) for name, epoch, _ in stand.runtime.fenced] == [("persistence", 1)]
    assert stand.spawned == ["persistence#1", "persistence#2"]


# Crashing


@pytest.mark.parametrize("name", MONEY)
def test_a_money_actor_down_shuts_the_gate_at_once(name: str) -> None:
    stand = Stand()
    stand.crash(name)
    assert stand.state is GateState.HALTED
    assert stand.spawned == [f"{name}#2"]
    assert isinstance(stand.of(GateMoved)[0], GateMoved)


@pytest.mark.parametrize("name", ["publisher", *MARKET])
def test_the_loss_of_another_actor_leaves_the_gate_open(name: str) -> None:
    stand = Stand()
    stand.crash(name)
    assert stand.state is GateState.ACTIVE


def test_recovery_reopens_only_after_a_comparison_without_differences() -> None:
    stand = Stand()
    stand.crash("risk")
    assert stand.sent(ReconcileNow) == []
    stand.come_up()
    assert stand.sent(ReconcileNow) == [ReconcileNow(RECOVERY)]
    stand.tell(ReconcileDone(RECOVERY, ("a fill was missed",)))
    assert stand.state is GateState.HALTED
    stand.wait_s(1)
    assert len(stand.sent(ReconcileNow)) == 2
    stand.tell(ReconcileDone(RECOVERY, ()))
    assert stand.state is GateState.ACTIVE
    assert stand.of(ActorRestarted) == [ActorRestarted("risk", 2, "risk", "RuntimeError: boom")]
    assert stand.runtime.counters.get("restarts") == 1


def test_rest_for_one_stops_the_later_ones_and_starts_them_again_in_order() -> None:
    stand = Stand()
    stand.crash("feed")
    assert stand.stop_asked(Stop) == ["strategy.ema"]
    stand.stopped("strategy.ema")
    assert stand.stop_asked(Stop) == ["strategy.ema", "book"]
    stand.stopped("book")
    stand.come_up()
    assert stand.spawned == ["feed#2", "book#2", "strategy.ema#2"]
    assert [e.cause for e in stand.of(ActorRestarted) if isinstance(e, ActorRestarted)] == (
        ["feed"] * 3
    )


def test_a_message_that_killed_is_journaled_as_a_dead_letter() -> None:
    stand = Stand()
    stand.crash("feed", MarketEnded(3))
    [letter] = stand.of(DeadLettered)
    assert isinstance(letter, DeadLettered)
    assert (letter.name, letter.epoch) == ("feed", 1)
    assert "MarketEnded" in letter.message


def test_news_of_an_old_incarnation_are_ignored() -> None:
    stand = Stand()
    stand.crash("risk")
    stand.come_up()
    stand.clear()
    stand.tell(
        ActorDown("risk", 1, "late", None),
        ActorStopped("risk", 1),
        ActorStarted("risk", 1),
        Pong("risk", 1, 0),
    )
    assert stand.spawned == []
    assert stand.recorded() == []


def test_a_death_noticed_twice_counts_once() -> None:
    stand = Stand()
    stand.crash("risk")
    stand.tell(ActorDown("risk", 1, "again", None))
    assert stand.spawned == ["risk#2"]


def test_a_foreign_actor_that_dies_is_reported() -> None:
    stand = Stand()
    stand.tell(ActorDown("exchange", 1, "boom", None))
    assert stand.reported(Failed) == [Failed("exchange died: boom")]


def test_too_many_crashes_halt_and_go_on_restarting_slowly() -> None:
    stand = Stand()
    for _ in range(5):
        stand.crash("feed")
        stand.stopped("strategy.ema")
        stand.stopped("book")
        stand.come_up()
        stand.spawned.clear()
    assert not stand.gate.read().halted
    stand.crash("feed")
    assert stand.gate.read().halted
    [halted] = stand.of(Halted)
    assert isinstance(halted, Halted)
    assert "feed failed, and market more than 5 times in 60 s" in halted.reason
    assert stand.reported(GaveUp) == [GaveUp(halted.reason)]
    assert len(stand.sent(CancelOrders, "executor")) == 1
    stand.stopped("strategy.ema")
    stand.stopped("book")
    assert stand.spawned == []
    stand.wait_s(1)
    assert stand.spawned == ["feed#7"]


def test_what_only_shows_never_halts() -> None:
    stand = Stand()
    for _ in range(6):
        stand.crash("publisher")
        stand.come_up()
    assert len(stand.spawned) == 5
    stand.pass_heartbeats(1)
    assert stand.spawned[-1] == "publisher#7"
    assert stand.state is GateState.ACTIVE
    assert stand.of(Halted) == []


# Hanging


def test_everyone_is_asked_for_a_sign_of_life_at_every_heartbeat() -> None:
    stand = Stand()
    stand.wait_s(0.5)
    assert [to for to, m in stand.runtime.sent if isinstance(m, Ping)] == list(CHILDREN)
    [seen] = stand.sent(ActorsSeen, "publisher")
    assert [actor.name for actor in seen.actors] == list(CHILDREN)
    assert {actor.state for actor in seen.actors} == {"running"}


def test_a_hung_child_is_fenced_and_replaced() -> None:
    stand = Stand()
    stand.pass_heartbeats(3.0, silent={"executor"})
    assert stand.runtime.fenced == []
    stand.pass_heartbeats(1.0, silent={"executor"})
    [(name, epoch, reason)] = stand.runtime.fenced
    assert (name, epoch) == ("executor", 1)
    assert "no sign of life for 3 s" in reason
    assert stand.spawned == ["executor#2"]
    assert stand.state is GateState.HALTED


def test_who_waits_for_its_turn_behind_a_stuck_one_is_not_fenced() -> None:
    """Only the one that has the turn is silent; the others are as soon as nobody is before them."""
    stand = Stand()
    stand.runtime.waiting = {"feed", "strategy.ema"}
    stand.pass_heartbeats(3.5, silent={"feed", "book", "strategy.ema"})
    assert [name for name, _, _ in stand.runtime.fenced] == ["book"]
    stand.runtime.waiting = set()
    stand.stopped("strategy.ema")
    stand.come_up()
    stand.pass_heartbeats(3.0, silent={"feed"})
    assert [name for name, _, _ in stand.runtime.fenced] == ["book"]
    stand.pass_heartbeats(1.0, silent={"feed"})
    assert [name for name, _, _ in stand.runtime.fenced] == ["book", "feed"]


def test_who_cannot_start_or_stop_for_want_of_a_turn_gets_more_time() -> None:
    stand = Stand()
    stand.runtime.waiting = {"strategy.ema"}
    stand.crash("feed")
    stand.pass_heartbeats(TIMES.shutdown_timeout_ns / SECOND)
    assert stand.runtime.fenced == []
    stand.stopped("strategy.ema")
    stand.stopped("book")
    assert stand.spawned == ["feed#2"]
    stand.runtime.waiting = {"feed"}
    stand.pass_heartbeats(TIMES.start_timeout_ns / SECOND)
    assert stand.runtime.fenced == []
    stand.runtime.waiting = set()
    stand.pass_heartbeats(TIMES.heartbeat_ns / SECOND)
    assert stand.runtime.fenced == [("feed", 2, "it did not start in time")]


def test_who_answers_is_not_fenced() -> None:
    stand = Stand()
    stand.pass_heartbeats(30)
    assert stand.runtime.fenced == []


def test_a_pause_of_the_whole_process_is_nobodys_silence() -> None:
    stand = Stand()
    stand.pass_heartbeats(2)
    stand.runtime.clock.time_ns += 3600 * SECOND
    stand.pass_heartbeats(2)
    assert stand.runtime.fenced == []


def test_a_child_that_hangs_while_it_is_to_stop_is_fenced() -> None:
    stand = Stand()
    stand.crash("feed")
    stand.stopped("strategy.ema")
    stand.wait_s(3)
    assert ("book", 1, "it did not stop in time") in stand.runtime.fenced
    assert stand.spawned == ["feed#2"]


def test_an_exchange_without_a_sign_of_life_ends_the_run_but_later_than_a_child_is_fenced() -> None:
    stand = Stand()
    stand.runtime.address("exchange").occupy()
    stand.pass_heartbeats(40)
    assert stand.reported(Failed) == []
    stand.pass_heartbeats(30, silent={"exchange"})
    assert stand.reported(Failed) == []
    stand.pass_heartbeats(1, silent={"exchange"})
    assert stand.reported(Failed) == [Failed("exchange is stuck: it gave no sign of life for 30 s")]
    assert [name for name, _, _ in stand.runtime.fenced] == ["exchange"]
    assert stand.spawned == []


def test_an_exchange_that_waits_for_its_turn_is_not_stuck() -> None:
    stand = Stand()
    stand.runtime.address("exchange").occupy()
    stand.runtime.waiting.add("exchange")
    stand.pass_heartbeats(40, silent={"exchange"})
    assert stand.reported(Failed) == []
