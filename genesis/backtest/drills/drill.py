"""Trading sessions under a seeded fault plan, held against the venue's own truth.

A safety phase with faults, then a liveness phase without. Processes come and go; the venue, its
orders and the disk stay.
"""

from __future__ import annotations

import functools
import random
from collections import Counter

import msgspec

from genesis.backtest.drills.life import LEAD_IN_NS, Life
from genesis.backtest.drills.markets import DrillMarket, FrameMarket, TapeMarket
from genesis.backtest.drills.mids import TapeMids
from genesis.backtest.drills.plan import ALL, LONG_MINUTES, Fault, Plan, ProcessFault, plan_of
from genesis.backtest.drills.truth import at_rest
from genesis.backtest.drills.watch import Watch
from genesis.config import Settings
from genesis.daemon import limits
from genesis.errors import StorageError
from genesis.messages.market import table_of
from genesis.messages.names import (
    EXECUTOR,
    FEED,
    PERSISTENCE,
    RISK,
    SUPERVISOR,
    book_name,
    strategy_name,
)
from genesis.runtime.chaos import ActorFault
from genesis.simulator.fault_plan import FeedFault, VenueFault
from genesis.simulator.faults import Faults
from genesis.simulator.matching import MatchingEngine
from genesis.storage.memory_disk import MemoryDisk, StorageFault
from genesis.storage.words import describe

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HEAL_NS = 90 * SECOND_NS
"""The liveness phase: unknown orders are given up on after 20 s, reconciliation after 60 s."""

FRAMES_EVERY = 16
"""One seed of so many plays frames as a venue writes them, so that the decoder is drilled, too."""
TWO_SYMBOLS_EVERY = 8
LATENCIES_MS = (20, 100, 250)
PACE, LONG_PACE = (12, 48, 5000, 5000), (40, 200, 20_000, 10_000)
"""Spans of the average in trades, and how often quotes and heartbeats come, in ms."""


class Scenario(msgspec.Struct, frozen=True):
    """Everything a drill follows from: the same one twice is the same journal twice."""

    seed: int
    minutes: float
    plan: Plan

    @property
    def heal_ns(self) -> int:
        return START_NS + int(self.minutes * MINUTE_NS)

    @property
    def is_long(self) -> bool:
        return self.minutes >= LONG_MINUTES

    @property
    def symbols(self) -> tuple[str, ...]:
        return ("BTCUSDT", "ETHUSDT")[: 2 if self.seed % TWO_SYMBOLS_EVERY == 5 else 1]

    @property
    def plays_frames(self) -> bool:
        return self.seed % FRAMES_EVERY == 3 and not self.is_long


class Verdict(msgspec.Struct, frozen=True):
    """``violations`` in words, each with its time, empty when every invariant held.

    ``struck`` says what struck when. ``events`` are the journal's entries in words, if asked for.
    """

    scenario: Scenario
    violations: tuple[tuple[int, str], ...]
    struck: tuple[tuple[int, Fault], ...]
    lives: int
    orders: int
    fills: int
    restarts: int
    halts: int
    halted: bool
    virtual_ns: int
    journal_hash: str
    events: tuple[tuple[int, str], ...] = ()

    @property
    def kinds(self) -> Counter[str]:
        """How often which fault struck."""
        return Counter(
            "kill" if isinstance(fault, ProcessFault) else str(fault.kind)
            for _, fault in self.struck
        )


@functools.cache
def drill_settings(latency_ms: int, *, long: bool) -> Settings:
    """Livelier strategies than the default's whose orders reach the limits, and supervision that
    does not fill an hour with housekeeping. In a ``long`` session all of it comes more rarely."""
    fast, slow, refresh_ms, heartbeat_ms = LONG_PACE if long else PACE
    return Settings.load(
        None,
        {
            "market.speed": 0.0,
            "market.window_ms": 0,
            "paper.latency_to_venue_ms": latency_ms,
            "paper.latency_from_venue_ms": latency_ms,
            "strategies.ema_cross.fast": fast,
            "strategies.ema_cross.slow": slow,
            "strategies.ema_cross.notional": "30",
            "strategies.spread_capture.notional": "25",
            "strategies.spread_capture.half_spread_bps": "2",
            "strategies.spread_capture.requote_bps": "4",
            "strategies.spread_capture.refresh_ms": refresh_ms,
            "supervision.intensity": 1000,
            "supervision.heartbeat_ms": heartbeat_ms,
            "supervision.hang_after_ms": 2 * heartbeat_ms,
            "view.interval_ms": 60_000,
        },
    )


def scenario_of(seed: int, minutes: float, kinds: tuple[str, ...] = ALL) -> Scenario:
    """The scenario of a seed, with faults of ``kinds``."""
    bare = Scenario(seed, minutes, ())
    names = [PERSISTENCE, RISK, EXECUTOR, FEED, SUPERVISOR, *map(book_name, bare.symbols)]
    names += map(strategy_name, ("ema_cross", "spread_capture"))
    plan = plan_of(seed, kinds, names, START_NS, bare.heal_ns)
    return msgspec.structs.replace(bare, plan=plan)


def drill(scenario: Scenario, *, with_events: bool = False) -> Verdict:
    """Run one scenario, and the time it takes to heal."""
    return _Drill(scenario).run(with_events)


def warm_up() -> None:
    """Load the kernels and whatever else a drill uses, once for all processes forked from here."""
    drill(Scenario(0, 0.01, ()))


