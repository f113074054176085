"""One book: views and trades out, a gap dropped, told and healed, nothing broken ever served."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from fake import SECOND, Stage

from genesis.actors.order_book import SHOW_AGAIN_NS, SNAPSHOT_RETRY_NS, AskAgain, OrderBook
from genesis.domain.instrument import Instrument
from genesis.messages.journal import AnyEvent, AppendFacts, BookLost, BookRecovered
from genesis.messages.market import (
    ROW,
    AskBest,
    Best,
    BookView,
    Kind,
    MarketBatch,
    RequestSnapshot,
    Rows,
    TradeTicks,
)

SYMBOL = "BTCUSDT"
BTC = Instrument.build(
    SYMBOL, "BTC", "USDT", tick_size=Decimal("0.01"), step_size=Decimal("0.00001")
)
Row = tuple[int, int, int, int, int]
"""kind, price, quantity, first id, last id"""


def rows(*parts: list[Row], time_ns: int = 5) -> Rows:
    flat = [row for part in parts for row in part]
    table = np.zeros(len(flat), ROW)
    table["time_ns"] = time_ns
    columns = ("kind", "price_ticks", "quantity_lots", "first_id", "last_id")
    for name, column in zip(columns, zip(*flat, strict=True), strict=True):
        table[name] = column
    return table


def snapshot(last_id: int) -> list[Row]:
    """100 / 102 and a level behind each."""
    levels = [(Kind.BID, 100, 5), (Kind.BID, 99, 4), (Kind.ASK, 102, 6), (Kind.ASK, 103, 7)]
    return [(Kind.SNAPSHOT_BEGIN, 0, 4, 0, last_id), *[(*level, 0, 0) for level in levels]]


def diff(first: int, last: int, *levels: tuple[int, int, int]) -> list[Row]:
    return [(Kind.DEPTH_BEGIN, 0, len(levels), first, last), *[(*level, 0, 0) for level in levels]]


def trade(trade_id: int, price: int) -> list[Row]:
    return [(Kind.TRADE_BUY, price, 3, trade_id, trade_id)]


class Stand(Stage):
    def __init__(self) -> None:
        super().__init__(
            f"book.{SYMBOL}",
            lambda c: OrderBook(c, BTC, 1, ("risk", "strategy.ema"), ("strategy.ema",)),
        )

    def fold(self, *parts: list[Row], trace_id: int = 1) -> None:
        self.tell(MarketBatch(SYMBOL, trace_id, rows(*parts)))

    def synced(self) -> None:
        self.fold(snapshot(10))
        self.clear()

    def view(self) -> BookView:
        return self.sent(BookView, "risk")[-1]

    def recorded(self) -> list[AnyEvent]:
        return [f.event for m in self.sent(AppendFacts) for f in m.facts]

    def count(self, name: str) -> int:
        return self.runtime.counters.get(name)


def is_empty(view: BookView) -> bool:
    prices = (view.bid_ticks, view.bid_lots, view.ask_ticks, view.ask_lots)
    return not view.synced and not any(prices) and not len(view.bids) and not len(view.asks)


def test_a_fresh_book_says_at_once_that_it_is_not_whole() -> None:
    stand = Stand()
    assert is_empty(stand.view())
    assert len(stand.sent(BookView, "strategy.ema")) == 1


def test_a_batch_becomes_one_view_for_every_reader() -> None:
    stand = Stand()
    stand.clear()
    stand.fold(snapshot(10), diff(11, 12, (Kind.BID, 101, 8)), trace_id=44)
    view = stand.view()
    assert view.synced
    assert (view.bid_ticks, view.bid_lots, view.ask_ticks, view.ask_lots) == (101, 8, 102, 6)
    assert (view.update_id, view.trace_id, view.time_ns) == (12, 44, 5)
    assert view.bids.tolist() == [[101, 8]]  # as many levels as were asked for
    assert view.asks.tolist() == [[102, 6]]
    assert stand.sent(BookView, "strategy.ema") == [view]
    assert stand.count("depth_updates") == 1


def test_trades_go_to_who_reads_trades_behind_the_view() -> None:
    stand = Stand()
    stand.synced()
    stand.fold(diff(11, 12, (Kind.BID, 101, 8)), trade(1, 102), trade(2, 102), trace_id=45)
    [ticks] = stand.sent(TradeTicks, "strategy.ema")
    assert ticks.trades["trade_id"].tolist() == [1, 2]
    assert ticks.trades["ask_ticks"].tolist() == [102, 102]
    assert ticks.trace_id == 45
    assert stand.sent(TradeTicks, "risk") == []
    to_strategy = [type(m) for to, m in stand.runtime.sent if to == "strategy.ema"]
    assert to_strategy == [BookView, TradeTicks]
    assert stand.count("trades") == 2


def test_trades_alone_bring_a_view_only_to_who_may_have_come_since() -> None:
    stand = Stand()
    stand.synced()
    stand.fold(trade(1, 102))
    assert stand.sent(BookView) == []
    [ticks] = stand.sent(TradeTicks, "strategy.ema")
    assert ticks.trades["bid_ticks"].tolist() == [100]
    stand.wait_ns(SHOW_AGAIN_NS)
    stand.fold(trade(2, 102))
    # When its top came is still said: it may have taken the place of the view that brought it.
    assert (stand.view().bid_ticks, stand.view().newest_ns) == (100, 5)
    assert [type(s.message) for s in stand.runtime.sent if s.to == "risk"] == [BookView]


def test_a_gap_is_told_journaled_and_a_snapshot_asked_for() -> None:
    stand = Stand()
    stand.synced()
    stand.fold(diff(15, 16, (Kind.BID, 101, 8)))
    assert is_empty(stand.view())
    [lost] = stand.recorded()[-1:]
    assert isinstance(lost, BookLost)
    assert lost.symbol == SYMBOL
    assert stand.sent(RequestSnapshot, "exchange") == [RequestSnapshot(SYMBOL, stand.name)]
    assert stand.count("gaps") == 1


def test_the_snapshot_is_asked_for_once_and_again_after_a_second() -> None:
    stand = Stand()
    stand.fold(diff(11, 11))
    stand.fold(diff(12, 12))
    assert len(stand.sent(RequestSnapshot)) == 1
    stand.wait_ns(SNAPSHOT_RETRY_NS)
    assert len(stand.sent(RequestSnapshot)) == 2
    stand.wait_s(3)
    assert len(stand.sent(RequestSnapshot)) == 5
    assert len(stand.timers(AskAgain)) == 1


def test_a_book_that_is_whole_again_asks_no_more_and_says_so() -> None:
    stand = Stand()
    stand.synced()
    stand.fold(diff(15, 16, (Kind.BID, 101, 8)))
    stand.fold(snapshot(15))
    view = stand.view()
    assert view.synced
    assert (view.update_id, view.bid_ticks) == (16, 101)  # the diff that waited is in it
    assert stand.recorded()[-1] == BookRecovered(SYMBOL, 16)
    assert stand.count("resyncs") == 1
    stand.clear()
    stand.wait_s(3)
    assert stand.sent(RequestSnapshot) == []


def test_a_second_loss_within_the_second_is_asked_for_when_it_is_over() -> None:
    stand = Stand()
    stand.synced()
    stand.fold(diff(15, 16))
    stand.fold(snapshot(16))
    stand.fold(diff(30, 31))
    assert len(stand.sent(RequestSnapshot)) == 1
    stand.wait_ns(SNAPSHOT_RETRY_NS)
    assert len(stand.sent(RequestSnapshot)) == 2


def test_a_loss_long_after_another_is_asked_for_at_once() -> None:
    stand = Stand()
    stand.synced()
    stand.fold(diff(15, 16))
    stand.fold(snapshot(16))
    stand.wait_s(2)
    stand.fold(diff(30, 31))
    assert len(stand.sent(RequestSnapshot)) == 2


def test_a_crossed_book_is_never_served() -> None:
    stand = Stand()
    stand.synced()
    stand.fold(diff(11, 11, (Kind.BID, 102, 9)))
    assert is_empty(stand.view())
    assert stand.count("crossed") == 1
    assert stand.count("gaps") == 0
    assert len(stand.sent(RequestSnapshot)) == 1


def test_a_reconnect_drops_the_book() -> None:
    stand = Stand()
    stand.synced()
    stand.fold([(Kind.RESET, 0, 0, 0, 0)])
    assert is_empty(stand.view())
    assert isinstance(stand.recorded()[-1], BookLost)


def test_a_first_sync_is_no_resync_but_the_sync_of_a_new_incarnation_is() -> None:
    stand = Stand()
    stand.fold(snapshot(10))
    assert stand.count("resyncs") == 0
    stand.start()
    assert is_empty(stand.view())
    stand.fold(diff(11, 12, (Kind.BID, 101, 8)))
    assert is_empty(stand.view())
    assert len(stand.sent(RequestSnapshot)) == 1
    stand.fold(snapshot(11))
    assert stand.view().bid_ticks == 101
    assert stand.count("resyncs") == 1


def test_the_best_prices_are_told_to_who_asks_and_none_while_the_book_is_broken() -> None:
    stand = Stand()
    stand.synced()
    assert stand.actor.on_receive(AskBest()) == Best(SYMBOL, 10, 100, 5, 102, 6)
    stand.fold(diff(15, 16))
    best = stand.actor.on_receive(AskBest())
    assert (best.bid_ticks, best.bid_lots, best.ask_ticks, best.ask_lots) == (0, 0, 0, 0)


def test_a_silent_stream_does_not_make_a_view_younger() -> None:
    stand = Stand()
    stand.synced()
    stand.wait_s(10)
    stand.fold(trade(1, 102))
    assert stand.view().time_ns == 5  # when the data came, not when it was looked at
    assert stand.runtime.clock.time_ns > 10 * SECOND
