"""One run in virtual time, from a market to a summary, wired through the daemon's own House."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pykka

from genesis.config import Settings
from genesis.daemon import MS, House
from genesis.exchange.source import Market
from genesis.messages.base import Message
from genesis.messages.lifecycle import (
    Ended,
    Failed,
    InputFailed,
    MarketEnded,
    Shutdown,
    Started,
    StartMarket,
)
from genesis.messages.market import Best
from genesis.messages.names import EXCHANGE, SUPERVISOR
from genesis.runs.opening import LEAD_IN_NS, begin_run, shut_gate
from genesis.runs.summary import Summary, ask_best, closing_summary
from genesis.runtime.chaos import ActorFault, ChaosRuntime
from genesis.runtime.clock import ENDLESS_NS
from genesis.runtime.gate import HALT
from genesis.runtime.virtual import Stood
from genesis.simulator.faults import Faults
from genesis.simulator.matching import MatchingEngine
from genesis.storage.journal import Journal


class VirtualOutcome(NamedTuple):
    """``error`` is one line for a person, empty when there was none; ``halt_reason`` likewise."""

    summary: Summary
    halted: bool
    error: str
    halt_reason: str


class VirtualSession:
    """Build it, then ``run``. Without faults the chaos runtime is the virtual one."""

    def __init__(
        self,
        settings: Settings,
        market: Market,
        open_journal: Callable[[], Journal],
        *,
        seed: int = 0,
        end_ns: int | None = None,
        actor_faults: Sequence[ActorFault] = (),
        faults: Faults | None = None,
        lookahead: bool = True,
        heal_ns: int = ENDLESS_NS,
        lead_in_ns: int = LEAD_IN_NS,
        engine: MatchingEngine | None = None,
    ) -> None:
        """``lookahead``: let what cannot change anything travel together, as long as nothing fails
        (a crash comes between any two messages) and no strategy reads the levels of a book.

        From ``heal_ns`` on no actor's fault strikes. ``lead_in_ns`` is the trading time before the
        market's first moment. ``engine`` is a venue that outlived the session before.
        """
        self._market = market
        self._open_journal = open_journal
        journal = open_journal()
        first_ns = market.start_ns - lead_in_ns
        self._before, state = begin_run(journal, settings, market, first_ns)
        journal.close()
        self.runtime = ChaosRuntime(
            first_ns,
            actor_faults,
            seed=seed,
            mailbox_capacity=settings.mailbox.capacity,
            until_ns=heal_ns,
        )
        self._reports: deque[Message] = deque()
        self.house = House(
            self.runtime,
            settings,
            market,
            open_journal,
            state,
            end_ns,
            self._report,
            faults,
            engine,
            screens=False,
        )
        healthy = not actor_faults and faults is None
        self.runtime.lookahead = lookahead and healthy and not self.house.reads_depth
        paper = settings.paper
        self.runtime.reaction_ns = (paper.latency_to_venue_ms + paper.latency_from_venue_ms) * MS
        shut_gate(self.house.gate, state)
        self._ended = False
        self._error = ""
        self._asked_best: list[pykka.Future[Best]] = []
        self.runtime.supervisor_down = self._supervisor_down

    def run(self) -> VirtualOutcome:
        """To the end of the market and through an orderly shutdown."""
        self.house.start()
        while not self._ended and self.runtime.run() is not Stood.IDLE:
            self._hear_reports()
        if not self._ended:
            self._error = self._error or "the run came to a standstill"
        gate = self.house.gate.read()
        self.runtime.stop()
        summary = closing_summary(
            self._open_journal,
            self.runtime.counters,
            self._before,
            self._asked_best,
            self._market.instruments,
        )
        halt_reason = gate.reason if gate.halted else ""
        return VirtualOutcome(summary, gate.halted, self._error, halt_reason)

    def overhear(self, name: str, hear: Callable[[Message], None]) -> None:
        """Call ``hear`` with every message to the actor ``name``, before it is queued there."""
        mailbox = self.runtime.address(name).mailbox
        put = mailbox.put

        def heard(message: Message, *rest: Any) -> None:
            hear(message)
            put(message, *rest)

        mailbox.__dict__["put"] = heard

    def abandon(self, error: str) -> None:
        """End without a shutdown in order; safe from a signal handler. ``error`` is one line."""
        self._error = self._error or error
        self._end_now()

    def _end_now(self) -> None:
        self._ended = True
        self.runtime.pause()

    def _report(self, report: Message) -> None:
        self._reports.append(report)
        self.runtime.pause()

    def _hear_reports(self) -> None:
        while self._reports:
            self._hear(self._reports.popleft())

    def _hear(self, report: Message) -> None:
        match report:
            case Started():
                self.runtime.clock.jump_to(self._market.start_ns)
                for name in (EXCHANGE, SUPERVISOR):
                    self.runtime.address(name).tell(StartMarket())
            case MarketEnded():
                self._end("the market is over")
            case InputFailed(error) | Failed(error):
                self._error = self._error or error
                self._end(error)
            case Ended():
                self._ended = True

    def _end(self, reason: str) -> None:
        self._asked_best = self._asked_best or ask_best(self.runtime, self.house.symbols)
        self.runtime.address(SUPERVISOR).tell(Shutdown(reason))

    def _supervisor_down(self, reason: str) -> None:
        self.house.gate.hold(HALT, f"the supervisor died: {reason}")
        self._error = f"the supervisor died: {reason}"
        self._end_now()
