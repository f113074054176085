"""Options that every command over histories has: which market, from when to when, how cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genesis.errors import ConfigError

if TYPE_CHECKING:
    from genesis.config import Settings
    from genesis.exchange.histories.tape_cache import TapeCache
    from genesis.exchange.source import Market

MarketOption = Annotated[
    str,
    typer.Option(
        "--market",
        help="simulated, or replay:, ohlcv: or trades: with PATH[,PATH|FOLDER].",
        show_default=False,
    ),
]
SymbolsOption = Annotated[
    str | None, typer.Option("--symbols", help="Comma-separated; default: all of the files.")
]
StrategyOption = Annotated[
    list[str] | None,
    typer.Option("--strategy", help="May be repeated; default: those of the settings."),
]
FromOption = Annotated[
    str | None, typer.Option("--from", help="A date or ISO 8601 time, UTC; included.")
]
ToOption = Annotated[
    str | None, typer.Option("--to", help="A date or ISO 8601 time, UTC; not included.")
]
ForOption = Annotated[
    float | None, typer.Option("--for", help="End after this many seconds of trading time.")
]
LatencyOption = Annotated[
    int | None, typer.Option("--latency", help="One way to the venue and back, in ms, each.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A TOML file over the defaults.")
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="Of the simulated market and of jitter.")
]
InfoOption = Annotated[
    Path | None,
    typer.Option("--exchange-info", help="A file with the venue's exchangeInfo: exact filters."),
]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", help="Folder of converted histories.", show_default=False)
]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", help="Convert anew; keep nothing.")]


def settings_of(config: Path | None, market: str, options: Mapping[str, object | None]) -> Settings:
    """Settings with the options a person gave; ``options`` maps dotted names, None: not given.

    Raises ConfigError, one line.
    """
    from genesis.config import Settings

    overrides = {"market.market": market, "market.speed": 0.0, **options}
    given = {name: value for name, value in overrides.items() if value is not None}
    return Settings.load(config, given)


def common(
    symbols: str | None, strategy: Sequence[str] | None, latency: int | None, seed: int | None
) -> dict[str, object | None]:
    """The options every command over histories has, as overrides of settings."""
    return {
        "market.symbols": symbols,
        "market.seed": seed,
        "strategies.enabled": ",".join(strategy) if strategy else None,
        "paper.latency_to_venue_ms": latency,
        "paper.latency_from_venue_ms": latency,
    }


def moment_ns(option: str, text: str | None) -> int | None:
    """A date or ISO 8601 time as ns UTC; None for none. Raises ConfigError for another text."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option} {text} is no date or time; write 2024-03-01 or 2024-03-01T12:30:00"
        ) from None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_NS = 7_258_118_400_000_000_000  # 2200-01-01: nanoseconds since 1970 end in 2262


def cache_of(folder: Path | None, no_cache: bool) -> TapeCache:
    """Where converted histories are kept. Raises ConfigError for both options at once."""
    from genesis.exchange.histories.tape_cache import NoCache, TapeCache

    if folder is not None and no_cache:
        raise ConfigError("--cache and --no-cache exclude each other")
    return NoCache() if no_cache else TapeCache(folder)


def open_inputs(
    settings: Settings,
    all_symbols: bool,
    window: tuple[str | None, str | None],
    for_s: float | None,
    cache: TapeCache,
    exchange_info: Path | None = None,
) -> tuple[Market, int | None]:
    """The market and where it ends early, if it does (trading time in ns).

    Raises ConfigError for a window that cannot be, InputError for files that cannot be used.
    """
    from genesis.exchange.histories.history import SIMULATED_START_NS, open_history
    from genesis.exchange.source import SIMULATED

    market, chosen = settings.market.market, settings.market.symbols
    from_ns, to_ns = moment_ns("--from", window[0]), moment_ns("--to", window[1])
    if for_s is not None and not 0 < for_s <= 1e9:
        raise ConfigError(f"--for {for_s:g} cannot be used; give seconds above 0, at most 1e9")
    generated = market == SIMULATED
    if generated and for_s is None and to_ns is None:
        raise ConfigError("a simulated market never ends; say how long with --for SECONDS or --to")
    first_ns = SIMULATED_START_NS if generated and from_ns is None else from_ns
    if generated and not 0 <= (first_ns or 0) < _LATEST_NS:
        raise ConfigError(f"--from {window[0]} cannot be used; give a time from 1970 to 2200")
    if first_ns is not None and to_ns is not None and first_ns >= to_ns:
        raise ConfigError(f"--from {window[0] or '2024-01-01'} is not before --to {window[1]}")
    opened = open_history(
        market,
        chosen if generated or not all_symbols else None,
        cache=cache,
        seed=settings.market.seed,
        from_ns=from_ns,
        to_ns=to_ns,
        exchange_info=exchange_info,
    )
    ends = [to_ns] if generated and to_ns is not None else []
    if for_s is not None:
        ends.append(opened.start_ns + int(for_s * 1e9))
    return opened, min(ends, default=None)


def tell_notes(market: Market) -> None:
    """What of a history does not count, or counts twice. For a command, not for its workers."""
    for note in market.notes:
        typer.echo(f"genesis: {note}", err=True)


def last_ns(market: Market, end_ns: int | None) -> int:
    """When the market's last data comes, as far as it can be known."""
    ends: list[Any] = [] if end_ns is None else [end_ns]
    if market.tape is not None:
        newest = [int(rows["time_ns"][-1]) for rows in market.tape.values() if len(rows)]
        ends.append(max(newest))
    return int(min(ends))
