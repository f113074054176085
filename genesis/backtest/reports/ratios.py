"""Ratios of a series of returns, and how likely the best of many is luck. Pure: floats, no clock.

A ratio is None where it cannot be told: too few returns, or nothing varies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

YEAR_NS = 365 * 86_400 * 1_000_000_000
"""A year of a market that never closes."""

EULER_MASCHERONI = 0.5772156649015329

Floats = npt.NDArray[np.float64]

_NORMAL = NormalDist()
_FLAT = 1e-15
"""Returns that vary by less are equal but for rounding."""


def sharpe(returns: Floats) -> float | None:
    """Mean over standard deviation (n - 1), per sample; the risk-free rate is taken as 0.

    W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994). Times
    ``annualisation(interval)`` it is the yearly one.
    """
    if len(returns) < 2:
        return None
    spread = float(np.std(returns, ddof=1))
    return float(np.mean(returns)) / spread if spread > _FLAT else None


def sortino(returns: Floats) -> float | None:
    """Mean over downside deviation, per sample: root of the mean of min(r, 0)^2 over all samples.

    Sortino and Price, "Performance Measurement in a Downside Risk Framework", Journal of Investing
    3 (1994), with a target of 0.
    """
    if len(returns) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    return float(np.mean(returns)) / downside if downside > _FLAT else None


def annualisation(interval_ns: int) -> float:
    """What a ratio per sample is multiplied by to be yearly: the root of the samples in 365 days.

    It holds for returns that do not depend on each other (Lo, "The Statistics of Sharpe Ratios",
    Financial Analysts Journal 58, 2002).
    """
    return math.sqrt(YEAR_NS / interval_ns)


def annual_return(total_return: float, span_ns: int) -> float | None:
    """(1 + total)^(365 days / span) - 1; None after a total loss, and beyond what floats hold."""
    if total_return <= -1 or span_ns <= 0:
        return None
    power = math.log1p(total_return) * (YEAR_NS / span_ns)
    return math.expm1(power) if power < 700 else None


def calmar(yearly_return: float | None, max_drawdown: float) -> float | None:
    """Compound yearly return over the largest drawdown, both as fractions.

    T. W. Young, "Calmar Ratio: A Smoother Tool", Futures 20 (1991); over the run, not 36 months.
    """
    if yearly_return is None or max_drawdown <= _FLAT:
        return None
    return yearly_return / max_drawdown


def moments(returns: Floats) -> tuple[float, float]:
    """Skewness and kurtosis (3 for a normal distribution), both of the population form."""
    off = returns - np.mean(returns)
    variance = float(np.mean(off**2))
    if variance <= _FLAT**2:
        return 0.0, 3.0
    return float(np.mean(off**3)) / variance**1.5, float(np.mean(off**4)) / variance**2


def probabilistic_sharpe(
    observed: float, benchmark: float, samples: int, skewness: float, kurtosis: float
) -> float | None:
    """The probability that the true Sharpe ratio is above ``benchmark``; ratios per sample.

    Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15 (2012).
    """
    variance = 1 - skewness * observed + (kurtosis - 1) / 4 * observed**2
    if samples < 2 or variance <= 0:
        return None
    return _NORMAL.cdf((observed - benchmark) * math.sqrt(samples - 1) / math.sqrt(variance))


def expected_best_sharpe(variance: float, trials: float) -> float:
    """What the best of ``trials`` independent strategies without any skill is expected to show.

    ``variance`` is that of the trials' Sharpe ratios, per sample as the answer is. Equation 1 of
    Bailey and López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40
    (2014). 0 for a single trial, where nothing was chosen.
    """
    if trials <= 1:
        return 0.0
    first = _NORMAL.inv_cdf(1 - 1 / trials)
    second = _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    best = (1 - EULER_MASCHERONI) * first + EULER_MASCHERONI * second
    return max(0.0, math.sqrt(variance) * best)  # below two trials the approximation dips under 0


def effective_trials(returns: Floats) -> float:
    """How many independent trials correlated ones are worth: r + (1 - r) * M.

    ``returns`` has shape (M trials, samples), r is the average correlation of two of them, never
    taken as negative. Appendix A.3 of "The Deflated Sharpe Ratio". Trials that never moved count
    as one together.
    """
    spread = np.std(returns, axis=1)
    moving = returns[spread > _FLAT]
    if not len(moving):
        return 1.0
    flat = 1 if len(moving) < len(returns) else 0
    count = len(moving)
    if count == 1:
        return 1.0 + flat
    unit = (moving - moving.mean(axis=1, keepdims=True)) / spread[spread > _FLAT][:, None]
    # The mean of all pairs from the sum of the standardised series: no matrix of M x M is built.
    all_pairs = float(np.mean(unit.sum(axis=0) ** 2))
    correlation = min(1.0, max(0.0, (all_pairs - count) / (count * (count - 1))))
    return correlation + (1 - correlation) * count + flat


def deflated_sharpe(best: Floats, trial_sharpes: Sequence[float], trials: float) -> float | None:
    """The probability that the best trial's true Sharpe ratio is above 0, seen that it was chosen.

    ``best`` are its returns, ``trial_sharpes`` the ratios per sample of all trials, ``trials`` how
    many independent ones they are worth. "The Deflated Sharpe Ratio" (2014), equation 2.
    """
    observed = sharpe(best)
    if observed is None:
        return None
    variance = float(np.var(trial_sharpes, ddof=1)) if len(trial_sharpes) > 1 else 0.0
    benchmark = expected_best_sharpe(variance, trials)
    return probabilistic_sharpe(observed, benchmark, len(best), *moments(best))
