"""A decoded tape is taken off in stretches, and no break of a book travels before its time."""

from __future__ import annotations

import numpy as np

from genesis.exchange.reel import TapeReel
from genesis.messages.market import ROW, Kind

LATER = 100


def reel_of(*moments: tuple[int, Kind]) -> TapeReel:
    rows = np.zeros(len(moments), ROW)
    rows["time_ns"], rows["kind"] = zip(*moments, strict=True)
    return TapeReel({"BTCUSDT": rows}, None)


def taken(reel: TapeReel, now_ns: int) -> list[int] | None:
    """The times of the rows that travel at ``now_ns``, when nothing else happens until later."""
    stretch = reel.take(LATER, now_ns)
    return None if stretch is None else stretch.tables["BTCUSDT"][:, 0].tolist()


def test_a_break_waits_for_its_time_and_travels_alone() -> None:
    reel = reel_of((1, Kind.TRADE_BUY), (5, Kind.RESET), (7, Kind.TRADE_BUY), (9, Kind.TRADE_BUY))
    assert taken(reel, 1) == [1]
    assert taken(reel, 1) is None
    assert taken(reel, 5) == [5]
    assert taken(reel, 5) == [7, 9]


def test_breaks_that_were_taken_together_hold_up_nothing_that_follows() -> None:
    reel = reel_of(
        (5, Kind.RESET),
        (5, Kind.SNAPSHOT_BEGIN),
        (7, Kind.RESET),
        (8, Kind.TRADE_BUY),
        (9, Kind.TRADE_BUY),
    )
    assert taken(reel, 5) == [5, 5]
    assert taken(reel, 5) is None  # not before the next break's time
    assert taken(reel, 7) == [7]
    assert taken(reel, 7) == [8, 9]
