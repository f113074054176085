"""The halt ladder down and up again: what shuts the gate, what must be proven, what opens it."""

from __future__ import annotations

import pytest
from fake import SECOND
from ladder_stand import Stand, halted, recovering

from genesis.actors.ladder import GIVE_UP_NS, JOURNAL, RECOVERY
from genesis.messages.control import (
    RESUME_PHRASE,
    CancelAllDone,
    CommandAnswer,
    Halt,
    ReconcileDone,
    ReconcileNow,
    Resume,
)
from genesis.messages.journal import GateMoved, Halted, HaltProven, Resumed
from genesis.messages.orders import CancelOrders
from genesis.runtime.gate import HALT, OVER, GateReading, GateState

DIFFER = ("USDT: 999 at the venue, 1000 here",)


# Down


def test_a_halt_shuts_the_gate_first_then_cancels() -> None:
    stand = halted()
    assert stand.gate.read().halted
    assert stand.log == [(CancelOrders("halt: drawdown"), GateState.HALTED)]
    assert stand.events == [Halted("drawdown", "risk"), GateMoved("HALTED", "drawdown")]
    assert stand.answers[-1].accepted


def test_a_second_halt_keeps_the_first_reason_and_cancels_no_second_time() -> None:
    stand = halted("first")
    stand.ladder.halt(Halt("second", "operator"))
    assert stand.gate.read().reason == "first"
    assert len(stand.sent(CancelOrders)) == 1
    assert stand.answers[-1] == CommandAnswer(False, "Trading is halted already.")


def test_only_the_operator_is_answered_that_it_is_halted_already() -> None:
    """A full mailbox trips the halt once a message: that is not news each time."""
    stand = halted()
    answers = len(stand.answers)
    for _ in range(3):
        stand.ladder.halt(Halt("the mailbox of risk is full (10000)", "supervisor"))
    assert len(stand.answers) == answers


def test_the_proof_is_journaled_once() -> None:
    stand = halted()
    stand.ladder.proven(CancelAllDone(2))
    stand.ladder.proven(CancelAllDone(0))
    assert [e for e in stand.events if isinstance(e, HaltProven)] == [HaltProven(2)]
    assert stand.answers[-1].text == "2 orders cancelled; the venue shows none open."


def test_none_open_without_a_halt_proves_no_halt() -> None:
    stand = Stand()
    stand.ladder.proven(CancelAllDone(0))
    assert stand.events == []


def test_a_halt_not_proven_yet_cancels_again_once_everything_is_up() -> None:
    stand = halted()
    stand.ladder.money_actor_failed("executor", "a crash")
    stand.ladder.recover()
    assert len(stand.sent(CancelOrders)) == 2
    stand.ladder.proven(CancelAllDone(1))
    stand.ladder.recover()
    assert len(stand.sent(CancelOrders)) == 2


def test_a_halt_of_the_run_before_is_proven_in_this_one() -> None:
    stand = Stand()
    stand.gate.hold(HALT, "drawdown")
    stand.ladder.recover()
    assert stand.sent(CancelOrders) == [CancelOrders("halt: drawdown")]


# Up


@pytest.mark.parametrize(
    ("reason", "phrase", "says"),
    [
        ("looked at it", "resume", "the phrase is"),
        ("looked at it", RESUME_PHRASE.upper(), "the phrase is"),
        ("  ", RESUME_PHRASE, "Say why"),
    ],
)
def test_a_resume_needs_a_reason_and_the_whole_phrase(reason: str, phrase: str, says: str) -> None:
    stand = halted()
    stand.ladder.resume(Resume(reason, phrase))
    assert says in stand.answers[-1].text
    assert not stand.answers[-1].accepted
    assert stand.sent(ReconcileNow) == []


def test_there_must_be_something_to_resume_from() -> None:
    stand = Stand()
    stand.ladder.resume(Resume("bored", RESUME_PHRASE))
    assert stand.answers == [CommandAnswer(False, "Trading is not halted.")]


