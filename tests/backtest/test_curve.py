"""Curves of equity, and what is read off them, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_tales import INSTRUMENTS, SECOND_NS, START_NS, path

from genesis.backtest.reports.curve import (
    SAMPLES_MIN,
    Curve,
    Holding,
    drawdowns,
    equity_curve,
    returns_of,
    sample_interval_ns,
    sampled,
    thinned,
    time_mean,
)

DAY_NS = 86_400 * SECOND_NS


def curve(*points: tuple[int, float]) -> Curve:
    seconds, equity = zip(*points, strict=True)
    flat = np.zeros(len(points))
    return Curve(START_NS + np.array(seconds) * SECOND_NS, np.array(equity), flat, flat)


def at(second: int) -> int:
    return START_NS + second * SECOND_NS


def test_equity_moves_with_the_price_of_what_is_held() -> None:
    holdings = [
        Holding(at(10), "COINUSDT", 2.0, 800.0, 100.0),  # bought 2 at 100
        Holding(at(30), "COINUSDT", 0.0, 1020.0, 110.0),  # sold them at 110
    ]
    prices = {"COINUSDT": path((5, 9000), (20, 10500), (25, 10400), (35, 5000))}
    made = equity_curve(at(0), at(40), 1000.0, 1020.0, holdings, prices, INSTRUMENTS)
    assert ((made.times_ns - START_NS) // SECOND_NS).tolist() == [0, 5, 10, 20, 25, 30, 35, 40]
    assert made.equity.tolist() == [1000, 1000, 1000, 1010, 1008, 1020, 1020, 1020]
    assert made.inventory.tolist() == [0, 0, 200, 210, 208, 0, 0, 0]


def test_the_newest_of_fill_and_path_marks_and_symbols_add_up() -> None:
    holdings = [
        Holding(at(10), "COINUSDT", 1.0, 900.0, 100.0),
        Holding(at(20), "GEMUSDT", -1.0, 950.0, 50.0),
        Holding(at(30), "COINUSDT", 2.0, 830.0, 120.0),
    ]
    prices = {"COINUSDT": path((9, 1)), "GEMUSDT": path((25, 60))}
    made = equity_curve(at(0), at(40), 1000.0, 1010.0, holdings, prices, INSTRUMENTS)
    inventory = dict(zip((made.times_ns - START_NS) // SECOND_NS, made.inventory, strict=True))
    assert inventory == {0: 0, 9: 0, 10: 100, 20: 50, 25: 40, 30: 180, 40: 180}
    assert made.gross[-1] == 300
    assert made.equity[-1] == 1010  # the exact end is given


def test_drawdown_is_the_fall_from_the_highest_so_far() -> None:
    fall, deepest = drawdowns(curve((0, 100), (10, 120), (20, 90), (30, 110), (40, 125), (45, 124)))
    assert fall.tolist() == pytest.approx([0, 0, 0.25, 1 - 110 / 120, 0, 1 - 124 / 125])
    assert deepest.fraction == 0.25
    assert deepest.amount == 30
    assert deepest.longest_ns == 30 * SECOND_NS


def test_a_run_that_never_recovers_is_under_water_to_its_end() -> None:
    _, deepest = drawdowns(curve((0, 100), (10, 99), (100, 50)))
    assert deepest.longest_ns == 100 * SECOND_NS


@pytest.mark.parametrize(
    ("span_ns", "step_s"),
    [
        (30 * SECOND_NS, 1),
        (60 * SECOND_NS, 1),
        (345 * SECOND_NS, 5),
        (3600 * SECOND_NS, 60),
        (5 * DAY_NS, 3600),
        (240 * DAY_NS, 86_400),
    ],
)
def test_samples_are_as_far_apart_as_leaves_enough_of_them(span_ns: int, step_s: int) -> None:
    assert sample_interval_ns(span_ns, SAMPLES_MIN) == step_s * SECOND_NS


def test_samples_hold_the_newest_equity_at_equal_distances() -> None:
    assert sampled(curve((0, 1), (3, 2), (11, 3), (25, 4)), 10 * SECOND_NS).tolist() == [1, 2, 3]


def test_returns_end_where_equity_does() -> None:
    assert returns_of(np.array([100.0, 110, 99])).tolist() == pytest.approx([0.1, -0.1])
    assert returns_of(np.array([100.0, 0.0])).tolist() == []
    assert returns_of(np.array([100.0])).tolist() == []


def test_a_mean_over_time_weighs_by_how_long_something_held() -> None:
    made = curve((0, 1), (30, 5), (40, 9))
    assert time_mean(made, made.equity) == pytest.approx((30 * 1 + 10 * 5) / 40)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(-9, 9)), min_size=1, max_size=400),
    st.integers(1, 30),
)
def test_thinning_keeps_every_extreme_of_every_column(
    moves: list[tuple[int, int]], columns: int
) -> None:
    times = np.cumsum([gap for gap, _ in moves]).astype(np.int64)
    values = np.cumsum([move for _, move in moves]).astype(float)
    kept = thinned(times, values, columns)
    assert len(kept) <= 4 * columns
    assert (np.diff(kept) > 0).all()
    assert {0, len(times) - 1} <= set(kept.tolist())
    span = max(1, int(times[-1] - times[0]))
    column = (times - times[0]) * columns // (span + 1)
    for one in set(column.tolist()):
        drawn = values[[i for i in kept if column[i] == one]]
        assert drawn.min() == values[column == one].min()
        assert drawn.max() == values[column == one].max()


def test_a_million_points_are_thinned_to_a_screen() -> None:
    times = np.arange(10**6, dtype=np.int64)
    values = np.random.default_rng(2).normal(size=10**6).cumsum()
    kept = thinned(times, values, 800)
    assert len(kept) <= 3200
    assert values[kept].max() == values.max()
