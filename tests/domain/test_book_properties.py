"""Any stream, any cut into batches: the kernels agree with the model, and with the venue."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from book_model import (
    Frame,
    ModelBook,
    diff,
    reset,
    rows_of,
    snapshot,
    ticker,
    top,
    trade,
)
from hypothesis import example, given
from hypothesis import strategies as st

from genesis.domain.book import Book
from genesis.domain.instrument import Instrument
from genesis.messages.market import table_of

Sides = tuple[dict[int, int], dict[int, int]]

INSTRUMENT = Instrument.build("XYUSDT", "XY", "USDT", tick_size=Decimal(1), step_size=Decimal(1))

# Bids and asks overlap at two prices, so that some books cross.
LEVEL = st.tuples(st.just(1), st.integers(90, 101), st.integers(0, 3)) | st.tuples(
    st.just(-1), st.integers(100, 111), st.integers(0, 3)
)
STEP = st.one_of(
    st.tuples(st.just("diff"), st.lists(LEVEL, max_size=4), st.integers(1, 3)),
    st.tuples(st.just("diff"), st.lists(LEVEL, max_size=4), st.integers(1, 3)),
    st.tuples(st.just("lost"), st.lists(LEVEL, max_size=2), st.integers(1, 3)),
    st.tuples(st.just("snapshot"), st.integers(0, 4)),
    st.tuples(st.just("again"), st.integers(1, 3)),
    st.tuples(st.just("ticker"), st.booleans()),
    st.tuples(st.just("trade")),
    st.tuples(st.just("reset")),
)
CROSSED_TICKER: list[tuple[object, ...]] = [
    ("diff", [(-1, 100, 1)], 1),
    ("lost", [(1, 100, 1)], 1),
    ("snapshot", 1),
    ("ticker", False),
]


class Venue:
    """A true book with its history, and the frames a client received of it."""

    def __init__(self) -> None:
        self.id = 100
        self.history: dict[int, Sides] = {100: ({95: 1}, {105: 1})}
        self.diffs: list[Frame] = []
        self.frames: list[Frame] = []

    def play(self, time: int, what: str, *arguments: object) -> None:
        getattr(self, f"_{what}")(time, *arguments)

    def _diff(self, time: int, levels: list[tuple[int, int, int]], ids: int) -> None:
        self._lost(time, levels, ids)
        self.frames.append(self.diffs[-1])

    def _lost(self, time: int, levels: list[tuple[int, int, int]], ids: int) -> None:
        bids, asks = dict(self.history[self.id][0]), dict(self.history[self.id][1])
        for side, ticks, lots in levels:
            (bids if side > 0 else asks)[ticks] = lots
        self.diffs.append(diff(time, self.id + 1, self.id + ids, levels))
        self.id += ids
        self.history[self.id] = (
            {ticks: lots for ticks, lots in bids.items() if lots},
            {ticks: lots for ticks, lots in asks.items() if lots},
        )

    def _snapshot(self, time: int, age: int) -> None:
        id_ = list(self.history)[max(0, len(self.history) - 1 - age)]
        bids, asks = self.history[id_]
        levels = [(1, p, bids[p]) for p in sorted(bids, reverse=True)]
        levels += [(-1, p, asks[p]) for p in sorted(asks)]
        self.frames.append(snapshot(time, id_, levels))

    def _again(self, time: int, back: int) -> None:
        if len(self.diffs) >= back:
            self.frames.append(self.diffs[-back])

    def _ticker(self, time: int, honest: bool) -> None:
        bid, bid_lots, ask, ask_lots = top(*self.history[self.id])
        self.frames.append(ticker(time, self.id, bid, bid_lots + (not honest), ask, ask_lots))

    def _trade(self, time: int) -> None:
        self.frames.append(trade(time, time, 100, 1, 1 if time % 2 else -1))

    def _reset(self, time: int) -> None:
        self.frames.append(reset(time))


@given(st.lists(STEP, max_size=40), st.integers(1, 12))
@example(CROSSED_TICKER, 1)
def test_any_stream_folds_as_the_rules_say(steps: list[tuple[object, ...]], batch: int) -> None:
    venue, model, book = Venue(), ModelBook(), Book(INSTRUMENT)
    silent = Book(INSTRUMENT, trades=False)
    for time, (what, *arguments) in enumerate(steps, 1):
        venue.play(time, str(what), *arguments)
    gaps, resyncs, trades, checked, mismatched, crossed = [], [], [], 0, 0, 0
    for begin in range(0, len(venue.frames), batch):
        frames = venue.frames[begin : begin + batch]
        folded = book.fold(rows_of(*frames))
        silent.follow(table_of(rows_of(*frames)))
        for frame in frames:
            model.take(frame)
        gaps += folded.gaps
        resyncs += folded.resyncs
        trades += folded.trades.tolist()
        checked += folded.ticker_checked
        mismatched += folded.ticker_mismatch
        crossed += folded.crossed
        bids, asks = (dict(side.tolist()) for side in book.levels(99))
        assert (book.synced, book.last_update_id) == (model.synced, model.id)
        assert (bids, asks) == (model.bids, model.asks)
        assert book.best() == top(bids, asks)
        assert book.touch() == model.touch()
        assert (silent.newest(), silent.best()) == (book.newest(), book.best())
        if book.synced:
            assert silent.snapshot_rows(1).tolist() == book.snapshot_rows(1).tolist()
            assert (bids, asks) == venue.history[book.last_update_id]
    assert gaps == model.gaps
    assert resyncs == model.resyncs
    assert trades == model.trades
    assert crossed == model.crossed
    assert (checked, mismatched) == (model.checked, model.mismatched)


CHANGE = st.tuples(st.sampled_from((1, -1)), st.integers(1, 60), st.integers(0, 4))


@given(st.lists(CHANGE, min_size=1, max_size=200), st.integers(1, 50))
def test_bare_changes_fold_as_a_dict_does(changes: list[tuple[int, int, int]], batch: int) -> None:
    book, bids, asks = Book(INSTRUMENT), dict[int, int](), dict[int, int]()
    table = np.array(changes, np.int64)
    best = np.empty((len(table), 2), np.int64)
    for begin in range(0, len(table), batch):
        book.fold_levels(table[begin : begin + batch], best[begin : begin + batch])
    for (side, ticks, lots), read in zip(changes, best.tolist(), strict=True):
        levels = bids if side > 0 else asks
        levels[ticks] = lots
        if not lots:
            del levels[ticks]
        assert read == [max(bids, default=0), min(asks, default=0)]
    assert book.levels(99)[0].tolist() == [[p, bids[p]] for p in sorted(bids, reverse=True)]
    assert book.levels(99)[1].tolist() == [[p, asks[p]] for p in sorted(asks)]
