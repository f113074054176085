"""Holds a drill's invariants against what the venue, the tape and the disk themselves say.

It looks at every order on its way onto the wire and at everything that reaches the client, and
never at what the house believes of itself but for the gate.
"""

from __future__ import annotations

from decimal import Decimal

from genesis.backtest.drills.client import ClientWatch
from genesis.backtest.drills.mids import Mids
from genesis.backtest.engine import VirtualSession
from genesis.domain.limits import Limits
from genesis.domain.money import ZERO, exact, rounded_down, rounded_up, text
from genesis.messages.base import Message
from genesis.messages.journal import OrderIntended
from genesis.messages.names import EXCHANGE, FEED, book_name
from genesis.messages.orders import Side, SubmitOrder
from genesis.runtime.gate import GateState, TradingGate
from genesis.simulator.desk import OrderDesk
from genesis.simulator.matching import MatchingEngine
from genesis.storage.memory_disk import MemoryDisk

MS = 1_000_000
ON_THE_WAY_NS = 6_000_000_000
"""A request that has not arrived after so long is lost: it adds nothing."""
SLACK = Decimal("1.01")
"""The market moves between the mark an order was judged at and the moment of its sending."""


class Watch:
    """One per drill; ``attend`` for each life of the process. ``violations`` tell of time, too."""

    def __init__(self, disk: MemoryDisk, limits: Limits) -> None:
        self.violations: list[tuple[int, str]] = []
        self.client = ClientWatch(lambda: disk.now_ns())
        self._hung: list[tuple[str, int, int]] = []
        self._disk = disk
        self._limits = limits
        self.mids: Mids = self.client.mids
        self._read = 0
        self._intended: dict[str, OrderIntended] = {}
        self._sent: dict[str, tuple[int, SubmitOrder]] = {}

    def attend(self, session: VirtualSession) -> None:
        """Look at every order on its way to the exchange from now on."""
        self.client.begin()
        gate, engine = session.house.gate, session.house.engine

        def look(message: Message) -> None:
            if isinstance(message, SubmitOrder):
                self._on_submit(message, gate, engine)

        session.overhear(EXCHANGE, look)

    def found(self, at_ns: int, what: str) -> None:
        self.violations.append((at_ns, what))

    def hung(self, name: str, since_ns: int, until_ns: int) -> None:
        """``name`` came to no message in between."""
        self._hung.append((name, since_ns, until_ns))

    def judge_decisions(self) -> None:
        """At the end: was each intent approved on whole, fresh data?

        What reaches a feed or book that hangs, nobody knows: data only grows older. A message of
        the moment at which it began to hang may be known or not.
        """
        self.client.close()
        self._read_intents()
        most_ns = (self._limits.stale_after_ms + 1) * MS
        for name, intent in self._intended.items():
            symbol, at_ns = intent.symbol, intent.approved_ns
            known_ns = surely_ns = at_ns
            for who, since_ns, until_ns in self._hung:
                if since_ns <= at_ns < until_ns and who in (FEED, book_name(symbol)):
                    told_ns = self.client.told_before_ns(symbol, since_ns + 1)
                    known_ns = min(known_ns, max(since_ns, told_ns))
                    surely_ns = min(surely_ns, self.client.told_before_ns(symbol, since_ns) + 1)
            age_ns = at_ns - self.client.newest_ns(symbol, known_ns)
            if age_ns > most_ns:
                self.found(at_ns, f"9: {name} was decided on data {age_ns // MS} ms old")
            if self.client.in_hole(symbol, surely_ns):
                self.found(at_ns, f"9: {name} was decided on a book with a hole")

    def _read_intents(self) -> None:
        for entry in self._disk.entries(self._read, self._disk.synced):
            if isinstance(entry.event, OrderIntended):
                self._intended[entry.event.client_order_id] = entry.event
        self._read = self._disk.synced

    def _on_submit(self, order: SubmitOrder, gate: TradingGate, engine: MatchingEngine) -> None:
        self._read_intents()
        name, now_ns = order.client_order_id, order.sent_ns
        if name in self._sent:
            self.found(now_ns, f"2: {name} was sent twice")
        if name not in self._intended:
            self.found(now_ns, f"5: {name} was sent before its intent was durable")
        reading = gate._as_held()  # under the gate's own lock already
        reduces = order.side is Side.SELL
        if reading.state is GateState.HALTED or (
            reading.state is GateState.REDUCING and not reduces
        ):
            self.found(now_ns, f"4: {name} was sent through a shut gate: {reading.reason}")
        self._sent[name] = (now_ns, order)
        if not reduces:
            self._weigh(order, engine)

    @exact
    def _weigh(self, order: SubmitOrder, engine: MatchingEngine) -> None:
        """The venue's own account, and what is open or on its way there, against the limits."""
        now_ns, total = order.sent_ns, ZERO
        totals = {b.asset: b.free + b.locked for b in engine.account.balances()}
        worth: dict[str, Decimal] = {}
        for desk in engine.desks:
            instrument = desk.instrument
            mid = self.mids.at(instrument.symbol, now_ns)
            if mid is None:
                return
            held = totals.get(instrument.base, ZERO) * mid
            worth[instrument.symbol] = held + self._buys(desk, mid, now_ns)
            total += held
        equity = total + totals.get(instrument.quote, ZERO)
        for what, value, fraction in (
            (f"position of {order.symbol}", worth[order.symbol], self._limits.position_fraction),
            ("exposure", sum(worth.values(), ZERO), self._limits.exposure_fraction),
        ):
            if value > fraction * equity * SLACK:
                shown = f"{text(rounded_up(value, 2))} of {text(rounded_down(equity, 2))}"
                name = order.client_order_id
                self.found(now_ns, f"3: {name} brings the {what} to {shown}")

    def _buys(self, desk: OrderDesk, mid: Decimal, now_ns: int) -> Decimal:
        value = ZERO
        for order in desk.open.values():
            if order.side is Side.BUY:
                left = desk.instrument.quantity(order.remaining_lots)
                value += left * max(order.price or mid, mid)
        for sent_ns, sent in reversed(self._sent.values()):
            if sent_ns < now_ns - ON_THE_WAY_NS:
                break
            name = sent.client_order_id
            mine = sent.symbol == desk.instrument.symbol and sent.side is Side.BUY
            if mine and name not in self.client.unopened and desk.order(name) is None:
                value += sent.quantity * max(sent.price or mid, mid)
        return value
