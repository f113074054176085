"""``genesis backtest``: a market traded in virtual time."""

from __future__ import annotations

from typing import Annotated

import typer


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
