"""Ratios against numbers worked out by hand and against published ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.backtest.reports import ratios

DAY_NS = 86_400 * 10**9
RETURNS = np.array([0.01, 0.02, -0.01, 0.03])  # mean 0.0125


def test_sharpe_is_mean_over_sample_deviation() -> None:
    deviation = math.sqrt((0.0025**2 + 0.0075**2 + 0.0225**2 + 0.0175**2) / 3)
    assert ratios.sharpe(RETURNS) == pytest.approx(0.0125 / deviation)


def test_sortino_counts_only_what_falls_but_over_all_samples() -> None:
    assert ratios.sortino(RETURNS) == pytest.approx(0.0125 / math.sqrt(0.01**2 / 4))  # 2.5


def test_a_ratio_that_cannot_be_told_is_none() -> None:
    assert ratios.sharpe(np.array([0.01])) is None
    assert ratios.sharpe(np.full(10, 0.01)) is None
    assert ratios.sortino(np.array([0.01, 0.02])) is None
    assert ratios.calmar(0.5, 0.0) is None


def test_a_year_has_365_days() -> None:
    assert ratios.annualisation(DAY_NS) == pytest.approx(math.sqrt(365))
    assert ratios.annualisation(DAY_NS // 24) == pytest.approx(math.sqrt(8760))


def test_yearly_return_compounds() -> None:
    assert ratios.annual_return(0.1, 365 * DAY_NS) == pytest.approx(0.1)
    assert ratios.annual_return(0.1, 730 * DAY_NS) == pytest.approx(math.sqrt(1.1) - 1)
    assert ratios.annual_return(-1.0, DAY_NS) is None
    assert ratios.annual_return(0.5, DAY_NS // 1440) is None  # more than a float holds


def test_calmar_is_yearly_return_over_drawdown() -> None:
    assert ratios.calmar(0.3, 0.15) == pytest.approx(2.0)


def test_moments_of_a_known_series() -> None:
    skewness, kurtosis = ratios.moments(np.array([0.0, 0.0, 0.0, 1.0]))
    assert skewness == pytest.approx(2 / math.sqrt(3))
    assert kurtosis == pytest.approx(7 / 3)


class TestPublished:
    """The numerical example of "The Deflated Sharpe Ratio" (2014): a yearly Sharpe ratio of 2.5
    from five years of 250 days, 100 trials whose yearly ratios have a variance of 1/2, skewness -3
    and kurtosis 10."""

    DAILY = 2.5 / math.sqrt(250)
    VARIANCE = 0.5 / 250

    def deflated(self, trials: int, skewness: float, kurtosis: float) -> float | None:
        benchmark = ratios.expected_best_sharpe(self.VARIANCE, trials)
        return ratios.probabilistic_sharpe(self.DAILY, benchmark, 1250, skewness, kurtosis)

    def test_the_best_of_100_without_skill_shows_0_1132_a_day(self) -> None:
        best = ratios.expected_best_sharpe(self.VARIANCE, 100)
        assert best == pytest.approx(0.1132, abs=5e-5)

    @pytest.mark.parametrize(
        ("trials", "skewness", "kurtosis", "probability"),
        [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
    )
    def test_deflated(
        self, trials: int, skewness: float, kurtosis: float, probability: float
    ) -> None:
        assert self.deflated(trials, skewness, kurtosis) == pytest.approx(probability, abs=5e-5)


def test_the_deflated_ratio_of_a_series_is_that_of_its_moments() -> None:
    rng = np.random.default_rng(3)
    trials = rng.normal(0.02, 0.1, (40, 500))
    sharpes = [float(s) for s in trials.mean(axis=1) / trials.std(axis=1, ddof=1)]
    best = trials[int(np.argmax(sharpes))]
    expected = ratios.probabilistic_sharpe(
        max(sharpes),
        ratios.expected_best_sharpe(float(np.var(sharpes, ddof=1)), 40),
        500,
        *ratios.moments(best),
    )
    assert ratios.deflated_sharpe(best, sharpes, 40) == pytest.approx(expected)


def test_the_best_of_many_without_skill_is_not_believed_and_a_single_real_one_is() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.01, (200, 250))
    sharpes = [float(s) for s in noise.mean(axis=1) / noise.std(axis=1, ddof=1)]
    best = noise[int(np.argmax(sharpes))]
    single = ratios.probabilistic_sharpe(max(sharpes), 0, 250, *ratios.moments(best))
    assert single is not None
    assert single > 0.99  # taken alone it would look certain
    deflated = ratios.deflated_sharpe(best, sharpes, ratios.effective_trials(noise))
    assert deflated is not None
    assert deflated < 0.8
    skilled = rng.normal(0.004, 0.01, 250)
    believed = ratios.deflated_sharpe(skilled, [*sharpes], 200)
    assert believed is not None
    assert believed > 0.95


def test_equal_trials_are_one_and_unrelated_ones_are_all_of_them() -> None:
    wave = np.sin(np.arange(64))
    assert ratios.effective_trials(np.tile(wave, (8, 1))) == pytest.approx(1.0)
    orthogonal = np.array([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], float)
    assert ratios.effective_trials(orthogonal) == pytest.approx(3.0)


def test_correlated_trials_are_worth_what_their_mean_correlation_says() -> None:
    rng = np.random.default_rng(1)
    shared = rng.normal(size=4000)
    trials = np.sqrt(0.6) * shared + np.sqrt(0.4) * rng.normal(size=(20, 4000))
    pairs = np.corrcoef(trials)[np.triu_indices(20, 1)].mean()
    assert ratios.effective_trials(trials) == pytest.approx(pairs + (1 - pairs) * 20)


def test_trials_that_never_traded_count_as_one() -> None:
    wave = np.sin(np.arange(64))
    assert ratios.effective_trials(np.zeros((5, 10))) == 1.0
    assert ratios.effective_trials(np.array([wave, 0 * wave, 0 * wave])) == 2.0


@given(st.integers(2, 12), st.integers(3, 30), st.integers(0, 2**32 - 1))
def test_effective_trials_are_between_one_and_all(trials: int, samples: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    worth = ratios.effective_trials(rng.normal(size=(trials, samples)))
    assert 1 - 1e-9 <= worth <= trials + 1e-9
