"""What a sweep is told to try."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.backtest.sweeps.grid import Range, combinations, draws, parse_axes
from genesis.errors import ConfigError

FAST, SLOW = "strategies.ema_cross.fast", "strategies.ema_cross.slow"


def test_lists_make_every_combination_once() -> None:
    axes = parse_axes([f"{FAST}=5, 10,5", f"{SLOW}=20,40"])
    assert list(combinations(axes)) == [
        {FAST: fast, SLOW: slow} for fast in ("5", "10") for slow in ("20", "40")
    ]


def test_the_same_seed_draws_the_same_and_more_draws_begin_equally() -> None:
    axes = parse_axes([f"{FAST}=2:50", "risk.position_fraction=0.01:0.2:log", f"{SLOW}=60,70"])
    ten = list(draws(axes, 10, seed=3))
    assert ten == list(draws(axes, 20, seed=3))[:10]
    assert ten != list(draws(axes, 10, seed=4))
    assert {one[SLOW] for one in ten} == {"60", "70"}


@given(
    st.decimals(Decimal("0.001"), 1000, places=3),
    st.decimals(Decimal("0.001"), 1000, places=3),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_a_draw_lies_in_its_range(low: Decimal, more: Decimal, log: bool, rng: object) -> None:
    drawn = Decimal(Range(low, low + more, log, whole=False).draw(rng))  # type: ignore[arg-type]
    assert low <= drawn <= low + more


@given(st.integers(1, 50), st.integers(1, 50), st.booleans(), st.integers(0, 99))
def test_whole_bounds_give_whole_numbers(low: int, more: int, log: bool, seed: int) -> None:
    axes = parse_axes([f"{FAST}={low}:{low + more}{':log' if log else ''}"])
    for one in draws(axes, 5, seed):
        assert low <= int(one[FAST]) <= low + more


def test_with_log_every_factor_is_as_likely() -> None:
    axes = parse_axes(["risk.position_fraction=0.0001:1.0:log"])
    drawn = sorted(float(p["risk.position_fraction"]) for p in draws(axes, 2000, 1))
    assert math.log10(drawn[1000]) == pytest.approx(-2, abs=0.15)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ([], "nothing to sweep"),
        (["fast"], "cannot be read"),
        ([f"{FAST}="], "names no value"),
        ([f"{FAST}=,"], "names no value"),
        ([f"{FAST}=5", f"{FAST}=6"], "given twice"),
        ([f"{FAST}=9:5"], "range is empty"),
        ([f"{FAST}=5:5"], "range is empty"),
        ([f"{FAST}=0:5:log"], "begins above 0"),
        ([f"{FAST}=5:9:lin"], "cannot be read"),
        ([f"{FAST}=a:b"], "cannot be read"),
        ([f"{FAST}=nan:inf"], "cannot be read"),
        (["market.seed=1,2"], "cannot be swept"),
    ],
)
def test_what_cannot_be_read_is_one_line(written: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        parse_axes(written)
    assert "\n" not in str(caught.value)


def test_a_range_needs_draws_and_too_many_trials_are_refused() -> None:
    with pytest.raises(ConfigError, match="--random N"):
        combinations(parse_axes([f"{FAST}=5:9"]))
    hundred = ",".join(map(str, range(101)))
    with pytest.raises(ConfigError, match="10,201 combinations are more than 10,000"):
        combinations(parse_axes([f"{FAST}={hundred}", f"{SLOW}={hundred}"]))
    for count in (0, -1, 10_001):
        with pytest.raises(ConfigError, match="cannot be used"):
            list(draws(parse_axes([f"{FAST}=5"]), count, 0))
