"""Which trial is best, whether later returns bear it out, and whether it is luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from genesis.backtest.reports import ratios
from genesis.backtest.sweeps.ranking import study
from genesis.backtest.sweeps.sweep import print_study
from genesis.backtest.sweeps.trials import Trial
from genesis.errors import ConfigError, RuntimeFault

DAY_NS = 86_400 * 10**9
UP, DOWN = (0.02, 0.01), (-0.02, -0.01)
YEARLY = math.sqrt(365)


def trial(name: str, returns: Sequence[float], **more: object) -> Trial:
    return Trial(name, {"x": name}, 0, DAY_NS, tuple(returns), **more)  # type: ignore[arg-type]


def parts(*kinds: tuple[float, float]) -> list[float]:
    """Ten returns a part: five pairs."""
    return [r for kind in kinds for r in kind * 5]


def test_the_best_in_sample_comes_first_and_later_returns_take_no_part() -> None:
    done = study(
        [
            trial("falls later", parts(UP, UP, UP, DOWN)),
            trial("rises later", parts(DOWN, DOWN, DOWN, UP)),
            trial("idle", [0.0] * 40),
        ],
        out_of_sample=0.25,
    )
    assert [r.parameters["x"] for r in done.ranked] == ["falls later", "idle", "rises later"]
    best = done.ranked[0]
    assert (done.samples, done.samples_out) == (30, 10)
    assert best.sharpe == pytest.approx(0.015 / np.std(parts(UP, UP, UP), ddof=1) * YEARLY)
    assert best.sharpe_out == pytest.approx(-0.015 / np.std(parts(UP), ddof=1) * YEARLY)
    assert best.total_return == pytest.approx((1.02 * 1.01) ** 15 - 1)
    assert best.return_out == pytest.approx((0.98 * 0.99) ** 5 - 1)
    assert done.ranked[1].sharpe is None


def test_walk_forward_follows_the_best_of_what_went_before() -> None:
    trials = [
        trial("first", parts(UP, UP, DOWN, DOWN)),
        trial("second", parts(DOWN, DOWN, UP, UP)),
    ]
    anchored = study(trials, 0, folds=3).walk_forward
    rolling = study(trials, 0, folds=3, rolling=True).walk_forward
    assert anchored is not None
    assert rolling is not None
    # Anchored on parts 1, 1-2, 1-3; rolling on parts 1, 2, 3.
    assert [f.parameters["x"] for f in anchored.folds] == ["first", "first", "first"]
    assert [f.parameters["x"] for f in rolling.folds] == ["first", "first", "second"]
    assert [f.test_ns // DAY_NS for f in rolling.folds] == [10, 20, 30]
    assert [f.train_ns // DAY_NS for f in rolling.folds] == [0, 10, 20]
    assert {f.train_ns for f in anchored.folds} == {0}
    assert rolling.total_return == pytest.approx((1.02 * 1.01) ** 10 * (0.98 * 0.99) ** 5 - 1)
    assert anchored.folds[1].return_out == pytest.approx((0.98 * 0.99) ** 5 - 1)


def test_the_best_of_many_coin_tosses_is_told_to_be_luck() -> None:
    rng = np.random.default_rng(8)
    trials = [trial(str(n), rng.normal(0, 0.01, 300)) for n in range(100)]
    luck = study(trials, 0).luck
    assert luck.is_likely
    assert luck.trials == 100
    assert 90 < luck.effective_trials <= 100
    assert luck.expected == pytest.approx(luck.sharpe, rel=0.3)
    assert "likely luck" in luck.sentence


def test_skill_among_coin_tosses_is_not() -> None:
    rng = np.random.default_rng(8)
    trials = [trial(str(n), rng.normal(0, 0.01, 300)) for n in range(30)]
    luck = study([*trials, trial("skill", rng.normal(0.005, 0.01, 300))], 0).luck
    assert not luck.is_likely
    assert luck.probability is not None
    assert luck.probability > 0.95
    assert "not explained by luck alone" in luck.sentence


def test_the_probability_is_the_deflated_sharpe_ratio_of_the_part_that_chose() -> None:
    rng = np.random.default_rng(2)
    table = rng.normal(0.001, 0.01, (12, 100))
    done = study([trial(str(n), row) for n, row in enumerate(table)], 0.2)
    inside = table[:, :80]
    sharpes = [ratios.sharpe(row) or 0.0 for row in inside]
    best = inside[int(np.argmax(sharpes))]
    expected = ratios.deflated_sharpe(best, sharpes, ratios.effective_trials(inside))
    assert done.luck.probability == pytest.approx(expected)


def test_nothing_earned_and_nothing_moved_are_said() -> None:
    losing = study([trial("a", parts(DOWN)), trial("b", parts(DOWN))], 0)
    assert losing.luck.sentence.startswith("No trial earned anything")
    idle = study([trial("a", [0.0] * 20)], 0)
    assert "cannot be told" in idle.luck.sentence
    assert idle.luck.is_likely


def test_an_account_that_lost_everything_is_ranked_last() -> None:
    done = study([trial("ruined", []), trial("losing", parts(DOWN)), trial("up", parts(UP))], 0)
    assert [r.parameters["x"] for r in done.ranked] == ["up", "losing", "ruined"]
    assert done.ranked[-1].total_return == -1


def test_failed_trials_are_counted_and_left_out() -> None:
    done = study([trial("a", parts(UP)), Trial("k", {"x": "b"}, error="it died")], 0)
    assert (len(done.ranked), done.failed) == (1, 1)


def test_without_any_trial_that_ended_the_first_says_why() -> None:
    with pytest.raises(RuntimeFault, match="no trial came to an end; the first: it died"):
        study([Trial("k", {"x": "b"}, error="it died"), Trial("l", {"x": "c"}, error="so too")], 0)


@pytest.mark.parametrize(
    ("returns", "out", "folds", "said"),
    [
        (9, 0.0, 0, "too short"),
        (20, 0.25, 0, "too short"),
        (40, 0.0, 4, "take fewer parts"),
    ],
)
def test_a_history_too_short_to_split_is_refused(
    returns: int, out: float, folds: int, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        study([trial("a", (UP * 40)[:returns])], out, folds)


def test_trials_of_different_histories_do_not_mix() -> None:
    other = Trial("k", {"x": "b"}, 5, DAY_NS, tuple(parts(UP)))
    with pytest.raises(ConfigError, match="different histories"):
        study([trial("a", parts(UP)), other], 0)


def told(*trials: Trial, columns: int = 80, folds: int = 0) -> str:
    console = Console(width=columns, file=StringIO(), color_system=None)
    print_study(study(trials, 0.25, folds), console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_nothing_of_the_tables_is_cut_off_on_a_narrow_terminal() -> None:
    names = ("risk.position_fraction", "risk.exposure_fraction", "strategies.ema_cross.notional")
    losing = [-0.02, -0.0201] * 20
    one = Trial(
        "one", dict.fromkeys(names, "0.0371"), 0, DAY_NS, tuple(losing), pnl="-12345.678",
        max_drawdown=0.1234, trips=12345,
    )  # fmt: skip
    said = told(one, folds=2)
    assert "…" not in said
    first, second, row = (line.split() for line in said.splitlines()[2:5])
    assert first[:2] == ["position_", "exposure_"]
    assert second == [
        *["fraction"] * 2,
        "notional",
        *["Sharpe", "return"] * 2,
        "drawdown",
        "profit",
        "trips",
    ]
    assert row[:3] == ["0.0371"] * 3
    assert row[-4:] == ["12.34", "%", "-12,345.68", "12,345"]
    assert "position_fraction=0.0371" in said


@pytest.mark.parametrize("change", [0.02, -0.02])
def test_a_ratio_has_one_form_in_the_table_and_in_the_sentence(change: float) -> None:
    said = told(trial("it", [change, change * 1.001] * 20))
    row, sentence = said.splitlines()[4], " ".join(said.splitlines()[6:])
    in_table = row.split()[1]
    assert in_table.lstrip("-").replace(",", "").isdecimal()
    assert f"{in_table}" in sentence
    assert in_table.replace(",", "") not in sentence
