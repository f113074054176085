"""Options over a history as plain values that another process can be sent. Opens when asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from genesis.commands import inputs

if TYPE_CHECKING:
    from genesis.config import Settings
    from genesis.exchange.source import Market


class Scenario(msgspec.Struct, frozen=True):
    """``options`` are overrides of settings (``inputs.common``), ``window`` is --from and --to."""

    market: str
    options: dict[str, object | None]
    all_symbols: bool
    window: tuple[str | None, str | None]
    for_s: float | None
    config: Path | None
    exchange_info: Path | None
    cache: Path | None

    @classmethod
    def of(
        cls,
        market: str,
        traded: tuple[str | None, list[str] | None, int | None, int | None],
        window: tuple[str | None, str | None, float | None],
        files: tuple[Path | None, Path | None, Path | None],
    ) -> Scenario:
        """``traded``: --symbols, --strategy, --latency and --seed; ``window``: --from, --to and
        --for; ``files``: --config, --exchange-info and --cache."""
        symbols, strategy, latency, seed = traded
        from_, to, for_s = window
        options = inputs.common(symbols, strategy, latency, seed)
        return cls(market, options, symbols is None, (from_, to), for_s, *files)

    def settings(self, parameters: Mapping[str, str] | None = None) -> Settings:
        """Of one run. Raises ConfigError where they do not go together."""
        return inputs.settings_of(self.config, self.market, {**self.options, **(parameters or {})})

    def open(self) -> tuple[Market, int | None]:
        """The history from its beginning, and where it ends early. A tape can be traded again."""
        return inputs.open_inputs(
            self.settings(),
            self.all_symbols,
            self.window,
            self.for_s,
            inputs.cache_of(self.cache, False),
            self.exchange_info,
        )
