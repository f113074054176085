"""The checks' own reading of frames agrees with the decoder where both read the same."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice

import numpy as np

from genesis.backtest.drills.reading import content_of
from genesis.exchange.binance.decode import Decoder
from genesis.messages.market import Kind
from genesis.simulator.market import GeneratedMarket

BEGIN = (Kind.DEPTH_BEGIN, Kind.SNAPSHOT_BEGIN, Kind.TICKER_BID, Kind.TRADE_BUY, Kind.TRADE_SELL)


def test_frames_are_read_as_the_decoder_reads_them() -> None:
    market = GeneratedMarket(("BTCUSDT", "ETHUSDT"), 5, 1_700_000_000_000_000_000)
    instruments = market.instruments()
    decoder, kinds = Decoder(instruments), set[Kind]()
    for frame in islice(market.frames(), 2000):
        told = content_of(frame)
        [(symbol, rows)] = decoder.decode((frame,)).items()
        [begin] = rows[np.isin(rows["kind"], BEGIN)]
        kind = Kind(begin["kind"])
        assert told.symbol == symbol
        assert told.kind == (Kind.TRADE_BUY if kind is Kind.TRADE_SELL else kind)
        if kind in (Kind.DEPTH_BEGIN, Kind.SNAPSHOT_BEGIN):
            assert (told.first_id, told.last_id) == (begin["first_id"], begin["last_id"])
        mid: Decimal | None = None
        if kind is Kind.TICKER_BID:
            mid = instruments[symbol].price(int(rows["price_ticks"].sum())) / 2
        assert told.mid == mid
        kinds.add(told.kind)
    assert kinds == {*BEGIN} - {Kind.TRADE_SELL}
