"""The researcher's commands: runs in virtual time. Options to one function each."""

from __future__ import annotations

import logging
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from genesis.backtest.drill import Verdict


def backtest(
    market: Annotated[str, typer.Option(help="simulated, or replay:PATH[,PATH].")],
    symbols: Annotated[
        str | None, typer.Option(help="Comma-separated. A replay trades all it holds.")
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="May be repeated; default: those of the settings.")
    ] = None,
    for_s: Annotated[
        float | None, typer.Option("--for", help="End after this many seconds of trading time.")
    ] = None,
    config: Annotated[str | None, typer.Option("--config", help="A TOML file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the simulated market.")] = None,
) -> None:
    """Trade a market in virtual time with the daemon's own actors; prints the summary as JSON."""
    import msgspec

    from genesis.backtest.engine import VirtualSession
    from genesis.config import Settings
    from genesis.errors import ConfigError, RuntimeFault
    from genesis.exchange.source import SIMULATED, open_market
    from genesis.storage.journal import Journal, MemoryLog

    if market == SIMULATED and for_s is None:
        raise ConfigError("a simulated market never ends; say how long with --for SECONDS")
    overrides = {
        "market.market": market,
        "market.symbols": symbols,
        "market.speed": 0.0,
        "market.seed": seed,
        "strategies.enabled": ",".join(strategy) if strategy else None,
    }
    given = {name: value for name, value in overrides.items() if value is not None}
    settings = Settings.load(config, given)
    opened = open_market(
        market, settings.market.symbols, settings.market.seed, all_symbols=symbols is None
    )
    end_ns = None if for_s is None else opened.start_ns + int(for_s * 1e9)
    log = MemoryLog()
    session = VirtualSession(
        settings,
        opened,
        lambda: Journal.in_memory(log),
        seed=settings.market.seed,
        end_ns=end_ns,
    )
    outcome = session.run()
    typer.echo(msgspec.json.encode(outcome.summary).decode())
    if outcome.error:
        raise RuntimeFault(outcome.error)
    if outcome.halted:
        raise typer.Exit(3)


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
