"""Holds a drill's invariants against what the venue, the tape and the disk themselves say.

It looks at every order on its way onto the wire and at everything that reaches the client, and
never at what the house believes of itself but for the gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from genesis.domain.instrument import Instrument
from genesis.domain.limits import Limits
from genesis.domain.money import ZERO, exact, rounded_down, rounded_up, text
from genesis.messages.base import Message
from genesis.messages.journal import OrderIntended
from genesis.messages.market import ROW, Kind, Rows
from genesis.messages.orders import Side, SubmitOrder
from genesis.runtime.address import Address
from genesis.runtime.clock import ENDLESS_NS
from genesis.runtime.gate import GateState, TradingGate
from genesis.simulator.desk import OrderDesk
from genesis.simulator.feed_faults import joined
from genesis.simulator.matching import MatchingEngine
from genesis.storage.memory_disk import MemoryDisk

MS = 1_000_000
ON_THE_WAY_NS = 6_000_000_000
"""A request that has not arrived after so long is lost: it adds nothing."""
SLACK = Decimal("1.01")
"""The market moves between the mark an order was judged at and the moment of its sending."""

Times = npt.NDArray[np.int64]


class ClientWatch:
    """What the venue's client can know: newest data and holes per symbol; and which orders never
    came to be (``unopened``).

    While the drill runs it only notes what comes, as that is the better part of all that happens.
    """

    def __init__(self) -> None:
        self._symbols: dict[str, _Stream] = {}
        self.unopened: set[str] = set()

    def begin(self) -> None:
        """A process that starts knows nothing of what came before."""
        for stream in self._symbols.values():
            stream.starts.append(stream.count)

    def on_rows(self, symbol: str, rows: Rows) -> None:
        """Rows that arrive, in receive order."""
        stream = self._of(symbol)
        stream.rows.append(rows)
        stream.count += len(rows)

    def on_snapshot(self, symbol: str, arrives_ns: int, last_id: int) -> None:
        """A full book is on its way: from then on the client can be whole again."""
        stream = self._of(symbol)
        stream.snapshots.append((stream.count, arrives_ns, last_id))

    def broken(self, symbol: str, at_ns: int) -> None:
        """From ``at_ns`` on the client's book cannot be whole, until a snapshot."""
        stream = self._of(symbol)
        stream.breaks.append((stream.count, at_ns, ENDLESS_NS))

    def never_opened(self, client_order_id: str) -> None:
        """The venue will never hold this order."""
        self.unopened.add(client_order_id)

    def close(self) -> None:
        """Nothing more will come."""
        for stream in self._symbols.values():
            stream.close()

    def age_ns(self, symbol: str, now_ns: int) -> int:
        """How old the newest data was at ``now_ns``. Only after ``close``."""
        times = self._of(symbol).fresh
        at = int(np.searchsorted(times, now_ns, side="right"))
        return now_ns - int(times[at - 1]) if at else now_ns

    def in_hole(self, symbol: str, now_ns: int) -> bool:
        """Whether data was missing at ``now_ns``. Only after ``close``."""
        return any(since < now_ns < until for since, until in self._of(symbol).holes)

    def _of(self, symbol: str) -> _Stream:
        if symbol not in self._symbols:
            self._symbols[symbol] = _Stream()
        return self._symbols[symbol]


class _Stream:
    """One symbol's rows as they arrived; places count rows from the beginning."""

    def __init__(self) -> None:
        self.rows: list[Rows] = []
        self.count = 0
        self.starts: list[int] = []
        self.snapshots: list[tuple[int, int, int]] = []  # place, time of arrival, update id
        self.breaks: list[tuple[int, int, int]] = []  # place, time, the update id that mends it
        self.fresh: Times = np.zeros(0, np.int64)
        self.holes: list[tuple[int, int]] = []

    def close(self) -> None:
        rows = joined(self.rows) if self.rows else np.zeros(0, ROW)
        kinds, times = rows["kind"], rows["time_ns"]
        told = (kinds != Kind.TRADE_BUY) & (kinds != Kind.TRADE_SELL)
        arrivals = np.array([at for _, at, _ in self.snapshots], np.int64)
        self.fresh = np.sort(np.concatenate([times[told], arrivals]), kind="stable")
        restarts = np.flatnonzero(kinds == Kind.RESET).tolist()
        breaks = [*self.breaks, *((at, int(times[at]), 0) for at in restarts)]
        gaps = self._gaps(rows)
        breaks += ((at, int(times[at]), int(rows["first_id"][at]) - 1) for at in gaps)
        for place, since_ns, wanted_id in breaks:
            # Mended by the first snapshot asked for behind it, or on its way and new enough.
            ends = (
                arrives_ns
                for asked, arrives_ns, last_id in self.snapshots
                if asked > place or (last_id >= wanted_id if wanted_id else arrives_ns > since_ns)
            )
            self.holes.append((since_ns, next(ends, ENDLESS_NS)))

    def _gaps(self, rows: Rows) -> list[int]:
        """The places of diffs that do not follow what came before them."""
        kinds = rows["kind"]
        places = np.flatnonzero(kinds == Kind.DEPTH_BEGIN)
        if len(places) < 2:
            return []
        firsts, lasts = rows["first_id"][places], rows["last_id"][places]
        missing = np.flatnonzero(firsts[1:] > np.maximum.accumulate(lasts)[:-1] + 1) + 1
        anew = np.sort(np.array([*self.starts, *np.flatnonzero(kinds == Kind.RESET)], np.int64))
        # A stream that began anew between two diffs has no hole there.
        begun = np.searchsorted(anew, places, side="right")
        return [int(places[at]) for at in missing.tolist() if begun[at] == begun[at - 1]]


class Mids:
    """The market's own middle at any time, in quote, from its tape."""

    def __init__(self, tape: Mapping[str, Rows], engine: MatchingEngine) -> None:
        self._tickers: dict[str, tuple[Instrument, Times, Times]] = {}
        for desk in engine.desks:
            rows = tape[desk.instrument.symbol]
            bids = np.flatnonzero(rows["kind"] == Kind.TICKER_BID)
            prices = rows["price_ticks"]
            twice = prices[bids] + prices[bids + 1]  # its TICKER_ASK follows
            self._tickers[desk.instrument.symbol] = desk.instrument, rows["time_ns"][bids], twice

    def at(self, symbol: str, now_ns: int) -> Decimal | None:
        instrument, times, twice = self._tickers[symbol]
        index = int(times.searchsorted(now_ns, side="right"))
        return instrument.price(int(twice[index - 1])) / 2 if index else None


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