class _Drill:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        plan, heal_ns = scenario.plan, scenario.heal_ns
        self._end_ns = heal_ns + HEAL_NS
        latency_ms = random.Random(f"link/{scenario.seed}").choice(LATENCIES_MS)
        self._settings = drill_settings(latency_ms, long=scenario.is_long)
        seeded = (scenario.symbols, scenario.seed, START_NS)
        self._market: DrillMarket = (
            FrameMarket(*seeded) if scenario.plays_frames else TapeMarket(*seeded, self._end_ns)
        )
        self._disk = MemoryDisk((f for f in plan if isinstance(f, StorageFault)), heal_ns)
        self._watch = Watch(self._disk, limits(self._settings))
        self._faults = Faults(
            [fault for fault in plan if isinstance(fault, VenueFault | FeedFault)],
            heal_ns,
            self._watch.client,
        )
        self._actor_faults = [fault for fault in plan if isinstance(fault, ActorFault)]
        self._kills = sorted(
            (fault for fault in plan if isinstance(fault, ProcessFault)), key=lambda f: f.at_ns
        )
        self._struck: list[tuple[int, Fault]] = []
        self._restarts = 0

    def run(self, with_events: bool) -> Verdict:
        life, lives = self._next_life(None, START_NS), 1
        life.live()
        self._take_down(life)
        while life.died_ns is not None:
            back_ns = self._back_ns(life.died_ns)
            self._disk.restart()
            life = self._next_life(life.house.engine, back_ns)
            life.live()
            self._take_down(life)
            lives += 1
        return self._verdict(life, lives, with_events)

    def _next_life(self, engine: MatchingEngine | None, start_ns: int) -> Life:
        """A process; one that cannot even begin its run is started again a second later."""
        while True:
            if engine is not None:
                self._pass_without_us(engine, start_ns)
                self._faults.reconnect()
            begins = start_ns == START_NS
            market = self._market.whole if begins else self._market.after(start_ns)
            die_at_ns = self._kills[0].at_ns if self._kills else 1 << 62
            try:
                life = Life(
                    self._settings,
                    market,
                    self._disk,
                    self._watch,
                    seed=self._scenario.seed,
                    end_ns=self._end_ns,
                    heal_ns=self._scenario.heal_ns,
                    die_at_ns=die_at_ns,
                    actor_faults=self._actor_faults,
                    faults=self._faults,
                    engine=engine,
                )
            except StorageError:
                start_ns += SECOND_NS
                self._disk.restart()
                continue
            if isinstance(self._market, TapeMarket) and engine is None:
                self._watch.mids = TapeMids(self._market.tape, life.house.engine)
            return life

    def _back_ns(self, died_ns: int) -> int:
        """When the process that died is back."""
        down_ns = SECOND_NS
        if self._disk.killed is not None:
            down_ns = self._disk.killed.for_ns
        elif self._kills and self._kills[0].at_ns <= died_ns:
            kill = self._kills.pop(0)
            self._struck.append((died_ns, kill))
            down_ns = kill.for_ns
        back_ns = min(died_ns + LEAD_IN_NS + down_ns, self._end_ns - HEAL_NS // 2)
        while self._kills and self._kills[0].at_ns <= back_ns:
            self._kills.pop(0)
        return max(back_ns, died_ns + LEAD_IN_NS)

    def _pass_without_us(self, engine: MatchingEngine, back_ns: int) -> None:
        """The market goes on while the process is down; what the venue says, nobody hears."""
        for symbol, rows in self._market.rows(back_ns).items():
            times = rows["time_ns"]
            shown = int(times.searchsorted(engine.shown_ns(symbol), side="right"))
            end = int(times.searchsorted(back_ns, side="right"))
            engine.on_rows(symbol, table_of(rows[shown:end]))
        engine.advance(back_ns)

    def _take_down(self, life: Life) -> None:
        self._struck += life.runtime.struck
        struck = [fault for _, fault in life.runtime.struck]
        self._actor_faults = [fault for fault in self._actor_faults if fault not in struck]
        self._restarts += life.count("restarts")

    def _verdict(self, life: Life, lives: int, with_events: bool) -> Verdict:
        self._struck += [*self._faults.struck, *self._disk.struck]
        self._struck.sort(key=lambda each: each[0])
        watch, now_ns = self._watch, life.runtime.clock.now_ns()
        if life.error or life.unhealed:
            watch.found(now_ns, f"liveness: {life.error or life.unhealed}")
        watch.judge_decisions()
        for what in at_rest(life.house.engine, self._disk):
            watch.found(now_ns, what)
        kinds = Counter(row.kind for row in self._disk.rows)
        events: tuple[tuple[int, str], ...] = ()
        if with_events:
            entries = self._disk.entries(0, len(self._disk.rows))
            events = tuple(
                (e.time_ns, f"{type(e.event).__name__} {describe(e.event)}") for e in entries
            )
        return Verdict(
            scenario=self._scenario,
            violations=tuple(sorted(watch.violations)),
            struck=tuple(self._struck),
            lives=lives,
            orders=kinds["OrderSent"],
            fills=kinds["OrderFilled"],
            restarts=self._restarts,
            halts=kinds["Halted"],
            halted=life.halted,
            virtual_ns=now_ns - START_NS,
            journal_hash=self._disk.head.hash,
            events=events,
        )
