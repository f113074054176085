"""A run's figures in words and rounded numbers, for the terminal and the page. Computes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from genesis.backtest.reports.figures import Figures
from genesis.counted import counted

UNKNOWN = "-"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
YEARLY_FROM_S = 30 * 86_400
"""Yearly figures of a shorter run say little."""


class Row(NamedTuple):
    """``meaning`` explains the label to somebody who meets it for the first time."""

    label: str
    value: str
    meaning: str


class Section(NamedTuple):
    title: str
    rows: list[Row]


def money(amount: str | float | Decimal | None) -> str:
    """Rounded for the eye: cents from 100 on, four digits below."""
    if amount is None:
        return UNKNOWN
    value = Decimal(str(amount))
    digits = 2 if abs(value) >= 100 else 4
    return _unsigned_zero(f"{value:,.{digits}f}")


def _unsigned_zero(written: str) -> str:
    """What is rounded to nothing has no sign."""
    return written.lstrip("-") if not written.strip("-0.,") else written


def signed(amount: str | float | Decimal | None) -> str:
    """``money`` with its sign."""
    written = money(amount)
    is_gain = written != UNKNOWN and written[0] != "-" and float(written.replace(",", "")) > 0
    return f"+{written}" if is_gain else written


def amount(value: str | float | Decimal | None, unit: str) -> str:
    """``money`` with its unit; what is unknown has none."""
    return UNKNOWN if value is None else f"{money(value)} {unit}"


def signed_amount(value: str | float | Decimal | None, unit: str) -> str:
    """``amount`` with its sign."""
    return UNKNOWN if value is None else f"{signed(value)} {unit}"


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction in hundredths; huge ones in powers of ten."""
    if fraction is None:
        return UNKNOWN
    value = fraction * 100
    return f"{_unsigned_zero(f'{value:.{digits}f}')} %" if abs(value) < 1e6 else f"{value:.1e} %"


