"""Frames in, batches to the right books; a bad frame ends a recording and is skipped live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pytest
from fake import Stage

from genesis.actors.market_feed import MarketFeed
from genesis.domain.instrument import Instrument
from genesis.errors import BadFrame
from genesis.exchange.binance.decode import Decoder
from genesis.messages.lifecycle import InputFailed
from genesis.messages.market import (
    ROW,
    Kind,
    MarketBatch,
    RawFrame,
    RawFrames,
    Table,
    table_of,
)


class WordDecoder:
    """A frame is ``symbol price``; one that is not, is bad. Keeps what came before a bad one."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[int, int]]] = {}

    def tables(self, frames: Sequence[RawFrame]) -> Mapping[str, Table]:
        for frame in frames:
            words = frame.payload.decode().split()
            if len(words) != 2:
                raise BadFrame(frame.where, f"not two words: {frame.payload!r}")
            self.rows.setdefault(words[0], []).append((frame.received_ns, int(words[1])))
        batches, self.rows = self.rows, {}
        return {symbol: _table(kept) for symbol, kept in batches.items()}


def _table(kept: list[tuple[int, int]]) -> Table:
    rows = np.zeros(len(kept), ROW)
    rows["kind"] = Kind.TRADE_BUY
    rows["time_ns"], rows["price_ticks"] = zip(*kept, strict=True)
    return table_of(rows)


def feed(*, strict: bool = False) -> Stage:
    return Stage("feed", lambda c: MarketFeed(c, WordDecoder, strict=strict))


def frames(*words: str, first: int = 1) -> RawFrames:
    raw = [RawFrame(n, word.encode(), f"rec.gz:{n}") for n, word in enumerate(words, first)]
    return RawFrames("market", first, tuple(raw))


def prices(stage: Stage, book: str) -> list[list[int]]:
    return [batch.rows["price_ticks"].tolist() for batch in stage.sent(MarketBatch, book)]


def test_each_symbol_gets_one_batch_in_receive_order() -> None:
    stage = feed()
    stage.tell(frames("BTC 1", "ETH 7", "BTC 2", first=40))
    assert prices(stage, "book.BTC") == [[1, 2]]
    assert prices(stage, "book.ETH") == [[7]]
    [batch] = stage.sent(MarketBatch, "book.ETH")
    assert (batch.symbol, batch.trace_id) == ("ETH", 40)
    assert stage.runtime.counters.get("frames") == 3


def test_a_bad_frame_of_a_recording_ends_the_run_and_names_the_line() -> None:
    stage = feed(strict=True)
    stage.tell(frames("BTC 1", "garbage", "BTC 2", first=7))
    [failed] = stage.sent(InputFailed, "supervisor")
    assert failed.error.startswith("rec.gz:8: ")
    assert stage.sent(MarketBatch) == []


@pytest.mark.parametrize(
    ("words", "kept", "bad"),
    [
        (("BTC 1", "garbage", "BTC 2"), [1, 2], 1),
        (("garbage", "BTC 1"), [1], 1),
        (("BTC 1", "BTC 2", "garbage"), [1, 2], 1),
        (("x", "BTC 1", "y", "z", "BTC 2"), [1, 2], 3),
        (("x",), [], 1),
    ],
)
def test_live_a_bad_frame_is_skipped_counted_and_the_good_ones_are_kept_once(
    words: tuple[str, ...], kept: list[int], bad: int
) -> None:
    stage = feed()
    stage.tell(frames(*words))
    assert prices(stage, "book.BTC") == ([kept] if kept else [])
    assert stage.sent(InputFailed) == []
    assert stage.runtime.counters.get("bad_frames") == bad
    stage.tell(frames("BTC 9", first=10))
    assert prices(stage, "book.BTC")[-1] == [9]


def test_the_real_decoder_behind_the_same_port_loses_nothing_either() -> None:
    btc = Instrument.build("BTC", "B", "C", tick_size=Decimal(1), step_size=Decimal(1))
    stage = Stage("feed", lambda c: MarketFeed(c, lambda: Decoder({"BTC": btc}), strict=False))
    trade = '{"e":"trade","E":1,"s":"BTC","t":%d,"p":"%d","q":"1","m":false}'
    stage.tell(frames(trade % (1, 5), "{", trade % (2, 6)))
    assert prices(stage, "book.BTC") == [[5, 6]]


def test_a_new_incarnation_decodes_from_a_clean_slate() -> None:
    stage = feed(strict=True)
    stage.tell(frames("BTC 1", "garbage"))
    stage.start()
    stage.tell(frames("BTC 2", first=3))
    assert prices(stage, "book.BTC") == [[2]]
