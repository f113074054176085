"""``genesis sweep``: one strategy with many settings, over all cores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genesis import INTERRUPTED
from genesis.commands import inputs
from genesis.commands.inputs import Scenario
from genesis.commands.pool import spread
from genesis.commands.progress import progress
from genesis.commands.watchdog import patient
from genesis.counted import counted
from genesis.errors import ConfigError

if TYPE_CHECKING:
    from genesis.backtest.sweeps.grid import Parameters
    from genesis.backtest.sweeps.ranking import Study
    from genesis.backtest.sweeps.sweep import Plan, Worker
    from genesis.backtest.sweeps.trials import ResultsFile, Trial
    from genesis.config import Settings

SetsOption = Annotated[
    list[str],
    typer.Option("--set", help="SETTING=5,10,20, or SETTING=5:50[:log] with --random."),
]
WorkersOption = Annotated[int | None, typer.Option(help="Processes; default: every core.")]

_worker: Worker


def sweep(
    market: inputs.MarketOption,
    sets: SetsOption,
    strategy: inputs.StrategyOption = None,
    symbols: inputs.SymbolsOption = None,
    from_: inputs.FromOption = None,
    to: inputs.ToOption = None,
    for_s: inputs.ForOption = None,
    latency: inputs.LatencyOption = None,
    draws: Annotated[
        int | None, typer.Option("--random", help="So many random draws instead of the grid.")
    ] = None,
    seed: inputs.SeedOption = None,
    out_of_sample: Annotated[
        float, typer.Option(help="The last part of the history, kept out of the choice.")
    ] = 0.25,
    walk_forward: Annotated[
        int, typer.Option(help="Choose anew so many times, on what went before.")
    ] = 0,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="Choose on the part before only, not on all.")
    ] = False,
    results: Annotated[
        Path, typer.Option(help="Keeps every trial; the same command goes on from there.")
    ] = Path("sweep.jsonl"),
    workers: WorkersOption = None,
    top: Annotated[int, typer.Option(min=1, help="How many of the best to show.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    exchange_info: inputs.InfoOption = None,
    config: inputs.ConfigOption = None,
    cache: inputs.CacheOption = None,
) -> None:
    """Try many settings on one history; rank them, and say when the best is likely luck."""
    from genesis.backtest.sweeps import grid
    from genesis.backtest.sweeps.ranking import study
    from genesis.backtest.sweeps.sweep import plan_trials
    from genesis.backtest.sweeps.trials import ResultsFile

    _refuse_bad_options(out_of_sample, walk_forward, workers)
    axes = grid.parse_axes(sets)
    wanted = grid.combinations(axes) if draws is None else grid.draws(axes, draws, seed or 0)
    scenario = Scenario(
        market, symbols, strategy, from_, to, for_s, latency, seed, exchange_info, config, cache
    )
    _refuse_idle_strategies(axes, scenario.settings())
    opened, end_ns = scenario.open()
    inputs.tell_notes(opened)
    plan = plan_trials(scenario, axes, wanted, opened, end_ns)
    with closing(ResultsFile(results)) as kept:
        _run_missing(scenario, plan, kept, workers)
    trials = [kept.trials[key] for key in plan.trials]
    _tell_study(study(trials, out_of_sample, walk_forward, rolling=rolling), as_json, top)
    _tell_left_out(trials, plan)


def _refuse_bad_options(out_of_sample: float, walk_forward: int, workers: int | None) -> None:
    if not 0 <= out_of_sample <= 0.9:
        raise ConfigError(f"--out-of-sample {out_of_sample:g} cannot be used; from 0 to 0.9")
    if not 0 <= walk_forward <= 100:
        raise ConfigError(f"--walk-forward {walk_forward} cannot be used; from 0 to 100")
    if workers is not None and not 1 <= workers <= 1024:
        raise ConfigError(f"--workers {workers} cannot be used; from 1 to 1024")


def _refuse_idle_strategies(axes: Collection[str], settings: Settings) -> None:
    """What nobody reads would make equal trials, and a ranking of nothing."""
    if "strategies.enabled" in axes:
        return
    known = type(settings.strategies).model_fields.keys() - {"enabled"}
    idle = known - set(settings.strategies.enabled)
    for name in axes:
        section, _, rest = name.partition(".")
        strategy = rest.partition(".")[0]
        if section == "strategies" and strategy in idle:
            raise ConfigError(
                f"--set {name} belongs to a strategy that does not run; add --strategy {strategy}"
            )


def _run_missing(scenario: Scenario, plan: Plan, kept: ResultsFile, workers: int | None) -> None:
    missing = [(key, one) for key, one in plan.trials.items() if key not in kept.trials]
    if not missing:
        return
    total = len(plan.trials)
    done = total - len(missing)
    try:
        tried = spread(_try, missing, workers=workers, begin=_begin, arguments=(scenario,))
        with closing(tried), progress(counted(total, "trial"), lambda: done / total):
            for trial in tried:
                kept.add(trial)
                done += 1
    except KeyboardInterrupt:
        have = sum(key in kept.trials for key in plan.trials)
        typer.echo(
            f"genesis: stopped; {kept.path} keeps {have} of {counted(total, 'trial')}; the same "
            "command goes on from there",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def _begin(scenario: Scenario) -> None:
    from genesis.backtest.sweeps.sweep import Worker

    global _worker
    _worker = Worker(scenario, patient)


def _try(key: str, parameters: Parameters) -> Trial:
    return _worker.run(key, parameters)


def _tell_study(done: Study, as_json: bool, top: int) -> None:
    import msgspec
    from rich.console import Console

    from genesis.backtest.sweeps.sweep import print_study

    if as_json:
        luck = {"sentence": done.luck.sentence, "is_likely": done.luck.is_likely}
        typer.echo(msgspec.json.encode({"study": done, **luck}).decode())
    else:
        print_study(done, Console(), top)


def _tell_left_out(trials: Sequence[Trial], plan: Plan) -> None:
    """Which trials came to nothing, and why."""
    if idle := [trial for trial in trials if trial.refusals and not trial.orders]:
        limits = sorted({trial.refused_by for trial in idle} - {""})
        typer.echo(
            f"{len(idle)} of {counted(len(trials), 'trial')} sent no order: risk refused all that "
            f"was wanted, most of it by {' and '.join(limits)}",
            err=True,
        )
    if idle := [t for t in trials if not (t.orders or t.refusals or t.error)]:
        typer.echo(
            f"{len(idle)} of {counted(len(trials), 'trial')} sent no order: none was asked for; a "
            "notional may buy less than the venue takes",
            err=True,
        )
    if plan.unusable:
        typer.echo(
            f"{counted(plan.unusable, 'combination')} cannot be used; the first: {plan.refusal}",
            err=True,
        )
    if failed := [trial for trial in trials if trial.error]:
        many = counted(len(failed), "trial")
        typer.echo(f"{many} failed; the first: {failed[0].error}", err=True)
