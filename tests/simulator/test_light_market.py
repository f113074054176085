"""The light market: a whole book at every moment, about ten events a second, one market a seed."""

from __future__ import annotations

import numpy as np
import pytest

from genesis.domain.book import Book
from genesis.errors import ConfigError
from genesis.messages.market import Kind
from genesis.simulator.light_market import LightMarket

START_NS = 1_700_000_000_000_000_000
HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize("seed", range(3))
def test_folds_to_a_whole_book_whose_tickers_agree(seed: int) -> None:
    market = LightMarket(["BTCUSDT", "ETHUSDT"], seed, START_NS)
    for symbol, rows in market.tape(HOUR_NS).items():
        folded = Book(market.instruments()[symbol]).fold(rows)
        assert not folded.gaps
        assert not folded.crossed
        assert folded.ticker_checked > 1000
        assert folded.ticker_mismatch == 0


def test_moves_and_trades_at_ten_events_a_second() -> None:
    rows = LightMarket(["BTCUSDT"], 1, START_NS).tape(HOUR_NS)["BTCUSDT"]
    kinds = rows["kind"]
    begins = np.isin(kinds, [Kind.DEPTH_BEGIN, Kind.TRADE_BUY, Kind.TRADE_SELL, Kind.TICKER_BID])
    assert 9.5 <= begins.sum() / 3600 <= 10
    assert (np.diff(rows["time_ns"]) >= 0).all()
    traded = rows["price_ticks"][kinds == Kind.TRADE_BUY]
    assert traded.max() > traded.min() * 1.005


def test_a_seed_is_one_market_and_another_is_another() -> None:
    first, again, other = (
        LightMarket(["BTCUSDT"], seed, START_NS).tape(HOUR_NS // 60)["BTCUSDT"]
        for seed in (1, 1, 2)
    )
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_a_longer_tape_begins_as_the_shorter_one() -> None:
    short, long = (
        LightMarket(["BTCUSDT"], 1, START_NS).tape(minutes * HOUR_NS // 60)["BTCUSDT"]
        for minutes in (1, 2)
    )
    assert long[: len(short)].tobytes() == short.tobytes()


def test_a_symbol_without_a_known_quote_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot list"):
        LightMarket(["BTCXYZ"], 1, START_NS)
