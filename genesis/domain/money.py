"""Exact Decimal arithmetic and the one way a Decimal is written. Never a float, never a rounding
that nobody asked for.

Decimal operators obey the *calling thread's* context (28 digits, silent rounding by default), so
every function that promises exactness runs under ``exact``, whichever thread calls it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    getcontext,
    setcontext,
)
from typing import Any, ParamSpec, TypeVar

import msgspec

P = ParamSpec("P")
R = TypeVar("R")

ZERO = Decimal(0)
ONE = Decimal(1)

EXACT = Context(
    prec=60,
    traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)
"""60 digits hold any sum of prices (8 decimals) times quantities (8 decimals) times a fraction
that this program meets; a result that would need more raises ``decimal.Inexact`` instead of being
rounded. Comparing with or adding a float raises ``decimal.FloatOperation``."""

_ROUNDED = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow])
_DOWN = Context(60, ROUND_DOWN, traps=[InvalidOperation, DivisionByZero, Overflow])
_DECIMAL = (Decimal,)
_PLAIN = frozenset({str, int, bool, type(None)})
_encode = msgspec.json.Encoder().encode
_to_builtins = msgspec.to_builtins
UNITS = tuple(Decimal(1).scaleb(-decimals) for decimals in range(19))
"""The last digit's worth, by decimals."""


def exact(function: Callable[P, R]) -> Callable[P, R]:
    """Run ``function`` under ``EXACT`` in whatever thread it is called."""

    @functools.wraps(function)
    def under_exact(*args: P.args, **kwargs: P.kwargs) -> R:
        outside = getcontext()
        if outside is EXACT:
            return function(*args, **kwargs)
        setcontext(EXACT)
        try:
            return function(*args, **kwargs)
        finally:
            setcontext(outside)

    return under_exact


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of ``step`` that is not larger. Never rounds up, also below zero."""
    return _ROUNDED.multiply(_whole(value, step, ROUND_FLOOR), step)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of ``step`` that is not smaller."""
    return _ROUNDED.multiply(_whole(value, step, ROUND_CEILING), step)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether ``step`` goes into ``value`` without a rest, however many digits that has."""
    return value == _ROUNDED.multiply(_ROUNDED.divide_int(value, step), step)


def divide_down(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient to 60 digits, rounded towards zero: for sizes and display, never for the ledger.

    Raises decimal.DivisionByZero or decimal.InvalidOperation on a zero denominator.
    """
    return _DOWN.divide(numerator, denominator)


def rounded_up(value: Decimal, decimals: int) -> Decimal:
    """Away from zero to ``decimals`` places, 0 to 18: what a venue does to a fee."""
    return value.quantize(UNITS[decimals], rounding=ROUND_UP, context=_ROUNDED)


def rounded_down(value: Decimal, decimals: int) -> Decimal:
    """Towards zero to ``decimals`` places, 0 to 18."""
    return value.quantize(UNITS[decimals], rounding=ROUND_DOWN, context=_ROUNDED)


def text(value: Decimal) -> str:
    """The canonical writing: no exponent, no trailing zeros, no minus zero.

    Equal values are written equally. Raises ValueError for NaN and infinities.
    """
    if not value.is_finite():
        raise ValueError(f"{value} is not an amount")
    if not value:
        return "0"
    written = EXACT.to_sci_string(value)
    if "E" in written:
        written = f"{value:f}"
    if written[-1] == "0" and "." in written:
        return written.rstrip("0").rstrip(".")
    return written


def canonical_json(value: Any) -> bytes:
    """JSON in which equal values have equal bytes: Decimals by ``text``, the rest by msgspec.

    Mappings keep their own order, so the caller answers for a deterministic one.
    """
    return _encode(_plain(_to_builtins(value, builtin_types=_DECIMAL)))


def _plain(value: Any) -> Any:
    """``value``, which is ours to change, with its Decimals written."""
    kind = type(value)
    if kind is Decimal:
        return text(value)
    if kind is dict:
        for key, item in value.items():
            kind = type(item)
            if kind is Decimal:
                value[key] = text(item)
            elif kind not in _PLAIN:
                value[key] = _plain(item)
    elif kind is list or kind is tuple:
        return [item if type(item) in _PLAIN else _plain(item) for item in value]
    return value


def _whole(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    """How many steps, rounded; exact because the remainder is taken before dividing."""
    count = _ROUNDED.divide_int(value, step)
    remainder = _ROUNDED.subtract(value, _ROUNDED.multiply(count, step))
    if remainder > 0 and rounding == ROUND_CEILING:
        return _ROUNDED.add(count, ONE)
    if remainder < 0 and rounding == ROUND_FLOOR:
        return _ROUNDED.subtract(count, ONE)
    return count
