"""Options that every command over histories has, and what they open: market, window, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from genesis.errors import ConfigError

if TYPE_CHECKING:
    from genesis.config import Settings
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


class Scenario(NamedTuple):
    """What a person asked to be traded, as plain values that another process can be sent."""

    market: str
    symbols: str | None = None
    strategy: Sequence[str] | None = None
    from_: str | None = None
    to: str | None = None
    for_s: float | None = None
    latency: int | None = None
    seed: int | None = None
    exchange_info: Path | None = None
    config: Path | None = None
    cache: Path | None = None
    no_cache: bool = False

    def settings(self, parameters: Mapping[str, str] | None = None) -> Settings:
        """Of one run, with ``parameters`` by their dotted names.

        Raises ConfigError, one line, also where they do not go together.
        """
        from genesis.config import Settings

        overrides: dict[str, object | None] = {
            "market.market": self.market,
            "market.speed": 0.0,
            "market.symbols": self.symbols,
            "market.seed": self.seed,
            "strategies.enabled": ",".join(self.strategy) if self.strategy else None,
            "paper.latency_to_venue_ms": self.latency,
            "paper.latency_from_venue_ms": self.latency,
            **(parameters or {}),
        }
        given = {name: value for name, value in overrides.items() if value is not None}
        return Settings.load(self.config, given)

    def open(self) -> tuple[Market, int | None]:
        """The history from its beginning, and where it ends early, if it does (trading time in
        ns). A tape can be traded again.

        Raises ConfigError for a window that cannot be, InputError for files that cannot be used.
        """
        from genesis.exchange.histories.history import open_history
        from genesis.exchange.histories.tape_cache import NoCache, TapeCache
        from genesis.exchange.source import SIMULATED

        if self.cache is not None and self.no_cache:
            raise ConfigError("--cache and --no-cache exclude each other")
        settings = self.settings().market
        generated = settings.market == SIMULATED
        from_ns, to_ns = self._window(generated)
        opened = open_history(
            settings.market,
            settings.symbols if generated or self.symbols is not None else None,
            cache=NoCache() if self.no_cache else TapeCache(self.cache),
            seed=settings.seed,
            from_ns=from_ns,
            to_ns=to_ns,
            exchange_info=self.exchange_info,
        )
        ends = [to_ns] if generated and to_ns is not None else []
        if self.for_s is not None:
            ends.append(opened.start_ns + int(self.for_s * 1e9))
        return opened, min(ends, default=None)

    def _window(self, generated: bool) -> tuple[int | None, int | None]:
        """--from and --to. Raises ConfigError where, with --for, they leave nothing to trade."""
        from genesis.exchange.histories.history import SIMULATED_START_NS

        from_ns, to_ns = _moment_ns("--from", self.from_), _moment_ns("--to", self.to)
        for_s = self.for_s
        if for_s is not None and not 0 < for_s <= 1e9:
            raise ConfigError(f"--for {for_s:g} cannot be used; give seconds above 0, at most 1e9")
        if generated and for_s is None and to_ns is None:
            raise ConfigError(
                "a simulated market never ends; say how long with --for SECONDS or --to"
            )
        first_ns = SIMULATED_START_NS if generated and from_ns is None else from_ns
        if generated and not 0 <= (first_ns or 0) < _LATEST_NS:
            raise ConfigError(f"--from {self.from_} cannot be used; give a time from 1970 to 2200")
        if first_ns is not None and to_ns is not None and first_ns >= to_ns:
            raise ConfigError(f"--from {self.from_ or '2024-01-01'} is not before --to {self.to}")
        return from_ns, to_ns


def _moment_ns(option: str, text: str | None) -> int | None:
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