def ratio(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return UNKNOWN
    return _unsigned_zero(f"{value:.2f}") if abs(value) < 1000 else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """The two largest units: ``240 d 3 h``."""
    if seconds is None:
        return UNKNOWN
    if 0 < seconds < 10:
        return f"{seconds:.2g} s"
    left = round(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def moment(time_ns: int) -> str:
    """UTC, to the second."""
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S}"


def period(figures: Figures) -> str:
    """From when to when, and how long that is."""
    span_s = (figures.end_ns - figures.start_ns) / 1e9
    return f"{moment(figures.start_ns)} to {moment(figures.end_ns)} UTC ({duration(span_s)})"


def sections(figures: Figures) -> list[Section]:
    """Every figure with its name and what it means, in reading order."""
    return [
        Section("Return", _returns(figures)),
        Section("Risk", _risk(figures)),
        Section("Round trips", _trips(figures)),
        Section("Costs", _costs(figures)),
        Section("Activity", _activity(figures)),
    ]


def caveat(figures: Figures) -> str:
    """What a reader must know before believing the figures; empty when there is nothing."""
    parts = []
    span_s = (figures.end_ns - figures.start_ns) / 1e9
    if span_s < YEARLY_FROM_S:
        parts.append(f"yearly figures from {duration(span_s)} say little")
    if 0 < figures.trips.closed < 30:
        parts.append(f"closed round trips: only {figures.trips.closed}")
    if figures.halted:
        parts.append(f"trading was halted: {figures.halt_reason}")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _returns(figures: Figures) -> list[Row]:
    p, quote = figures.performance, figures.quote
    each = duration(p.interval_s)
    return [
        Row("Net profit", signed_amount(p.pnl, quote), "Equity at the end less at the start."),
        Row("Return", percent(p.total_return), "Net profit over the equity at the start."),
        Row("Yearly return", percent(p.annual_return), "Compounded to 365 days."),
        Row("Equity at the end", amount(p.end, quote), "Cash and what is held, less fees."),
        Row(
            "Sharpe",
            ratio(p.sharpe),
            f"Yearly, from {counted(p.samples, 'return')} of {each}; no risk-free",
        ),
        Row("Sortino", ratio(p.sortino), "As Sharpe, counting only what fell as risk."),
        Row("Calmar", ratio(p.calmar), "Yearly return over the largest drawdown."),
        Row(
            "Sharpe above 0",
            percent(p.sharpe_is_positive, 1),
            "Probability, for this length and form of returns, if it was the only run tried.",
        ),
    ]


def _risk(figures: Figures) -> list[Row]:
    p, e, quote = figures.performance, figures.exposure, figures.quote
    return [
        Row("Largest drawdown", percent(p.max_drawdown), "Deepest fall below the highest equity."),
        Row("in money", amount(p.max_drawdown_amount, quote), "The same fall in quote."),
        Row("Longest drawdown", duration(p.drawdown_longest_s), "Without a new highest equity."),
        Row("Volatility", percent(p.volatility), "Yearly standard deviation of returns."),
        Row("Mean exposure", percent(e.mean), "What is held over equity, mean over time."),
        Row("Highest exposure", percent(e.highest), "Its highest."),
        Row("Time in the market", percent(e.time_in_market, 1), "With anything held above dust."),
        Row("Turnover", f"{e.turnover:,.2f} x", "Traded over mean equity."),
        Row("Turnover a day", f"{e.turnover_per_day:,.2f} x", "The same for each 24 hours."),
    ]


def _trips(figures: Figures) -> list[Row]:
    t, quote = figures.trips, figures.quote
    open_too = f" and {t.open} open" if t.open else ""
    return [
        Row("Round trips", f"{t.closed}{open_too}", "From flat to flat, for each strategy."),
        Row("Won", percent(t.win_rate, 1), "Share of trips with a profit after fees."),
        Row("Profit factor", ratio(t.profit_factor), "Profit of winners over loss of losers."),
        Row("Mean profit", signed_amount(t.mean_pnl, quote), "Of a round trip, after fees."),
        Row("Best and worst", f"{signed(t.best)} / {signed(t.worst)}", "Round trip, in quote."),
        Row("Worst excursion", amount(t.mae_worst, quote), "The most a trip was ever down."),
        Row("of its entry", percent(t.mae_worst_fraction), "The worst, over what was entered."),
        Row("Mean excursion", amount(t.mae_mean, quote), "Mean of what trips were down."),
        Row("Held, mean", duration(t.holding_mean_s), "From the first fill to flat."),
        Row("Held, longest", duration(t.holding_longest_s), "The longest of them."),
    ]


def _costs(figures: Figures) -> list[Row]:
    c, quote = figures.costs, figures.quote
    known = c.touch_known > 0
    rows = [
        Row("Fees", amount(c.fees, quote), "All, valued at their fills' prices."),
        Row("as maker", amount(c.maker_fees, quote), "Of orders that rested."),
        Row("as taker", amount(c.taker_fees, quote), "Of orders that took."),
        Row("of what was traded", _bps(c.fees_bps), "In hundredths of a percent."),
        Row(
            "Slippage, taker",
            amount(c.slippage_taker, quote) if known else UNKNOWN,
            "Fill against the touch when decided; positive is a cost.",
        ),
        Row("of what was taken", _bps(c.slippage_taker_bps), "In hundredths of a percent."),
        Row(
            "Slippage, maker",
            amount(c.slippage_maker, quote) if known else UNKNOWN,
            "The same for orders that rested; negative is earned.",
        ),
    ]
    rows += [
        Row(f"Fees in {asset}", money(amount), "Without an exact value in quote; in no sum above.")
        for asset, amount in c.other_fees.items()
    ]
    return rows


def _activity(figures: Figures) -> list[Row]:
    a = figures.activity
    rows = [
        Row("Orders", f"{a.orders:,}", "Approved by risk and made durable."),
        Row("of them filled", f"{a.filled_orders:,}", "At least in part."),
        Row("Fills", f"{a.fills:,}", "Executions."),
        Row("of them maker", f"{a.maker_fills:,}", "From orders that rested."),
        Row("Cancelled", f"{a.canceled:,}", "Orders."),
        Row("Rejected", f"{a.rejected:,}", "Orders, by the venue."),
        Row("Refused by risk", f"{a.refusals:,}", "Intents that became no order."),
    ]
    if a.refused_mostly_by:
        which = a.refused_mostly_by.replace("_", " ")
        rows.append(Row("most often by", which, "The limit that was reached."))
    return rows


def _bps(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f} bp"
