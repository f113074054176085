"""``genesis drill``: whole sessions under faults, from seeds. Touches no data folder."""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from genesis import INTERRUPTED
from genesis.commands.interrupts import interrupts_told_apart
from genesis.commands.pool import spread
from genesis.commands.progress import progress
from genesis.counted import counted
from genesis.errors import ConfigError

if TYPE_CHECKING:
    from genesis.backtest.drills.drill import Verdict

VIOLATED = 4
SEEDS_MAX = 100_000
"""In one command, as all of them are handed out at its start; --first goes on from there."""
SEEDS = 20
STEPS_MAX = 400
"""Steps shown of one seed; the newest, as it breaks at the end."""


def drill(
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=SEEDS_MAX,
            help=f"How many sessions, from --first on; default: {SEEDS}.",
            show_default=False,
        ),
    ] = None,
    first: Annotated[int, typer.Option("--first", min=0, help="The first seed.")] = 0,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Show this one seed step by step.")
    ] = None,
    faults: Annotated[
        str, typer.Option(help="all, or some of them: comma-separated kinds or families.")
    ] = "all",
    minutes: Annotated[float, typer.Option(help="Trading time with faults, per session.")] = 1.0,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes; as many as cores by default.")
    ] = None,
) -> None:
    """Crash, hang and starve the actors from seeds; hold the journal against the venue's truth."""
    from genesis.backtest.drills.plan import kinds_of

    if not 0 < minutes <= 1440:
        raise ConfigError(f"--minutes {minutes:g} cannot be used; give more than 0, at most 1440")
    if seed is not None and seeds is not None:
        raise ConfigError("--seed shows one session and --seeds runs many; give one of them")
    kinds = kinds_of(faults)
    with interrupts_told_apart():
        if seed is not None:
            _show(seed, minutes, kinds, faults)
            return
        tasks = [(number, minutes, kinds) for number in range(first, first + (seeds or SEEDS))]
        _Tally(minutes, faults).run(tasks, workers)


Task = tuple[int, float, tuple[str, ...]]


class _Tally:
    """What the sessions so far came to."""

    def __init__(self, minutes: float, faults: str) -> None:
        self._options = f"--minutes {minutes:g} --faults {faults}"
        self._minutes = minutes
        self._done = self._broken = 0
        self._sums: Counter[str] = Counter()
        self._struck: Counter[str] = Counter()

    def run(self, tasks: list[Task], workers: int | None) -> None:
        began_s = time.monotonic()
        gc.disable()  # nothing of what is loaded goes, so it is not looked for
        from genesis.backtest.drills.drill import Scenario, warm_up

        warm_up()
        gc.freeze()  # what is loaded stays, and is shared by the workers
        gc.enable()
        # The long ones first, so that none of them is what all others wait for at the end.
        tasks.sort(key=lambda task: -len(Scenario(task[0], task[1], ()).symbols))
        interrupted = False
        verdicts = spread(_drill_one, tasks, workers=workers)
        with progress("drilling", lambda: self._done / len(tasks)):
            try:
                for verdict, shortest in verdicts:
                    self._add(verdict, shortest)
            except KeyboardInterrupt:
                interrupted = True
        self._tell(time.monotonic() - began_s, len(tasks) if interrupted else 0)
        if self._broken:
            raise typer.Exit(VIOLATED)
        if interrupted:
            raise typer.Exit(INTERRUPTED)

    def _add(self, verdict: Verdict, shortest: Verdict | None) -> None:
        self._done += 1
        sums = self._sums
        sums["orders"] += verdict.orders
        sums["fills"] += verdict.fills
        sums["restarts"] += verdict.restarts
        sums["kills"] += verdict.lives - 1
        sums["halts"] += verdict.halts
        sums["virtual_ns"] += verdict.virtual_ns
        self._struck += verdict.kinds
        if verdict.violations:
            self._broken += 1
            _tell_violation(verdict, shortest or verdict, self._options)

    def _tell(self, took_s: float, of: int) -> None:
        sums, hours = self._sums, self._sums["virtual_ns"] / 3.6e12
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self._struck.items()))
        typer.echo(f"faults that struck: {kinds or 'none'}")
        of_all = f"{self._done} of {counted(of, 'session')}, interrupted,"
        many = of_all if of else counted(self._done, "session")
        counts = _counts(sums["orders"], sums["fills"], sums["restarts"], sums["kills"])
        rate = _rate(hours / took_s * 60)
        typer.echo(
            f"{many} of {self._minutes:g} min with faults: {counts}, "
            f"{counted(sums['halts'], 'halt')}; {hours:.1f} virtual hours in {took_s:.0f} s "
            f"({rate} virtual hours a minute); {self._broken} with a violation"
        )


