"""The exchange outside, played on this machine: market frames out, paper orders in.

Not one of the supervised actors: it stands for what GENESIS does not control. It keeps its own
book and decodes for itself, so that a crash inside GENESIS cannot falsify the venue's truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from genesis.errors import BadFrame, InputError
from genesis.exchange.port import DecoderPort
from genesis.messages.base import Message
from genesis.messages.lifecycle import InputFailed, MarketEnded, StartMarket
from genesis.messages.market import MarketBatch, RawFrame, RawFrames, RequestSnapshot
from genesis.messages.orders import (
    CancelAtVenue,
    QueryAccount,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    SubmitOrder,
)
from genesis.runtime.actor import SUPERVISOR, Actor, Context, handles, handles_each
from genesis.simulator.faults import Fate, Faults, unknown
from genesis.simulator.matching import Due, MatchingEngine

EXECUTOR = "executor"
FEED = "feed"
FRAMES_MAX = 512
"""Frames in one message."""
FEED_DEPTH_MAX = 64
"""A recording waits while this many messages wait at the feed; a live venue would not."""
SILENCE_MAX_NS = 60_000_000_000
"""A longer hole in a recording (between two of its files) is not waited out: time jumps over it."""
AFTERGLOW_NS = 1_000_000_000
"""After the last frame, time for what is still on its way between venue and executor."""


class Pump(Message, frozen=True):
    """Time for the next frames."""


class Arrive(Message, frozen=True):
    """Time for requests on their way to reach the venue."""


class Deliver(Message, frozen=True):
    """Time for an answer to reach its reader."""

    to: str
    message: Message


class PaperExchange(Actor):
    """``frames`` in receive order. Frames up to ``window_ns`` ahead travel together; ``end_ns``
    (trading time) ends the market early."""

    def __init__(
        self,
        context: Context,
        frames: Iterator[RawFrame],
        engine: MatchingEngine,
        new_decoder: Callable[[], DecoderPort],
        latency_ns: int,
        window_ns: int,
        end_ns: int | None,
        faults: Faults | None = None,
    ) -> None:
        super().__init__(context)
        self._frames = frames
        self._engine = engine
        self._decoder = new_decoder()
        self._latency_ns = latency_ns
        self._window_ns = window_ns
        self._end_ns = end_ns
        self._faults = faults
        self._next: RawFrame | None = None
        self._sent = 0

    @handles(StartMarket)
    def _on_start(self, start: StartMarket) -> None:
        if self._read():
            self._pump_later()

    def _read(self) -> bool:
        """Read one frame ahead; False when there is none."""
        try:
            self._next = next(self._frames, None)
        except InputError as error:
            self._next = None
            self.tell(SUPERVISOR, InputFailed(str(error)))
            return False
        frame, end_ns = self._next, self._end_ns
        if frame is not None and end_ns is not None and frame.received_ns >= end_ns:
            self._next = None
        if self._next is None:
            self.after(AFTERGLOW_NS, Deliver(SUPERVISOR, MarketEnded(self._sent)))
        return self._next is not None

    def _pump_later(self) -> None:
        if self._next is not None:
            delay_ns = self._next.received_ns - self.now_ns()
            self.after(min(max(0, delay_ns), SILENCE_MAX_NS), Pump())

    @handles(Pump)
    def _on_pump(self, pump: Pump) -> None:
        if self.context.runtime.address(FEED).mailbox.depth > FEED_DEPTH_MAX:
            self.after_wall(1_000_000, pump)
            return
        next_ns = 0 if self._next is None else self._next.received_ns
        frames = self._take(max(next_ns, self.now_ns() + self._window_ns))
        if frames:
            clock = self.context.runtime.clock
            clock.jump_to(frames[-1].received_ns)
            self._now_ns = clock.now_ns()
            self._show(frames)
            self._deliver(self._engine.advance(self.now_ns()))
        self._pump_later()
        if frames:
            self._publish(frames)  # last, so that from here on only the feed has work

    def _publish(self, frames: list[RawFrame]) -> None:
        first = self._sent + 1
        self._sent += len(frames)
        if self._faults is not None:
            frames = self._faults.frames(frames, self.now_ns())
        if frames:
            self.tell(FEED, RawFrames("market", first, tuple(frames)))

    def _take(self, until_ns: int) -> list[RawFrame]:
        frames: list[RawFrame] = []
        while self._next is not None and self._next.received_ns <= until_ns:
            frames.append(self._next)
            if len(frames) == FRAMES_MAX:
                self._read()
                break
            self._read()
        return frames

    def _show(self, frames: list[RawFrame]) -> None:
        """Let the venue itself see its market; the feed is who reports a bad frame."""
        try:
            batches = self._decoder.decode(frames)
        except BadFrame:
            return
        for symbol, rows in batches.items():
            self._deliver(self._engine.on_rows(symbol, rows))

    @handles_each(SubmitOrder, CancelAtVenue)
    def _on_request(self, request: SubmitOrder | CancelAtVenue) -> None:
        fate = Fate.ARRIVES if self._faults is None else self._faults.request(self.now_ns())
        if fate in (Fate.UNKNOWN, Fate.LOST_UNKNOWN):
            self.after(2 * self._latency_ns, Deliver(EXECUTOR, unknown(request)))
        if fate in (Fate.LOST, Fate.LOST_UNKNOWN):
            return
        if isinstance(request, SubmitOrder):
            self._engine.submit(request, self.now_ns())
        else:
            self._engine.cancel(request, self.now_ns())
        self._arrive_later()

    @handles_each(QueryOrder, QueryOpenOrders, QueryTrades, QueryAccount)
    def _on_query(self, query: QueryOrder | QueryOpenOrders | QueryTrades | QueryAccount) -> None:
        self._engine.query(query, self.now_ns())
        self._arrive_later()

    def _arrive_later(self) -> None:
        due_ns = self._engine.next_due_ns()
        if due_ns is not None:
            self.after(max(0, due_ns - self.now_ns()), Arrive())

    @handles(Arrive)
    def _on_arrive(self, arrive: Arrive) -> None:
        self._deliver(self._engine.advance(self.now_ns()))
        self._arrive_later()

    @handles(RequestSnapshot)
    def _on_snapshot(self, request: RequestSnapshot) -> None:
        rows = self._engine.snapshot(request.symbol, self.now_ns())
        if rows is not None:
            batch = MarketBatch(request.symbol, self._sent, rows)
            self.after(self._latency_ns, Deliver(request.reply_to, batch))

    def _deliver(self, dues: list[Due]) -> None:
        if self._faults is not None:
            dues = self._faults.answers(dues, self.now_ns())
        for due in dues:
            delay_ns = max(0, due.due_ns - self.now_ns())
            self.after(delay_ns, Deliver(EXECUTOR, due.message))

    @handles(Deliver)
    def _on_deliver(self, deliver: Deliver) -> None:
        self.tell(deliver.to, deliver.message)
