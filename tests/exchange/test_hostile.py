"""What no venue writes still ends in one line that names its place, or is read to the end."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from genesis.domain.book import Book
from genesis.domain.instrument import Instrument
from genesis.errors import BadFrame
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.recording import Recording
from genesis.messages.market import RawFrame

BTC = Instrument.build(
    "BTCUSDT", "BTC", "USDT", tick_size=Decimal("0.01"), step_size=Decimal("0.00001")
)
SNAPSHOT = b'{"lastUpdateId":10,"bids":[["100.00","1"]],"asks":[["101.00","1"]]}'
TICKER = b'{"u":%d,"s":"BTCUSDT","b":"%s","B":"1","a":"%s","A":"1"}'
DIFF = b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":11,"u":11,"b":[["99.00","1"]],"a":[]}'
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    "payload",
    [b'{"u":1,"s":"\xff"}', b'{"e":' + b"[" * 5000 + b"]" * 5000 + b"}"],
    ids=["not UTF-8", "nested too deep"],
)
def test_bad_text_names_its_line(payload: bytes) -> None:
    with pytest.raises(BadFrame, match=r"^file:7: "):
        Decoder({"BTCUSDT": BTC}).decode([RawFrame(1, payload, "file:7")])


def folded(*frames: RawFrame) -> Book:
    book = Book(BTC)
    book.fold(Decoder({"BTCUSDT": BTC}).decode(frames)["BTCUSDT"])
    return book


def test_a_crossed_ticker_is_not_believed() -> None:
    snapshot = RawFrame(SECOND, SNAPSHOT, symbol="BTCUSDT")
    book = folded(snapshot, RawFrame(SECOND, TICKER % (12, b"102.00", b"90.00")))
    assert book.touch()[::2] == (10000, 10100)


def test_a_ticker_that_no_diff_reaches_is_forgotten() -> None:
    snapshot = RawFrame(SECOND, SNAPSHOT, symbol="BTCUSDT")
    ahead = RawFrame(SECOND, TICKER % (2**62, b"50.00", b"51.00"))
    assert folded(snapshot, ahead).touch()[::2] == (5000, 5100)
    assert folded(snapshot, ahead, RawFrame(7 * SECOND, DIFF)).touch()[::2] == (10000, 10100)


def test_what_follows_long_padding_is_read(tmp_path: Path) -> None:
    body = b'{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"100.00","q":"1","T":1,"m":true}'
    line = b"1723161253937085768 " + body + b"\n"
    path = tmp_path / "padded.gz"
    path.write_bytes(gzip.compress(line) + bytes(200_000) + gzip.compress(line))
    assert len(list(Recording([path]).frames())) == 2
