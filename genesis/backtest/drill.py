"""One trading session under a seeded fault plan, held against the venue's own truth.

A safety phase with faults, then a liveness phase without. The oracle is the matching engine: what
the journal says at the end must be what the venue says.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import msgspec

from genesis.actors.order_book import EXCHANGE
from genesis.backtest.engine import VirtualOutcome, VirtualSession
from genesis.config import Settings
from genesis.domain.money import ZERO, exact, text
from genesis.domain.state import TradingState
from genesis.exchange.source import Market
from genesis.messages.base import Message
from genesis.messages.journal import Entry, OrderFilled, OrderIntended
from genesis.messages.orders import SubmitOrder
from genesis.runtime.chaos import ActorFault, When
from genesis.runtime.gate import GateState
from genesis.simulator.faults import FaultRates, Faults
from genesis.simulator.market import GeneratedMarket
from genesis.storage.journal import Journal, MemoryLog

START_NS = 1_700_000_000_000_000_000
MINUTE_NS = 60_000_000_000
HEAL_NS = 90_000_000_000
"""The liveness phase: unknown orders are given up on after 20 s, reconciliation after 60 s."""

CRASH_EVERY_NS = 20_000_000_000
RATES = FaultRates(
    lose_request=0.02,
    unknown_outcome=0.02,
    drop_answer=0.03,
    double_answer=0.05,
    delay_answer=0.05,
    hide_order=0.05,
    drop_frames=0.002,
    double_frames=0.002,
    swap_frames=0.002,
    stall_frames=0.0005,
)


class Verdict(msgspec.Struct, frozen=True):
    """``violations`` in words, empty when every invariant held."""

    seed: int
    violations: tuple[str, ...]
    struck: tuple[ActorFault, ...]
    injected: dict[str, int]
    orders: int
    fills: int
    restarts: int
    halted: bool
    journal_hash: str


def drill_settings() -> Settings:
    """Livelier strategies than the default's, and supervision in virtual seconds."""
    return Settings.load(
        None,
        {
            "market.speed": 0.0,
            "market.window_ms": 0,
            "strategies.ema_cross.fast": 4,
            "strategies.ema_cross.slow": 16,
            "strategies.spread_capture.half_spread_bps": "1",
            "strategies.spread_capture.requote_bps": "0.5",
            "supervision.intensity": 1000,
            "supervision.heartbeat_ms": 1000,
            "view.interval_ms": 60_000,
        },
    )


def plan_of(seed: int, names: list[str], until_ns: int) -> list[ActorFault]:
    """Which actors fail when, from a seed."""
    rng = random.Random(f"drill/{seed}")
    faults = []
    at_ns = START_NS
    while (at_ns := at_ns + rng.randrange(1, 2 * CRASH_EVERY_NS)) < until_ns:
        when = rng.choice([*When, When.BEFORE, When.MIDWAY, When.AFTER])
        faults.append(ActorFault(at_ns, rng.choice(names), when))
    return faults


def drill(seed: int, minutes: float, symbols: tuple[str, ...] = ("BTCUSDT",)) -> Verdict:
    """Run one seed for ``minutes`` of trading time with faults, and some more to heal."""
    settings = drill_settings()
    generated = GeneratedMarket(symbols, seed, START_NS)
    market = Market(
        title="drill",
        instruments=generated.instruments(),
        frames=generated.frames(),
        start_ns=START_NS,
        recorded=False,
    )
    log = MemoryLog()
    until_ns = START_NS + int(minutes * MINUTE_NS)
    names = ["persistence", "risk", "executor", "feed"]
    names += [f"book.{symbol}" for symbol in symbols]
    names += [f"strategy.{name}" for name in settings.strategies.enabled]
    faults = Faults(RATES, random.Random(f"venue/{seed}"), until_ns)
    session = VirtualSession(
        settings,
        market,
        lambda: Journal.in_memory(log),
        seed=seed,
        end_ns=until_ns + HEAL_NS,
        actor_faults=plan_of(seed, names, until_ns),
        faults=faults,
    )
    watch = Watch(session, log)
    outcome = session.run()
    state = Journal.in_memory(log).state
    return Verdict(
        seed=seed,
        violations=(*watch.violations, *_at_rest(session, outcome, state, log.entries)),
        struck=tuple(session.runtime.struck),
        injected=faults.injected,
        orders=outcome.summary.orders,
        fills=outcome.summary.fills,
        restarts=outcome.summary.restarts,
        halted=outcome.halted,
        journal_hash=outcome.summary.journal_hash,
    )


