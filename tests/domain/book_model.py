"""The sync rules once more, with plain dicts and one row at a time: what the kernels must equal."""

from __future__ import annotations

from typing import Any

import numpy as np

from genesis.domain.folded import CROSSED, GAP, RESTARTED, TOO_OLD
from genesis.messages.market import ROW, Kind, Rows

Frame = list[tuple[int, int, int, int, int, int, int]]
"""The rows of one frame; the first says what it is."""


def rows_of(*frames: Frame) -> Rows:
    return np.array([row for frame in frames for row in frame], ROW)


def diff(time: int, first: int, last: int, levels: list[tuple[int, int, int]]) -> Frame:
    """``levels``: side (+1 bid, -1 ask), ticks, lots."""
    begin = (time, time, int(Kind.DEPTH_BEGIN), 0, len(levels), first, last)
    return [begin, *(_level(time, level, first, last) for level in levels)]


def snapshot(time: int, last: int, levels: list[tuple[int, int, int]]) -> Frame:
    begin = (time, 0, int(Kind.SNAPSHOT_BEGIN), 0, len(levels), 0, last)
    return [begin, *(_level(time, level, 0, last) for level in levels)]


def trade(time: int, id_: int, ticks: int, lots: int, side: int) -> Frame:
    kind = Kind.TRADE_BUY if side > 0 else Kind.TRADE_SELL
    return [(time, time, int(kind), ticks, lots, id_, id_)]


def ticker(time: int, id_: int, bid: int, bid_lots: int, ask: int, ask_lots: int) -> Frame:
    return [
        (time, 0, int(Kind.TICKER_BID), bid, bid_lots, 0, id_),
        (time, 0, int(Kind.TICKER_ASK), ask, ask_lots, 0, id_),
    ]


def reset(time: int) -> Frame:
    return [(time, 0, int(Kind.RESET), 0, 0, 0, 0)]


def _level(time: int, level: tuple[int, int, int], first: int, last: int) -> Any:
    side, ticks, lots = level
    return (time, time, int(Kind.BID if side > 0 else Kind.ASK), ticks, lots, first, last)


def top(bids: dict[int, int], asks: dict[int, int]) -> tuple[int, int, int, int]:
    bid, ask = max(bids, default=0), min(asks, default=0)
    return bid, bids.get(bid, 0), ask, asks.get(ask, 0)


class ModelBook:
    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.synced = self.ever = False
        self.id = 0
        self.pending: list[Frame] = []
        self.tickers: dict[int, tuple[int, int, int, int]] = {}
        self.checked = self.checked_id = 0
        self.mismatched = self.crossed = 0
        self.gaps: list[tuple[int, int, int, str]] = []
        self.resyncs: list[tuple[int, int, bool]] = []
        self.trades: list[tuple[int, ...]] = []

    def take(self, frame: Frame) -> None:
        time, _, kind, ticks, lots, first, last = frame[0]
        if kind == Kind.RESET:
            if self.synced:
                self.gaps.append((time, self.id + 1, 0, RESTARTED))
            self._drop()
            self.pending, self.tickers, self.checked_id = [], {}, 0
        elif kind in (Kind.TRADE_BUY, Kind.TRADE_SELL):
            side = 1 if kind == Kind.TRADE_BUY else -1
            self.trades.append((time, time, first, side, ticks, lots, *self.touch()))
        elif kind == Kind.TICKER_BID:
            crossed = 0 < frame[1][3] <= ticks
            if last >= max(self.tickers, default=0) and not crossed:
                self.tickers[last] = (ticks, lots, frame[1][3], frame[1][4])
                self._check()
        elif kind == Kind.SNAPSHOT_BEGIN:
            if not self.synced:
                self._sync(frame)
        elif not self.synced or (last >= self.id and not self._apply_diff(frame, time)):
            self.pending.append(frame)

    def touch(self) -> tuple[int, int, int, int]:
        if not self.synced:
            return 0, 0, 0, 0
        newest = max(self.tickers, default=0)
        return self.tickers[newest] if newest > self.id else top(self.bids, self.asks)

    def _drop(self) -> None:
        self.bids, self.asks, self.synced, self.id = {}, {}, False, 0

    def _set(self, frame: Frame) -> None:
        for _, _, kind, ticks, lots, _, _ in frame[1:]:
            side = self.bids if kind == Kind.BID else self.asks
            side[ticks] = lots
            if not lots:
                del side[ticks]

    def _apply_diff(self, frame: Frame, time: int) -> bool:
        """False when a hole is before it."""
        _, _, _, _, _, first, last = frame[0]
        if first > self.id + 1:
            self.gaps.append((time, self.id + 1, first, GAP))
            self._drop()
            return False
        self._set(frame)
        self.id = last
        self._after(time)
        return True

    def _after(self, time: int) -> None:
        if self.bids and self.asks and max(self.bids) >= min(self.asks):
            self.crossed += 1
            self.gaps.append((time, self.id, self.id, CROSSED))
            self._drop()
        else:
            self._check()

    def _check(self) -> None:
        if self.synced and self.id in self.tickers and self.id != self.checked_id:
            self.checked_id = self.id
            self.checked += 1
            self.mismatched += self.tickers[self.id] != top(self.bids, self.asks)

    def _sync(self, frame: Frame) -> None:
        time, id_ = frame[0][0], frame[0][6]
        if self.pending and self.pending[0][0][5] > id_ + 1:
            self.gaps.append((time, id_ + 1, self.pending[0][0][5], TOO_OLD))
            return
        self.bids, self.asks, self.synced, self.id = {}, {}, True, id_
        self._set(frame)
        self._after(time)
        while self.pending and self.synced:
            last = self.pending[0][0][6]
            fresh = last > id_ and last >= self.id
            if fresh and not self._apply_diff(self.pending[0], time):
                break
            del self.pending[0]
        if self.synced:
            self.resyncs.append((time, self.id, not self.ever))
            self.ever = True
