"""Rows of a mapped file leave the memory when asked to, and are the same when looked at again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from genesis.exchange.mapped import BLOCK, looked_through, release
from genesis.exchange.reel import RELEASED_BEHIND, TapeReel
from genesis.messages.market import ROW, Kind, Rows

SMAPS = Path("/proc/self/smaps")
COUNT = 6 * RELEASED_BEHIND
MB = 1 << 20


def made() -> Rows:
    rows = np.zeros(COUNT, ROW)
    rows["time_ns"] = 1 + np.arange(COUNT)
    rows["kind"], rows["price_ticks"] = int(Kind.TRADE_BUY), 7
    return rows


@pytest.fixture
def mapped(tmp_path: Path) -> Rows:
    path = tmp_path / "rows.npy"
    np.save(path, made())
    return np.asarray(np.load(path, mmap_mode="c"))


def resident_bytes() -> int:
    """How much of the mapped file is in this process's memory."""
    (about,) = re.findall(r"rows\.npy\n.*?^Rss: +(\d+) kB", SMAPS.read_text(), re.M | re.S)
    return int(about) << 10


needs_smaps = pytest.mark.skipif(not SMAPS.is_file(), reason="told by Linux only")


@needs_smaps
def test_released_rows_leave_the_memory_and_come_back_the_same(mapped: Rows) -> None:
    np.testing.assert_array_equal(mapped, made())
    assert resident_bytes() >= mapped.nbytes
    release(mapped[COUNT // 2 :])
    assert resident_bytes() < 0.6 * mapped.nbytes
    release(mapped)
    assert resident_bytes() < 0.1 * mapped.nbytes
    np.testing.assert_array_equal(mapped, made())


def test_rows_that_are_not_of_a_file_stay() -> None:
    rows = made()
    release(rows)
    release(rows[:0])
    np.testing.assert_array_equal(rows, made())


def test_parts_follow_each_other_and_are_all_there_is() -> None:
    rows = made()[: 2 * BLOCK + 5]
    parts = list(looked_through(rows))
    assert [len(part) for part in parts] == [BLOCK, BLOCK, 5]
    np.testing.assert_array_equal(np.concatenate(parts), rows)


@needs_smaps
def test_a_tape_that_is_played_keeps_only_its_newest_rows_in_memory(mapped: Rows) -> None:
    reel = TapeReel({"BTCUSDT": mapped}, None)
    most, last = resident_bytes(), np.zeros((0, 7), np.int64)
    while (stretch := reel.take(COUNT + 2, COUNT)) is not None:
        last = stretch.tables["BTCUSDT"].copy()
        most = max(most, resident_bytes())
    assert most < mapped.nbytes * 0.7
    assert last[-1, 0] == COUNT