def test_when_the_run_is_over_a_resume_says_that_nothing_is_traded_any_more() -> None:
    """A halt can still be lifted, for the next start; the gate stays shut."""
    stand = halted()
    stand.ladder.proven(CancelAllDone(0))
    stand.gate.hold(OVER, "the market is over")
    stand.ladder.resume(Resume("looked at it", RESUME_PHRASE))
    stand.ladder.reconciled(ReconcileDone(HALT, ()))
    nothing = "The run is over: nothing is traded until the next start."
    assert stand.answers[-1] == CommandAnswer(True, f"Resumed: looked at it. {nothing}")
    assert stand.gate.read() == GateReading(GateState.HALTED, "the market is over", False)
    stand.ladder.resume(Resume("again", RESUME_PHRASE))
    assert stand.answers[-1] == CommandAnswer(False, f"Trading is not halted. {nothing}")


def test_an_executor_that_comes_back_after_the_market_cancels_what_is_open() -> None:
    stand = Stand()
    stand.gate.hold(OVER, "the market is over")
    stand.ladder.recover()
    assert stand.sent(CancelOrders) == [CancelOrders("the market is over")]


def test_a_resume_opens_only_after_the_venue_agreed() -> None:
    stand = halted()
    stand.ladder.proven(CancelAllDone(0))
    stand.ladder.resume(Resume("looked at it", RESUME_PHRASE))
    assert stand.sent(ReconcileNow) == [ReconcileNow(HALT)]
    assert stand.state is GateState.HALTED
    stand.ladder.reconciled(ReconcileDone(HALT, ()))
    assert stand.state is GateState.ACTIVE
    assert stand.events[-2:] == [Resumed("looked at it"), GateMoved("ACTIVE", "")]
    assert stand.forgiven == 1


def test_a_resume_waits_until_the_halt_is_proven() -> None:
    stand = halted()
    stand.ladder.resume(Resume("at once", RESUME_PHRASE))
    for state in (GateState.HALTED, GateState.ACTIVE):
        stand.ladder.reconciled(ReconcileDone(HALT, ()))
        assert stand.state is state
        stand.ladder.proven(CancelAllDone(2))


def test_a_resume_that_finds_differences_for_too_long_is_not_done() -> None:
    stand = halted()
    stand.ladder.resume(Resume("looked at it", RESUME_PHRASE))
    stand.ladder.reconciled(ReconcileDone(HALT, DIFFER))
    stand.time_ns += GIVE_UP_NS
    stand.ladder.reconciled(ReconcileDone(HALT, DIFFER))
    assert stand.state is GateState.HALTED
    assert "Not resumed" in stand.answers[-1].text
    assert DIFFER[0] in stand.answers[-1].text
    stand.ladder.reconciled(ReconcileDone(HALT, ()))
    assert stand.state is GateState.HALTED


def test_a_new_halt_takes_back_a_resume_that_is_under_way() -> None:
    stand = halted()
    stand.ladder.resume(Resume("looked at it", RESUME_PHRASE))
    stand.ladder.halt(Halt("again", "risk"))
    stand.ladder.reconciled(ReconcileDone(HALT, ()))
    assert stand.state is GateState.HALTED
    assert stand.forgiven == 0


def test_a_resume_whose_comparison_died_with_the_executor_goes_on() -> None:
    stand = halted()
    stand.ladder.resume(Resume("looked at it", RESUME_PHRASE))
    stand.ladder.money_actor_failed("executor", "a crash")
    stand.ladder.recover()
    assert stand.sent(ReconcileNow)[-2:] == [ReconcileNow(RECOVERY), ReconcileNow(HALT)]


# Recovery


def test_a_money_actor_that_fails_shuts_the_gate_at_once() -> None:
    stand = Stand()
    stand.ladder.money_actor_failed("risk", "a crash")
    assert stand.state is GateState.HALTED
    assert not stand.gate.read().halted
    assert stand.events == [GateMoved("HALTED", "risk is restarting: a crash")]
    assert stand.sent(ReconcileNow) == []


def test_recovery_opens_after_a_comparison_without_differences() -> None:
    stand = recovering()
    assert stand.sent(ReconcileNow) == [ReconcileNow(RECOVERY)]
    assert stand.state is GateState.HALTED
    stand.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert stand.state is GateState.ACTIVE


