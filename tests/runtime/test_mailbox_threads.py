"""Whatever threads do to a mailbox at once, each message is handled or told of as abandoned."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from genesis.messages.base import Message
from genesis.runtime.mailbox import Activity, Fenced, Mailbox


class Order(Message, frozen=True):
    """Never dropped."""

    n: int


class Box:
    def __init__(self, capacity: int) -> None:
        self.activity = Activity()
        self.mail = Mailbox(capacity, self.activity, lambda message: None)


@pytest.fixture
def eager_switching() -> Iterator[None]:
    """Threads take turns as often as they can, so that a race has its chance."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("eager_switching")
def test_under_threads_every_message_is_handled_or_abandoned_exactly_once() -> None:
    """Four writers, and readers that are fenced at any moment, most of all while they take."""
    writers, each, fences = 4, 1000, 150
    box = Box(capacity=writers * each)
    taken: list[int] = []
    abandoned: list[int] = []
    readers: list[threading.Thread] = []

    def read(epoch: int) -> None:
        try:
            while True:
                message = box.mail.take(epoch)
                with lock:
                    # A fenced reader's message is a dead letter: its handling has no effect.
                    if box.mail.handling is message and alive == epoch:
                        taken.append(message.n)  # type: ignore[attr-defined]
                        handled.add(message.n)  # type: ignore[attr-defined]
        except Fenced:
            return

    def write(number: int) -> None:
        for n in range(each):
            box.mail.put(Order(number * each + n))

    lock = threading.Lock()
    handled: set[int] = set()
    alive = 0
    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for epoch in range(1, fences + 1):
        with lock:
            left = box.mail.hand_to(epoch)
            alive = epoch
            if left is not None and left.n not in handled:  # type: ignore[attr-defined]
                abandoned.append(left.n)  # type: ignore[attr-defined]
        readers.append(threading.Thread(target=read, args=(epoch,)))
        readers[-1].start()
    for thread in threads:
        thread.join()
    emptied = threading.Event()
    box.activity.when_idle = emptied.set
    if not box.activity.idle:
        assert emptied.wait(60)
    box.mail.hand_to(0)
    for thread in readers:
        thread.join(60)
        assert not thread.is_alive(), "a fenced reader never woke up"
    assert sorted(taken + abandoned) == list(range(writers * each))
    assert box.activity.idle
