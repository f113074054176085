"""Tick to intent: microseconds from frames put to the feed's mailbox to an intent put to risk.

The whole daemon as ``genesis run`` composes it (threads, recorded speed, journal on disk), with
a strategy that intends something at every trade and every move of the touch. Frames and
intents are told apart by the trace id they carry, so nothing in GENESIS is changed: only the
mailboxes are watched.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from unittest import mock

from benchmarks._common import recordings, report
from genesis import daemon
from genesis.config import Settings
from genesis.messages.base import Message
from genesis.messages.market import RawFrames
from genesis.messages.orders import CancelOrder, OrderType, PlaceOrder, Side, SubmitOrder
from genesis.messages.orders import TimeInForce as Tif
from genesis.session import Options, Session
from genesis.storage.folder import DataFolder
from genesis.strategies.port import Cadence, Desk, Strategy

SECONDS = 22
WARM_UP_S = 2
"""Left out: until then the books are not synchronised and the kernels' first calls are made."""
NOTIONAL = Decimal(12)
BELOW = Decimal("0.995")
"""Its orders rest half a per cent below the touch, so they are judged, sent and not filled."""


class Eager(Strategy):
    """At every wake-up: cancel what stands, or else place one order. Intends once per message."""

    cadence = Cadence(every_trade=True, top_of_book=True)

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", 0)

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        self.on_top(desk, symbol)

    def on_top(self, desk: Desk, symbol: str) -> None:
        view = desk.view(symbol)
        if view is None or self._last == (symbol, desk.trace_id):
            return
        self._last = (symbol, desk.trace_id)
        instrument = desk.instruments[symbol]
        for order in desk.orders(symbol):
            if order.cancel_asked_ns is None:
                desk.cancel(order)
                return
        ticks = int(view.bid_ticks * BELOW)
        price = instrument.price(ticks)
        quantity = instrument.floor_quantity(NOTIONAL / price)
        desk.place(symbol, Side.BUY, OrderType.LIMIT_MAKER, quantity, price, Tif.GTC, "eager")


class Watch:
    """When each trace began, was intended upon, and was sent to the venue. Seconds."""

    def __init__(self, session: Session) -> None:
        self.begun: dict[int, float] = {}
        self.intents: list[tuple[float, float]] = []
        self.submits: list[tuple[float, float]] = []
        self._traces: dict[str, float] = {}
        self._tap(session, "feed", self._on_frames)
        self._tap(session, "risk", self._on_intent)
        self._tap(session, "executor", self._on_intent)
        self._tap(session, "exchange", self._on_submit)

    def _tap(self, session: Session, name: str, see: Callable[[Message, float], None]) -> None:
        mailbox = session.runtime.address(name).mailbox
        put = mailbox.put

        def tapped(message: Message, epoch: int = 0, origin: object = None) -> None:
            see(message, time.perf_counter())
            put(message, epoch, origin)

        mailbox.put = tapped  # type: ignore[method-assign]

    def _on_frames(self, message: Message, at: float) -> None:
        if isinstance(message, RawFrames):
            self.begun[message.first_frame] = at

    def _on_intent(self, message: Message, at: float) -> None:
        if isinstance(message, PlaceOrder | CancelOrder):
            begun = self.begun.get(message.trace_id)
            if begun is not None:
                self.intents.append((begun, at))
                if isinstance(message, PlaceOrder):
                    self._traces[message.client_order_id] = begun

    def _on_submit(self, message: Message, at: float) -> None:
        if isinstance(message, SubmitOrder) and message.client_order_id in self._traces:
            self.submits.append((self._traces[message.client_order_id], at))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths, source = recordings(Path(folder))
        given = {
            "market.market": "replay:" + ",".join(map(str, paths)),
            "market.speed": 1.0,
            "journal.data_dir": Path(folder) / "data",
        }
        with (
            mock.patch.object(daemon, "strategies", return_value={"eager": Eager}),
            DataFolder.open(Path(folder) / "data") as data,
        ):
            session = Session(Settings.load(None, given), data, Options(True, True, SECONDS, False))
            watch = Watch(session)
            session.start()
            cpu = time.process_time()
            outcome = session.wait(1.0, lambda: None)
            cpu = time.process_time() - cpu
    if outcome.exit_code:
        sys.exit(f"bench: the run failed: {outcome.error or session.house.gate.read().reason}")
    since = min(watch.begun.values()) + WARM_UP_S
    secs = SECONDS - WARM_UP_S
    more = {"data": source, "speed": 1, "warm_up_s": WARM_UP_S}
    summary = outcome.summary
    assert summary is not None
    assert summary.gaps == 0
    assert summary.crossed == 0
    intents = _after(since, watch.intents)
    report(
        "tick to intent, threads",
        len(intents),
        secs,
        **_percentiles(intents),
        **more,
        frames=summary.frames,
        cpu_share=round(cpu / SECONDS, 3),
    )
    submits = _after(since, watch.submits)
    report("tick to order sent (intent durable)", len(submits), secs, **_percentiles(submits))


def _after(since: float, spans: Iterable[tuple[float, float]]) -> list[float]:
    return sorted(1e6 * (end - begun) for begun, end in spans if begun >= since)


def _percentiles(micros: list[float]) -> dict[str, float]:
    """Nearest rank."""
    ranks = {"p50_us": 0.5, "p90_us": 0.9, "p99_us": 0.99}
    found = {name: round(micros[int(p * len(micros))], 1) for name, p in ranks.items()}
    return {**found, "max_us": round(micros[-1], 1)}


if __name__ == "__main__":
    main()
