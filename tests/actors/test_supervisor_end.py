"""The halt, the journal that fails, and the orderly end."""

from __future__ import annotations

import pytest
from supervisor_stand import CHILDREN, Stand

from genesis.messages.base import Message
from genesis.messages.control import CancelAllDone, CommandAnswer, Halt, Quit
from genesis.messages.journal import (
    AppendFacts,
    FactsCommitted,
    Halted,
    JournalFailed,
    JournalOpened,
    JournalRecovered,
    RunEnded,
)
from genesis.messages.lifecycle import (
    Ended,
    Finish,
    InputFailed,
    MailboxOverflowed,
    MarketEnded,
    Shutdown,
)
from genesis.messages.orders import CancelOrders
from genesis.runtime.gate import GateState

# Halting


def test_a_full_mailbox_halts_once() -> None:
    stand = Stand()
    for _ in range(3):
        stand.tell(MailboxOverflowed("risk", "JournalAppended", 10_000))
    assert stand.of(Halted) == [Halted("the mailbox of risk is full (10000)", "supervisor")]
    assert len(stand.sent(CommandAnswer, "publisher")) == 1


def test_a_halt_goes_down_the_ladder_to_its_proof() -> None:
    stand = Stand()
    stand.tell(Halt("enough", "operator"))
    assert stand.gate.read().halted
    assert len(stand.sent(CancelOrders, "executor")) == 1
    stand.tell(CancelAllDone(2))
    assert "none open" in stand.sent(CommandAnswer, "publisher")[-1].text
    assert stand.reported(CommandAnswer) == stand.sent(CommandAnswer, "publisher")


def test_an_executor_that_dies_over_the_proof_is_asked_again() -> None:
    stand = Stand()
    stand.tell(Halt("enough", "operator"))
    stand.crash("executor")
    stand.come_up()
    assert len(stand.sent(CancelOrders, "executor")) == 2


# The journal


def test_a_journal_that_cannot_be_written_holds_the_gate_until_it_can() -> None:
    stand = Stand()
    stand.tell(JournalFailed("no room left"))
    assert stand.state is GateState.HALTED
    assert stand.gate.read().reason == "no room left"
    assert stand.reported(JournalFailed) == [JournalFailed("no room left")]
    stand.tell(JournalRecovered())
    assert stand.state is GateState.ACTIVE


def test_the_daemon_hears_that_the_journal_can_be_written_again() -> None:
    """It ended a run that nobody watches ten seconds after the fault, recovered or not."""
    stand = Stand()
    stand.tell(JournalFailed("no room left"), JournalRecovered())
    assert len(stand.reported(JournalRecovered)) == 1


def test_a_new_incarnation_of_persistence_has_a_journal_that_can_be_written() -> None:
    stand = Stand()
    stand.tell(JournalFailed("locked"), JournalOpened(10, 7))
    assert stand.state is GateState.ACTIVE
    assert len(stand.reported(JournalRecovered)) == 1


# Ending


def durable(stand: Stand) -> None:
    newest = max(m.first + len(m.facts) - 1 for m in stand.sent(AppendFacts))
    stand.tell(FactsCommitted(1, newest))


def end(stand: Stand) -> None:
    """Children end as they are asked to, one by one."""
    asked = 0
    while len(names := stand.stop_asked(Finish)) > asked:
        asked += 1
        stand.stopped(names[-1])


def test_the_end_cancels_proves_makes_it_durable_and_then_stops_the_children() -> None:
    stand = Stand()
    stand.tell(Shutdown("quit"))
    assert stand.state is GateState.HALTED
    assert stand.sent(CancelOrders, "executor") == [CancelOrders("quit")]
    assert stand.stop_asked(Finish) == []
    stand.tell(CancelAllDone(1))
    assert stand.of(RunEnded) == [RunEnded(7, "quit")]
    assert stand.stop_asked(Finish) == []
    durable(stand)
    assert stand.stop_asked(Finish) == ["strategy.ema"]
    end(stand)
    assert stand.stop_asked(Finish) == list(CHILDREN[::-1])
    assert stand.reported(Ended) == [Ended(orders_left=False)]


def test_asked_twice_to_end_it_ends_once() -> None:
    stand = Stand()
    stand.tell(Shutdown("quit"), Shutdown("quit, please"))
    assert len(stand.sent(CancelOrders)) == 1
    stand.tell(CancelAllDone(0))
    durable(stand)
    end(stand)
    stand.wait_s(10)
    assert len(stand.reported(Ended)) == 1


def test_without_a_proof_it_ends_in_time_and_says_that_orders_may_be_left() -> None:
    stand = Stand()
    stand.tell(Shutdown("quit"))
    stand.wait_s(2.9)
    assert stand.stop_asked(Finish) == []
    stand.wait_s(0.1)
    end(stand)
    assert stand.reported(Ended) == [Ended(orders_left=True)]
    assert stand.of(RunEnded) == []


def test_a_full_disk_does_not_keep_the_daemon_from_ending() -> None:
    stand = Stand()
    stand.tell(Shutdown("quit"), CancelAllDone(0))
    stand.wait_s(3)
    end(stand)
    assert stand.reported(Ended) == [Ended(orders_left=False)]


def test_an_executor_that_dies_at_the_end_is_asked_again_to_cancel() -> None:
    stand = Stand()
    stand.tell(Shutdown("quit"))
    stand.crash("executor")
    stand.come_up()
    assert len(stand.sent(CancelOrders, "executor")) == 2


def test_no_restart_waits_long_at_the_end() -> None:
    """At speed 0 trading time stands while one waits, and nothing could be proven."""
    stand = Stand()
    for _ in range(8):
        stand.crash("strategy.ema")
        stand.come_up()
    stand.clear()
    stand.tell(Shutdown("quit"))
    assert [name.split("#")[0] for name in stand.spawned] == ["strategy.ema"]
    stand.come_up()
    stand.crash("strategy.ema")
    stand.clear()
    stand.wait_s(0.1)
    assert [name.split("#")[0] for name in stand.spawned] == ["strategy.ema"]


def test_a_child_that_hangs_at_the_end_is_fenced_and_the_rest_goes_on() -> None:
    stand = Stand()
    stand.tell(Shutdown("quit"), CancelAllDone(0))
    durable(stand)
    stand.wait_s(3)
    assert stand.runtime.fenced[-1][0] == "strategy.ema"
    assert stand.stop_asked(Finish)[-1] == "book"
    assert stand.spawned == []


@pytest.mark.parametrize(
    "message", [Quit("done"), InputFailed("rec.gz:5: not JSON"), MarketEnded(9)]
)
def test_what_the_daemon_decides_on_is_passed_on(message: Message) -> None:
    stand = Stand()
    stand.tell(message)
    assert stand.reports == [message]
