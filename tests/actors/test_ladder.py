"""The gate opens only after what it waits for was asked for, answered, and found to agree."""

from __future__ import annotations

import pytest

from genesis.actors.ladder import GIVE_UP_NS, RECOVERY, Ladder, Retry
from genesis.actors.risk import EXECUTOR
from genesis.messages.base import Message
from genesis.messages.control import (
    RESUME_PHRASE,
    CancelAllDone,
    CommandAnswer,
    Halt,
    ReconcileDone,
    ReconcileNow,
    Resume,
)
from genesis.messages.journal import AnyEvent, Halted, HaltProven, Resumed
from genesis.messages.orders import CancelOrders
from genesis.runtime.gate import HALT, GateState, TradingGate

DIFFERS = ("USDT: 1 at the venue, 2 here",)


class Host:
    """The supervisor's part, on paper."""

    def __init__(self) -> None:
        self.gate = TradingGate()
        self.ladder = Ladder(self.gate, self)
        self.time_ns = 0
        self.told: list[Message] = []
        self.journal: list[AnyEvent] = []
        self.answers: list[CommandAnswer] = []
        self.forgiven = 0

    def now_ns(self) -> int:
        return self.time_ns

    def tell(self, to: str, message: Message) -> None:
        assert to == EXECUTOR
        self.told.append(message)

    def record(self, *events: AnyEvent) -> None:
        self.journal += events

    def after(self, delay_ns: int, message: Message) -> None:
        self.told.append(message)

    def answer(self, answer: CommandAnswer) -> None:
        self.answers.append(answer)

    def resumed(self) -> None:
        self.forgiven += 1

    def take(self) -> list[Message]:
        told, self.told = self.told, []
        return told

    @property
    def state(self) -> GateState:
        return self.gate.read().state

    def of(self, kind: type) -> list[AnyEvent]:
        return [event for event in self.journal if isinstance(event, kind)]


@pytest.fixture
def host() -> Host:
    return Host()


def test_the_gate_opens_after_a_comparison_without_differences(host: Host) -> None:
    host.ladder.money_actor_failed("risk", "boom")
    assert host.state is GateState.HALTED
    host.ladder.recover()
    assert host.take() == [ReconcileNow(RECOVERY)]
    host.ladder.reconciled(ReconcileDone(RECOVERY, DIFFERS))
    assert host.take() == [Retry(RECOVERY)]
    host.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert host.state is GateState.ACTIVE


def test_a_comparison_that_was_under_way_when_another_failed_opens_nothing(host: Host) -> None:
    host.ladder.money_actor_failed("executor", "boom")
    host.ladder.recover()
    host.ladder.money_actor_failed("risk", "boom")
    host.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert host.state is GateState.HALTED
    host.ladder.retry(Retry(RECOVERY))  # nor is it tried again before everything is up
    assert host.take() == [ReconcileNow(RECOVERY)]
    host.ladder.recover()
    host.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert host.state is GateState.ACTIVE


def given_up(host: Host) -> None:
    host.ladder.money_actor_failed("risk", "boom")
    host.ladder.recover()
    host.time_ns += GIVE_UP_NS
    host.ladder.reconciled(ReconcileDone(RECOVERY, DIFFERS))
    host.take()


def test_differences_that_stay_halt(host: Host) -> None:
    given_up(host)
    assert len(host.of(Halted)) == 1
    host.ladder.reconciled(ReconcileDone(RECOVERY, DIFFERS))  # one more answer harms nobody
    assert len(host.of(Halted)) == 1


def test_a_resume_opens_the_gate_where_recovery_had_been_given_up(host: Host) -> None:
    given_up(host)
    host.ladder.resume(Resume("settled with the venue", RESUME_PHRASE))
    host.ladder.reconciled(ReconcileDone(HALT, ()))
    assert host.state is GateState.ACTIVE
    assert host.of(Resumed) == [Resumed("settled with the venue")]
    assert host.forgiven == 1


def test_a_resume_does_not_open_a_gate_that_waits_for_a_restart(host: Host) -> None:
    given_up(host)
    host.ladder.resume(Resume("settled with the venue", RESUME_PHRASE))
    host.ladder.money_actor_failed("executor", "boom")
    host.ladder.reconciled(ReconcileDone(HALT, ()))
    assert host.state is GateState.HALTED
    assert host.gate.held(RECOVERY)


def test_what_an_executor_took_with_it_is_asked_for_again(host: Host) -> None:
    host.ladder.halt(Halt("a drill", "operator"))
    assert host.take() == [CancelOrders("halt: a drill")]
    host.ladder.money_actor_failed(EXECUTOR, "boom")
    host.ladder.recover()
    assert host.take() == [ReconcileNow(RECOVERY), CancelOrders("halt: a drill")]
    host.ladder.proven(CancelAllDone(2))
    host.ladder.proven(CancelAllDone(2))
    assert host.of(HaltProven) == [HaltProven(2)]
    host.ladder.recover()
    assert host.take() == [ReconcileNow(RECOVERY)]


def test_a_resume_that_an_executor_took_with_it_goes_on(host: Host) -> None:
    host.ladder.halt(Halt("a drill", "operator"))
    host.ladder.proven(CancelAllDone(0))
    host.ladder.resume(Resume("over", RESUME_PHRASE))
    host.take()
    host.ladder.money_actor_failed(EXECUTOR, "boom")
    host.ladder.recover()
    assert host.take() == [ReconcileNow(RECOVERY), ReconcileNow(HALT)]
    host.ladder.reconciled(ReconcileDone(HALT, ()))
    host.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert host.state is GateState.ACTIVE


def test_a_halt_while_resuming_wins(host: Host) -> None:
    host.ladder.halt(Halt("a drill", "operator"))
    host.ladder.resume(Resume("over", RESUME_PHRASE))
    host.ladder.halt(Halt("not yet", "operator"))
    host.ladder.reconciled(ReconcileDone(HALT, ()))
    assert host.state is GateState.HALTED
    assert not host.of(Resumed)


@pytest.mark.parametrize(
    "resume", [Resume("", RESUME_PHRASE), Resume(" ", RESUME_PHRASE), Resume("over", "resume")]
)
def test_a_resume_without_reason_or_phrase_asks_the_venue_nothing(
    host: Host, resume: Resume
) -> None:
    host.ladder.halt(Halt("a drill", "operator"))
    host.take()
    host.ladder.resume(resume)
    assert host.take() == []
    assert not host.answers[-1].accepted
