"""The ladder with a host that only writes down what it is asked to do."""

from __future__ import annotations

from typing import TypeVar

from fake import NOON_NS

from genesis.actors.ladder import RETRY_NS, Ladder, Retry
from genesis.messages.base import Message
from genesis.messages.control import CommandAnswer, Halt
from genesis.messages.journal import AnyEvent
from genesis.runtime.gate import GateState, TradingGate

M = TypeVar("M", bound=Message)


class Stand:
    """The ladder and, in its own words, what it does; it is its own host."""

    def __init__(self) -> None:
        self.time_ns, self.forgiven = NOON_NS, 0
        self.log: list[object] = []
        self.told: list[tuple[str, Message]] = []
        self.events: list[AnyEvent] = []
        self.timers: list[Message] = []
        self.answers: list[CommandAnswer] = []
        self.gate = TradingGate()
        self.ladder = Ladder(self.gate, self)

    def now_ns(self) -> int:
        return self.time_ns

    def tell(self, to: str, message: Message) -> None:
        self.told.append((to, message))
        self.log.append((message, self.gate.read().state))

    def record(self, *events: AnyEvent) -> None:
        self.events += events

    def after(self, delay_ns: int, message: Message) -> None:
        assert delay_ns == RETRY_NS
        self.timers.append(message)

    def answer(self, answer: CommandAnswer) -> None:
        self.answers.append(answer)

    def resumed(self) -> None:
        self.forgiven += 1

    def sent(self, kind: type[M]) -> list[M]:
        return [m for to, m in self.told if isinstance(m, kind) and to == "executor"]

    def retry(self) -> None:
        [timer] = self.timers
        assert isinstance(timer, Retry)
        self.timers.clear()
        self.time_ns += RETRY_NS
        self.ladder.retry(timer)

    @property
    def state(self) -> GateState:
        return self.gate.read().state


def halted(reason: str = "drawdown") -> Stand:
    stand = Stand()
    stand.ladder.halt(Halt(reason, "risk"))
    return stand


def recovering() -> Stand:
    stand = Stand()
    stand.ladder.money_actor_failed("risk", "a crash")
    stand.ladder.recover()
    return stand
