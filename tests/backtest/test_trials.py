"""The results file of a sweep, its keys, and whole sweeps on a generated market."""

from __future__ import annotations

import json
import multiprocessing
from multiprocessing.connection import wait
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from genesis.backtest.sweeps import trials
from genesis.backtest.sweeps.sweep import Worker, plan_trials
from genesis.backtest.sweeps.trials import (
    ResultsFile,
    Trial,
    digest_of_market,
    run_trial,
    trial_key,
)
from genesis.cli import app
from genesis.commands.inputs import Scenario
from genesis.config import Settings
from genesis.errors import ConfigError, InputError, StorageError
from genesis.exchange.source import Market
from genesis.messages.market import ROW

FAST, SLOW = "strategies.ema_cross.fast", "strategies.ema_cross.slow"


def test_a_trial_is_kept_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sweep.jsonl"
    kept = ResultsFile(path)
    one = Trial("k1", {FAST: "5"}, 1, 2, (0.1, -0.2), pnl="1.5")
    kept.add(one)
    assert msgspec.json.decode(path.read_bytes())["pnl"] == "1.5"  # before it is closed
    kept.close()
    assert ResultsFile(path).trials == {"k1": one}


def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    whole = msgspec.json.encode(Trial("k1", {})) + b"\n"
    path.write_bytes(whole + msgspec.json.encode(Trial("k2", {}))[:-9])
    kept = ResultsFile(path)
    assert set(kept.trials) == {"k1"}
    kept.add(Trial("k3", {}))
    kept.close()
    assert set(ResultsFile(path).trials) == {"k1", "k3"}


def test_a_file_of_something_else_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("dear reader\nbye")
    with pytest.raises(InputError, match=r"letter.txt:1: is no result of a sweep"):
        ResultsFile(path)
    assert path.read_text() == "dear reader\nbye"


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be"):
        ResultsFile(tmp_path / "file" / "sweep.jsonl")
    with pytest.raises(StorageError, match="is a directory"):
        ResultsFile(tmp_path)
    with pytest.raises(StorageError, match="is a device or a pipe; name a regular file"):
        ResultsFile(Path("/dev/zero"))


def key(overrides: dict[str, object], data: str = "d", code: str = "c") -> str:
    return trial_key(Settings.load(None, overrides), data, code)


def test_a_key_is_of_what_decides_and_of_nothing_else() -> None:
    plain = key({})
    assert key({"risk.position_fraction": "0.050"}) == plain
    assert key({"journal.data_dir": "elsewhere", "view.interval_ms": 50}) == plain
    assert key({FAST: 7}) != plain
    assert key({"paper.taker_fee": "0.002"}) != plain
    assert key({"market.seed": 8}) != plain
    assert key({}, data="other") != plain
    assert key({}, code="other") != plain


def test_a_markets_digest_is_of_its_rows() -> None:
    def digest(price: int, end_ns: int | None = None) -> str:
        rows = np.zeros(3, ROW)
        rows["price_ticks"] = price
        return digest_of_market(Market("m", {}, iter(()), 0, True, {"A": rows}), end_ns)

    assert digest(5) == digest(5)
    assert len({digest(5), digest(6), digest(5, 9)}) == 3


def simulated(seconds: float) -> Scenario:
    return Scenario("simulated", symbols="BTCUSDT", strategy=["ema_cross"], for_s=seconds)


def test_a_worker_gives_the_same_trial_each_time() -> None:
    worker = Worker(simulated(5))
    first, second = (worker.run("k", {FAST: "3", SLOW: "9"}) for _ in range(2))
    assert first == second
    assert first.error == ""
    assert first.orders > 0
    assert len(first.returns) >= 5
    assert all(float(f"{r:.9g}") == r for r in first.returns)


def test_a_trial_on_the_decoded_market_is_that_of_its_frames() -> None:
    scenario, parameters = simulated(5), {FAST: "3", SLOW: "9"}
    market, end_ns = scenario.open()
    assert market.tape is None
    settings = scenario.settings(parameters)
    of_frames = run_trial("k", parameters, settings, market, end_ns)
    assert Worker(scenario).run("k", parameters) == of_frames


def test_equal_settings_are_one_trial_and_impossible_ones_are_counted() -> None:
    scenario = simulated(5)
    market, end_ns = scenario.open()
    wanted = [{FAST: fast, SLOW: "9"} for fast in ("3", "03", "9", "12")]
    plan = plan_trials(scenario, {}, wanted, market, end_ns)
    assert list(plan.trials.values()) == [{FAST: "3", SLOW: "9"}]
    assert plan.unusable == 2
    assert "fast (9) must be smaller than slow (9)" in plan.refusal


def run(*arguments: str) -> tuple[int, str, BaseException | None]:
    done = CliRunner().invoke(app, ["sweep", *arguments])
    return done.exit_code, done.output, done.exception


