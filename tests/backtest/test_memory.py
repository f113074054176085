"""A history longer than the memory is reported in little of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from run_tales import COIN, INSTRUMENTS, intent

from genesis.backtest.prices import price_path
from genesis.backtest.reports.touches import decided_touches
from genesis.exchange.mapped import BLOCK
from genesis.messages.journal import Entry
from genesis.messages.market import ROW, Kind, Rows
from genesis.messages.orders import Side

SMAPS = Path("/proc/self/smaps")
COUNT = 20 * BLOCK


@pytest.fixture
def mapped(tmp_path: Path) -> Rows:
    """A trade at seven ticks a nanosecond, in a file."""
    if not SMAPS.is_file():
        pytest.skip("told by Linux only")
    rows = np.zeros(COUNT, ROW)
    rows["time_ns"], rows["kind"], rows["price_ticks"] = np.arange(COUNT), int(Kind.TRADE_BUY), 7
    np.save(tmp_path / "rows.npy", rows)
    return np.asarray(np.load(tmp_path / "rows.npy", mmap_mode="c"))


def resident(rows: Rows) -> float:
    """Which part of the file is in this process's memory."""
    (about,) = re.findall(r"rows\.npy\n.*?^Rss: +(\d+) kB", SMAPS.read_text(), re.M | re.S)
    return (int(about) << 10) / rows.nbytes


def test_a_price_path(mapped: Rows) -> None:
    path = price_path(mapped, 0, COUNT, buckets=100)
    assert path.close.tolist() == [7] * 100
    assert resident(mapped) < 0.2


@pytest.mark.parametrize("every", [1000, COUNT // 2])
def test_the_touches_of_orders(mapped: Rows, every: int) -> None:
    decided = [
        Entry(n, at_ns, "executor", intent(f"o{n}", Side.BUY, at_ns))
        for n, at_ns in enumerate(range(every, COUNT, every), 1)
    ]
    touches = decided_touches(decided, {"COINUSDT": mapped}, INSTRUMENTS)
    assert touches == {f"o{n}": COIN.price(7) for n in range(1, len(decided) + 1)}
    assert resident(mapped) < 0.2
