"""A bar as market rows: what it says, when it says it, and that it fills nothing it does not say.

The venue's own matching is driven with the rows, as a backtest does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import MINUTE_NS, START_NS, Bar

from genesis.domain.book import Book
from genesis.domain.instrument import Instrument
from genesis.exchange.histories.bars import SHARE, bar_rows
from genesis.exchange.histories.ohlcv import Bars
from genesis.messages.market import Kind, Rows, table_of
from genesis.messages.orders import ExecutionReport, OrderType, Side, SubmitOrder, TimeInForce
from genesis.simulator.matching import MatchingEngine
from genesis.simulator.terms import VenueTerms

D = Decimal
BTC = Instrument.build("BTCUSDT", "BTC", "USDT", tick_size=D("0.01"), step_size=D("0.001"))
ENDS = [START_NS + n * MINUTE_NS for n in range(1, 100)]


def bars(given: Sequence[Bar], minutes: Sequence[int] | None = None) -> Bars:
    starts = np.array(minutes or range(len(given)), np.int64) * MINUTE_NS + START_NS
    open_, high, low, close, volume = (np.array(column) for column in zip(*given, strict=True))
    return Bars(starts, open_, high, low, close, volume, MINUTE_NS, ())


class Venue:
    """The rows up to a moment, then orders, then the rest."""

    def __init__(self, rows: Rows) -> None:
        funds = {"USDT": D(10**9), "BTC": D(10**6)}
        no_latency = VenueTerms(latency_to_venue_ns=0, latency_from_venue_ns=0)
        self._engine = MatchingEngine([BTC], funds, no_latency, random.Random(7))
        self._rows = rows
        self._reports: list[ExecutionReport] = []

    def play(self, until_ns: int) -> None:
        end = int(np.searchsorted(self._rows["time_ns"], until_ns, side="right"))
        self._hear(self._engine.on_rows("BTCUSDT", table_of(self._rows[:end])))
        self._rows = self._rows[end:]

    def order(self, name: str, side: Side, quantity: str, price: str | None, at_ns: int) -> None:
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        value = None if price is None else D(price)
        request = SubmitOrder(
            name, "BTCUSDT", side, kind, D(quantity), value, TimeInForce.GTC, at_ns
        )
        self._engine.send(request, at_ns)
        self._hear(self._engine.advance(at_ns))

    def _hear(self, dues: Sequence[object]) -> None:
        messages = [due.message for due in dues]  # type: ignore[attr-defined]
        self._reports += [m for m in messages if isinstance(m, ExecutionReport)]

    def filled(self, name: str) -> Decimal:
        own = [r for r in self._reports if r.client_order_id == name and r.trade_id >= 0]
        return sum((r.last_quantity for r in own), D(0))

    def prices(self, name: str) -> list[Decimal]:
        own = [r for r in self._reports if r.client_order_id == name and r.trade_id >= 0]
        return [r.last_price for r in own]


FLAT: Bar = (100.0, 100.0, 100.0, 100.0, 400.0)


def in_second_bar(second: Bar, *orders: tuple[str, Side, str]) -> Venue:
    """Orders (name, side, price) of 1 BTC that rest from the second bar's opening on."""
    venue = Venue(bar_rows(bars([FLAT, second]), BTC))
    venue.play(ENDS[0])
    for name, side, price in orders:
        venue.order(name, side, "1", price, ENDS[0] + 1)
    venue.play(ENDS[1])
    return venue


def test_nothing_of_a_bar_shows_before_its_end_but_its_opening() -> None:
    rows = bar_rows(bars([FLAT, (100.5, 103, 99, 101, 40), (101.2, 102, 101, 102, 40)]), BTC)
    book = Book(BTC)
    before = rows[rows["time_ns"] < ENDS[1]]
    folded = book.fold(before)
    assert folded.trades["price_ticks"].tolist() == [10000]
    assert book.touch() == (10048, 10_000_000, 10052, 10_000_000)  # 100.50, and 400 BTC / 40
    book.fold(rows[len(before) :][rows["time_ns"][len(before) :] == ENDS[1]])
    assert book.touch() == (10118, 1_000_000, 10122, 1_000_000)


def test_a_strategy_gets_one_print_a_bar_its_close_with_its_volume() -> None:
    rows = bar_rows(bars([FLAT, (100.0, 103, 99, 101, 40), (101, 102, 100, 100.5, 8)]), BTC)
    trades = Book(BTC).fold(rows).trades
    assert trades["time_ns"].tolist() == ENDS[:3]
    assert trades["price_ticks"].tolist() == [10000, 10100, 10050]
    assert trades["quantity_lots"].tolist() == [400_000_000, 40_000_000, 8_000_000]
    assert trades["side"].tolist() == [-1, 1, -1]


def test_what_rested_fills_only_where_the_bar_went_through_its_price() -> None:
    falling = (100.0, 100.5, 98.0, 99.0, 400.0)
    venue = in_second_bar(falling, ("at", Side.BUY, "98.00"), ("in", Side.BUY, "98.01"))
    assert venue.filled("at") == 0
    assert venue.prices("in") == [D("98.01")]


def test_a_bar_fills_one_side_the_one_it_moved_against() -> None:
    falling, rising = (100.0, 102.0, 98.0, 99.0, 400.0), (100.0, 102.0, 98.0, 101.0, 400.0)
    orders = (("low", Side.BUY, "98.50"), ("high", Side.SELL, "101.50"))
    after_fall, after_rise = in_second_bar(falling, *orders), in_second_bar(rising, *orders)
    assert (after_fall.filled("low"), after_fall.filled("high")) == (1, 0)
    assert (after_rise.filled("low"), after_rise.filled("high")) == (0, 1)


