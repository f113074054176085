"""What may be set, section by section, with units and bounds. Reads nothing, holds no default."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)


def _comma_list(value: object) -> object:
    """``"A,B"`` as the environment writes a list."""
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


def _not_bool(value: object) -> object:
    """pydantic would take ``true`` for 1."""
    if isinstance(value, bool):
        raise ValueError("it should be a number")
    return value


def _written(pattern: str, said: str) -> AfterValidator:
    """A text that matches ``pattern``; to a person it is told as ``said``."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"it should be {said}")
        return value

    return AfterValidator(check)


_NUMBER = BeforeValidator(_not_bool)
Fraction = Annotated[Decimal, Field(gt=0, le=1), _NUMBER]
Money = Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=8), _NUMBER]
Fee = Annotated[Decimal, Field(ge=0, lt=Decimal("0.1")), _NUMBER]
Count = Annotated[int, Field(ge=1, le=10**9), _NUMBER]
Duration = Annotated[int, Field(ge=1, le=86_400_000), _NUMBER]
Delay = Annotated[int, Field(ge=0, le=60_000), _NUMBER]
Symbol = Annotated[str, _written(r"[A-Z0-9]{2,20}", "in capitals, as the venue writes it")]
StrategyName = Literal["ema_cross", "spread_capture"]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountSettings(Section):
    quote: Symbol
    starting_quote: Money


class MarketSettings(Section):
    market: Annotated[
        str,
        _written(
            r"simulated|(replay|ohlcv|trades):[^,]+(,[^,]+)*",
            "simulated or replay:FILE[,FILE] (a backtest takes ohlcv:, trades: as well), "
            "with a path behind the colon",
        ),
    ]
    symbols: Annotated[tuple[Symbol, ...], Field(min_length=1), BeforeValidator(_comma_list)]
    seed: Annotated[int, Field(ge=0, lt=2**63), _NUMBER]
    speed: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False), _NUMBER]
    depth_levels: Annotated[int, Field(ge=1, le=5000), _NUMBER]
    window_ms: Delay

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if 0 < self.speed < 0.001:
            raise ValueError("speed: 0, or from 0.001 to 10000")
        return self

    @model_validator(mode="after")
    def _each_symbol_once(self) -> Self:
        if len(set(self.symbols)) < len(self.symbols):
            raise ValueError("symbols: each may be named once")
        return self


class EmaCrossSettings(Section):
    """``fast`` and ``slow`` in trades, ``notional`` in quote per order."""

    fast: Count
    slow: Count
    notional: Money

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be smaller than slow ({self.slow})")
        return self


class SpreadCaptureSettings(Section):
    """``notional`` in quote per order; distances from the middle in basis points."""

    notional: Money
    half_spread_bps: Annotated[Decimal, Field(gt=0, le=1000), _NUMBER]
    requote_bps: Annotated[Decimal, Field(ge=0, le=1000), _NUMBER]
    refresh_ms: Duration


class StrategiesSettings(Section):
    enabled: Annotated[tuple[StrategyName, ...], BeforeValidator(_comma_list)]
    ema_cross: EmaCrossSettings
    spread_capture: SpreadCaptureSettings

    @model_validator(mode="after")
    def _each_enabled_once(self) -> Self:
        if len(set(self.enabled)) < len(self.enabled):
            raise ValueError("enabled: each may be named once")
        return self


class RiskSettings(Section):
    """Fractions are of equity, except ``price_collar_fraction``, which is of the touch."""

    position_fraction: Fraction
    exposure_fraction: Fraction
    orders_per_10_s: Count
    open_orders_max: Count
    price_collar_fraction: Fraction
    stale_after_ms: Duration
    daily_loss_fraction: Fraction
    drawdown_fraction: Fraction


class PaperSettings(Section):
    """Fees as fractions of the notional; latencies one way, each plus 0 to ``jitter_ms``."""

    maker_fee: Fee
    taker_fee: Fee
    latency_to_venue_ms: Delay
    latency_from_venue_ms: Delay
    jitter_ms: Delay


class SupervisionSettings(Section):
    """More than ``intensity`` restarts in ``period_s`` escalate."""

    intensity: Annotated[int, Field(ge=0, le=1000), _NUMBER]
    period_s: Annotated[int, Field(ge=1, le=86_400), _NUMBER]
    heartbeat_ms: Duration
    hang_after_ms: Duration
    start_timeout_ms: Duration
    shutdown_timeout_ms: Duration

    @model_validator(mode="after")
    def _a_heartbeat_may_be_missed(self) -> Self:
        if self.hang_after_ms < 2 * self.heartbeat_ms:
            raise ValueError("hang_after_ms must be at least twice heartbeat_ms")
        return self


class ExecutorSettings(Section):
    unknown_query_after_ms: Duration
    unknown_give_up_ms: Duration
    resting_query_every_ms: Duration

    @model_validator(mode="after")
    def _asks_before_giving_up(self) -> Self:
        if self.unknown_give_up_ms <= self.unknown_query_after_ms:
            raise ValueError("unknown_give_up_ms must be longer than unknown_query_after_ms")
        return self


class JournalSettings(Section):
    data_dir: Path
    checkpoint_every: Count
    busy_timeout_ms: Delay
    give_up_ms: Delay


class CaptureSettings(Section):
    """``max_mb`` for all captures of a data folder together; ``keep_free_mb`` of the disk."""

    enabled: bool
    max_mb: Annotated[int, Field(ge=1, le=1_000_000), _NUMBER]
    keep_free_mb: Annotated[int, Field(ge=0, le=1_000_000), _NUMBER]


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"]
    file_max_mb: Annotated[int, Field(ge=1, le=10_000), _NUMBER]
    file_count: Annotated[int, Field(ge=2, le=1000), _NUMBER]


class MailboxSettings(Section):
    capacity: Annotated[int, Field(ge=16, le=10**7), _NUMBER]


class ViewSettings(Section):
    interval_ms: Annotated[int, Field(ge=20, le=60_000), _NUMBER]


class VenueSettings(Section):
    api_key: SecretStr
    api_secret: SecretStr
