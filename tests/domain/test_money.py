"""Exactness does not depend on the thread, and equal amounts are written equally."""

from __future__ import annotations

import threading
from decimal import Context, Decimal, FloatOperation, Inexact, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.instrument import Instrument
from genesis.domain.money import (
    canonical_json,
    ceil_to,
    divide_down,
    exact,
    floor_to,
    is_multiple,
    text,
)
from genesis.domain.sizing import quantity_for_notional

amounts = st.decimals(-(10**12), 10**12, places=8)


@exact
def total(*parts: Decimal) -> Decimal:
    return sum(parts, Decimal(0))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1E+3", "1000"),
        ("1.5000", "1.5"),
        ("1E-8", "0.00000001"),
        ("-0.00", "0"),
        ("100", "100"),
        ("-61685.990", "-61685.99"),
    ],
)
def test_an_amount_is_written_without_exponent_and_noise(value: str, written: str) -> None:
    assert text(Decimal(value)) == written


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_an_amount_is_written_alike_under_any_threads_context(value: Decimal) -> None:
    written = text(value)
    with localcontext(Context(prec=6, capitals=0)):
        assert text(value) == written
    assert "e" not in written.lower()


def test_what_is_no_amount_is_not_written() -> None:
    with pytest.raises(ValueError, match="not an amount"):
        text(Decimal("NaN"))


@given(amounts, st.integers(0, 8))
def test_equal_amounts_have_equal_bytes(value: Decimal, zeros: int) -> None:
    padded = Decimal(f"{value:f}" + ("0" * zeros if "." in f"{value:f}" else ""))
    assert padded == value
    assert canonical_json({"a": [padded]}) == canonical_json({"a": [value]})
    assert Decimal(text(value)) == value


def test_sums_are_exact_under_any_threads_context() -> None:
    big, small = Decimal("123456789012345678.12345678"), Decimal("1E-16")
    seen: list[Decimal] = []

    def in_a_careless_thread() -> None:
        with localcontext(Context(prec=6)):
            seen.append(total(big, small))

    thread = threading.Thread(target=in_a_careless_thread)
    thread.start()
    thread.join()
    assert seen == [Decimal("123456789012345678.1234567800000001")]


def test_a_result_that_would_be_rounded_is_a_bug() -> None:
    with pytest.raises(Inexact):
        total(Decimal(10) ** 70, Decimal(1))


def test_a_float_cannot_slip_in() -> None:
    with pytest.raises(FloatOperation):
        exact(lambda: Decimal(1) < 1.5)()


@given(amounts, st.sampled_from([Decimal("0.00001"), Decimal("0.01"), Decimal(1)]))
def test_steps_round_to_the_promised_side(value: Decimal, step: Decimal) -> None:
    down, up = floor_to(value, step), ceil_to(value, step)
    assert down <= value <= up
    assert value - down < step
    assert up - value < step
    assert down % step == 0 == up % step
    assert is_multiple(value, step) == (down == value)


def test_a_quotient_is_never_rounded_up() -> None:
    assert str(divide_down(Decimal(2), Decimal(3))) == "0." + "6" * 60


BTC = Instrument.build(
    "BTCUSDT", "BTC", "USDT", tick_size=Decimal("0.01"), step_size=Decimal("0.00001")
)


@given(st.decimals(1, 10**7, places=2), st.decimals("0.01", 10**6, places=2))
def test_a_size_is_the_largest_that_the_money_allows(notional: Decimal, price: Decimal) -> None:
    quantity = quantity_for_notional(BTC, notional, price)
    assert quantity * price <= notional
    if 0 < quantity < BTC.max_quantity:
        assert (quantity + BTC.step_size) * price > notional


def test_dust_has_no_size() -> None:
    assert quantity_for_notional(BTC, Decimal("4.99"), Decimal(60000)) == 0
    with pytest.raises(ValueError, match="not a price"):
        quantity_for_notional(BTC, Decimal(100), Decimal(0))