def test_a_bar_fills_no_more_than_a_share_of_its_volume_and_the_quote_behind_it() -> None:
    through, past = ("in", Side.BUY, "98.50"), ("past", Side.BUY, "99.50")
    bar = (100.0, 100.0, 98.0, 99.0, 10.0)
    assert in_second_bar(bar, through).filled("in") == D(10) / SHARE
    assert in_second_bar(bar, past).filled("past") == 2 * D(10) / SHARE


def test_a_market_order_pays_the_spread_over_the_next_opening() -> None:
    venue = Venue(bar_rows(bars([FLAT, (101.0, 101.5, 100.5, 101.2, 4.0)]), BTC))
    venue.play(ENDS[0])
    venue.order("buy", Side.BUY, "1", None, ENDS[0])
    venue.order("sell", Side.SELL, "1", None, ENDS[0])
    assert venue.prices("buy") == [D("101.02")]
    assert venue.prices("sell") == [D("100.98")]


def test_a_market_order_gets_no_more_than_the_last_bars_share() -> None:
    venue = Venue(bar_rows(bars([FLAT, FLAT]), BTC))
    venue.play(ENDS[0])
    venue.order("buy", Side.BUY, "15", None, ENDS[0])
    assert venue.filled("buy") == 400 / SHARE


def test_in_a_hole_there_is_no_market() -> None:
    rows = bar_rows(bars([FLAT, FLAT, FLAT], minutes=[0, 3, 4]), BTC)
    venue = Venue(rows)
    venue.play(ENDS[0])
    venue.order("hole", Side.BUY, "1", None, ENDS[0] + 1)
    venue.play(START_NS + 3 * MINUTE_NS)
    venue.order("open", Side.BUY, "1", None, START_NS + 3 * MINUTE_NS)
    assert venue.filled("hole") == 0
    assert venue.filled("open") == 1


def test_a_bar_in_which_nothing_was_traded_offers_nothing() -> None:
    venue = Venue(bar_rows(bars([(100.0, 100.0, 100.0, 100.0, 0.0), FLAT]), BTC))
    venue.play(ENDS[0])
    venue.order("buy", Side.BUY, "1", None, ENDS[0])
    assert venue.filled("buy") == 0


TICKS = st.integers(9_000, 11_000)


@st.composite
def any_bar(draw: st.DrawFn) -> Bar:
    prices = sorted(draw(st.lists(TICKS, min_size=4, max_size=4)))
    inner = draw(st.permutations(prices[1:3]))
    ends = draw(st.permutations([inner[0], draw(st.sampled_from(prices))]))
    volume = draw(st.integers(0, 4000))
    low, high = prices[0], prices[3]
    return (ends[0] / 100, high / 100, low / 100, ends[1] / 100, volume / 10)


@given(st.lists(any_bar(), min_size=2, max_size=6), st.data())
def test_no_order_gains_from_what_a_bar_does_not_say(given: list[Bar], data: st.DataObject) -> None:
    rows = bar_rows(bars(given), BTC)
    assert (np.diff(rows["time_ns"]) >= 0).all()
    venue = Venue(rows)
    venue.play(ENDS[0])
    opened = given[1][0]
    for number in range(4):
        side = data.draw(st.sampled_from([Side.BUY, Side.SELL]))
        venue.order(f"{side}{number}", side, "1", f"{data.draw(TICKS) / 100:.2f}", ENDS[0] + 1)
    at_open = {n: venue.filled(n) for n in _names(venue)}
    prices_at_open = {n: len(venue.prices(n)) for n in _names(venue)}
    for name, taken in at_open.items():
        for price in venue.prices(name):
            worse = price - D(str(opened)) if name.startswith("BUY") else D(str(opened)) - price
            assert worse > 0  # a taker pays more than the next print
        assert taken <= D(str(given[0][4])) / SHARE
    venue.play(ENDS[1] - 1)
    assert {n: venue.filled(n) for n in at_open} == at_open  # no news inside a bar
    _open, high, low, close, volume = given[1]
    venue.play(ENDS[1])
    following = D(str(given[2][0] if len(given) > 2 else close))
    sides = set()
    for name in at_open:
        for price in venue.prices(name)[prices_at_open[name] :]:
            buys = name.startswith("BUY")
            gapped = following < price if buys else following > price
            through = D(str(low)) < price if buys else D(str(high)) > price
            assert through or gapped
            if not gapped:
                sides.add(buys)
    assert len(sides) <= 1
    filled = sum((venue.filled(n) - at_open[n] for n in at_open), D(0))
    assert filled <= 2 * D(str(volume)) / SHARE  # the bar's sweep, and the next one's quote


def _names(venue: Venue) -> list[str]:
    return sorted({report.client_order_id for report in venue._reports})


@pytest.mark.parametrize("count", [2, 3])
def test_the_last_quote_stands_for_what_would_have_come(count: int) -> None:
    book = Book(BTC)
    book.fold(bar_rows(bars([FLAT] * count), BTC))
    assert book.touch() == (9999, 10_000_000, 10001, 10_000_000)


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_how_many_are_converted_at_once_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    rising: Bar = (100.0, 103.0, 99.0, 101.0, 40.0)
    given = bars([FLAT, rising, FLAT, rising, FLAT, rising], minutes=[0, 1, 4, 5, 7, 8])
    whole = bar_rows(given, BTC)
    monkeypatch.setattr("genesis.exchange.histories.bars.CHUNK", at_once)
    np.testing.assert_array_equal(bar_rows(given, BTC), whole)
    assert len(whole) == 1 + 5 * 6 + 2 * 2
    ids = whole["last_id"][whole["kind"] == Kind.TICKER_BID]
    assert (np.diff(ids) > 0).all()
    assert (np.diff(whole["time_ns"]) >= 0).all()
