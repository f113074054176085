"""A market as it is opened; a recording can be played again and again, as if reconnected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from frames import diff, snapshot, ticker

from genesis.domain.book import Book
from genesis.domain.folded import RESTARTED
from genesis.errors import ConfigError
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.histories.history import open_history
from genesis.exchange.histories.tape_cache import NoCache
from genesis.exchange.source import RECONNECT_NS, Market, open_market

BEGINNING_NS = 1_700_000_000_000_000_000
BODIES: list[dict[str, Any]] = [
    ticker(8, "100.00", "1.0", "101.00", "1.0"),
    snapshot(9, [("100.00", "1.0")], [("101.00", "1.0")]),
    diff(10, 12, [("100.50", "2.0")], []),
    diff(13, 13, [("100.00", "0.0")], [("100.90", "1.0")]),
]


def opened(folder: Path, *, repeat: int) -> Market:
    path = folder / "recording"
    lines = [f"{BEGINNING_NS + n * 100} {json.dumps(body)}\n" for n, body in enumerate(BODIES)]
    path.write_text("".join(lines))
    return open_market(f"replay:{path}", ("BTCUSDT",), 7, all_symbols=True, repeat=repeat)


def test_a_repeated_recording_is_one_stream_with_a_restart_before_each_repetition(
    tmp_path: Path,
) -> None:
    frames = list(opened(tmp_path, repeat=3).frames)
    lap = [frame.payload for frame in opened(tmp_path, repeat=1).frames]
    assert [frame.payload for frame in frames] == [*lap, b"", *lap, b"", *lap]
    assert [n for n, frame in enumerate(frames) if frame.restarted] == [4, 9]
    times = [frame.received_ns - BEGINNING_NS for frame in frames[:7]]
    again = 300 + RECONNECT_NS
    assert times == [0, 100, 200, 300, again, again, again + 100]
    assert [frame.received_ns for frame in frames] == sorted(frame.received_ns for frame in frames)


def test_a_market_that_names_no_file_says_so() -> None:
    with pytest.raises(ConfigError, match=r"'replay:' names no file; write replay:PATH"):
        open_market("replay:", ("BTCUSDT",), 7, all_symbols=True)
    for kind in ("replay:", "ohlcv:", "trades:,"):
        with pytest.raises(ConfigError, match="names no file"):
            open_history(kind, None, cache=NoCache())


def test_a_book_is_whole_again_after_each_restart(tmp_path: Path) -> None:
    once, often = (opened(tmp_path, repeat=times) for times in (1, 3))
    books = []
    for market in (once, often):
        decoder, book = Decoder(market.instruments), Book(market.instruments["BTCUSDT"])
        folded = book.fold(decoder.decode(tuple(market.frames))["BTCUSDT"])
        books.append((book.last_update_id, book.levels(10)[0].tolist(), book.best()))
    assert books[0] == books[1]
    assert [gap.reason for gap in folded.gaps] == [RESTARTED, RESTARTED]
    assert folded.recoveries == 2
    assert folded.sequence_gaps == folded.ticker_mismatch == 0


@pytest.mark.parametrize(("market", "repeat"), [("simulated", 2), ("replay:x", 0)])
def test_what_cannot_be_repeated_is_refused(market: str, repeat: int) -> None:
    with pytest.raises(ConfigError, match=f"--repeat {repeat} cannot be used"):
        open_market(market, ("BTCUSDT",), 7, all_symbols=True, repeat=repeat)
