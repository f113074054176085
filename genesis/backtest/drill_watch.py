"""Holds a drill's invariants against what the venue, the tape and the disk themselves say.

It looks at every order on its way onto the wire and at everything that reaches the client, and
never at what the house believes of itself but for the gate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from genesis.domain.limits import Limits
from genesis.domain.money import ZERO, exact, rounded_down, rounded_up, text
from genesis.messages.base import Message
from genesis.messages.journal import OrderIntended
from genesis.messages.market import Kind, Rows
from genesis.messages.orders import Side, SubmitOrder
from genesis.runtime.address import Address
from genesis.runtime.gate import GateState, TradingGate
from genesis.simulator.desk import OrderDesk
from genesis.simulator.matching import MatchingEngine
from genesis.storage.chain import entry_of
from genesis.storage.memory_disk import MemoryDisk

MS = 1_000_000
ON_THE_WAY_NS = 6_000_000_000
"""A request that has not arrived after so long is lost: it adds nothing."""
SLACK = Decimal("1.01")
"""The market moves between the mark an order was judged at and the moment of its sending."""

Times = npt.NDArray[np.int64]


class ClientWatch:
    """What the venue's client can know: newest data and holes per symbol; and which orders never
    came to be (``unopened``)."""

    def __init__(self) -> None:
        self._fresh: dict[str, list[Times]] = {}
        self._newest_id: dict[str, int] = {}
        self._broken_since: dict[str, int] = {}
        self.holes: dict[str, list[tuple[int, int]]] = {}
        self.unopened: set[str] = set()

    def begin(self) -> None:
        """A process that starts knows nothing of what came before."""
        self._newest_id.clear()

    def on_rows(self, symbol: str, rows: Rows) -> None:
        """Rows that arrive, in receive order."""
        kinds = rows["kind"]
        told = (kinds != Kind.TRADE_BUY) & (kinds != Kind.TRADE_SELL)
        self._fresh.setdefault(symbol, []).append(rows["time_ns"][told])
        for at in np.flatnonzero((kinds == Kind.SNAPSHOT_BEGIN) | (kinds == Kind.RESET)).tolist():
            if kinds[at] == Kind.RESET:
                self.broken(symbol, int(rows["time_ns"][at]))
            self._newest_id.pop(symbol, None)
        diffs = rows[kinds == Kind.DEPTH_BEGIN]
        if not len(diffs):
            return
        firsts, lasts = diffs["first_id"], diffs["last_id"]
        before = np.empty(len(diffs), np.int64)
        before[0] = self._newest_id.get(symbol, int(firsts[0]) - 1)
        before[1:] = lasts[:-1]
        missing = np.flatnonzero(firsts > np.maximum.accumulate(before) + 1)
        if len(missing):
            self.broken(symbol, int(diffs["time_ns"][missing[0]]))
        self._newest_id[symbol] = max(int(before[0]), int(lasts.max()))

    def on_snapshot(self, symbol: str, arrives_ns: int) -> None:
        """A full book is on its way: from then on the client can be whole again."""
        self._fresh.setdefault(symbol, []).append(np.array([arrives_ns], np.int64))
        since_ns = self._broken_since.pop(symbol, None)
        if since_ns is not None:
            self.holes.setdefault(symbol, []).append((since_ns, arrives_ns))

    def broken(self, symbol: str, at_ns: int) -> None:
        """From ``at_ns`` on the client's book cannot be whole, until a snapshot."""
        self._broken_since.setdefault(symbol, at_ns)

    def never_opened(self, client_order_id: str) -> None:
        """The venue will never hold this order."""
        self.unopened.add(client_order_id)

    def close(self) -> None:
        """Nothing more will come."""
        for symbol, since_ns in self._broken_since.items():
            self.holes.setdefault(symbol, []).append((since_ns, 1 << 62))
        for symbol, parts in self._fresh.items():
            self._fresh[symbol] = [np.sort(np.concatenate(parts))]

    def age_ns(self, symbol: str, now_ns: int) -> int:
        """How old the newest data was at ``now_ns``. Only after ``close``."""
        times = self._fresh.get(symbol, [np.zeros(0, np.int64)])[0]
        at = int(np.searchsorted(times, now_ns, side="right"))
        return now_ns - int(times[at - 1]) if at else now_ns

    def in_hole(self, symbol: str, now_ns: int) -> bool:
        """Whether data was missing at ``now_ns``."""
        return any(since < now_ns < until for since, until in self.holes.get(symbol, ()))