def test_differences_are_compared_again_a_second_later() -> None:
    stand = recovering()
    stand.ladder.reconciled(ReconcileDone(RECOVERY, DIFFER))
    assert stand.state is GateState.HALTED
    stand.retry()
    assert len(stand.sent(ReconcileNow)) == 2
    stand.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert stand.state is GateState.ACTIVE


def test_a_retry_after_the_venue_agreed_asks_nothing() -> None:
    stand = recovering()
    stand.ladder.reconciled(ReconcileDone(RECOVERY, DIFFER))
    stand.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    stand.retry()
    assert len(stand.sent(ReconcileNow)) == 1


def test_differences_that_stay_halt_and_say_which() -> None:
    stand = recovering()
    for _ in range(GIVE_UP_NS // SECOND):
        stand.ladder.reconciled(ReconcileDone(RECOVERY, DIFFER))
        assert not stand.gate.read().halted
        stand.retry()
    stand.ladder.reconciled(ReconcileDone(RECOVERY, DIFFER))
    assert stand.gate.read().halted
    assert DIFFER[0] in stand.gate.read().reason
    assert stand.timers == []


def test_the_way_out_of_a_recovery_that_was_given_up_is_a_resume() -> None:
    stand = recovering()
    stand.time_ns += GIVE_UP_NS
    stand.ladder.reconciled(ReconcileDone(RECOVERY, DIFFER))
    stand.ladder.proven(CancelAllDone(0))
    stand.ladder.resume(Resume("settled by hand", RESUME_PHRASE))
    stand.ladder.reconciled(ReconcileDone(HALT, ()))
    assert stand.state is GateState.ACTIVE


def test_a_resume_does_not_open_a_gate_that_waits_for_a_restart() -> None:
    stand = recovering()
    stand.time_ns += GIVE_UP_NS
    stand.ladder.reconciled(ReconcileDone(RECOVERY, DIFFER))
    stand.ladder.proven(CancelAllDone(0))
    stand.ladder.money_actor_failed("persistence", "a crash")
    stand.ladder.resume(Resume("settled by hand", RESUME_PHRASE))
    stand.ladder.reconciled(ReconcileDone(HALT, ()))
    assert stand.state is GateState.HALTED
    assert not stand.gate.read().halted
    stand.ladder.recover()
    stand.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert stand.state is GateState.ACTIVE


def test_a_comparison_from_before_the_second_failure_opens_nothing() -> None:
    stand = recovering()
    stand.ladder.money_actor_failed("persistence", "a crash")
    stand.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert stand.state is GateState.HALTED
    stand.ladder.recover()
    stand.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert stand.state is GateState.ACTIVE


def test_a_late_answer_after_giving_up_is_no_bug() -> None:
    stand = recovering()
    stand.time_ns += GIVE_UP_NS
    stand.ladder.reconciled(ReconcileDone(RECOVERY, DIFFER))
    stand.ladder.reconciled(ReconcileDone(RECOVERY, DIFFER))
    assert stand.gate.read().halted


def test_recovery_and_halt_hold_the_gate_each_for_itself() -> None:
    stand = recovering()
    stand.ladder.halt(Halt("drawdown", "risk"))
    stand.ladder.reconciled(ReconcileDone(RECOVERY, ()))
    assert stand.state is GateState.HALTED
    assert stand.gate.read().reason == "drawdown"


def test_without_a_hold_there_is_nothing_to_recover() -> None:
    stand = Stand()
    stand.ladder.recover()
    assert stand.told == []


# The gate in the journal


def test_the_gate_is_journaled_when_its_state_changes_whoever_changed_it() -> None:
    stand = Stand()
    stand.ladder.note()
    stand.ladder.note()
    stand.gate.hold("daily loss", "a bad day", GateState.REDUCING)
    stand.ladder.note()
    stand.ladder.hold(JOURNAL, "disk full")
    stand.ladder.hold(RECOVERY, "risk is restarting")
    stand.ladder.release(JOURNAL)
    stand.ladder.release(RECOVERY)
    assert [(e.state, e.reason) for e in stand.events if isinstance(e, GateMoved)] == [
        ("ACTIVE", ""),
        ("REDUCING", "a bad day"),
        ("HALTED", "disk full"),
        ("REDUCING", "a bad day"),
    ]
