"""A supervisor alone, whose children are only addresses."""

from __future__ import annotations

from collections.abc import Container
from typing import TypeVar

from fake import SECOND, FakeRuntime, Stage

from genesis.actors.ladder import RECOVERY
from genesis.actors.nursery import Times
from genesis.actors.supervisor import Supervisor
from genesis.messages.base import Message
from genesis.messages.control import ReconcileDone
from genesis.messages.journal import AnyEvent, AppendFacts
from genesis.messages.lifecycle import (
    ActorDown,
    ActorStarted,
    ActorStopped,
    Ping,
    Pong,
    StartMarket,
)
from genesis.runtime.gate import GateState, TradingGate
from genesis.runtime.supervision import ChildSpec, GroupSpec, Strategy

M = TypeVar("M", bound=Message)
MONEY = ("persistence", "risk", "executor")
MARKET = ("feed", "book", "strategy.ema")
CHILDREN = (*MONEY, "publisher", *MARKET)
TIMES = Times(
    heartbeat_ns=SECOND // 2,
    hang_after_ns=3 * SECOND,
    start_timeout_ns=10 * SECOND,
    shutdown_timeout_ns=3 * SECOND,
)


class Stand(Stage):
    """Everything is up and the venue was compared, unless told otherwise."""

    def __init__(self, *, up: bool = True) -> None:
        self.gate = TradingGate()
        self.gate.hold(RECOVERY, "starting")
        self.reports: list[Message] = []
        runtime = FakeRuntime()
        groups = [
            GroupSpec("money", Strategy.ONE_FOR_ONE, 5, 60 * SECOND),
            GroupSpec("market", Strategy.REST_FOR_ONE, 5, 60 * SECOND),
            GroupSpec("screens", Strategy.ONE_FOR_ONE, 5, 60 * SECOND, halts=False),
        ]
        group_of = dict.fromkeys(MONEY, "money") | {"publisher": "screens"}
        children = [ChildSpec(name, group_of.get(name, "market")) for name in CHILDREN]
        self.spawned: list[str] = []
        super().__init__(
            "supervisor",
            lambda c: Supervisor(
                c,
                nursery=runtime,
                gate=self.gate,
                groups=groups,
                children=children,
                starts={name: self._starter(name) for name in CHILDREN},
                money=frozenset(MONEY),
                times=TIMES,
                run=7,
                report=self.reports.append,
            ),
            runtime,
        )
        if up:
            self.come_up()
            self.tell(StartMarket(), ReconcileDone(RECOVERY, ()))
            self.clear()

    def _starter(self, name: str) -> object:
        return lambda context: self.spawned.append(f"{name}#{context.epoch}")

    def clear(self) -> None:
        super().clear()
        self.spawned.clear()
        self.reports.clear()

    def started(self, name: str) -> None:
        self.tell(ActorStarted(name, self.runtime.address(name).living))

    def come_up(self) -> None:
        """Whoever was started says so, until nobody is left to start."""
        seen = 0
        while len(self.spawned) > seen:
            seen += 1
            self.started(self.spawned[seen - 1].split("#")[0])

    def crash(self, name: str, message: Message | None = None) -> None:
        address = self.runtime.address(name)
        epoch = address.living
        address.vacate(epoch)
        self.tell(ActorDown(name, epoch, "RuntimeError: boom", message))

    def stop_asked(self, kind: type[M]) -> list[str]:
        return [to for to, message in self.runtime.sent if isinstance(message, kind)]

    def stopped(self, name: str) -> None:
        address = self.runtime.address(name)
        epoch = address.living
        address.vacate(epoch)
        self.tell(ActorStopped(name, epoch))

    def pass_heartbeats(self, seconds: float, silent: Container[str] = ()) -> None:
        """Everyone answers each ping, but the silent ones."""
        for _ in range(round(seconds * 2)):
            self.wait_s(0.5)
            for to, message in list(self.runtime.sent):
                if isinstance(message, Ping) and to not in silent:
                    self.tell(Pong(to, message.epoch, message.nonce))
            self.take(Ping)

    def recorded(self) -> list[AnyEvent]:
        return [f.event for m in self.sent(AppendFacts) for f in m.facts]

    def of(self, kind: type) -> list[AnyEvent]:
        return [event for event in self.recorded() if isinstance(event, kind)]

    def reported(self, kind: type[M]) -> list[M]:
        return [report for report in self.reports if isinstance(report, kind)]

    @property
    def state(self) -> GateState:
        return self.gate.read().state
