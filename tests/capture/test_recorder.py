"""What is noted of actors at work on threads, and what is left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from genesis.capture.recorder import BEGAN, DIED, FENCED, NOTED, TOLD, TOOK, Note, Recorder
from genesis.messages.base import Message
from genesis.messages.lifecycle import InjectCrash, MailboxOverflowed
from genesis.messages.names import SUPERVISOR
from genesis.messages.orders import CancelOrder
from genesis.runtime.actor import Actor, Context, handles
from genesis.runtime.base import starter
from genesis.runtime.clock import ScaledClock
from genesis.runtime.gate import TradingGate
from genesis.runtime.threads import ThreadsRuntime

PATIENCE_S = 60.0


class Ball(Message, frozen=True):
    count: int


class Later(Message, frozen=True):
    pass


class Player(Actor):
    """Throws every ball back once, reads the gate, and tells the outside of a decision."""

    def __init__(self, context: Context, other: str, gate: TradingGate) -> None:
        super().__init__(context)
        self._other = other
        self._gate = gate

    @handles(Ball)
    def _on_ball(self, ball: Ball) -> None:
        self._gate.read()
        if ball.count:
            self.tell(self._other, Ball(ball.count - 1))
        else:
            self.tell("outside", CancelOrder("a"))
            self.after(1, Later())

    @handles(Later)
    def _on_later(self, later: Later) -> None:
        self.tell(SUPERVISOR, Ball(0))


class Listener(Actor):
    """Takes everything, in place of the supervisor."""

    def __init__(self, context: Context, heard: list[Message], enough: threading.Event) -> None:
        super().__init__(context)
        self._heard = heard
        self._enough = enough

    def on_receive(self, message: Message) -> None:
        self._heard.append(message)
        if isinstance(message, Ball):
            self._enough.set()


@pytest.fixture
def notes() -> Iterator[Callable[[Callable[[ThreadsRuntime], None]], list[Note]]]:
    """Play a game of two and give what was noted of it."""
    runtimes: list[ThreadsRuntime] = []

    def play(serve: Callable[[ThreadsRuntime], None]) -> list[Note]:
        recorder = Recorder()
        runtime = ThreadsRuntime(ScaledClock(1, 1.0), observer=recorder)
        runtimes.append(runtime)
        gate = TradingGate(recorder)
        for name in (SUPERVISOR, "left", "right", "outside"):
            runtime.register(name)
        recorder.watch(["left", "right"])
        enough = threading.Event()
        runtime.spawn(SUPERVISOR, starter(Listener, heard=[], enough=enough))
        runtime.spawn("left", starter(Player, other="right", gate=gate))
        runtime.spawn("right", starter(Player, other="left", gate=gate))
        serve(runtime)
        assert enough.wait(PATIENCE_S)
        recorder.stop()
        return list(recorder.notes)

    yield play
    for runtime in runtimes:
        runtime.stop()


def test_each_take_names_what_was_sent(
    notes: Callable[[Callable[[ThreadsRuntime], None]], list[Note]],
) -> None:
    found = notes(lambda runtime: runtime.address("left").tell(Ball(2)))
    assert {note[1:3] for note in found if note[0] == BEGAN} == {("left", 1), ("right", 1)}
    takes = [(note[1], note[4], note[5]) for note in found if note[0] == TOOK]
    assert takes == [
        ("left", None, Ball(2)),  # from outside: the message itself
        ("right", ("left", 1, 1), Ball),
        ("left", ("right", 1, 1), Ball),
        ("left", ("left", 1, -1), Later),  # its first timer
    ]


def test_what_it_learned_and_told_stands_behind_the_take(
    notes: Callable[[Callable[[ThreadsRuntime], None]], list[Note]],
) -> None:
    found = notes(lambda runtime: runtime.address("right").tell(Ball(0)))
    kinds = [note[0] for note in found if note[0] != BEGAN]
    # The supervisor is outside here, so what is told to it is kept as well.
    assert [kind for kind in kinds if kind != TOLD] == [TOOK, NOTED, TOOK]
    assert kinds.index(TOOK) < kinds.index(NOTED)
    told = [note[3:] for note in found if note[0] == TOLD]
    assert ("outside", CancelOrder("a")) in told


def test_births_deaths_and_fences(
    notes: Callable[[Callable[[ThreadsRuntime], None]], list[Note]],
) -> None:
    def serve(runtime: ThreadsRuntime) -> None:
        runtime.address("left").tell(InjectCrash("drill"))
        runtime.fence("right", 1, "silent")
        runtime.fence("right", 1, "silent")
        runtime.address(SUPERVISOR).tell(Ball(0))
        while runtime.address("left").living:
            threading.Event().wait(0.001)

    found = notes(serve)
    assert [note[1:] for note in found if note[0] == DIED] == [
        ("left", 1, "InjectedCrash: drill"),
    ]
    fences = [note[1:] for note in found if note[0] == FENCED]
    assert [fence[:3] for fence in fences] == [("right", 1, True), ("right", 1, False)]


def test_a_full_mailbox_is_told_as_from_outside() -> None:
    recorder = Recorder()
    recorder.watch(["risk", SUPERVISOR])
    recorder.starts("risk", 1, 0)
    assert recorder.sending("", 0, SUPERVISOR, MailboxOverflowed("risk", "Ball", 1)) is None
    assert recorder.sending("", 0, SUPERVISOR, Ball(1)) == ("risk", 1, 1)


def test_what_is_not_watched_leaves_no_note() -> None:
    recorder = Recorder()
    recorder.watch(["risk"])
    recorder.taken(None, Ball(1))
    recorder.handles("exchange", 1, 5)
    assert recorder.noted("gate", 7) == 7
    assert recorder.sending("exchange", 1, "risk", Ball(1)) is None
    assert recorder.timing("exchange", 1, Ball(1)) == Ball(1)
    recorder.died("exchange", 1, "why")
    assert recorder.fenced("exchange", 1, None) is None
    assert not recorder.notes
