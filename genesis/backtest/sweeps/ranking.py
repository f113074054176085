"""Which trial of a sweep was best, in and out of sample, and whether that is likely luck. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from genesis.backtest.reports import ratios
from genesis.backtest.reports.ratios import Floats
from genesis.backtest.reports.wording import ratio
from genesis.backtest.sweeps.grid import Parameters
from genesis.backtest.sweeps.trials import Trial
from genesis.counted import counted
from genesis.errors import ConfigError, RuntimeFault

BELIEVED_FROM = 0.95
RETURNS_MIN = 10
"""In every part of the history: fewer have no Sharpe ratio to speak of."""


class Ranked(msgspec.Struct, frozen=True):
    """Yearly Sharpe ratios and total returns as fractions, in and out of sample; a ratio is None
    where nothing moved. Money is of the whole run."""

    parameters: Parameters
    sharpe: float | None
    sharpe_out: float | None
    total_return: float
    return_out: float
    pnl: str
    fees: str
    max_drawdown: float
    trips: int
    halted: bool


class Luck(msgspec.Struct, frozen=True):
    """``expected`` is the yearly Sharpe ratio the best of so many trials would show without any
    skill, ``probability`` that the best one's true ratio is above 0, both None where unknown."""

    trials: int
    effective_trials: float
    sharpe: float | None
    expected: float | None
    probability: float | None

    @property
    def is_likely(self) -> bool:
        return self.probability is None or self.probability < BELIEVED_FROM

    @property
    def sentence(self) -> str:
        worth = (
            f"{counted(self.trials, 'trial')}, worth {self.effective_trials:.1f} independent ones"
        )
        if self.sharpe is None or self.expected is None or self.probability is None:
            return (
                f"Whether it is luck cannot be told: the returns of the best do not vary ({worth})."
            )
        if self.sharpe <= 0:
            best = ratio(self.sharpe)
            return f"No trial earned anything in sample; the best Sharpe ratio is {best}."
        verdict = "likely luck" if self.is_likely else "not explained by luck alone"
        return (
            f"The best Sharpe ratio in sample is {ratio(self.sharpe)}: {verdict}. Of {worth}, the "
            f"best is expected to show {ratio(self.expected)} without any skill; the probability "
            f"that its true ratio is above 0 is {self.probability:.1%} (deflated Sharpe ratio; "
            f"believe it from {BELIEVED_FROM:.0%} on)."
        )


class Fold(msgspec.Struct, frozen=True):
    """One step of a walk-forward: chosen on [train_ns, test_ns), held against [test_ns, end_ns)."""

    train_ns: int
    test_ns: int
    end_ns: int
    parameters: Parameters
    sharpe: float | None
    sharpe_out: float | None
    return_out: float


class WalkForward(msgspec.Struct, frozen=True):
    """``sharpe`` and ``total_return`` are of all test parts in a row: what following the best
    parameters so far would have brought."""

    folds: tuple[Fold, ...]
    sharpe: float | None
    total_return: float


class Study(msgspec.Struct, frozen=True):
    """Everything a sweep came to; ``ranked`` from the best in sample on."""

    ranked: tuple[Ranked, ...]
    luck: Luck
    walk_forward: WalkForward | None
    interval_s: float
    samples: int
    samples_out: int
    failed: int


def study(
    trials: Sequence[Trial], out_of_sample: float, folds: int = 0, *, rolling: bool = False
) -> Study:
    """Rank trials by the Sharpe ratio of their first part; the last ``out_of_sample`` (a fraction
    of the history) takes no part in the choice.

    Each trial has traded the whole history once and its returns are cut into parts: positions are
    carried over a cut, and changing parameters in a walk-forward costs nothing. Raises ConfigError
    when the parts would be too short, RuntimeFault when every trial failed.
    """
    done = [trial for trial in trials if not trial.error]
    if not done:
        raise RuntimeFault(f"no trial came to an end; the first: {trials[0].error}")
    table = _table(done)
    interval_ns = done[0].interval_ns
    scale = ratios.annualisation(interval_ns)
    samples_out = round(table.shape[1] * out_of_sample)
    cut = table.shape[1] - samples_out
    if cut < RETURNS_MIN or 0 < samples_out < RETURNS_MIN:
        returns = counted(table.shape[1], "return")
        raise ConfigError(
            f"the history gives {returns} of {interval_ns / 1e9:g} s; that is too short to split; "
            "take a longer one, or --out-of-sample 0"
        )
    inside = [ratios.sharpe(row[:cut]) for row in table]
    order = sorted(range(len(done)), key=lambda n: -_merit(done[n], inside[n]))
    ranked = [_ranked(done[n], table[n], cut, scale) for n in order]
    walk = _walk_forward(done, table, folds, rolling) if folds else None
    return Study(
        ranked=tuple(ranked),
        luck=_luck(table[:, :cut], inside, order[0], scale),
        walk_forward=walk,
        interval_s=interval_ns / 1e9,
        samples=cut,
        samples_out=samples_out,
        failed=len(trials) - len(done),
    )


