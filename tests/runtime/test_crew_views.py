"""Who waits outside a crew neither gets in the way of its turns, nor waits for long."""

from __future__ import annotations

import threading

import pytest
from ship import Picture, Ship
from test_threads import Do, Say, Worker, until

from genesis.runtime.crew import TURNS_PUT_OFF


def show(sailor: Worker) -> None:
    """A view for the one outside, as a book publishes it."""
    sailor.tell("loner", Picture(0))


def stick(ship: Ship, name: str) -> None:
    """``name`` does not come back from its next turn before the test is over: whoever waits for
    it to come back waits in vain."""
    stuck = threading.Event()
    ship.wakes.append(stuck)
    ship.tell(name, Do(lambda sailor: stuck.wait()))


def await_hang(ship: Ship, name: str) -> None:
    mailbox = ship.runtime.address(name).mailbox
    until(lambda: mailbox.depth == 0 and mailbox.handling is not None, f"{name}'s hang")


def put_off_a_timer_and_hang(ship: Ship) -> None:
    """Bob's timer is due, and the timers' thread not woken for it, as cid has the next turn; and
    cid does not come back from that."""
    wake, _ = ship.hold("ann")
    ship.tell("bob", Do(lambda sailor: sailor.after_wall(0, Say("time"))))
    stick(ship, "cid")
    wake.set()
    await_hang(ship, "cid")


def test_a_view_wakes_no_reader_outside_while_others_wait_for_their_turns(ship: Ship) -> None:
    wake, _ = ship.hold("ann")
    ship.tell("bob", Do(show), Say("next"), Say("last"))
    wake.set()
    ship.idle()
    seen = [entry for entry in ship.log if entry != ("loner", "ann from the grave")]
    assert seen == [("bob", "next"), ("bob", "last"), ("loner", 0)]


def test_a_member_has_its_turn_for_a_view_before_a_reader_outside_is_woken(
    ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = ship.runtime.address("loner").mailbox
    told_when_woken: list[list[tuple[str, object]]] = []
    wake = outside.wake

    def noting() -> None:
        told_when_woken.append(list(ship.log))
        wake()

    monkeypatch.setattr(outside, "wake", noting)

    def show_both(sailor: Worker) -> None:
        show(sailor)
        sailor.tell("ann", Picture(7))

    ship.tell("bob", Do(show_both))
    until(lambda: ("loner", 0) in ship.log, "the view outside")
    assert ("ann", 7) in told_when_woken[0]


def test_a_view_waits_for_so_many_turns_and_no_more(ship: Ship) -> None:
    wake, _ = ship.hold("ann")
    ship.tell("bob", Do(show), *(Say("turn") for _ in range(TURNS_PUT_OFF)))
    stick(ship, "bob")
    wake.set()
    until(lambda: ("loner", 0) in ship.log, "the view, before the last turn is over")


def test_what_is_no_view_takes_the_view_before_it_along(ship: Ship) -> None:
    """An intent must not wait for its reader's attention behind a view that can."""
    wake, _ = ship.hold("ann")
    ship.tell("bob", Do(show), Do(lambda sailor: sailor.tell("loner", Say("intent"))))
    stick(ship, "bob")
    wake.set()
    until(lambda: ("loner", "intent") in ship.log, "the intent, while bob is stuck")
    assert ship.log[-2:] == [("loner", 0), ("loner", "intent")]


def test_a_view_put_off_before_a_hang_is_seen_once_the_crew_goes_on(ship: Ship) -> None:
    wake, _ = ship.hold("ann")
    ship.tell("bob", Do(show))
    stick(ship, "bob")
    wake.set()
    await_hang(ship, "bob")
    assert ("loner", 0) not in ship.log
    ship.runtime.fence("bob", 1, "hung")
    until(lambda: ("loner", 0) in ship.log, "the view")


def test_the_timers_are_woken_after_the_turns_that_wait(
    ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers = ship.runtime._timers
    told_when_woken: list[list[tuple[str, object]]] = []
    wake_timers = timers.wake

    def noting() -> None:
        told_when_woken.append(list(ship.log))
        wake_timers()

    monkeypatch.setattr(timers, "wake", noting)
    wake, _ = ship.hold("ann")
    ship.tell("bob", Do(lambda sailor: sailor.after_wall(0, Say("time"))), Say("next"))
    wake.set()
    until(lambda: ("bob", "time") in ship.log, "the timer")
    assert ("bob", "next") in told_when_woken[0]


def test_a_timer_that_is_put_off_keeps_nobody_elses_waiting(ship: Ship) -> None:
    """The next heartbeat must not wait for the end of the hang that it is to find."""
    put_off_a_timer_and_hang(ship)
    ship.tell("loner", Do(lambda sailor: sailor.after_wall(1_000_000, Say("heartbeat"))))
    until(lambda: ("loner", "heartbeat") in ship.log, "the other's timer, while cid is stuck")


def test_a_timer_set_before_a_hang_comes_once_the_crew_goes_on(ship: Ship) -> None:
    put_off_a_timer_and_hang(ship)
    ship.runtime.fence("cid", 1, "hung")
    until(lambda: ("bob", "time") in ship.log, "the timer")
