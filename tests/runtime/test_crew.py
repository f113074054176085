"""Actors on one thread: whose turn it is, and what a stuck, failed or starving member costs."""

from __future__ import annotations

import gc
import threading
import weakref

from ship import CREW, MEMBERS, Sailor, Ship, Urgent
from test_threads import PATIENCE_S, SECOND, Do, Fail, Newcomers, Say, Tick, Worker, until

from genesis.messages.lifecycle import ActorDown, ActorStarted, ActorStopped, InjectHang, Stop
from genesis.messages.names import SUPERVISOR
from genesis.runtime.base import starter


def test_a_crew_shares_one_thread_and_nobody_else_does(ship: Ship) -> None:
    on = {name: ship.runtime.address(name).ask(Say("hello"), PATIENCE_S) for name in MEMBERS}
    assert on == dict.fromkeys(MEMBERS, f"{CREW}#1")
    assert ship.runtime.address("loner").ask(Say("hello"), PATIENCE_S) == "loner#1"


def test_turns_come_in_the_order_of_the_messages_and_control_first_within_a_mailbox(
    ship: Ship,
) -> None:
    wake, _ = ship.hold("ann")
    ship.tell("bob", Say("1"))
    ship.tell("cid", Say("2"))
    ship.tell("bob", Say("3"), Urgent("4"))
    ship.tell("ann", Say("5"))
    wake.set()
    ship.idle()
    said = [entry for entry in ship.log if entry[0] in MEMBERS]
    assert said == [("bob", "4"), ("cid", "2"), ("bob", "1"), ("bob", "3"), ("ann", "5")]


def test_what_a_member_tells_another_waits_for_the_end_of_its_own_turn(ship: Ship) -> None:
    def pass_on(sailor: Worker) -> None:
        sailor.tell("bob", Say("from ann"))
        sailor.log.append("ann goes on")

    ship.tell("ann", Do(pass_on))
    until(lambda: len(ship.log) == 2, "both")
    assert ship.log == ["ann goes on", ("bob", "from ann")]


def test_a_member_that_fails_costs_the_others_nothing(ship: Ship) -> None:
    wake, _ = ship.hold("ann")
    ship.tell("bob", Fail(), Say("bob's next"))
    ship.tell("cid", Say("cid's"))
    wake.set()
    until(lambda: ("cid", "cid's") in ship.log, "cid's turn")
    death = ActorDown("bob", 1, "RuntimeError: asked to", Fail())
    until(lambda: death in ship.heard, "the news of bob's death")
    assert ship.threads() == [f"{CREW}#1"]
    assert ship.spawn("bob") == 2
    ship.idle()
    assert ship.log.count(("bob", "bob's next")) == 1
    assert [letter.message for letter in ship.runtime.dead_letters] == [Fail()]


def test_even_what_would_end_a_thread_ends_only_the_member(ship: Ship) -> None:
    def leave(sailor: Worker) -> None:
        raise SystemExit("enough")

    ship.tell("bob", Do(leave))
    until(lambda: any(isinstance(m, ActorDown) for m in ship.heard), "the news of bob's death")
    assert ship.runtime.address("ann").ask(Say("hello"), PATIENCE_S) == f"{CREW}#1"


def test_behind_a_stuck_member_the_others_go_on_once_it_is_fenced(ship: Ship) -> None:
    ship.hold("bob")
    ship.tell("ann", Say("one"))
    ship.tell("cid", Say("two"))
    assert [name for name in MEMBERS if ship.runtime.waits(name)] == ["ann", "cid"]
    assert not ship.runtime.waits("loner")
    assert isinstance(ship.runtime.fence("bob", 1, "hung"), Do)
    until(lambda: ship.log == [("ann", "one"), ("cid", "two")], "the others' turns")
    assert sorted(ship.threads()) == [f"{CREW}#1", f"{CREW}#2"]
    until(lambda: not any(map(ship.runtime.waits, MEMBERS)), "the end of the last turn")
    assert [ship.runtime.address(name).living for name in MEMBERS] == [1, 0, 1]


def test_a_zombie_that_wakes_sends_nothing_and_runs_nobody(ship: Ship) -> None:
    wake, back = ship.hold("bob")
    ship.runtime.fence("bob", 1, "hung")
    ship.spawn("bob")
    # The fresh thread has its hands full, so only the zombie's could take these turns.
    other, _ = ship.hold("ann")
    for name in MEMBERS:
        ship.tell(name, Say("later"))
    wake.set()
    assert back.wait(PATIENCE_S)
    until(lambda: ship.threads() == [f"{CREW}#2"], "the stuck thread to end")
    assert ship.log == []
    assert not [m for m in ship.heard if m == Say("bob from the grave")]
    other.set()
    until(lambda: len(ship.log) == len(MEMBERS) + 1, "their turns")  # and ann's word to the loner
    assert {entry for entry in ship.log if entry[0] in MEMBERS} == {(n, "later") for n in MEMBERS}
    assert ship.runtime.address("bob").living == 2


def test_a_zombie_that_fails_kills_nobody(ship: Ship) -> None:
    inside, wake = threading.Event(), threading.Event()

    def hang(sailor: Worker) -> None:
        inside.set()
        wake.wait(PATIENCE_S)
        raise RuntimeError("late")

    ship.tell("bob", Do(hang))
    assert inside.wait(PATIENCE_S)
    ship.runtime.fence("bob", 1, "hung")
    ship.spawn("bob")
    wake.set()
    until(lambda: ship.threads() == [f"{CREW}#2"], "the stuck thread to end")
    ship.idle()
    assert ship.runtime.address("bob").living == 2
    assert not [m for m in ship.heard if isinstance(m, ActorDown)]


