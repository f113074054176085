"""``genesis drill``: whole sessions under faults, from seeds."""

from __future__ import annotations

import logging
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from genesis.backtest.drill import Verdict


def drill(
    seeds: Annotated[int, typer.Option(min=1, help="How many sessions, from --first on.")] = 20,
    first: Annotated[int, typer.Option("--first", min=0, help="The first seed.")] = 0,
    minutes: Annotated[float, typer.Option(help="Trading time with faults, per session.")] = 1.0,
) -> None:
    """Crash, hang and starve the actors from seeds; hold the journal against the venue's truth."""
    from genesis.errors import ConfigError

    if not 0 < minutes <= 1440:
        raise ConfigError(f"--minutes {minutes:g} cannot be used; give more than 0, at most 1440")
    broken = 0
    fills = restarts = 0
    with ProcessPoolExecutor(os.cpu_count(), initializer=_quietly) as pool:
        numbers = range(first, first + seeds)
        for done, verdict in enumerate(pool.map(_drill_one, numbers, [minutes] * seeds), 1):
            fills += verdict.fills
            restarts += verdict.restarts
            if verdict.violations:
                broken += 1
                typer.echo(f"seed {verdict.seed}: {'; '.join(verdict.violations)}")
            if sys.stderr.isatty():
                print(f"\r{done} of {seeds} sessions", end="", file=sys.stderr, flush=True)
    typer.echo(
        f"{seeds} sessions of {minutes:g} min with faults: {fills} fills, {restarts} restarts, "
        f"{broken} with a violation"
    )
    if broken:
        raise typer.Exit(4)


def _quietly() -> None:
    """The crashes of a drill are meant; their tracebacks are no news."""
    logging.disable(logging.CRITICAL)


def _drill_one(seed: int, minutes: float) -> Verdict:
    from genesis.backtest.drill import drill as run

    return run(seed, minutes)
