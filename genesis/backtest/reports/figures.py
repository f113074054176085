"""The shape of a backtest's figures, as a person and a program read them. Computes nothing.

Money is exact and written as a decimal text, in the account's quote asset; statistics are floats,
None where they cannot be told. Times are trading time, ns UTC; lengths of time are seconds.
"""

from __future__ import annotations

import msgspec


class Performance(msgspec.Struct, frozen=True):
    """Returns are of ``samples`` spans of ``interval_s``; ratios are yearly (365 days)."""

    start: str
    end: str
    pnl: str
    total_return: float
    annual_return: float | None
    volatility: float | None
    sharpe: float | None
    sharpe_is_positive: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    max_drawdown_amount: float
    drawdown_longest_s: float
    interval_s: float
    samples: int


class Exposure(msgspec.Struct, frozen=True):
    """What is held at market over equity, short positions counted as positive: its mean over time
    and its highest; the fraction of time in which anything above dust is held. ``turnover`` is
    what was traded over the mean equity."""

    mean: float
    highest: float
    time_in_market: float
    traded: str
    turnover: float
    turnover_per_day: float


class Trips(msgspec.Struct, frozen=True):
    """Round trips that are closed, net of fees; ``open`` are left over at the end.

    ``profit_factor`` is what the winners brought over what the losers cost. ``mae`` (maximum
    adverse excursion) is the most a trip was ever down, in quote and as a fraction of its entries;
    ``mfe`` the most it was ever up.
    """

    closed: int
    open: int
    won: int
    win_rate: float | None
    gross_profit: str
    gross_loss: str
    profit_factor: float | None
    mean_pnl: float | None
    best: str
    worst: str
    mae_worst: str
    mae_mean: float | None
    mae_worst_fraction: float | None
    mfe_mean: float | None
    holding_mean_s: float | None
    holding_median_s: float | None
    holding_longest_s: float | None


class Costs(msgspec.Struct, frozen=True):
    """``slippage`` is what fills cost against the touch at which they were decided, positive when
    it was worse; ``slippage_taker_bps`` of the notional that took. ``touch_unknown`` fills are in
    neither. ``other_fees`` are of assets that have no exact value in quote."""

    fees: str
    maker_fees: str
    taker_fees: str
    other_fees: dict[str, str]
    fees_bps: float | None
    slippage: str
    slippage_maker: str
    slippage_taker: str
    slippage_taker_bps: float | None
    touch_known: int
    touch_unknown: int


class Activity(msgspec.Struct, frozen=True):
    """Counts. ``refusals`` are all of risk's, ``refused_mostly_by`` is the limit that made most of
    them, empty for none; ``refused_by`` are those that the journal keeps: of many alike in a row it
    keeps one."""

    decisions: int
    orders: int
    filled_orders: int
    fills: int
    maker_fills: int
    canceled: int
    rejected: int
    refusals: int
    refused_mostly_by: str
    refused_by: dict[str, int]


class SymbolLine(msgspec.Struct, frozen=True):
    symbol: str
    pnl: str
    fees: str
    traded: str
    fills: int
    trips: int
    won: int


class Figures(msgspec.Struct, frozen=True):
    """``pnl_by_hour`` has 24 entries (hour of the day, UTC), ``pnl_by_weekday`` 7 from Monday on.

    Each of the three divisions of the profit adds up to ``performance.pnl`` exactly.
    """

    title: str
    strategies: tuple[str, ...]
    quote: str
    start_ns: int
    end_ns: int
    halted: bool
    halt_reason: str
    performance: Performance
    exposure: Exposure
    trips: Trips
    costs: Costs
    activity: Activity
    by_symbol: tuple[SymbolLine, ...]
    pnl_by_hour: tuple[str, ...]
    pnl_by_weekday: tuple[str, ...]
