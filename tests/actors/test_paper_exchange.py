"""The paper exchange alone: what it publishes of its market, and when."""

from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
from fake import MS, NOON_NS, FakeRuntime, Stage

from genesis.domain.instrument import Instrument
from genesis.exchange.histories.trades import Trades, trade_rows
from genesis.exchange.paper import PaperExchange
from genesis.exchange.reel import TapeReel
from genesis.messages.lifecycle import StartMarket
from genesis.messages.market import MarketRows
from genesis.messages.orders import ExecutionReport, OrderType, Side, SubmitOrder, TimeInForce
from genesis.simulator.matching import MatchingEngine
from genesis.simulator.terms import VenueTerms

WAY_NS = 20 * MS
BTC = Instrument.build(
    "BTCUSDT", "BTC", "USDT", tick_size=Decimal("0.01"), step_size=Decimal("0.001")
)


class VirtualTime(FakeRuntime):
    """Where the test says until when nothing else happens."""

    until_ns = 0

    def horizon_ns(self, hears_readers: bool = False) -> int:
        return max(self.until_ns, self.clock.now_ns() + 1)


def test_what_comes_after_an_own_fill_does_not_travel_with_it() -> None:
    times_ns = NOON_NS + np.array([0, 10, 50, 60]) * MS
    prices = np.array([100.0, 100.0, 99.4, 99.3])  # the third one goes through the order that rests
    trades = Trades(times_ns, prices, np.ones(4), np.zeros(4, np.bool_), ())
    runtime = VirtualTime()
    paper = VenueTerms(latency_to_venue_ns=WAY_NS, latency_from_venue_ns=WAY_NS)
    venue = MatchingEngine([BTC], {"USDT": Decimal(1000)}, paper, random.Random(7))
    reel = TapeReel({"BTCUSDT": trade_rows(trades, BTC)}, None)
    exchange = Stage(
        "exchange", lambda context: PaperExchange(context, reel, venue, paper, 0), runtime
    )

    runtime.until_ns = NOON_NS + 55 * MS
    exchange.tell(StartMarket())
    exchange.wait_ns(10 * MS)
    published = exchange.take(MarketRows)
    order = (Decimal("1"), Decimal("99.50"), TimeInForce.GTC, NOON_NS + 10 * MS)
    exchange.tell(SubmitOrder("c1", "BTCUSDT", Side.BUY, OrderType.LIMIT, *order))
    runtime.until_ns = NOON_NS + 90 * MS
    exchange.wait_ns(49 * MS)
    before_its_time = exchange.take(MarketRows)
    exchange.wait_ns(MS)
    at_its_time = exchange.take(MarketRows)
    exchange.wait_ns(WAY_NS)

    assert published[-1].batches[0].rows["time_ns"][-1] == times_ns[2]
    assert before_its_time == []
    assert len(at_its_time) == 1
    assert [report.status for report in exchange.sent(ExecutionReport)] == ["NEW", "FILLED"]
