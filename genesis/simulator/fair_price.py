"""The hidden value of one generated symbol, stepped ten times a second in integers alone. Pure.

Floating point functions may differ in the last digit between platforms; integers may not, so that
one seed is one market everywhere. Normal numbers are bit counts: the sum of 64 fair coins.
"""

from __future__ import annotations

import random
from math import isqrt

SLOT_NS = 100_000_000

FINE_BITS = 16
"""Fair values are in ticks times 2**16."""

_RETURN_BITS = 32
_SLOT_SIGMA = 145_110
"""60 % a year: 0.6 / sqrt(365 * 86400 * 10) = 3.379e-5 a slot, times 2**32."""

_COMMON_WEIGHT, _OWN_WEIGHT, _WEIGHT_ONE = 717, 731, 1024
"""Squares sum to one; two symbols correlate by (717 / 1024)**2 = 0.49."""

_VARIANCE_ONE = 1 << 20
_VARIANCE_MIN, _VARIANCE_MAX = _VARIANCE_ONE // 16, _VARIANCE_ONE * 16
_VARIANCE_REVERSION_SLOTS = 2048
_VARIANCE_SHOCK = 64
_TREND_SLOTS = 600
_TREND_SHOCK = 42
"""Drift wanders around zero over about a minute, with a hundredth or two of a slot's sigma."""

_COINS, _COINS_MEAN, _COINS_SIGMA = 64, 32, 4
_COINS_VARIANCE = _COINS_SIGMA**2


class _Clustered:
    """Normal shocks whose variance clusters: GARCH(1,1) around one."""

    def __init__(self, rng: random.Random) -> None:
        self._bits = rng.getrandbits
        self._variance = _VARIANCE_ONE

    def shock(self) -> int:
        """The next shock; one sigma is 4 * 2**20 while the variance is at its mean."""
        z = self._bits(_COINS).bit_count() - _COINS_MEAN
        variance = self._variance
        shock = z * isqrt(variance * _VARIANCE_ONE)
        pull = (_VARIANCE_ONE - variance) // _VARIANCE_REVERSION_SLOTS
        push = variance * (z * z - _COINS_VARIANCE) // (_COINS_VARIANCE * _VARIANCE_SHOCK)
        self._variance = min(_VARIANCE_MAX, max(_VARIANCE_MIN, variance + pull + push))
        return shock


class FairPrice:
    """A geometric walk with clustering volatility and small trends.

    Symbols that are given ``common`` generators of one seed share that factor.
    """

    def __init__(self, start_ticks: int, common: random.Random, own: random.Random) -> None:
        self.fine = start_ticks << FINE_BITS
        self._floor = (1 + start_ticks // 1000) << FINE_BITS
        self._bits = own.getrandbits
        self._common, self._own = _Clustered(common), _Clustered(own)
        self._trend = 0

    def step(self) -> int:
        """One slot further: the fair price in fine ticks."""
        shock = _COMMON_WEIGHT * self._common.shock() + _OWN_WEIGHT * self._own.shock()
        move = _SLOT_SIGMA * shock // (_WEIGHT_ONE * _COINS_SIGMA * _VARIANCE_ONE)
        z = self._bits(_COINS).bit_count() - _COINS_MEAN
        self._trend += _TREND_SHOCK * z - self._trend // _TREND_SLOTS
        self.fine = max(self._floor, self.fine + (self.fine * (move + self._trend) >> _RETURN_BITS))
        return self.fine
