"""One life of the process within a drill: a session that ends in order, or is killed midway."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from genesis.backtest.drills.truth import unheard
from genesis.backtest.drills.watch import Watch
from genesis.backtest.engine import VirtualSession
from genesis.config import Settings
from genesis.counted import counted
from genesis.exchange.source import Market
from genesis.messages.base import Message
from genesis.messages.control import RESUME_PHRASE, Resume
from genesis.messages.lifecycle import MarketEnded
from genesis.messages.names import SUPERVISOR
from genesis.runtime.chaos import ActorFault, ActorKind
from genesis.runtime.gate import HALT, GateState
from genesis.runtime.virtual import Stood
from genesis.simulator.faults import Faults
from genesis.simulator.matching import MatchingEngine
from genesis.storage.journal import Journal
from genesis.storage.memory_disk import DiskStore, MemoryDisk

LEAD_IN_NS = 1_000_000_000
OPERATOR_NS = 30_000_000_000
"""How often the drill's operator looks whether trading is halted, and resumes."""
SETTLED_NS = 15_000_000_000
"""What the venue has done so long ago, its client knows."""
WATCHDOG_NS = 5_000_000_000
PATIENCE_NS = 120_000_000_000
"""Behind the market's end, for a shutdown in good order."""
HANGS = (ActorKind.HANG, ActorKind.ZOMBIE)
EVENTS_MAX = 1 << 17
"""So many at one moment are no work any more: they turn in a circle."""


class Life(VirtualSession):
    """``die_at_ns``: the process is killed then. ``died_ns`` says when it was, None if it ended."""

    def __init__(
        self,
        settings: Settings,
        market: Market,
        disk: MemoryDisk,
        watch: Watch,
        *,
        seed: int,
        end_ns: int,
        heal_ns: int,
        die_at_ns: int,
        actor_faults: Sequence[ActorFault],
        faults: Faults,
        engine: MatchingEngine | None,
    ) -> None:
        disk.now_ns = lambda: market.start_ns
        super().__init__(
            settings,
            market,
            lambda: Journal(DiskStore(disk)),
            seed=seed,
            end_ns=end_ns,
            actor_faults=actor_faults,
            faults=faults,
            heal_ns=heal_ns,
            lead_in_ns=LEAD_IN_NS,
            engine=engine,
        )
        self.runtime.lookahead = True
        self.died_ns: int | None = None
        self.unhealed = ""
        self._supervisor_hung = False
        self._events = self._moment_ns = 0
        self._disk = disk
        self._watch = watch
        self._heal_ns = heal_ns
        disk.now_ns = self.runtime.clock.now_ns
        disk.kill = self._die
        now_ns = self.runtime.clock.now_ns()
        self.runtime.set_alarm()
        self.runtime.call_in(die_at_ns - now_ns, self._die)
        too_late = functools.partial(self.abandon, "the actors did not end in time")
        self.runtime.call_in(end_ns + PATIENCE_NS - now_ns, too_late)
        self.runtime.call_in(OPERATOR_NS, self._operate)
        self._hangs = [
            fault for fault in actor_faults if fault.name == SUPERVISOR and fault.kind in HANGS
        ]
        self._set_watchdog()
        watch.attend(self)

    def live(self) -> None:
        """Until the end in good order, or until it is killed."""
        self.house.start()
        stood = Stood.PAUSED
        while not (self._ended or self.died_ns is not None or stood is Stood.IDLE):
            stood = self.runtime.run(EVENTS_MAX)
            self._look_whether_time_passes(EVENTS_MAX if stood is Stood.BUSY else 1)
            self._hear_reports()
        if self.died_ns is None and not self._ended:
            self._error = self._error or "the run came to a standstill"
        self._judge()
        self.runtime.stop()

    @property
    def error(self) -> str:
        """One line, empty when it ended well or was killed."""
        return "" if self.died_ns is not None else self._error

    @property
    def halted(self) -> bool:
        return self.house.gate.held(HALT)

    def count(self, name: str) -> int:
        return self.runtime.counters.get(name)

    def _look_whether_time_passes(self, events: int) -> None:
        now_ns = self.runtime.clock.now_ns()
        self._events = self._events + events if now_ns == self._moment_ns else 0
        if self._events >= EVENTS_MAX:
            self.abandon("time stands still: the actors keep each other busy")
        self._moment_ns = now_ns

    def _die(self) -> None:
        """As a ``kill -9``: nothing of this process happens after this."""
        self.died_ns = self.runtime.clock.now_ns()
        self.runtime.pause()

    def _hear(self, report: Message) -> None:
        if isinstance(report, MarketEnded):
            self._look_whether_healed()
        super()._hear(report)

    def _look_whether_healed(self) -> None:
        """The faults are long over: trading goes on, or it is halted and says so."""
        reading = self.house.gate.read()
        if reading.halted:
            return
        if reading.state is GateState.HALTED:
            self.unhealed = f"the gate is still shut: {reading.reason}"
        long_ago_ns = self.runtime.clock.now_ns() - SETTLED_NS
        for what in unheard(self.house.engine, self._disk, long_ago_ns):
            self.unhealed = self.unhealed or what

    def _operate(self) -> None:
        if self.runtime.clock.now_ns() < self._heal_ns:
            if self.house.gate.held(HALT):
                resume = Resume("the drill goes on", RESUME_PHRASE)
                self.runtime.address(SUPERVISOR).tell(resume)
            self.runtime.call_in(OPERATOR_NS, self._operate)

    def _look_after_supervisor(self) -> None:
        """As the daemon does: one that hangs is taken for dead, and the process ends."""
        if self.runtime.is_hung(SUPERVISOR):
            if self._supervisor_hung:
                self._supervisor_down("it hangs")
            self._supervisor_hung = True
        self._set_watchdog()

    def _set_watchdog(self) -> None:
        """Only a fault can hang the supervisor, so before one may strike nobody looks: every look
        would cut a stretch of the market."""
        now_ns, looks = self.runtime.clock.now_ns(), 1
        if not self.runtime.is_hung(SUPERVISOR):
            struck = [fault for _, fault in self.runtime.struck]
            waiting = [fault.at_ns for fault in self._hangs if fault not in struck]
            if not waiting or now_ns >= self._heal_ns:
                return
            looks = max(1, (min(waiting) - now_ns) // WATCHDOG_NS)
        self.runtime.call_in(looks * WATCHDOG_NS, self._look_after_supervisor)

    def _supervisor_down(self, reason: str) -> None:
        """Without its supervisor the daemon ends; the machine starts it again."""
        self._die()

    def _judge(self) -> None:
        now_ns, epochs = self.runtime.clock.now_ns(), dict[str, int]()
        for _, name, before, epoch in self.runtime.spawned:
            if before or epoch <= epochs.get(name, 0):
                text = f"8: {name} got incarnation {epoch} while {before or epoch} lived"
                self._watch.found(now_ns, text)
            epochs[name] = epoch
        if self.runtime.zombie_sent:
            sent = counted(self.runtime.zombie_sent, "message")
            text = f"8: {sent} of fenced incarnations got through"
            self._watch.found(now_ns, text)
        for since_ns, fault in self.runtime.struck:
            if fault.kind in HANGS:
                ends = [at_ns for at_ns, name, *_ in self.runtime.spawned if name == fault.name]
                ends = [at_ns for at_ns in ends if at_ns > since_ns]
                if fault.kind is ActorKind.ZOMBIE:
                    ends.append(since_ns + fault.for_ns)
                self._watch.hung(fault.name, since_ns, min([now_ns, *ends]))
