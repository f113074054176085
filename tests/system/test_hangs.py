"""Who hangs is fenced and does no harm as a zombie; who only waits for a disk is let be."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

from checks import check_money, check_recovered
from house import PATIENCE_S, PATIENT, QUICK_TO_NOTICE, SYMBOLS, House, until

from genesis.actors.ladder import SHUTDOWN
from genesis.errors import WriterFenced
from genesis.messages.journal import AppendFacts, Fact, Halted, OrderSent
from genesis.messages.lifecycle import InjectHang
from genesis.messages.names import EXCHANGE, SUPERVISOR
from genesis.messages.orders import CancelOrder, OrderType, Side, SubmitOrder, TimeInForce
from genesis.runtime.gate import HALT

FOR_S = 7.0
AT_S = 3.0
AT_ONCE_S = 8.0
"""On a machine however busy, and long before two books are given up that do not answer."""


def test_persistence_hangs_amid_a_commit_and_holds_the_database(tmp_path: Path) -> None:
    """Its transaction is open, so its successor cannot write; then the zombie's commit goes in."""
    house = House(tmp_path, FOR_S, **PATIENT)
    inside, wake = threading.Event(), threading.Event()

    def hold_the_database() -> None:
        journal = house.actors["persistence"][-1]._journal._journal  # behind what notes its answers
        seal = journal._sealed

        def hold(*args: Any) -> Any:
            inside.set()
            wake.wait(2 * PATIENCE_S)
            return seal(*args)

        journal._sealed = hold
        house.crash("view")  # something to commit, whatever the strategies do
        assert inside.wait(PATIENCE_S), "nothing was committed"
        house.notice("persistence")
        until(lambda: house.living("persistence") > 1, "its successor")
        until(lambda: house.gate.held("journal"), "the gate to be shut for the journal")
        wake.set()
        until(lambda: not house.gate.held("journal"), "the journal to be open again")

    house.at(AT_S, hold_the_database)
    ended = house.run()
    assert sorted(ended.restarted()) == ["persistence", "view"]
    check_recovered(house, ended)


def test_a_zombie_of_persistence_writes_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S)
    refused: list[str] = []

    def strike() -> None:
        zombie = house.actors["persistence"][-1]
        house.crash("persistence")
        until(lambda: len(house.actors["persistence"]) == 2, "its successor")
        successor = house.actors["persistence"][-1]
        until(lambda: getattr(successor, "_journal", None) is not None, "its journal")
        fact = Fact(house.start_ns, OrderSent("a forgery"))
        try:
            zombie._journal.append([AppendFacts("executor", 1, 10**6, (fact,), 10**6 - 1)])
        except WriterFenced as error:
            refused.append(str(error))

    house.at(AT_S, strike)
    ended = house.run()
    assert refused
    assert "a forgery" not in {event.client_order_id for event in ended.events(OrderSent)}
    check_recovered(house, ended)


def test_a_zombie_of_the_executor_sends_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S, **PATIENT)
    tried: list[bool] = []

    def strike() -> None:
        zombie = house.actors["executor"][-1]
        house.hang("executor")
        until(lambda: house.living("executor") == 2, "its successor")
        forgery = SubmitOrder(
            client_order_id="a forgery",
            symbol="BTCUSDT",
            side=Side.BUY,
            type=OrderType.MARKET,
            quantity=house.submitted[-1].quantity,
            price=None,
            time_in_force=TimeInForce.GTC,
            sent_ns=0,
        )
        zombie.tell(EXCHANGE, forgery)
        zombie.record(OrderSent("a forgery"))
        tried.append(True)

    house.at(AT_S, strike)
    ended = house.run()
    assert tried
    assert "a forgery" not in {order.client_order_id for order in house.submitted}
    assert "a forgery" not in {event.client_order_id for event in ended.events(OrderSent)}
    check_recovered(house, ended)


