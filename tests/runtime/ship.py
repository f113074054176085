"""A runtime with a crew of three on one thread, one who works alone, and who listens to them."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from test_threads import PATIENCE_S, Do, Listener, Say, Worker, until

from genesis.messages.base import Control, Message, Overflow
from genesis.messages.lifecycle import ActorStarted
from genesis.messages.names import SUPERVISOR
from genesis.runtime.actor import handles
from genesis.runtime.base import starter
from genesis.runtime.clock import WarpClock
from genesis.runtime.threads import ThreadsRuntime

CREW = "deck"
MEMBERS = ("ann", "bob", "cid")


class Urgent(Control, frozen=True):
    text: str


class Picture(Message, frozen=True):
    """A newer one takes its place."""

    overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST
    n: int

    @property
    def conflation_key(self) -> str:
        return "sea"


class Sailor(Worker):
    """Writes down who was told what; ``log`` is the whole crew's."""

    @handles(Say)
    def _on_say(self, say: Say) -> str:
        self.log.append((self.name, say.text))
        return threading.current_thread().name

    @handles(Picture)
    def _on_picture(self, picture: Picture) -> None:
        self.log.append((self.name, picture.n))

    @handles(Urgent)
    def _on_urgent(self, urgent: Urgent) -> None:
        self.log.append((self.name, urgent.text))


class Ship:
    """A runtime with a listening supervisor, a crew of three, and one who works alone."""

    def __init__(self) -> None:
        self.runtime = ThreadsRuntime(WarpClock(0))
        self.heard: list[Message] = []
        self.log: list[Any] = []
        self.sailor = starter(Sailor, log=self.log)
        self.wakes: list[threading.Event] = []
        self.runtime.register(SUPERVISOR)
        self.runtime.spawn(SUPERVISOR, starter(Listener, heard=self.heard))
        self.runtime.crew(CREW, MEMBERS)
        for name in (*MEMBERS, "loner"):
            self.runtime.register(name)
            self.spawn(name)
        # Its birth woke it once; unused, that would let it see a view that was put off.
        until(self.runtime.address("loner").mailbox._tokens.empty, "the loner to wait")

    def spawn(self, name: str) -> int:
        epoch = self.runtime.spawn(name, self.sailor)
        until(lambda: ActorStarted(name, epoch) in self.heard, f"the start of {name}")
        return epoch

    def tell(self, name: str, *messages: Message) -> None:
        for message in messages:
            self.runtime.address(name).tell(message)

    def idle(self) -> None:
        until(lambda: self.runtime._activity.idle, "idleness")

    def hold(self, name: str) -> tuple[threading.Event, threading.Event]:
        """``name`` does not come back from its turn until the first event is set; the second is set
        when it has come back and sent something."""
        inside, wake, back = threading.Event(), threading.Event(), threading.Event()
        self.wakes.append(wake)

        def hang(sailor: Worker) -> None:
            inside.set()
            wake.wait(PATIENCE_S)
            sailor.tell(SUPERVISOR, Say(f"{name} from the grave"))
            sailor.tell("loner", Say(f"{name} from the grave"))
            back.set()

        self.tell(name, Do(hang))
        assert inside.wait(PATIENCE_S)
        return wake, back

    def threads(self) -> list[str]:
        return [t.name for t in threading.enumerate() if t.name.startswith(f"{CREW}#")]
