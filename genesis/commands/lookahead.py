"""``genesis lookahead``: proof that a strategy does not read the future."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from genesis.commands import inputs
from genesis.commands.inputs import Scenario
from genesis.commands.interrupts import interrupts_told_apart
from genesis.commands.pool import spread
from genesis.commands.progress import progress
from genesis.commands.watchdog import patient

if TYPE_CHECKING:
    from genesis.backtest.lookahead import Decided


def lookahead(
    market: inputs.MarketOption,
    strategy: inputs.StrategyOption = None,
    symbols: inputs.SymbolsOption = None,
    from_: inputs.FromOption = None,
    to: inputs.ToOption = None,
    for_s: inputs.ForOption = None,
    latency: inputs.LatencyOption = None,
    cuts: Annotated[int, typer.Option(min=1, max=1000, help="How often to cut.")] = 10,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes; default: every core.")
    ] = None,
    exchange_info: inputs.InfoOption = None,
    config: inputs.ConfigOption = None,
    seed: inputs.SeedOption = None,
    cache: inputs.CacheOption = None,
) -> None:
    """Trade a history whole and cut short; every decision before a cut must be the same."""
    from genesis.backtest.lookahead import cut_points, decisions_of, prove
    from genesis.errors import RuntimeFault

    scenario = Scenario(
        market, symbols, strategy, from_, to, for_s, latency, seed, exchange_info, config, cache
    )
    opened, end_ns = scenario.open()
    inputs.tell_notes(opened)
    with progress("the whole history", lambda: 0.0), interrupts_told_apart():
        whole = decisions_of(scenario.settings(), opened, end_ns, patient)
    tasks = [(scenario, cut_ns) for cut_ns in cut_points(whole, opened.start_ns, cuts)]
    runs: list[tuple[int, Decided]] = []
    if tasks:
        cut_runs = spread(_run_cut, tasks, workers=workers)
        with closing(cut_runs), progress("cut short", lambda: len(runs) / len(tasks)):
            runs.extend(cut_runs)
    proof = prove(whole, runs)
    if proof.difference is None:
        typer.echo(proof.sentence)
        return
    with progress("the whole history again", lambda: 0.0), interrupts_told_apart():
        again, _ = scenario.open()
        if decisions_of(scenario.settings(), again, end_ns, patient) != whole:
            raise RuntimeFault(
                "the strategy decides otherwise when the same history is traded again, so nothing "
                "is proven; let it use no clock, no chance, and nothing that an earlier run left"
            )
    for line in proof.difference.lines:
        typer.echo(line)
    raise typer.Exit(4)


def _run_cut(scenario: Scenario, cut_ns: int) -> tuple[int, Decided]:
    from genesis.backtest.lookahead import decisions_of, truncated

    market, end_ns = scenario.open()
    return cut_ns, decisions_of(scenario.settings(), truncated(market, cut_ns), end_ns, patient)
