"""Any kind of market opened as one decoded history, whole or from some moment to another."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frames import diff, snapshot, ticker, trade
from tables import BARS, MINUTE_NS, START_NS, Bar, bars_file, write_csv

from genesis.domain.book import Book
from genesis.errors import BadFrame, ConfigError, InputError
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.histories.history import SIMULATED_START_NS, open_history
from genesis.exchange.histories.tape_cache import NoCache, TapeCache
from genesis.exchange.recording import Recording
from genesis.exchange.source import Market
from genesis.messages.market import Kind

BEGINNING_NS = 1_700_000_000_000_000_000
BODIES: list[dict[str, Any]] = [
    diff(8, 9, [("99.00", "1.0")], []),
    snapshot(9, [("100.00", "1.0")], [("101.00", "1.0")]),
    diff(10, 12, [("100.50", "2.0")], []),
    trade("100.50", "0.5"),
    ticker(12, "100.50", "1.5", "101.00", "1.0"),
    diff(13, 13, [("100.00", "0.0")], [("100.90", "1.0")]),
    diff(14, 20, [("100.60", "3.0")], []),
]


def recording(folder: Path, *bodies: dict[str, Any]) -> Path:
    path = folder / "recording"
    bodies = bodies or tuple(BODIES)
    lines = [f"{BEGINNING_NS + n * 100} {json.dumps(body)}\n" for n, body in enumerate(bodies)]
    path.write_text("".join(lines))
    return path


def opened(market: str, **window: int | None) -> Market:
    return open_history(market, None, cache=NoCache(), **window)


def test_a_tape_is_what_its_frames_say(tmp_path: Path) -> None:
    path = recording(tmp_path)
    market = opened(f"replay:{path}")
    plain = Recording([path])
    rows = Decoder(plain.instruments()).decode(list(plain.frames()))
    assert market.tape is not None
    np.testing.assert_array_equal(market.tape["BTCUSDT"], rows["BTCUSDT"])
    assert market.instruments == plain.instruments()
    assert market.start_ns == BEGINNING_NS
    assert market.silent_frames == 0


def test_a_recording_without_a_snapshot_says_that_nothing_is_traded(tmp_path: Path) -> None:
    (note,) = opened(f"replay:{recording(tmp_path, *BODIES[2:])}").notes
    assert note.startswith("BTCUSDT: the recording holds no depth snapshot of it, so its book is")


def test_of_the_real_recordings_too(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "binance_spot_l2" / "btc_eth_dot_20210404.cryptofeed.zst"
    cached = [open_history(f"replay:{path}", None, cache=TapeCache(tmp_path)) for _ in range(2)]
    plain = Recording([path])
    decoder = Decoder(plain.instruments())
    rows = decoder.decode(list(plain.frames()))
    counts = decoder.counts.values()
    of_no_symbol = decoder.frames - sum(count.frames for count in counts)
    silent_frames = of_no_symbol + sum(count.ignored for count in counts)
    assert cached[0].silent_frames == cached[1].silent_frames == silent_frames > 0
    for market in cached:
        assert market.tape is not None
        assert market.tape.keys() == rows.keys()
        for symbol, expected in rows.items():
            np.testing.assert_array_equal(market.tape[symbol], expected)


def test_a_recording_that_is_missing_is_told_with_the_cache_as_without(tmp_path: Path) -> None:
    path, absent = recording(tmp_path), tmp_path / "absent"
    cached = TapeCache(tmp_path / "cache")
    open_history(f"replay:{path}", None, cache=cached)
    for cache in (cached, NoCache()):
        with pytest.raises(InputError, match="absent: there is no such file"):
            open_history(f"replay:{path},{absent}", None, cache=cache)


def test_trades_that_are_left_out_are_noted_whenever_the_recording_is_opened(
    tmp_path: Path,
) -> None:
    aggregate = trade("100.50", "0.5") | {"e": "aggTrade", "a": 42}
    path = recording(tmp_path, *BODIES, aggregate, aggregate)
    for cache in (TapeCache(tmp_path / "cache"), TapeCache(tmp_path / "cache"), NoCache()):
        (note,) = open_history(f"replay:{path}", None, cache=cache).notes
        assert note.startswith("BTCUSDT: 2 trades are left out")
    assert opened(f"replay:{recording(tmp_path)}").notes == ()


def test_a_recording_given_twice_is_refused_with_the_cache_too(tmp_path: Path) -> None:
    path = recording(tmp_path)
    for cache in (TapeCache(tmp_path / "cache"), NoCache()):
        with pytest.raises(InputError, match="is given twice"):
            open_history(f"replay:{path},{path}", None, cache=cache)


@pytest.mark.parametrize("start", range(len(BODIES)))
def test_from_a_moment_on_the_book_is_what_it_was_then(tmp_path: Path, start: int) -> None:
    whole = opened(f"replay:{recording(tmp_path)}")
    from_ns = BEGINNING_NS + start * 100
    part = opened(f"replay:{tmp_path / 'recording'}", from_ns=from_ns)
    assert whole.tape is not None
    assert part.tape is not None
    books = []
    for market in (whole, part):
        assert market.tape is not None
        book = Book(market.instruments["BTCUSDT"])
        folded = book.fold(market.tape["BTCUSDT"])
        books.append((book.touch(), book.best(), book.last_update_id, len(folded.gaps)))
    assert books[0] == books[1]
    times = part.tape["BTCUSDT"]["time_ns"]
    assert times[0] == part.start_ns == from_ns
    assert (np.diff(times) >= 0).all()
    before = Book(part.instruments["BTCUSDT"])
    before.fold(part.tape["BTCUSDT"][times == from_ns])
    then = Book(whole.instruments["BTCUSDT"])
    then.fold(whole.tape["BTCUSDT"][whole.tape["BTCUSDT"]["time_ns"] <= from_ns])
    assert before.touch() == then.touch()


def test_to_is_not_included(tmp_path: Path) -> None:
    path = bars_file(tmp_path)
    market = opened(f"ohlcv:{path}", from_ns=START_NS + MINUTE_NS, to_ns=START_NS + 3 * MINUTE_NS)
    assert market.tape is not None
    folded = Book(market.instruments["BTCUSDT"]).fold(market.tape["BTCUSDT"])
    assert folded.trades["time_ns"].tolist() == [START_NS + n * MINUTE_NS for n in (1, 2)]
    assert market.interval_ns == MINUTE_NS


def test_nothing_in_a_window_is_said_with_what_there_is(tmp_path: Path) -> None:
    path = bars_file(tmp_path)
    with pytest.raises(InputError, match="it goes from 2024-01-01T00:00:00Z to 2024-01-01T00:03"):
        opened(f"ohlcv:{path}", from_ns=START_NS + 5 * MINUTE_NS)


def test_an_instrument_is_inferred_from_the_bars(tmp_path: Path) -> None:
    market = opened(f"ohlcv:{bars_file(tmp_path)}")
    instrument = market.instruments["BTCUSDT"]
    assert (instrument.tick_size, instrument.step_size) == (Decimal("0.01"), Decimal("0.1"))
    assert (instrument.base, instrument.quote) == ("BTC", "USDT")


def test_a_price_finer_than_any_tick_is_told(tmp_path: Path) -> None:
    path = bars_file(tmp_path, [BARS[0], (100.0, 101.0, 99.0, 100.1234567891, 1.0)])
    with pytest.raises(
        InputError, match=r"row 2: close 100\.1234567891 is off the tick 0\.00000001"
    ):
        opened(f"ohlcv:{path}")


def test_a_price_far_below_any_tick_is_told_and_not_taken_for_zero(tmp_path: Path) -> None:
    path = bars_file(tmp_path, [BARS[0], (100.0, 101.0, 1e-9, 100.0, 1.0)])
    with pytest.raises(InputError, match=r"row 2: low 1e-09 is off the tick 0\.00000001"):
        opened(f"ohlcv:{path}")


def info_file(folder: Path, quote: str, tick: str) -> Path:
    """Of BTC and of ETH in ``quote``; only that of BTC has this tick."""
    listed = [
        {"symbol": f"{base}{quote}", "status": "TRADING", "baseAsset": base, "quoteAsset": quote}
        | {
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": size},
                {"filterType": "LOT_SIZE", "stepSize": "0.001"},
            ]
        }
        for base, size in (("BTC", tick), ("ETH", "0.01"))
    ]
    path = folder / "info.json"
    path.write_text(json.dumps({"symbols": listed}))
    return path


def test_a_listed_symbol_may_be_quoted_in_anything(tmp_path: Path) -> None:
    path = bars_file(tmp_path, name="BTC_XYZ-1m.csv")
    info = info_file(tmp_path, "XYZ", "0.01")
    market = open_history(f"ohlcv:{path}", None, cache=NoCache(), exchange_info=info)
    assert market.instruments["BTCXYZ"].quote == "XYZ"
    assert not market.notes


@pytest.mark.parametrize("kind", ["ohlcv", "replay"])
def test_filters_that_cannot_be_kept_are_told(tmp_path: Path, kind: str) -> None:
    path = bars_file(tmp_path) if kind == "ohlcv" else recording(tmp_path)
    info = info_file(tmp_path, "USDT", "0.05")
    market = open_history(f"{kind}:{path}", None, cache=NoCache(), exchange_info=info)
    (note,) = market.notes
    assert note.startswith("BTCUSDT: info.json has no filters for it that can be kept")


def with_volumes(*volumes: float) -> list[Bar]:
    return [(*bar[:4], volume) for bar, volume in zip(BARS, volumes, strict=True)]


def test_how_large_a_volume_may_be_depends_on_its_scale(tmp_path: Path) -> None:
    coins = with_volumes(1e15, 3.0, 1.4e10)
    market = opened(f"ohlcv:{bars_file(tmp_path, coins, 'BONK_USDT-1m.csv')}")
    assert market.tape is not None
    rows = market.tape["BONKUSDT"]
    traded = np.isin(rows["kind"], (int(Kind.TRADE_BUY), int(Kind.TRADE_SELL)))
    assert rows["quantity_lots"][traded][0] == pytest.approx(10**18, rel=1e-11)
    finer = with_volumes(0.12345678, 1.5e10, 3.0)
    with pytest.raises(
        InputError, match=r"row 2: volume 15000000000\.0 is above 1e\+10, .* BTCUSDT"
    ):
        opened(f"ohlcv:{bars_file(tmp_path, finer)}")


def test_trades_of_one_minute_must_be_countable_together(tmp_path: Path) -> None:
    given: dict[str, list[object]] = {
        "time": [f"2024-01-01T00:{minute:02}:00" for minute in (0, 1, 1, 2)],
        **{"price": [1.5] * 4, "qty": [10, 9 * 10**14, 9 * 10**14, 10], "side": ["buy"] * 4},
    }
    path = write_csv(tmp_path / "XRPUSDT.csv", given)
    with pytest.raises(InputError, match=r"the minute of 2024-01-01T00:01:00Z add up to 1\.8e\+15"):
        opened(f"trades:{path}")


def test_symbols_of_a_folder_are_one_market(tmp_path: Path) -> None:
    bars_file(tmp_path)
    bars_file(tmp_path, name="ETH_USDT-1m.feather")
    market = opened(f"ohlcv:{tmp_path}")
    assert list(market.instruments) == ["BTCUSDT", "ETHUSDT"]
    assert market.tape is not None
    assert len(market.tape["ETHUSDT"]) == 16


def test_trades_are_a_market(tmp_path: Path) -> None:
    given: dict[str, list[object]] = {
        "time": ["2024-01-01T00:00:00", "2024-01-01T00:00:01"],
        **{"price": [1.5, 1.6], "qty": [10, 20], "side": ["buy", "sell"]},
    }
    market = opened(f"trades:{write_csv(tmp_path / 'XRPUSDT.csv', given)}")
    assert market.tape is not None
    assert len(market.tape["XRPUSDT"]) == 7
    assert market.interval_ns == 0


def test_a_bad_line_of_a_recording_is_told_before_anything_trades(tmp_path: Path) -> None:
    path = recording(tmp_path)
    path.write_text(path.read_text() + f"{BEGINNING_NS + 10_000} nonsense\n")
    with pytest.raises(BadFrame, match="recording:8: not JSON"):
        opened(f"replay:{path}")


def test_the_generated_market_has_no_date_of_today() -> None:
    market = open_history("simulated", ["BTCUSDT"], cache=NoCache(), seed=3)
    assert market.start_ns == SIMULATED_START_NS
    assert market.tape is None


def test_a_market_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="is none of simulated, replay:PATH, ohlcv:PATH"):
        opened("nonsense")
