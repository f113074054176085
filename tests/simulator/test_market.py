"""The generated market: one seed is one market, and what it sends folds without a flaw."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
import tracemalloc
from decimal import Decimal

import numpy as np
import pytest

from genesis.domain.book import Book
from genesis.errors import ConfigError
from genesis.exchange.binance.decode import Decoder
from genesis.messages.market import Kind, RawFrame, Rows
from genesis.simulator.fair_price import FairPrice
from genesis.simulator.listing import listing
from genesis.simulator.market import GeneratedMarket

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "WHATEVERUSDT")
START_NS = 1_723_000_000_000_000_000


@pytest.fixture(scope="module")
def frames() -> list[RawFrame]:
    """Three minutes of five symbols. They are only read."""
    return take(40_000)


@pytest.fixture(scope="module")
def decoded(frames: list[RawFrame]) -> dict[str, Rows]:
    return Decoder(GeneratedMarket(SYMBOLS, 1, START_NS).instruments()).decode(frames)


def take(count: int, symbols: tuple[str, ...] = SYMBOLS, seed: int = 1) -> list[RawFrame]:
    return list(itertools.islice(GeneratedMarket(symbols, seed, START_NS).frames(), count))


def test_a_seed_is_the_same_market_everywhere() -> None:
    digest = hashlib.sha256(b"\n".join(frame.payload for frame in take(5000))).hexdigest()
    assert digest == "75765837623c5b00cf0cdbd3d26024bd56cd4f9a8af084b39ac439ca376dfae3"


def test_another_seed_is_another_market() -> None:
    assert [f.payload for f in take(100)] != [f.payload for f in take(100, seed=2)]


def test_listing_one_more_symbol_changes_no_other() -> None:
    alone = take(500, ("ETHUSDT",))
    among = [f for f in take(5000) if b"ethusdt" in f.payload or f.symbol == "ETHUSDT"]
    assert [f.payload for f in alone] == [f.payload for f in among[:500]]


def test_frames_come_in_time_order_at_a_plausible_rate(frames: list[RawFrame]) -> None:
    times = [frame.received_ns for frame in frames]
    assert times == sorted(times)
    assert times[0] >= START_NS
    seconds = (times[-1] - times[0]) / 1e9
    assert 20 < len(frames) / seconds / len(SYMBOLS) < 80


def test_each_symbol_has_one_bare_snapshot_after_its_first_diffs() -> None:
    frames = take(2000)
    for symbol in SYMBOLS:
        at = [i for i, frame in enumerate(frames) if frame.symbol == symbol]
        assert len(at) == 1
        assert set(json.loads(frames[at[0]].payload)) == {"lastUpdateId", "bids", "asks"}
        stream = f'"{symbol.lower()}@depth@100ms"'.encode()
        assert sum(stream in frame.payload for frame in frames[: at[0]]) == 3


def test_it_folds_without_gap_crossing_or_ticker_mismatch(decoded: dict[str, Rows]) -> None:
    for symbol, rows in decoded.items():
        book = Book(listing(symbol).instrument)
        folded = book.fold(rows)
        assert book.synced
        assert folded.gaps == ()
        assert folded.crossed == folded.ticker_mismatch == 0
        assert folded.ticker_checked > 100
        assert folded.snapshots == 1
        assert min(book.depth()) >= 30


def test_trades_happen_at_prices_the_book_shows(decoded: dict[str, Rows]) -> None:
    for symbol, rows in decoded.items():
        trades = Book(listing(symbol).instrument).fold(rows).trades
        trades = trades[trades["bid_ticks"] > 0]
        bought, sold = trades[trades["side"] > 0], trades[trades["side"] < 0]
        assert min(len(bought), len(sold)) > 100
        assert (bought["price_ticks"] >= bought["ask_ticks"]).all()
        assert (sold["price_ticks"] <= sold["bid_ticks"]).all()
        at_touch = (bought["price_ticks"] == bought["ask_ticks"]).mean()
        assert at_touch > 0.5
        assert (np.diff(trades["trade_id"]) == 1).all()


def test_symbols_move_together_with_a_plausible_volatility() -> None:
    moves = []
    for own in (1, 2):
        fair = FairPrice(300_000, random.Random(9), random.Random(own))
        values = [math.log(fair.step()) for _ in range(60_001)]
        moves.append(np.diff(values[::10]))
    for returns in moves:
        assert 0.45 < np.std(returns) * math.sqrt(365 * 86400) < 0.9
        quiet, loud = np.quantile(np.abs(returns).reshape(-1, 100).mean(axis=1), [0.1, 0.9])
        assert loud > 1.5 * quiet  # volatility clusters
    assert 0.35 < np.corrcoef(moves)[0, 1] < 0.65


def test_the_touch_is_tight_and_follows_the_fair_price(decoded: dict[str, Rows]) -> None:
    for symbol, rows in decoded.items():
        instrument, start_ticks, _ = listing(symbol)
        bids = rows[rows["kind"] == Kind.TICKER_BID]["price_ticks"]
        asks = rows[rows["kind"] == Kind.TICKER_ASK]["price_ticks"]
        assert (bids < asks).all()
        assert np.median((asks - bids) / bids) < 3e-4, instrument.symbol
        assert len(np.unique(bids)) > 10
        assert abs(bids[-1] / start_ticks - 1) < 0.05


def test_memory_stays_flat() -> None:
    stream = GeneratedMarket(("BTCUSDT",), 3, START_NS).frames()
    for _ in itertools.islice(stream, 2000):
        pass
    tracemalloc.start()
    for _ in itertools.islice(stream, 8000):
        pass
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 100_000


@pytest.mark.parametrize(
    ("symbol", "price", "tick", "step"),
    [
        ("BTCUSDT", "60000", "0.01", "0.00001"),
        ("ETHUSDT", "3000", "0.01", "0.0001"),
        ("SOLUSDT", "150", "0.01", "0.001"),
        ("BNBUSDT", "600", "0.01", "0.001"),
        ("ETHBTC", "0.05", "0.000001", "0.0001"),
    ],
)
def test_known_symbols_are_scaled_as_the_venue_scales_them(
    symbol: str, price: str, tick: str, step: str
) -> None:
    instrument, start_ticks, _ = listing(symbol)
    assert instrument.price(start_ticks) == Decimal(price)
    assert (instrument.tick_size, instrument.step_size) == (Decimal(tick), Decimal(step))
    assert instrument.base + instrument.quote == symbol


@pytest.mark.parametrize("symbols", [(), ("BTCUSDT", "BTCUSDT"), ("USDT",), ("btcusdt",), ("X Y",)])
def test_what_cannot_be_listed_is_one_clear_line(symbols: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as error:
        GeneratedMarket(symbols, 1, START_NS)
    assert "\n" not in str(error.value)
