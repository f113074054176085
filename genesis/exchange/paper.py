"""The exchange outside, played on this machine: market frames out, paper orders in.

Not one of the supervised actors: it stands for what GENESIS does not control. It keeps its own
book and decodes for itself, so that a crash inside GENESIS cannot falsify the venue's truth.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter

import msgspec

from genesis.exchange.reel import Reel, Stretch
from genesis.exchange.unshown import Unshown
from genesis.messages.base import Message
from genesis.messages.lifecycle import InputFailed, MarketEnded, StartMarket
from genesis.messages.market import MarketBatch, RawFrames, RequestSnapshot, table_of
from genesis.messages.names import EXECUTOR, FEED, SUPERVISOR
from genesis.messages.orders import (
    CancelAtVenue,
    QueryAccount,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    SubmitOrder,
)
from genesis.runtime.actor import Actor, Context, handles, handles_each
from genesis.runtime.virtual import MARKET_RANK
from genesis.simulator.faults import Faults
from genesis.simulator.matching import Due, MatchingEngine, Query
from genesis.simulator.orders import Request
from genesis.simulator.terms import VenueTerms

FEED_DEPTH_MAX = 64
"""A recording waits while this many messages wait at the feed; a live venue would not."""
SILENCE_MAX_NS = 60_000_000_000
"""A longer hole in a recording (between two of its files) is not waited out: time jumps over it."""
UNSHOWN_MAX = 1 << 16
"""So many rows may wait to be shown to the venue while no order rests there."""
DRAIN_NS = 1_000_000_000
"""After the last frame, time for what is still on its way between venue and executor."""

_due_ns = attrgetter("due_ns")


class Pump(Message, frozen=True):
    """Time for the next stretch of the market. Only the newest ``number`` counts."""

    number: int


class Leave(Message, frozen=True):
    """A request that a fault has held back leaves now."""

    request: Request


class Arrive(Message, frozen=True):
    """Time for a request on its way to reach the venue."""


class Deliver(Message, frozen=True):
    """Time for answers to reach their reader, one after the other."""

    to: str
    messages: tuple[Message, ...]


class PaperExchange(Actor):
    """Plays ``reel`` in its time. In real time, frames up to ``window_ns`` ahead travel together;
    in virtual time everything does that is received before anything else can happen (latency is
    lookahead)."""

    def __init__(
        self,
        context: Context,
        reel: Reel,
        engine: MatchingEngine,
        terms: VenueTerms,
        window_ns: int,
        faults: Faults | None = None,
        silence_ns: int = SILENCE_MAX_NS,
    ) -> None:
        super().__init__(context)
        self._reel = reel
        self._engine = engine
        self._latency_ns = terms.latency_from_venue_ns
        self._lookahead_ns = min(terms.latency_to_venue_ns, terms.latency_from_venue_ns)
        self._window_ns = window_ns
        self._silence_ns = silence_ns
        self._faults = faults
        self._unshown = Unshown()
        self._newest_ns = 0
        self._pump = 0
        self._pumps_ns: int | None = None
        self._ended = False

    @handles(StartMarket)
    def _on_start(self, start: StartMarket) -> None:
        self._reel.begin()
        self._look_for_end()
        self._pump_later()

    def _look_for_end(self) -> None:
        """Say once that there is no more to come, and why."""
        if self._reel.next_ns is not None or self._ended:
            return
        self._ended = True
        if self._reel.failure:
            self.tell(SUPERVISOR, InputFailed(self._reel.failure))
            return
        last_ns = max(self._newest_ns, self.now_ns())
        over = Deliver(SUPERVISOR, (MarketEnded(self._reel.sent),))
        self.after(last_ns + DRAIN_NS - self.now_ns(), over)

    def _pump_later(self) -> None:
        """Come again with the next of the market, or to show own orders what is published already.

        Behind every other timer of that moment, so that what happens does not hang on which of
        them was set first.
        """
        reached_ns = None
        if self._engine.holds_orders:
            reached_ns = self._unshown.reached_ns(self._engine.reached_ns)
        next_ns = self._reel.next_ns if reached_ns is None else reached_ns
        if next_ns is None:
            return
        # Of silence since the newest data: what else goes on (orders are asked for) is none of it.
        at_ns = max(self.now_ns(), min(next_ns, self._newest_ns + self._silence_ns))
        if at_ns != self._pumps_ns:
            self._pumps_ns = at_ns
            self._pump += 1
            self.after(at_ns - self.now_ns(), Pump(self._pump), rank=MARKET_RANK)

    @handles(Pump)
    def _on_pump(self, pump: Pump) -> None:
        if pump.number != self._pump:
            return
        self._pumps_ns = None
        if self.context.runtime.address(FEED).mailbox.depth > FEED_DEPTH_MAX:
            self.after_wall(1_000_000, pump)
            return
        self._wait_no_silence()
        horizon_ns = self.horizon_ns()
        if horizon_ns is None:
            self._play_window()
        else:
            self._play_before(horizon_ns)

    def _wait_no_silence(self) -> None:
        """The clock goes to what comes next, over what was not waited out."""
        next_ns = self._reel.next_ns
        if next_ns is not None and self.now_ns() >= self._newest_ns + self._silence_ns:
            self._jump_to(next_ns)

    def _jump_to(self, time_ns: int) -> None:
        clock = self.context.runtime.clock
        clock.jump_to(time_ns)
        self._now_ns = clock.now_ns()

    def _play_window(self) -> None:
        """Real time: publish what is due and the next ``window_ns`` with it."""
        stretch = self._take(self.now_ns() + self._window_ns + 1)
        if stretch is not None:
            self._jump_to(stretch.last_ns)
            self._show_before(stretch.last_ns + 1)
            self._deliver(self._engine.advance(self.now_ns()))
        self._pump_later()
        if stretch is not None:
            self._publish(stretch)  # last, so that from here on only the feed has work

    def _play_before(self, horizon_ns: int) -> None:
        """Virtual time: publish up to the next thing that can happen.

        That is also the answer to an own order's fill, so where one may be filled the venue is
        shown its market, as far as no request can reach it any more. Otherwise it is shown that
        when an order arrives.
        """
        now_ns = self.now_ns()
        no_request_ns = now_ns + max(1, self._lookahead_ns)
        reached_ns = self._reached_ns(horizon_ns) if self._engine.holds_orders else None
        if reached_ns is not None:
            horizon_ns = max(now_ns + 1, min(horizon_ns, reached_ns + self._lookahead_ns))
        next_ns = self._reel.next_ns
        # Not before its time has come: of what went before, no one may have seen the end yet.
        stretch = self._take(horizon_ns) if next_ns is None or next_ns <= now_ns else None
        if reached_ns is not None and reached_ns < no_request_ns:
            self._show_before(min(horizon_ns, no_request_ns))
        elif len(self._unshown) > UNSHOWN_MAX:
            self._show_before(now_ns)
        self._pump_later()
        if stretch is not None:
            self._publish(stretch)

    def _reached_ns(self, before_ns: int) -> int | None:
        """When something of the market may first fill an own order."""
        reached_ns = self._unshown.reached_ns(self._engine.reached_ns)
        if reached_ns is None:
            return self._reel.reached_ns(before_ns, self._engine.reached_ns)
        return reached_ns

    def _take(self, before_ns: int) -> Stretch | None:
        stretch = self._reel.take(before_ns, self.now_ns())
        if stretch is not None:
            self._newest_ns = stretch.last_ns
            self._unshown.add(stretch.tables)
        self._look_for_end()
        return stretch

    def _publish(self, stretch: Stretch) -> None:
        message = stretch.message
        if self._faults is None:
            self.tell(FEED, message)
        elif isinstance(message, RawFrames):
            if frames := self._faults.frames(message.frames):
                self.tell(FEED, msgspec.structs.replace(message, frames=tuple(frames)))
        else:
            arrived = (self._arrived(batch, self._faults) for batch in message.batches)
            batches = tuple(batch for batch in arrived if len(batch.table))
            if batches:
                self.tell(FEED, msgspec.structs.replace(message, batches=batches))

    def _arrived(self, batch: MarketBatch, faults: Faults) -> MarketBatch:
        rows = batch.rows
        arrived = faults.rows(batch.symbol, rows)
        if arrived is rows:
            return batch
        return msgspec.structs.replace(batch, table=table_of(arrived))

    def _show_before(self, before_ns: int) -> None:
        """Let the venue itself see its market."""
        for symbol, table in self._unshown.take(before_ns):
            self._deliver(self._engine.on_rows(symbol, table))

    @handles_each(SubmitOrder, CancelAtVenue)
    def _on_request(self, request: Request) -> None:
        if self._faults is None:
            self._leave(request)
            return
        handled = self._faults.request(request, self.now_ns())
        if handled.answer is not None:
            self.after(2 * self._latency_ns, Deliver(EXECUTOR, (handled.answer,)))
        if handled.fills_percent:
            name, percent = request.client_order_id, handled.fills_percent
            self._deliver(self._engine.fill(request.symbol, name, percent, self.now_ns()))
        if handled.arrives and handled.late_ns:
            self.after(handled.late_ns, Leave(request))
        elif handled.arrives:
            self._leave(request)

    @handles(Leave)
    def _on_leave(self, leave: Leave) -> None:
        self._leave(leave.request)

    def _leave(self, request: Request | Query) -> None:
        now_ns = self.now_ns()
        self.after(self._engine.send(request, now_ns) - now_ns, Arrive())

    @handles_each(QueryOrder, QueryOpenOrders, QueryTrades, QueryAccount)
    def _on_query(self, query: Query) -> None:
        if self._faults is None or self._faults.query(self.now_ns()):
            self._leave(query)

    @handles(Arrive)
    def _on_arrive(self, arrive: Arrive) -> None:
        now_ns = self.now_ns()
        self._show_before(now_ns)
        self._deliver(self._engine.advance(now_ns))
        if self._engine.holds_orders:
            self._pump_later()

    @handles(RequestSnapshot)
    def _on_snapshot(self, request: RequestSnapshot) -> None:
        self._show_before(self.now_ns() + 1)
        rows = self._engine.snapshot(request.symbol, self.now_ns())
        if rows is not None:
            if self._faults is not None:
                arrives_ns, last_id = self.now_ns() + self._latency_ns, int(rows["last_id"][0])
                self._faults.snapshot(request.symbol, arrives_ns, last_id)
            batch = MarketBatch(request.symbol, self._reel.sent, table_of(rows))
            self.after(self._latency_ns, Deliver(request.reply_to, (batch,)))

    def _deliver(self, dues: list[Due]) -> None:
        if not dues:
            return
        if self._faults is not None:
            dues = self._faults.answers(dues, self.now_ns())
        now_ns = self.now_ns()
        for due_ns, together in groupby(dues, _due_ns):
            messages = tuple([due.message for due in together])
            self.after(max(0, due_ns - now_ns), Deliver(EXECUTOR, messages))

    @handles(Deliver)
    def _on_deliver(self, deliver: Deliver) -> None:
        for message in deliver.messages:
            self.tell(deliver.to, message)