def _table(trials: Sequence[Trial]) -> Floats:
    """Shape (trials, samples). An account that lost everything has no returns: it lost all."""
    if len({(trial.interval_ns, trial.start_ns) for trial in trials}) > 1:
        raise ConfigError("the trials are of different histories; give them a results file each")
    longest = max(len(trial.returns) for trial in trials)
    lengths = [len(trial.returns) for trial in trials if trial.returns]
    samples = min(lengths, default=longest)
    table = np.zeros((len(trials), samples))
    for n, trial in enumerate(trials):
        if trial.returns:
            table[n] = trial.returns[:samples]
        else:
            table[n, 0] = -1.0
    return table


def _ranked(trial: Trial, returns: Floats, cut: int, scale: float) -> Ranked:
    return Ranked(
        parameters=trial.parameters,
        sharpe=_yearly(returns[:cut], scale),
        sharpe_out=_yearly(returns[cut:], scale),
        total_return=_total(returns[:cut]),
        return_out=_total(returns[cut:]),
        pnl=trial.pnl,
        fees=trial.fees,
        max_drawdown=trial.max_drawdown,
        trips=trial.trips,
        halted=trial.halted,
    )


def _luck(table: Floats, sharpes: Sequence[float | None], best: int, scale: float) -> Luck:
    told = [0.0 if sharpe is None else sharpe for sharpe in sharpes]
    worth = ratios.effective_trials(table)
    variance = float(np.var(told, ddof=1)) if len(told) > 1 else 0.0
    sharpe = sharpes[best]
    return Luck(
        trials=len(table),
        effective_trials=worth,
        sharpe=None if sharpe is None else sharpe * scale,
        expected=ratios.expected_best_sharpe(variance, worth) * scale,
        probability=ratios.deflated_sharpe(table[best], told, worth),
    )


def _walk_forward(trials: Sequence[Trial], table: Floats, folds: int, rolling: bool) -> WalkForward:
    """``folds`` + 1 equal parts: each but the first is a test, chosen for on all parts before it
    (anchored) or on the one before it (rolling)."""
    edges = np.linspace(0, table.shape[1], folds + 2).round().astype(int).tolist()
    if min(after - before for before, after in pairwise(edges)) < RETURNS_MIN:
        returns = counted(table.shape[1], "return")
        raise ConfigError(
            f"--walk-forward {folds} cuts {returns} into parts of fewer than {RETURNS_MIN}; take "
            "fewer parts or a longer history"
        )
    interval_ns, start_ns = trials[0].interval_ns, trials[0].start_ns
    scale = ratios.annualisation(interval_ns)
    made, followed = [], []
    for n in range(1, folds + 1):
        train, test, end = edges[n - 1] if rolling else 0, edges[n], edges[n + 1]
        inside = [
            _merit(trial, ratios.sharpe(row[train:test]))
            for trial, row in zip(trials, table, strict=True)
        ]
        best = int(np.argmax(inside))
        followed.append(table[best, test:end])
        made.append(
            Fold(
                train_ns=start_ns + train * interval_ns,
                test_ns=start_ns + test * interval_ns,
                end_ns=start_ns + end * interval_ns,
                parameters=trials[best].parameters,
                sharpe=_yearly(table[best, train:test], scale),
                sharpe_out=_yearly(table[best, test:end], scale),
                return_out=_total(table[best, test:end]),
            )
        )
    whole = np.concatenate(followed)
    return WalkForward(tuple(made), _yearly(whole, scale), _total(whole))


def _merit(trial: Trial, sharpe: float | None) -> float:
    """A trial that did nothing is better than one that lost, and worse than one that earned."""
    if not trial.returns:
        return -math.inf  # it lost everything
    return 0.0 if sharpe is None else sharpe


def _yearly(returns: Floats, scale: float) -> float | None:
    sharpe = ratios.sharpe(returns)
    return None if sharpe is None else sharpe * scale


def _total(returns: Floats) -> float:
    return float(np.prod(1 + returns)) - 1