COMMON = ("--market", "simulated", "--for", "40", "--symbols", "BTCUSDT", "--strategy", "ema_cross")


def test_a_sweep_ranks_resumes_and_tells_luck(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    command = (
        *COMMON, "--results", str(path), "--set", f"{FAST}=3,5", "--set", f"{SLOW}=9,20",
        "--walk-forward", "2", "--workers", "2",
    )  # fmt: skip
    code, said, _ = run(*command)
    assert code == 0
    title = "Best of 4 by in-sample Sharpe ratio; the last 10 of 41 returns are out of sample"
    assert title in said
    of, again, names = (line.split() for line in said.splitlines()[1:4])
    assert of == [*["in"] * 2, *["out", "of"] * 2, *["whole"] * 3]
    assert again == ["sample"] * 4 + ["history"] * 3
    assert names == ["fast", "slow", *["Sharpe", "return"] * 2, "drawdown", "profit", "trips"]
    assert "Walk-forward" in said
    lines = path.read_bytes().splitlines()
    assert len(lines) == 4
    # A kill tore the last one off: only that one is tried again, and all is as it was.
    path.write_bytes(b"\n".join(lines[:3]) + b"\n" + lines[3][:50])
    code, again, _ = run(*command, "--json")
    assert code == 0
    assert sorted(path.read_bytes().splitlines()) == sorted(lines)
    told = json.loads(again)
    assert len(told["study"]["ranked"]) == 4
    assert told["sentence"] in said.replace("\n", " ").replace("  ", " ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "strategies.ema_cros.fast=5"), "did you mean strategies.ema_cross.fast"),
        (("--set", "strategies.ema_cross=5"), "is a section"),
        (
            ("--set", "strategies.spread_capture.half_spread_bps=10,12"),
            "belongs to a strategy that does not run; add --strategy spread_capture",
        ),
        (("--set", f"{FAST}=600"), "must be smaller than slow"),
        (("--set", f"{FAST}=5:9"), "--random N"),
        (("--set", f"{FAST}=5", "--out-of-sample", "1"), "from 0 to 0.9"),
        (("--set", f"{FAST}=5", "--walk-forward", "-1"), "from 0 to 100"),
        (("--set", f"{FAST}=5", "--workers", "0"), "from 1 to 1024"),
        (("--set", f"{FAST}=5", "--for", "0"), "seconds above 0"),
    ],
)
def test_what_cannot_be_swept_is_one_line(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    code, _, error = run(*COMMON, "--results", str(tmp_path / "r"), *arguments)
    assert code == 1
    assert isinstance(error, ConfigError)
    assert said in str(error)
    assert "\n" not in str(error)


def test_a_notional_that_buys_nothing_is_told_of(tmp_path: Path) -> None:
    quick = ("--set", f"{FAST}=3", "--set", f"{SLOW}=9", "--workers", "1")
    small = ("--set", "strategies.ema_cross.notional=0.01,25")
    code, said, _ = run(*COMMON, "--results", str(tmp_path / "r"), *quick, *small)
    assert code == 0
    assert "1 of 2 trials sent no order: none was asked for; a notional may buy less" in said


def test_what_risk_refuses_altogether_is_told_with_the_limit(tmp_path: Path) -> None:
    quick = ("--set", f"{FAST}=3", "--set", f"{SLOW}=9", "--set", "risk.position_fraction=0.0001")
    code, said, _ = run(*COMMON, "--results", str(tmp_path / "r"), *quick, "--workers", "1")
    assert code == 0
    assert (
        "1 of 1 trial sent no order: risk refused all that was wanted, most of it by "
        "position_limit" in " ".join(said.split())
    )


def test_results_of_other_code_are_not_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    before = trials.digest_of_code()
    assert before == trials.digest_of_code()
    monkeypatch.setattr(Path, "read_bytes", lambda self: b"changed")
    assert trials.digest_of_code() != before


def test_an_interrupt_keeps_what_is_done_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sweep.jsonl"
    add = ResultsFile.add

    def add_and_interrupt(kept: ResultsFile, trial: Trial) -> None:
        add(kept, trial)
        raise KeyboardInterrupt

    monkeypatch.setattr(ResultsFile, "add", add_and_interrupt)
    before = set(multiprocessing.active_children())
    command = (*COMMON, "--results", str(path), "--set", f"{FAST}=2,3,4,5", "--workers", "2")
    code, said, _ = run(*command)
    assert code == 130
    assert "sweep.jsonl keeps 1 of 4 trials; the same command" in said
    assert len(path.read_bytes().splitlines()) == 1
    for process in set(multiprocessing.active_children()) - before:
        # Not asked of its exit code, which the pool's own thread takes away at the same time.
        assert wait([process.sentinel], 30)