def test_a_supervisor_that_hangs_is_taken_for_dead(tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S, **QUICK_TO_NOTICE)
    house.at(AT_S, lambda: house.hang(SUPERVISOR))
    ended = house.run()
    assert ended.outcome.exit_code == 4
    assert ended.outcome.error == "the supervisor died: it gave no sign of life for 0.8 s"
    shut = house.gate_log.index(("shut", HALT))
    assert ("write", "") not in house.gate_log[shut:]


def test_timers_that_stand_still_are_noticed_as_heartbeats_that_do_not_come(tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S, **QUICK_TO_NOTICE)
    house.at(AT_S, house.runtime._timers.stop)
    ended = house.run()
    assert ended.outcome.exit_code == 4
    assert ended.outcome.error == "the supervisor died: it gave no sign of life for 0.8 s"
    shut = house.gate_log.index(("shut", HALT))
    assert ("write", "") not in house.gate_log[shut:]


def test_an_exchange_that_hangs_ends_the_run_and_blames_nobody_else(tmp_path: Path) -> None:
    """The market's actors wait for their turns behind it and are excused."""
    house = House(tmp_path, FOR_S, supervision__shutdown_timeout_ms=500, **PATIENT)
    house.at(AT_S, lambda: house.hang(EXCHANGE))
    ended = house.run()
    assert ended.outcome.exit_code == 4
    assert ended.outcome.error == "exchange is stuck: it gave no sign of life for 600 s"
    assert ended.restarted() == []
    assert ended.outcome.summary is not None
    assert set(ended.outcome.summary.best) == set(
        SYMBOLS
    )  # told by the books: their thread goes on


def test_whoever_hangs_a_quit_shuts_the_gate_at_once(tmp_path: Path) -> None:
    """No book can be asked for its last prices meanwhile."""
    house = House(tmp_path, None, supervision__shutdown_timeout_ms=500, **PATIENT)
    house.at(AT_S, lambda: house.tell(EXCHANGE, InjectHang("drill")))
    mailbox = house.runtime.address(EXCHANGE).mailbox

    def quit_and_look() -> bool:
        until(lambda: isinstance(mailbox.handling, InjectHang), "the hang")
        house.session.quit("enough")
        until(lambda: house.gate.held(SHUTDOWN), "the gate to be shut", AT_ONCE_S)
        house.notice(EXCHANGE)
        return True

    ended = house.run_until(quit_and_look, "the end")
    assert ended.outcome.error == "exchange is stuck: it gave no sign of life for 600 s"


def test_somebody_who_locks_the_database_is_waited_for(tmp_path: Path) -> None:
    """Facts wait, the gate is shut meanwhile, and nobody hangs over it."""
    house = House(tmp_path, FOR_S, **PATIENT)

    def lock_for_a_while() -> None:
        other = sqlite3.connect(house.folder.journal_path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        house.crash("view")  # something to journal, whatever the strategies do
        until(lambda: house.gate.held("journal"), "the gate to be shut")
        mailbox = house.runtime.address("persistence").mailbox
        before = mailbox.metrics().handled
        until(lambda: mailbox.metrics().handled > before + 10, "signs of life while it waits")
        assert house.gate.held("journal")
        other.execute("ROLLBACK")
        other.close()
        until(lambda: not house.gate.held("journal"), "the gate to be opened")

    house.at(AT_S, lock_for_a_while)
    ended = house.run()
    assert ended.restarted() == ["view"]
    check_recovered(house, ended)


def test_a_full_mailbox_of_what_must_not_be_dropped_halts(tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S, mailbox__capacity=2000, **PATIENT)

    def flood() -> None:
        house.tell("executor", InjectHang("drill"))
        mailbox = house.runtime.address("executor").mailbox
        until(lambda: isinstance(mailbox.handling, InjectHang), "the hang")
        for _ in range(2100):
            house.tell("executor", CancelOrder("nobody's"))
        house.notice("executor")

    house.at(AT_S, flood)
    ended = house.run()
    assert ended.outcome.exit_code == 3, ended.outcome.error
    (halted,) = ended.events(Halted)
    assert halted.reason == "the mailbox of executor is full (2000)"
    shut = house.gate_log.index(("shut", HALT))
    assert ("write", "") not in house.gate_log[shut:]
    check_money(house, ended)