class Watch:
    """Looks at every order on its way onto the wire."""

    def __init__(self, session: VirtualSession, log: MemoryLog) -> None:
        self.violations: list[str] = []
        self._gate = session.house.gate
        self._log = log
        self._read = 0
        self._intended: set[str] = set()
        self._sent: set[str] = set()
        mailbox = session.runtime.address(EXCHANGE).mailbox
        put = mailbox.put

        def watched(message: Message, *rest: int) -> None:
            if isinstance(message, SubmitOrder):
                self._on_submit(message)
            put(message, *rest)

        mailbox.__dict__["put"] = watched

    def _on_submit(self, order: SubmitOrder) -> None:
        for entry in self._log.entries[self._read :]:
            if isinstance(entry.event, OrderIntended):
                self._intended.add(entry.event.client_order_id)
        self._read = len(self._log.entries)
        name = order.client_order_id
        if name in self._sent:
            self.violations.append(f"2: {name} was sent twice")
        if name not in self._intended:
            self.violations.append(f"5: {name} was sent before its intent was durable")
        reading = self._gate._reading()  # under the gate's own lock already
        if reading.state is GateState.HALTED:
            self.violations.append(f"4: {name} was sent through a shut gate: {reading.reason}")
        self._sent.add(name)


def _at_rest(
    session: VirtualSession, outcome: VirtualOutcome, state: TradingState, entries: list[Entry]
) -> list[str]:
    """What must hold when everything has come to rest."""
    found = []
    if outcome.error:
        found.append(f"liveness: {outcome.error}")
    engine = session.house.engine
    ours = Counter(
        (e.event.symbol, e.event.trade_id) for e in entries if isinstance(e.event, OrderFilled)
    )
    theirs = {(desk.instrument.symbol, t.trade_id) for desk in engine.desks for t in desk.trades}
    found += [f"1: trade {trade} is applied {n} times" for trade, n in ours.items() if n > 1]
    found += [f"1: the venue's trade {trade} is missing" for trade in sorted(theirs - set(ours))]
    found += [f"1: trade {trade} is not the venue's" for trade in sorted(set(ours) - theirs)]
    there = {b.asset: b.free + b.locked for b in engine.account.balances()}
    for asset in sorted(there.keys() | state.ledger.balances.keys()):
        mine, truth = state.ledger.balance(asset), there.get(asset, ZERO)
        if mine != truth:
            found.append(f"1: {text(mine)} {asset} here, {text(truth)} at the venue")
    found += [f"6: {o.client_order_id} is {o.status}" for o in state.orders.open.values()]
    found += [f"6: {name} rests at the venue" for desk in engine.desks for name in desk.open]
    again = TradingState()
    for entry in entries:
        again.apply(entry)
    if again.digest() != state.digest():
        found.append("7: the replayed journal's state differs from the live one")
    return found + _identity(state)


@exact
def _identity(state: TradingState) -> list[str]:
    """Equity two ways: from the ledger's flows, and from the balances at an arbitrary mark."""
    mark = Decimal("12345.67")
    value = state.ledger.value(dict.fromkeys(state.ledger.positions, mark))
    quote = state.ledger.quote
    held = sum((n for asset, n in state.ledger.balances.items() if asset != quote), ZERO)
    from_balances = state.ledger.balance(quote) + held * mark
    from_profit = value.start + value.realized + value.unrealized - value.fees
    if not value.equity == from_balances == from_profit:
        return [f"10: equity {value.equity}, {from_balances} of balances, {from_profit} of profit"]
    return []
