"""Options over a history as plain values that another process can be sent. Opens when asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from genesis.commands import inputs

if TYPE_CHECKING:
    from genesis.config import Settings
    from genesis.exchange.source import Market


class Scenario(NamedTuple):
    """``options`` are overrides of settings (``inputs.common``), ``window`` is --from and --to."""

    market: str
    options: dict[str, object | None]
    all_symbols: bool
    window: tuple[str | None, str | None]
    for_s: float | None
    config: Path | None
    exchange_info: Path | None
    cache: Path | None

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