class Mids:
    """The market's own middle at any time, in quote, from its tape."""

    def __init__(self, tape: Mapping[str, Rows], engine: MatchingEngine) -> None:
        self._times: dict[str, list[int]] = {}
        self._mids: dict[str, list[Decimal]] = {}
        for desk in engine.desks:
            rows = tape[desk.instrument.symbol]
            bids = rows[rows["kind"] == Kind.TICKER_BID]
            asks = rows[rows["kind"] == Kind.TICKER_ASK]
            self._times[desk.instrument.symbol] = bids["time_ns"].tolist()
            twice = (bids["price_ticks"] + asks["price_ticks"]).tolist()
            self._mids[desk.instrument.symbol] = [desk.instrument.price(t) / 2 for t in twice]

    def at(self, symbol: str, now_ns: int) -> Decimal | None:
        index = bisect_right(self._times[symbol], now_ns)
        return self._mids[symbol][index - 1] if index else None


class Watch:
    """One per drill; ``attend`` for each life of the process. ``violations`` tell of time, too."""

    def __init__(self, disk: MemoryDisk, limits: Limits) -> None:
        self.violations: list[tuple[int, str]] = []
        self.client = ClientWatch()
        self._disk = disk
        self._limits = limits
        self.mids: Mids | None = None
        self._read = 0
        self._intended: dict[str, OrderIntended] = {}
        self._sent: dict[str, tuple[int, SubmitOrder]] = {}

    def attend(self, exchange: Address, gate: TradingGate, engine: MatchingEngine) -> None:
        """Look at everything that is put into the exchange's mailbox from now on."""
        self.client.begin()
        put = exchange.mailbox.put

        def watched(message: Message, *rest: int) -> None:
            if isinstance(message, SubmitOrder):
                self._on_submit(message, gate, engine)
            put(message, *rest)

        exchange.mailbox.__dict__["put"] = watched

    def found(self, at_ns: int, what: str) -> None:
        self.violations.append((at_ns, what))

    def judge_decisions(self) -> None:
        """At the end: was each intent approved on whole, fresh data?"""
        self.client.close()
        self._read_intents()
        most_ns = (self._limits.stale_after_ms + 1) * MS
        for name, intent in self._intended.items():
            at_ns = intent.approved_ns
            if (age_ns := self.client.age_ns(intent.symbol, at_ns)) > most_ns:
                self.found(at_ns, f"9: {name} was decided on data {age_ns // MS} ms old")
            if self.client.in_hole(intent.symbol, at_ns):
                self.found(at_ns, f"9: {name} was decided on a book with a hole")

    def _read_intents(self) -> None:
        for row in self._disk.rows[self._read : self._disk.synced]:
            if row.kind == OrderIntended.__name__:
                event = entry_of(row).event
                assert isinstance(event, OrderIntended)  # as its kind says
                self._intended[event.client_order_id] = event
        self._read = self._disk.synced

    def _on_submit(self, order: SubmitOrder, gate: TradingGate, engine: MatchingEngine) -> None:
        self._read_intents()
        name, now_ns = order.client_order_id, order.sent_ns
        if name in self._sent:
            self.found(now_ns, f"2: {name} was sent twice")
        if name not in self._intended:
            self.found(now_ns, f"5: {name} was sent before its intent was durable")
        reading = gate._reading()  # under the gate's own lock already
        reduces = order.side is Side.SELL
        if reading.state is GateState.HALTED or (
            reading.state is GateState.REDUCING and not reduces
        ):
            self.found(now_ns, f"4: {name} was sent through a shut gate: {reading.reason}")
        self._sent[name] = (now_ns, order)
        if not reduces and self.mids is not None:
            self._weigh(order, self.mids, engine)

    @exact
    def _weigh(self, order: SubmitOrder, mids: Mids, engine: MatchingEngine) -> None:
        """The venue's own account, and what is open or on its way there, against the limits."""
        now_ns, total = order.sent_ns, ZERO
        totals = {b.asset: b.free + b.locked for b in engine.account.balances()}
        worth: dict[str, Decimal] = {}
        for desk in engine.desks:
            instrument = desk.instrument
            mid = mids.at(instrument.symbol, now_ns)
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
