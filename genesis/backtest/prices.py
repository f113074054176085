"""A market's prices as a few buckets in time, for pictures and excursions. Never trades on them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from genesis.domain.instrument import Instrument
from genesis.errors import BadFrame
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.mapped import looked_through
from genesis.messages import row_kind
from genesis.messages.market import ROW, RawFrame, Rows

BUCKETS = 50_000
"""Far more than a screen is wide, for the extremes within round trips: 7 minutes of 8 months. A
bucket keeps its own extremes, so no spike is lost."""

Ints = npt.NDArray[np.int64]

_TRADE_MARK = b'rade"'


class PricePath(msgspec.Struct, frozen=True):
    """Trade prices of one symbol in ticks, per bucket of time that has any, oldest first.

    All columns have one length: ``times_ns`` is the time of the bucket's last trade, ``close``
    its price, ``low`` and ``high`` the extremes within the bucket.
    """

    times_ns: Ints
    low: Ints
    high: Ints
    close: Ints


def price_path(rows: Rows, start_ns: int, end_ns: int, buckets: int = BUCKETS) -> PricePath:
    """The path of rows (dtype ``ROW``) within [start_ns, end_ns)."""
    step_ns = max(1, -(-(end_ns - start_ns) // buckets))
    # numpy's search would copy the column, and so load all rows of a mapped file.
    first, last = bisect_left(rows["time_ns"], start_ns), bisect_left(rows["time_ns"], end_ns)
    parts = [PricePath(*(np.zeros(0, np.int64) for _ in range(4)))]
    for part in looked_through(rows[first:last]):
        trades = trades_among(part)
        ticks = part["price_ticks"][trades]
        path = PricePath(part["time_ns"][trades], ticks, ticks, ticks)
        parts.append(_in_buckets(path, start_ns, step_ns))
    columns = zip(*map(msgspec.structs.astuple, parts), strict=True)
    return _in_buckets(PricePath(*map(np.concatenate, columns)), start_ns, step_ns)


def trades_among(rows: Rows) -> npt.NDArray[np.intp]:
    """Which rows are trades."""
    kinds = rows["kind"]
    return np.flatnonzero((kinds == row_kind.BUY) | (kinds == row_kind.SELL))


def _in_buckets(path: PricePath, start_ns: int, step_ns: int) -> PricePath:
    """What lies in one bucket as one."""
    if not len(path.times_ns):
        return path
    bucket = (path.times_ns - start_ns) // step_ns
    starts = np.flatnonzero(np.concatenate(([True], bucket[1:] != bucket[:-1])))
    ends = np.append(starts[1:], len(bucket)) - 1
    low = np.minimum.reduceat(path.low, starts)
    high = np.maximum.reduceat(path.high, starts)
    return PricePath(path.times_ns[ends], low, high, path.close[ends])


class FrameTap:
    """Reads the trades of frames as they pass; what it cannot read the feed will report."""

    def __init__(self, frames: Iterator[RawFrame], instruments: Mapping[str, Instrument]) -> None:
        self._frames = frames
        self._instruments = instruments
        self._seen: dict[str, list[Rows]] = {symbol: [] for symbol in instruments}

    def __iter__(self) -> Iterator[RawFrame]:
        decoder = Decoder(self._instruments)
        for frame in self._frames:
            if _TRADE_MARK in frame.payload[:120]:
                try:
                    for symbol, rows in decoder.decode((frame,)).items():
                        self._seen[symbol].append(rows)
                except BadFrame:
                    decoder = Decoder(self._instruments)
            yield frame

    def path(self, symbol: str, start_ns: int, end_ns: int, buckets: int = BUCKETS) -> PricePath:
        """What has passed so far of one symbol."""
        rows = np.concatenate([np.zeros(0, ROW), *self._seen[symbol]])
        return price_path(rows, start_ns, end_ns, buckets)
