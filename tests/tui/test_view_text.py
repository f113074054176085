"""Numbers are shown whole or not at all; sentences end at words."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from genesis.tui import text

SCALES = {"k": 3, "M": 6, "G": 9, "T": 12}


@pytest.mark.parametrize(
    ("value", "width", "shown"),
    [
        ("61685.99", 10, "61685.99"),
        ("0.00021984", 10, "0.00021984"),
        ("0.00021984", 8, "0.000220"),
        ("0.00000123", 6, "1.2e-6"),
        ("1234567.891", 7, "1234568"),
        ("123456789", 6, "123.5M"),
        ("1E+3", 6, "1000"),
        ("NaN", 6, "-"),
        ("123456789", 1, "…"),
    ],
)
def test_a_number_is_shortened_and_never_cut(value: str, width: int, shown: str) -> None:
    assert text.number(D(value), width) == shown


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12),
    st.integers(6, 20),
)
def test_what_is_shown_is_the_number_rounded_to_the_places_shown(value: D, width: int) -> None:
    shown = text.number(value, width)
    assert len(shown) <= width
    if shown == "…":
        assert width <= 7  # a sign, one digit and an exponent always fit in eight
        return
    scale = SCALES.get(shown[-1], 0)
    digits = D(shown.rstrip("kMGT"))
    step = D(1).scaleb(digits.as_tuple().exponent)
    assert abs(value.scaleb(-scale) - digits) <= step / 2
    assert digits != 0 or value == 0


def test_money_says_gain_or_loss_by_its_sign() -> None:
    assert text.money(D("1.73209914"), 12, signed=True) == "+1.7321"
    assert text.money(D("-0.083"), 12, signed=True) == "-0.0830"
    assert text.money(D(0), 12, signed=True) == "0.0000"
    assert text.money(D("100000.456"), 12) == "100,000.46"


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (-5, "0 ms"),
        (87, "87 ms"),
        (999, "999 ms"),
        (5_230, "5.2 s"),
        (59_999, "59.9 s"),
        (60_000, "1 min"),
        (3 * 3_600_000, "3 h"),
        (72 * 3_600_000, "3 d"),
    ],
)
def test_ages(ms: int, shown: str) -> None:
    assert text.age(ms * 1_000_000) == shown


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(-5, "< 0.1 s"), (99, "< 0.1 s"), (100, "0.1 s"), (999, "0.9 s"), (5_230, "5.2 s")],
)
def test_the_age_of_data_does_not_flicker(ms: int, shown: str) -> None:
    assert text.data_age(ms * 1_000_000) == shown


def test_clock_is_utc() -> None:
    assert text.clock(1_723_161_598_000_000_000) == "23:59:58"
    assert text.date_clock(1_723_161_598_000_000_000) == "2024-08-08 23:59:58 UTC"
    assert text.date_clock(0) == ""


def test_a_sentence_that_does_not_fit_ends_before_the_number_it_would_cut() -> None:
    assert text.fit("limit is 123456", 12) == "limit is …  "
    assert text.fit("limit is 123456", 15) == "limit is 123456"


@given(st.text(max_size=60), st.integers(2, 40))
def test_text_from_outside_takes_its_cells_and_obeys_nothing(words: str, width: int) -> None:
    for shown in (text.fit(words, width), text.name(words, width)):
        assert cell_len(shown) == width
        assert shown.isprintable()


def test_a_long_name_keeps_both_ends() -> None:
    assert text.name("strategy.ema_cross", 12) == "strat…_cross"


def test_sparkline_runs_from_low_to_high_with_the_newest_at_the_right() -> None:
    assert text.sparkline((1.0, 2.0, 3.0), 5) == "  ▁▅█"
    assert text.sparkline((5.0, 5.0), 2) == "▁▁"
    assert text.sparkline((), 4) == "    "
    assert text.sparkline((1.0, float("nan"), 2.0), 2) == "▁█"


def test_a_thinned_curve_keeps_its_newest_value() -> None:
    assert text.sparkline((0.0,) * 99 + (1.0,), 10)[-1] == "█"


def test_a_curve_fills_its_rows() -> None:
    assert text.curve((0.0, 1.0), 2, 2) == [" █", "▁█"]