def test_a_member_stuck_in_its_start_is_replaced_like_any_other(ship: Ship) -> None:
    inside, wake = threading.Event(), threading.Event()

    class Sleepy(Sailor):
        def begin(self) -> None:
            inside.set()
            wake.wait(PATIENCE_S)

    ship.runtime.fence("bob", 1, "test")
    ship.tell("bob", Say("waits"))
    ship.runtime.spawn("bob", starter(Sleepy, log=ship.log))
    assert inside.wait(PATIENCE_S)
    assert ship.runtime.waits("ann")
    assert not ship.runtime.waits("bob")
    ship.runtime.fence("bob", 2, "it did not start")
    assert ship.spawn("bob") == 3
    wake.set()
    until(lambda: ship.threads() == [f"{CREW}#2"], "the stuck thread to end")
    ship.idle()
    assert ship.log == [("bob", "waits")]
    assert ActorStarted("bob", 2) not in ship.heard


def test_one_fenced_while_it_waits_for_its_start_never_starts(ship: Ship) -> None:
    ship.runtime.fence("bob", 1, "test")
    wake, _ = ship.hold("ann")
    begun: list[int] = []

    class Noted(Sailor):
        def begin(self) -> None:
            begun.append(self.epoch)

    for epoch in (2, 3):
        ship.runtime.spawn("bob", starter(Noted, log=ship.log))
        if epoch == 2:
            ship.runtime.fence("bob", 2, "test")
    wake.set()
    until(lambda: ActorStarted("bob", 3) in ship.heard, "the start")
    assert begun == [3]
    assert ship.threads() == [f"{CREW}#1"]  # who waits holds no thread up


def test_what_waited_for_a_member_that_was_down_is_handled_in_order_and_once(ship: Ship) -> None:
    ship.runtime.fence("bob", 1, "test")
    ship.tell("bob", Say("1"), Say("2"), Say("3"))
    ship.tell("cid", Say("in between"))
    until(lambda: ("cid", "in between") in ship.log, "the turns that nobody took")
    ship.spawn("bob")
    ship.tell("bob", Say("4"))
    ship.idle()
    assert [text for name, text in ship.log if name == "bob"] == ["1", "2", "3", "4"]


def test_an_ordered_end_of_one_and_of_all(ship: Ship) -> None:
    for name in reversed(MEMBERS):
        ship.tell(name, Say("last words"), Stop(1))
    until(lambda: all(ActorStopped(name, 1) in ship.heard for name in MEMBERS), "their ends")
    stopped = [m.name for m in ship.heard if isinstance(m, ActorStopped)]
    assert stopped == list(reversed(MEMBERS))
    ship.spawn("ann")
    assert ship.runtime.address("ann").ask(Say("back"), PATIENCE_S) == f"{CREW}#1"


def test_warped_time_stands_still_behind_a_stuck_member_and_goes_on_after_it(ship: Ship) -> None:
    ship.tell("cid", Do(lambda sailor: sailor.after(SECOND, Tick(1))))
    ship.hold("bob")
    ship.tell("ann", Say("waits"))
    clock = ship.runtime.clock
    before_ns = clock.now_ns()
    ship.runtime.timer(ship.runtime.address(SUPERVISOR), 1, 1_000_000, Say("wall"), wall=True)
    until(lambda: Say("wall") in ship.heard, "a wall timer")
    assert clock.now_ns() == before_ns
    ship.runtime.fence("bob", 1, "hung")
    until(lambda: (1, Tick(1)) in ship.log, "the tick")
    assert ship.log == [("ann", "waits"), (1, Tick(1))]
    assert clock.now_ns() == before_ns + SECOND


def test_a_hundred_restarts_leave_no_thread_and_no_actor_behind() -> None:
    new = Newcomers()
    ship = Ship()
    address = ship.runtime.address("bob")
    for n in range(100):
        if n % 2:
            ship.tell("bob", Fail())
            until(lambda: address.living == 0, "its death")
        else:
            ship.tell("bob", InjectHang("drill"))
            until(lambda: isinstance(address.mailbox.handling, InjectHang), "its hang")
            ship.runtime.fence("bob", address.living, "hung")
        ship.spawn("bob")
    until(lambda: len(ship.threads()) == 1, "the zombies to leave")
    assert new.actors() == 2 + len(MEMBERS)
    ship.idle()
    ship.runtime.stop()
    until(lambda: new.threads() == 0, "everyone to leave")
    until(lambda: new.actors() == 0, "the registry to forget them")


def test_members_talking_while_one_is_fenced_all_the_time_end_in_idleness(ship: Ship) -> None:
    """Every message is handled or a dead letter, each once, whatever is fenced when."""
    for n in range(100):
        for m in range(5):
            ship.tell("bob", Say(f"{n}.{m}"))
            ship.tell("cid", Say(f"{n}.{m}"))
        ship.runtime.fence("bob", ship.runtime.address("bob").living, "at any moment")
        ship.spawn("bob")
    ship.idle()
    assert ship.runtime._activity._count == 0
    wanted = {f"{n}.{m}" for n in range(100) for m in range(5)}
    dead = [m.text for d in ship.runtime.dead_letters if isinstance(m := d.message, Say)]
    for name, lost in (("bob", dead), ("cid", [])):
        said = [text for who, text in ship.log if who == name]
        assert len(said) == len(set(said))
        assert set(said) | set(lost) == wanted


def test_a_fenced_member_is_let_go_of(ship: Ship) -> None:
    ship.runtime.fence("bob", 1, "test")
    former = weakref.ref(ship.runtime._crew_of["bob"]._actors["bob"][0])
    ship.spawn("bob")
    ship.runtime.address("ann").ask(Say("hello"), PATIENCE_S)
    gc.collect()
    assert former() is None
