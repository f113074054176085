"""A mailbox loses and doubles nothing but by stated policy, whoever reads it and whenever."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.messages.base import Control, Message, Overflow
from genesis.runtime.mailbox import Activity, Fenced, Mailbox
from genesis.runtime.solo import SoloMailbox

CAPACITY = 4


class Urgent(Control, frozen=True):
    n: int


class Order(Message, frozen=True):
    """Never dropped."""

    n: int


class Delta(Message, frozen=True):
    """Dropped when full: its receiver resynchronises."""

    overflow: ClassVar[Overflow] = Overflow.RESYNC

    n: int


class Picture(Message, frozen=True):
    """The oldest is dropped when full."""

    overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST

    n: int


class View(Message, frozen=True):
    """The newest of a symbol replaces the one that waits."""

    overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST

    n: int
    symbol: str

    @property
    def conflation_key(self) -> str:
        return self.symbol


class Box:
    """A mailbox with its activity, and what it said about overflows."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.activity = Activity()
        self.overflows: list[Message] = []
        self.mail = Mailbox(capacity, self.activity, self.overflows.append)

    def drain(self, epoch: int) -> list[Message]:
        taken = []
        while (message := self.mail.take_now(epoch)) is not None:
            taken.append(message)
        return taken


def box_read_by(epoch: int, capacity: int = CAPACITY) -> Box:
    box = Box(capacity)
    box.mail.hand_to(epoch)
    return box


def test_control_overtakes_data() -> None:
    box = box_read_by(1)
    for message in (Order(1), Urgent(2), Order(3), Urgent(4)):
        box.mail.put(message)
    assert box.drain(1) == [Urgent(2), Urgent(4), Order(1), Order(3)]


def test_a_newer_view_takes_the_place_of_the_older_in_the_queue() -> None:
    box = box_read_by(1)
    for message in (View(1, "BTC"), Order(2), View(3, "ETH"), View(4, "BTC")):
        box.mail.put(message)
    assert box.drain(1) == [View(4, "BTC"), Order(2), View(3, "ETH")]
    assert box.mail.metrics().conflated == 1


def test_a_view_that_was_taken_is_not_conflated_any_more() -> None:
    box = box_read_by(1)
    box.mail.put(View(1, "BTC"))
    assert box.mail.take_now(1) == View(1, "BTC")
    box.mail.put(View(2, "BTC"))
    assert box.drain(1) == [View(2, "BTC")]


@pytest.mark.parametrize("solo", [False, True], ids=["Mailbox", "SoloMailbox"])
def test_a_full_box_takes_orders_and_says_so_once_until_half_is_worked_off(solo: bool) -> None:
    told: list[Message] = []
    mail = (
        SoloMailbox(CAPACITY, told.append, lambda: None)
        if solo
        else Mailbox(CAPACITY, Activity(), told.append)
    )
    mail.hand_to(1)
    for n in range(7):
        mail.put(Order(n))
    assert told == [Order(4)]
    assert [mail.take_now(1) for _ in range(4)] == [Order(n) for n in range(4)]
    for n in range(7, 9):
        mail.put(Order(n))
    assert told == [Order(4)]  # three waited: more than half
    assert [mail.take_now(1) for _ in range(3)] == [Order(n) for n in range(4, 7)]
    for n in range(9, 12):
        mail.put(Order(n))
    assert told == [Order(4), Order(11)]
    assert [mail.take_now(1) for _ in range(6)] == [*(Order(n) for n in range(7, 12)), None]


def test_a_message_for_one_incarnation_never_reaches_the_next() -> None:
    box = box_read_by(1)
    box.mail.put(Order(1), epoch=1)
    box.mail.put(Urgent(2), epoch=1)
    box.mail.put(Order(3))
    box.mail.hand_to(2)
    assert box.drain(2) == [Order(3)]
    assert box.activity.idle


def test_what_the_former_reader_was_handling_is_told_once_and_not_delivered_again() -> None:
    box = box_read_by(1)
    box.mail.put(Order(1))
    box.mail.put(Order(2))
    assert box.mail.take_now(1) == Order(1)
    assert box.mail.hand_to(0) == Order(1)
    assert box.mail.hand_to(2) is None
    assert box.mail.done(1) is None  # the zombie comes back from its handler
    assert box.drain(2) == [Order(2)]


def test_while_it_is_being_fenced_a_reader_can_take_nothing_more() -> None:
    """A message taken in that moment would be neither handled nor known to be lost."""
    box = box_read_by(1)
    for n in (1, 2):
        box.mail.put(Order(n))
    box.mail.take_now(1)
    stolen: list[Message | None] = []
    end = box.activity.end

    def end_while_the_reader_comes_back() -> None:
        end()
        stolen.append(box.mail.take_now(1))

    box.activity.end = end_while_the_reader_comes_back  # type: ignore[method-assign]
    assert box.mail.hand_to(0) == Order(1)
    assert stolen == [None]
    box.mail.hand_to(2)
    assert box.mail.take_now(2) == Order(2)


def test_where_readers_come_in_turns_each_new_message_asks_for_one_turn() -> None:
    """And leaves no wake-up behind: that would be the largest thing in a long backtest."""
    turns: list[None] = []
    mail = Mailbox(CAPACITY, Activity(), lambda message: None, lambda: turns.append(None))
    mail.hand_to(1)
    for n in range(10):
        mail.put(View(n, "BTC"))  # all but the first conflate with it
    assert len(turns) == 1
    assert mail.take_now(1) == View(9, "BTC")
    mail.put(View(10, "BTC"))
    mail.put(Urgent(11))
    assert len(turns) == 3
    assert mail._tokens.empty()