def _counts(orders: int, fills: int, restarts: int, kills: int) -> str:
    done = f"{counted(orders, 'order')}, {counted(fills, 'fill')}"
    return f"{done}, {counted(restarts, 'restart')} of actors, {kills:,} of the process"


def _rate(number: float) -> str:
    """With two digits, however small it is."""
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def _tell_violation(verdict: Verdict, shortest: Verdict, options: str) -> None:
    from genesis.backtest.drills.drill import START_NS
    from genesis.backtest.drills.plan import told

    seed, plan = verdict.scenario.seed, shortest.scenario.plan
    typer.echo(f"seed {seed}:")
    for at_ns, text in verdict.violations[:5]:
        typer.echo(f"  {(at_ns - START_NS) / 1e9:.3f} s  {text}")
    if len(verdict.violations) > 5:
        typer.echo(f"  and {len(verdict.violations) - 5} more")
    typer.echo(
        f"  the shortest plan found breaks it with {len(plan)} of {len(verdict.scenario.plan)} "
        f"faults in {shortest.scenario.minutes:g} min:"
    )
    for fault in plan:
        typer.echo(f"    {(fault.at_ns - START_NS) / 1e9:.3f} s  {told(fault)}")
    typer.echo(f"  step by step: genesis drill --seed {seed} {options}")


def _show(seed: int, minutes: float, kinds: tuple[str, ...], faults: str) -> None:
    """One seed, its steps, and what it came to; of a violation the shortest plan's."""
    from genesis.backtest.drills.drill import START_NS, drill, scenario_of
    from genesis.backtest.drills.plan import told
    from genesis.backtest.drills.shrink import shrink

    logging.disable(logging.CRITICAL)  # the crashes of a drill are meant, no news
    verdict = drill(scenario_of(seed, minutes, kinds))
    if verdict.violations:
        shortest = shrink(verdict)
        _tell_violation(verdict, shortest, f"--minutes {minutes:g} --faults {faults}")
        verdict = shortest
    verdict = drill(verdict.scenario, with_events=True)
    steps = [(at_ns, f"FAULT      {told(fault)}") for at_ns, fault in verdict.struck]
    steps += [(at_ns, f"           {text}") for at_ns, text in verdict.events]
    steps += [(at_ns, f"VIOLATION  {text}") for at_ns, text in verdict.violations]
    steps.sort(key=lambda step: step[0])
    if len(steps) > STEPS_MAX:
        typer.echo(f"the last {STEPS_MAX} of {len(steps)} steps:")
    for at_ns, text in steps[-STEPS_MAX:]:
        typer.echo(f"{(at_ns - START_NS) / 1e9:10.3f} s  {text}")
    end = "halted" if verdict.halted else "trading, reconciled"
    counts = _counts(verdict.orders, verdict.fills, verdict.restarts, verdict.lives - 1)
    typer.echo(
        f"seed {seed}: {counts}, {counted(verdict.halts, 'halt')}; at the end {end}; "
        f"journal {verdict.journal_hash[:12]}"
    )
    if verdict.violations:
        raise typer.Exit(VIOLATED)


def _drill_one(seed: int, minutes: float, kinds: tuple[str, ...]) -> tuple[Verdict, Verdict | None]:
    from genesis.backtest.drills.drill import drill, scenario_of
    from genesis.backtest.drills.shrink import shrink

    verdict = drill(scenario_of(seed, minutes, kinds))
    gc.collect()  # a house is full of circles, and it lets go of its market only with them
    return verdict, shrink(verdict) if verdict.violations else None
