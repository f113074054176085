"""The book by example; ``test_book_properties`` compares it with a model on any stream."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from book_model import diff, reset, rows_of, snapshot, ticker, trade

from genesis.domain.book import Book
from genesis.domain.folded import CROSSED, GAP, RESTARTED, TOO_OLD
from genesis.domain.instrument import Instrument
from genesis.messages.market import ROW, Kind, table_of

LEVELS = [(1, 100, 5), (1, 99, 7), (-1, 101, 3), (-1, 102, 4)]


@pytest.fixture
def book() -> Book:
    unit = Decimal(1)
    return Book(Instrument.build("XYUSDT", "XY", "USDT", tick_size=unit, step_size=unit))


def test_a_snapshot_makes_the_book_whole(book: Book) -> None:
    folded = book.fold(rows_of(snapshot(7, 10, LEVELS)))
    assert book.synced
    assert book.last_update_id == 10
    assert folded.resyncs == ((7, 10, True),)
    assert folded.recoveries == 0
    assert book.best() == book.touch() == (100, 5, 101, 3)
    bids, asks = book.levels(10)
    assert bids.tolist() == [[100, 5], [99, 7]]
    assert asks.tolist() == [[101, 3], [102, 4]]


def test_nothing_is_served_before_the_first_snapshot(book: Book) -> None:
    folded = book.fold(
        rows_of(diff(1, 5, 6, LEVELS), ticker(2, 6, 100, 5, 101, 3), trade(3, 1, 101, 2, 1))
    )
    assert not book.synced
    assert book.touch() == (0, 0, 0, 0)
    assert book.depth() == (0, 0)
    assert folded.trades.tolist() == [(3, 3, 1, 1, 101, 2, 0, 0, 0, 0)]
    assert book.time_ns == 2


def test_buffered_diffs_follow_the_snapshot_that_does_not_contain_them(book: Book) -> None:
    folded = book.fold(
        rows_of(
            diff(1, 5, 8, [(1, 98, 1)]),  # contained
            diff(2, 9, 12, [(1, 100, 6)]),  # straddles
            diff(3, 13, 13, [(-1, 101, 0)]),
            snapshot(4, 10, LEVELS),
        )
    )
    assert folded.resyncs == ((4, 13, True),)
    assert (folded.depth_diffs, folded.depth_updates) == (3, 2)
    assert book.best() == (100, 6, 102, 4)
    assert book.level_lots(1, 98) == 0


def test_a_snapshot_older_than_the_first_buffered_diff_is_refused(book: Book) -> None:
    folded = book.fold(rows_of(diff(1, 20, 21, []), snapshot(2, 18, LEVELS)))
    assert folded.gaps == ((2, 19, 20, TOO_OLD),)
    assert folded.sequence_gaps == 0
    assert not book.synced
    # A newer one fits: the buffer was kept.
    assert book.fold(rows_of(snapshot(3, 20, LEVELS))).resyncs == ((3, 21, True),)


def test_a_gap_drops_the_book_until_a_snapshot_and_keeps_buffering(book: Book) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS)))
    folded = book.fold(rows_of(diff(2, 12, 13, [(1, 100, 9)]), diff(3, 14, 14, [(1, 99, 0)])))
    assert folded.gaps == ((2, 11, 12, GAP),)
    assert folded.sequence_gaps == 1
    assert not book.synced
    assert book.touch() == (0, 0, 0, 0)
    folded = book.fold(rows_of(snapshot(4, 12, LEVELS)))
    assert folded.resyncs == ((4, 14, False),)
    assert folded.recoveries == 1
    assert book.levels(9)[0].tolist() == [[100, 9]]


def test_an_old_diff_and_a_second_snapshot_change_nothing(book: Book) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS)))
    book.fold(rows_of(diff(2, 4, 9, [(1, 100, 0)]), snapshot(3, 30, [(1, 50, 1)])))
    assert book.last_update_id == 10
    assert book.best() == (100, 5, 101, 3)


def test_only_what_tells_of_the_levels_as_they_are_keeps_a_book_fresh(book: Book) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS), ticker(2, 11, 100, 5, 101, 3)))
    assert book.time_ns == 2
    book.fold(rows_of(trade(3, 1, 101, 2, 1), diff(4, 5, 6, LEVELS), ticker(5, 9, 99, 5, 101, 3)))
    assert book.time_ns == 2
    book.fold(rows_of(diff(6, 11, 12, LEVELS)))
    assert book.time_ns == 6


def test_a_crossed_book_is_counted_and_dropped(book: Book) -> None:
    folded = book.fold(rows_of(snapshot(1, 10, LEVELS), diff(2, 11, 11, [(1, 101, 1)])))
    assert folded.crossed == 1
    assert folded.gaps == ((2, 11, 11, CROSSED),)
    assert not book.synced


def test_a_restarted_stream_drops_everything(book: Book) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS), ticker(1, 11, 100, 8, 101, 8)))
    assert book.fold(rows_of(reset(2))).gaps == ((2, 11, 0, RESTARTED),)
    assert book.fold(rows_of(reset(3))).gaps == ()
    book.fold(rows_of(snapshot(4, 10, LEVELS)))
    assert book.touch() == (100, 5, 101, 3)


def test_a_newer_ticker_is_the_touch_and_is_checked_when_the_book_arrives(book: Book) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS)))
    folded = book.fold(rows_of(ticker(2, 12, 100, 6, 101, 2), trade(3, 77, 101, 1, 1)))
    assert book.touch() == (100, 6, 101, 2)
    assert book.best() == (100, 5, 101, 3)
    assert folded.trades["ask_lots"].tolist() == [2]
    assert folded.ticker_checked == 0
    folded = book.fold(rows_of(diff(4, 11, 12, [(1, 100, 6), (-1, 101, 2)])))
    assert (folded.ticker_checked, folded.ticker_mismatch) == (1, 0)


@pytest.mark.parametrize("wrong", [(99, 6, 101, 2), (100, 7, 101, 2), (100, 6, 101, 1)])
def test_a_ticker_that_differs_from_the_book_is_counted(
    book: Book, wrong: tuple[int, int, int, int]
) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS), diff(2, 11, 12, [(1, 100, 6), (-1, 101, 2)])))
    folded = book.fold(rows_of(ticker(3, 12, *wrong), ticker(4, 12, *wrong)))
    assert (folded.ticker_checked, folded.ticker_mismatch) == (1, 1)


def test_levels_can_be_asked_one_by_one(book: Book) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS)))
    assert book.level_lots(1, 99) == 7
    assert book.level_lots(-1, 102) == 4
    assert book.level_lots(-1, 100) == 0


def test_copies_of_levels_do_not_change_with_the_book(book: Book) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS)))
    bids, _ = book.levels(1)
    book.fold(rows_of(diff(2, 11, 11, [(1, 100, 1)])))
    assert bids.tolist() == [[100, 5]]


def test_a_book_can_be_rebuilt_from_its_own_snapshot(book: Book) -> None:
    book.fold(rows_of(snapshot(1, 10, LEVELS)))
    other = Book(book.instrument)
    other.fold(book.snapshot_rows(5))
    assert other.last_update_id == 10
    assert [side.tolist() for side in other.levels(9)] == [side.tolist() for side in book.levels(9)]


def test_no_snapshot_of_a_book_that_is_not_synced(book: Book) -> None:
    with pytest.raises(ValueError, match="not synced"):
        book.snapshot_rows(5)


def test_the_buffer_is_bounded_and_keeps_the_newest(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.domain.book.PENDING_LIMIT_ROWS", 256)
    for i in range(300):  # 2 rows each, 128 fit
        book.fold(rows_of(diff(i, i, i, [(1, 50 + i % 9, 1)])))
    assert book.fold(rows_of(snapshot(400, 170, LEVELS))).gaps == ((400, 171, 172, TOO_OLD),)
    assert book.fold(rows_of(snapshot(401, 171, LEVELS))).resyncs == ((401, 299, True),)


def test_tables_grow_with_the_book(book: Book) -> None:
    deep = [(1, 9000 - i, 1) for i in range(4000)] + [(-1, 9001 + i, 2) for i in range(3000)]
    book.fold(rows_of(snapshot(1, 10, deep)))
    assert book.depth() == (4000, 3000)
    changes = np.array([(1, 5000 - i, 3) for i in range(2000)], np.int64)
    best = np.empty((2000, 2), np.int64)
    assert book.fold_levels(changes, best) == (9000, 9001)
    assert book.depth() == (6000, 3000)
    assert book.levels(1)[1].tolist() == [[9001, 2]]


def test_many_trades_and_events_in_one_batch_all_come_out(book: Book) -> None:
    frames = [trade(i, i, 100, 1, -1) for i in range(5000)]
    for i in range(200):
        frames += [snapshot(i, 10, LEVELS), reset(i)]
    folded = book.fold(rows_of(*frames))
    assert folded.trades["trade_id"].tolist() == list(range(5000))
    assert len(folded.gaps) == len(folded.resyncs) == 200


def test_a_book_of_which_nothing_is_asked_goes_on_through_all_of_it(book: Book) -> None:
    frames = [trade(i, i, 100, 1, -1) for i in range(20_000)]
    for i in range(200):
        frames += [reset(i), snapshot(i, 10, LEVELS)]
    silent = Book(book.instrument, trades=False)
    silent.follow(table_of(rows_of(*frames, diff(1, 11, 11, [(1, 100, 6)]))))
    assert silent.best() == (100, 6, 101, 3)


def test_what_an_arriving_order_must_know_of_the_stream(book: Book) -> None:
    book.fold(rows_of(diff(7, 5, 6, LEVELS), ticker(8, 9, 100, 5, 101, 3)))
    assert (book.depth_event_ns, book.ticker_id, book.shows_touch_alone) == (7, 9, False)
    book.fold(rows_of(reset(9)))
    assert (book.depth_event_ns, book.ticker_id, book.shows_touch_alone) == (0, 0, False)
    book.fold(rows_of(snapshot(10, 1, []), ticker(10, 2, 100, 5, 101, 0)))
    assert (book.depth_event_ns, book.ticker_id, book.shows_touch_alone) == (0, 2, True)
    assert (book.top(1), book.top(-1)) == ((100, 5), (0, 0))


@pytest.mark.parametrize(
    "rows",
    [
        diff(1, 2, 3, LEVELS)[:3],
        ticker(1, 2, 3, 4, 5, 6)[:1],
        diff(1, 2, 3, LEVELS)[1:],
        [(1, 1, 99, 1, 1, 1, 1)],
        [(1, 1, int(Kind.DEPTH_BEGIN), 0, -5, 1, 1)],
    ],
    ids=["cut diff", "half a ticker", "levels alone", "unknown kind", "negative size"],
)
def test_malformed_rows_are_a_bug_of_their_maker(book: Book, rows: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="row 0 of kind"):
        book.fold(np.array(rows, ROW))


def test_light_commands_need_no_numba() -> None:
    code = "import sys, genesis.domain.instrument, genesis.messages.market; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert b"numba" not in loaded


@pytest.mark.parametrize("room", [1, 2, 3, 100])
def test_trades_are_handed_out_once_and_never_written_again(
    book: Book, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr("genesis.domain.book._TRADES_CHUNK", room)
    narrow = Book(book.instrument)
    parts = [
        narrow.fold(rows_of(*(trade(n, n, 101, 1, 1) for n in range(first, first + 5)))).trades
        for first in (0, 5, 10)
    ]
    assert [part["trade_id"].tolist() for part in parts] == [
        list(range(first, first + 5)) for first in (0, 5, 10)
    ]


@pytest.mark.parametrize("room", [1, 2, 3])
def test_of_one_moment_only_the_last_top_is_noted(
    book: Book, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr("genesis.domain.book._TOPS_CHUNK", room)
    told = [(1, 100), (1, 101), (2, 102), (2, 103), (2, 104), (3, 105)]
    frames = [ticker(time, 1 + bid, bid, 1, bid + 1, 1) for time, bid in told]
    noted = Book(book.instrument, tops=True).fold(rows_of(snapshot(0, 1, []), *frames)).tops
    assert noted[["at_ns", "bid_ticks"]].tolist() == [(0, 0), (1, 101), (2, 104), (3, 105)]