def test_a_wake_up_that_is_put_off_comes_with_the_next_message_or_when_it_is_called_for() -> None:
    put_off: list[Mailbox] = []
    mail = Mailbox(
        CAPACITY,
        Activity(),
        lambda message: None,
        puts_off=lambda mailbox: put_off.append(mailbox) is None,
    )
    mail.hand_to(1)
    mail._tokens.get()  # that of its reader's coming
    mail.put(View(1, "BTC"))
    mail.put(View(2, "BTC"))
    mail.put(View(3, "ETH"))
    assert mail._tokens.empty()
    assert put_off == [mail, mail]
    mail.put(Order(4))
    assert [mail.take(1) for _ in range(3)] == [View(2, "BTC"), View(3, "ETH"), Order(4)]
    mail.put(View(5, "BTC"))
    mail.wake()
    mail.wake()
    assert mail.take(1) == View(5, "BTC")
    assert mail._tokens.empty()


def test_a_fenced_reader_is_sent_away_at_once() -> None:
    box = box_read_by(1)
    box.mail.hand_to(2)
    with pytest.raises(Fenced):
        box.mail.take(1)
    assert box.mail.take_now(1) is None


def test_the_house_is_busy_while_an_incarnation_starts_and_while_it_handles() -> None:
    box = Box()
    idle: list[bool] = []
    box.activity.when_idle = lambda: idle.append(True)
    box.mail.hand_to(1)
    assert not box.activity.idle  # it has not come for its first message yet
    assert box.mail.take_now(1) is None
    assert box.activity.idle
    box.mail.put(Order(1))
    box.mail.take_now(1)
    assert not box.activity.idle
    box.mail.hand_to(0)
    assert box.activity.idle
    assert idle == [True, True]


def test_dropping_the_oldest_is_never_a_moment_of_idleness() -> None:
    """A warp clock would jump in it, over work that is there."""
    box = Box(capacity=1)
    idle: list[bool] = []
    box.activity.when_idle = lambda: idle.append(True)
    for n in range(5):
        box.mail.put(Picture(n))
    assert not idle
    box.mail.hand_to(1)
    assert box.drain(1) == [Picture(4)]
    assert idle == [True]


class Model:
    """What a mailbox should hold, written as plainly as possible."""

    def __init__(self) -> None:
        self.control: deque[tuple[int, Message]] = deque()
        self.data: deque[tuple[int, Message]] = deque()
        self.living = 0
        self.busy = False
        self.handling: Message | None = None

    def put(self, message: Message, epoch: int) -> None:
        if isinstance(message, Urgent):
            self.control.append((epoch, message))
            return
        if isinstance(message, View) and not epoch:
            for index, (of, old) in enumerate(self.data):
                if isinstance(old, View) and old.symbol == message.symbol and not of:
                    self.data[index] = (0, message)
                    return
        if len(self.data) >= CAPACITY:
            if isinstance(message, Delta):
                return
            if isinstance(message, Picture | View):
                same = [i for i, (_, old) in enumerate(self.data) if type(old) is type(message)]
                if same:
                    del self.data[same[0]]
        self.data.append((epoch, message))

    def take(self, epoch: int) -> Message | None:
        if epoch != self.living:
            return None
        self.busy, self.handling = False, None
        for lane in (self.control, self.data):
            while lane:
                of, message = lane.popleft()
                if of in (0, epoch):
                    self.busy, self.handling = True, message
                    return message
        return None

    def hand_to(self, epoch: int) -> Message | None:
        abandoned, self.handling = self.handling, None
        self.living, self.busy = epoch, epoch != 0
        return abandoned

    @property
    def work(self) -> int:
        return len(self.control) + len(self.data) + self.busy


kinds = st.sampled_from(
    [Urgent, Order, Delta, Picture, lambda n: View(n, "BTC"), lambda n: View(n, "ETH")]
)
actions = st.one_of(
    st.tuples(st.just("put"), kinds, st.integers(0, 3)),
    st.tuples(st.just("take"), st.integers(0, 1)),
    st.tuples(st.just("hand"), st.booleans()),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(actions, max_size=60))
def test_any_history_agrees_with_the_model(history: list[tuple]) -> None:  # type: ignore[type-arg]
    """Also of the mailbox of one thread: it has the same lanes and policies."""
    box, model, epoch = Box(), Model(), 0
    told: list[Message] = []
    solo = SoloMailbox(CAPACITY, told.append, lambda: None)
    for number, action in enumerate(history):
        match action:
            case "put", kind, of:
                # 0 is for anyone; 1 to 3: for the newest incarnation, or one or two before it.
                to = 0 if of == 0 or epoch < of else epoch + 1 - of
                box.mail.put(kind(number), to)
                solo.put(kind(number), to)
                model.put(kind(number), to)
            case "take", behind:
                expected = model.take(epoch - behind)
                assert box.mail.take_now(epoch - behind) == expected
                assert solo.take_now(epoch - behind) == expected
            case "hand", onward:
                epoch += onward
                to = epoch if onward else 0
                abandoned = model.hand_to(to)
                assert box.mail.hand_to(to) == abandoned
                assert solo.hand_to(to) == abandoned
        assert box.mail.depth == solo.depth == len(model.control) + len(model.data)
        assert box.overflows == told
        assert box.activity._count == model.work
        assert len([m for _, m in model.data if not isinstance(m, Order)]) <= CAPACITY + 3
