"""Raw frames of one connection in, decoded batches per symbol out. Never judges the market."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from genesis.domain.book_layout import KIND
from genesis.errors import BadFrame
from genesis.exchange.port import DecoderPort
from genesis.messages.lifecycle import InputFailed
from genesis.messages.market import (
    Kind,
    MarketBatch,
    MarketRows,
    RawFrame,
    RawFrames,
    Table,
)
from genesis.messages.names import SUPERVISOR, book_name
from genesis.runtime.actor import Actor, Context, handles

_BEGINS_FRAME = np.array(
    [False] + [k not in (Kind.BID, Kind.ASK, Kind.TICKER_ASK, Kind.RESET) for k in Kind]
)
"""By ``Kind``: whether a row of it begins what the venue sent as one frame."""


class MarketFeed(Actor):
    """``strict``: a frame that cannot be used ends the run (a recording) instead of being
    skipped, counted, and noticed as a gap (a live stream)."""

    def __init__(
        self, context: Context, new_decoder: Callable[[], DecoderPort], *, strict: bool
    ) -> None:
        super().__init__(context)
        self._new_decoder = new_decoder
        self._strict = strict

    def begin(self) -> None:
        self._decoder = self._new_decoder()

    @handles(RawFrames)
    def _on_frames(self, message: RawFrames) -> None:
        frames = message.frames
        try:
            batches = self._decoder.tables(frames)
        except BadFrame as error:
            if self._strict:
                self._count(frames)
                self.count("bad_frames")
                self.tell(SUPERVISOR, InputFailed(str(error)))
                return
            batches = self._decode_one_by_one(frames)
        for symbol, table in batches.items():
            self.tell(book_name(symbol), MarketBatch(symbol, message.first_frame, table))
        self._count(frames)  # last: the books do not wait for it

    def _count(self, frames: Sequence[RawFrame]) -> None:
        self.count("frames", len([1 for frame in frames if not frame.restarted]))

    @handles(MarketRows)
    def _on_rows(self, message: MarketRows) -> None:
        for batch in message.batches:
            begins = _BEGINS_FRAME[batch.table[:, KIND]]
            self.count("frames", int(np.count_nonzero(begins)))
            self.tell(book_name(batch.symbol), batch)

    def _decode_one_by_one(self, frames: Sequence[RawFrame]) -> Mapping[str, Table]:
        """What is good of a message with a bad frame in it; the rest shows as a gap."""
        good = []
        for frame in frames:
            try:
                self._decoder.tables((frame,))
            except BadFrame:
                self.count("bad_frames")
                continue
            good.append(frame)
        return self._decoder.tables(good)
