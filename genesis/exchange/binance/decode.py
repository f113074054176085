"""Raw Binance spot frames to columnar rows, exactly. Never guesses: a bad frame is an error.

A kernel reads the common frames, straight from their bytes; what it leaves, ``events`` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import msgspec
import numpy as np

from genesis.counted import counted
from genesis.domain.book_layout import ROW_WIDTH
from genesis.domain.instrument import Instrument
from genesis.exchange.binance import frame_kernels as fk
from genesis.exchange.binance.events import FrameReader
from genesis.exchange.binance.text_kernels import words
from genesis.messages import row_kind
from genesis.messages.market import ROW, RawFrame, Rows, Table, rows_of

_TEXT_BYTES = 1 << 16
"""Of the longest frame that the kernel reads."""
_CHUNK_ROWS = 1 << 14
_FRAMES_AT_ONCE = 1000
_LAST_BEGIN = _CHUNK_ROWS - _TEXT_BYTES // 8 - 2
"""The last row of a chunk behind which the longest frame has room."""


class Counts(msgspec.Struct):
    """Frames of one symbol by kind; ``ignored`` are known shapes nobody uses, ``ignored_trades``
    those of the other stream where both ``trade`` and ``aggTrade`` were recorded. Of ``trades``
    ``repeated_trades`` have an id that is not above all before, as where files overlap."""

    frames: int = 0
    depth_diffs: int = 0
    trades: int = 0
    book_tickers: int = 0
    snapshots: int = 0
    ignored: int = 0
    ignored_trades: int = 0
    repeated_trades: int = 0


class Decoder:
    """Decodes the frames of some instruments. Not shared between threads."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._symbols = tuple(instruments)
        self._place = {symbol: lane for lane, symbol in enumerate(self._symbols)}
        self._lanes = np.zeros((fk.LANE_SIZE, len(self._symbols)), np.int64)
        for lane, (symbol, instrument) in enumerate(instruments.items()):
            decimals = (instrument.price_decimals, instrument.lot_decimals)
            self._lanes[: fk.TRADE_EVENT, lane] = (*words(symbol), *decimals)
        self._reader = FrameReader(instruments)
        self._text = np.zeros(_TEXT_BYTES + 8, np.uint8)
        self._text_bytes = self._text.data
        self._found = np.zeros(fk.FOUND_SIZE, np.int64)
        self._from = self._end = 0  # of the rows of the chunk that are of symbol ``_lane``
        self._lane = 0
        self._begin_chunk()
        self._parts: list[tuple[int, Table]] = []
        self._others = 0

    @property
    def frames(self) -> int:
        """All that could be used or ignored."""
        return int(self._lanes[fk.FRAMES].sum()) + self._others

    @property
    def counts(self) -> dict[str, Counts]:
        """Frames by kind of each symbol since the decoder was made."""
        columns = self._lanes[fk.FRAMES :].T.tolist()
        return {s: Counts(*column) for s, column in zip(self._symbols, columns, strict=True)}

    def notes(self) -> tuple[str, ...]:
        """What of the trades so far does not count, or counts twice: a sentence each, for a
        person; most recordings have none."""
        said = []
        for symbol, counts in self.counts.items():
            if counts.ignored_trades:
                left_out = counted(counts.ignored_trades, "trade is", "trades are")
                said.append(
                    f"{symbol}: {left_out} left out: of trade and aggTrade the stream seen first "
                    "counts"
                )
            if counts.repeated_trades:
                again = counted(counts.repeated_trades, "trade comes", "trades come")
                said.append(
                    f"{symbol}: {again} again (an id not above all before, as where files "
                    "overlap) and count as often"
                )
        return tuple(said)

    def decode(self, frames: Sequence[RawFrame]) -> dict[str, Rows]:
        """As ``tables``, with names (dtype ``ROW``)."""
        return {symbol: rows_of(table, ROW) for symbol, table in self.tables(frames).items()}

    def batches(self, frames: Iterable[RawFrame]) -> Iterator[dict[str, Rows]]:
        """As ``decode``, some of the frames at a time, so that memory stays flat."""
        frames = iter(frames)
        while batch := list(islice(frames, _FRAMES_AT_ONCE)):
            yield self.decode(batch)

    def tape(self, frames: Iterable[RawFrame]) -> dict[str, Rows]:
        """All rows of each symbol, also of one that had none. Raises BadFrame as ``tables``."""
        parts = {symbol: [np.zeros(0, ROW)] for symbol in self._symbols}
        for batch in self.batches(frames):
            for symbol, rows in batch.items():
                parts[symbol].append(rows)
        return {symbol: np.concatenate(found) for symbol, found in parts.items()}

    def tables(self, frames: Sequence[RawFrame]) -> dict[str, Table]:
        """Rows (columns of ``ROW``) of each symbol that had any, in receive order.

        A restart of the stream is a RESET row of every symbol.
        Raises BadFrame at the first frame that cannot be used; what came before it is returned by
        the next call, which may be ``tables(())``.
        """
        for frame in frames:
            payload = frame.payload
            size = len(payload)
            if size <= _TEXT_BYTES and not frame.restarted:
                if self._end > _LAST_BEGIN:
                    self._cut()
                    self._begin_chunk()
                self._text_bytes[:size] = payload
                lane, end = fk.read(
                    self._text,
                    size,
                    frame.received_ns,
                    self._lanes,
                    self._found,
                    self._chunk,
                    self._end,
                )
                if lane >= 0:
                    if lane != self._lane:
                        self._cut()
                        self._lane = lane
                    self._end = end
                    continue
            self._cut()
            self._take(frame)
        if self._parts:
            self._cut()
            return self._joined()
        if self._end == self._from:
            return {}
        table = self._chunk[self._from : self._end]
        self._from = self._end
        return {self._symbols[self._lane]: table}

    def _begin_chunk(self) -> None:
        """Rows go out as parts of a chunk, so none is written twice."""
        self._chunk: Table = np.empty((_CHUNK_ROWS, ROW_WIDTH), np.int64)
        self._from = self._end = 0

    def _cut(self) -> None:
        """Put aside what the chunk holds of one symbol."""
        if self._end > self._from:
            self._parts.append((self._lane, self._chunk[self._from : self._end]))
            self._from = self._end

    def _take(self, frame: RawFrame) -> None:
        """Any frame. Raises BadFrame."""
        if frame.restarted:
            reset = np.array([[frame.received_ns, 0, row_kind.RESET, 0, 0, 0, 0]])
            self._parts += ((lane, reset) for lane in range(len(self._symbols)))
            self._lanes[fk.NEXT_TRADE] = 0  # a recording that is repeated begins again
            return
        read = self._reader.read(frame)
        lane = self._place.get(read.symbol)
        if lane is None:
            self._others += 1
            return
        counts = self._lanes[:, lane]
        counts[fk.FRAMES] += 1
        if read.trade_event and counts[fk.TRADE_EVENT] == 0:
            counts[fk.TRADE_EVENT] = read.trade_event
        if read.trade_event and counts[fk.TRADE_EVENT] != read.trade_event:
            # Both streams recorded: the one seen first counts, or each trade would count twice.
            counts[fk.IGNORED_TRADES] += 1
            return
        if read.kind == fk.TRADES:
            fk.count_trade(self._lanes, lane, read.rows[-1])
        else:
            counts[read.kind] += 1
        if read.rows:
            self._parts.append((lane, np.array(read.rows, np.int64).reshape(-1, ROW_WIDTH)))

    def _joined(self) -> dict[str, Table]:
        by_lane: dict[int, list[Table]] = {}
        for lane, table in self._parts:
            by_lane.setdefault(lane, []).append(table)
        self._parts.clear()
        return {
            self._symbols[lane]: tables[0] if len(tables) == 1 else np.concatenate(tables)
            for lane, tables in sorted(by_lane.items())
        }


def warm_up() -> None:
    """Load (the first time on a machine: compile) the kernels, so that no actor waits for them."""
    fk.count_trade(np.zeros((fk.LANE_SIZE, 1), np.int64), 0, 0)
    Decoder({}).tables((RawFrame(0, b'{"e":"","result":null}'),))
