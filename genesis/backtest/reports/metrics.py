"""From a run's journal and the prices it saw to its figures. Pure: reads no clock and no file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from genesis.backtest.reports import ratios
from genesis.backtest.reports.costs import costs_of
from genesis.backtest.reports.curve import (
    SAMPLES_MIN,
    SECOND_NS,
    Curve,
    Drawdown,
    Holding,
    drawdowns,
    equity_curve,
    returns_of,
    sample_interval_ns,
    sampled,
    time_mean,
)
from genesis.backtest.reports.excursions import trip_figures
from genesis.backtest.reports.figures import (
    Activity,
    Exposure,
    Figures,
    Performance,
)
from genesis.backtest.reports.ratios import Floats
from genesis.backtest.reports.slots import pnl_by_slot
from genesis.backtest.reports.symbols import symbol_lines
from genesis.backtest.reports.trips import Trip, round_trips
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger
from genesis.domain.money import ZERO, exact, text
from genesis.messages.journal import (
    AccountOpened,
    Entry,
    EquityMarked,
    IntentRefused,
    OrderFilled,
    OrderMoved,
)
from genesis.messages.orders import OrderStatus

if TYPE_CHECKING:
    from genesis.backtest.run import BacktestResult

DAY_NS = 86_400 * SECOND_NS

Fills = Sequence[tuple[int, OrderFilled]]


class Measured(msgspec.Struct, frozen=True):
    """Figures and what they were made of: ``fall`` is the drawdown at every point of ``curve``,
    ``returns`` are between samples ``interval_ns`` apart."""

    figures: Figures
    curve: Curve
    fall: Floats
    returns: Floats
    interval_ns: int
    trips: list[Trip]
    fills: list[tuple[int, OrderFilled]]


def measure(
    result: BacktestResult,
    touches: Mapping[str, Decimal] | None = None,
    samples_min: int = SAMPLES_MIN,
) -> Measured:
    """All figures of a run that began with an empty journal.

    ``touches`` are prices decided at, by client order id (``touches.decided_touches``); without
    them slippage is not told. ``samples_min``: see ``curve.sample_interval_ns``.
    """
    entries, instruments = result.entries, result.instruments
    opened = next(e.event for e in entries if isinstance(e.event, AccountOpened))
    fills = [(e.time_ns, e.event) for e in entries if isinstance(e.event, OrderFilled)]
    end = Decimal(result.summary.equity)
    curve = _curve(result, fills, opened, end)
    span_ns = max(1, result.end_ns - result.start_ns)
    interval_ns = sample_interval_ns(span_ns, samples_min)
    returns = returns_of(sampled(curve, interval_ns))
    fall, deepest = drawdowns(curve)
    trips = round_trips(fills, instruments)
    hours, weekdays = pnl_by_slot(
        result.start_ns,
        result.end_ns,
        (opened.asset, opened.amount),
        end,
        fills,
        result.prices,
        instruments,
    )
    figures = Figures(
        title=result.title,
        strategies=result.strategies,
        quote=result.quote,
        start_ns=result.start_ns,
        end_ns=result.end_ns,
        halted=result.halted,
        halt_reason=result.halt_reason,
        performance=_performance(opened.amount, end, deepest, returns, interval_ns, span_ns),
        exposure=_exposure(curve, fills, span_ns, instruments),
        trips=trip_figures(trips, result.prices, instruments),
        costs=costs_of(entries, instruments, touches or {}),
        activity=_activity(entries, result),
        by_symbol=symbol_lines(fills, trips, instruments, result.summary.best),
        pnl_by_hour=tuple(map(text, hours)),
        pnl_by_weekday=tuple(map(text, weekdays)),
    )
    return Measured(figures, curve, fall, returns, interval_ns, trips, fills)


def _curve(result: BacktestResult, fills: Fills, opened: AccountOpened, end: Decimal) -> Curve:
    """From fills and prices; without any price path from the journal's own marks."""
    start_ns, end_ns = result.start_ns, result.end_ns
    if fills and not any(len(path.times_ns) for path in result.prices.values()):
        return _marked_curve(result, opened, end)
    ledger = Ledger()
    ledger.open_account(opened.asset, opened.amount)
    holdings = []
    for time_ns, fill in fills:
        ledger.apply(fill)
        cash = float(ledger.cash - ledger.fees)
        quantity = float(ledger.quantity(fill.symbol))
        holdings.append(Holding(time_ns, fill.symbol, quantity, cash, float(fill.price)))
    return equity_curve(
        start_ns,
        end_ns,
        float(opened.amount),
        float(end),
        holdings,
        result.prices,
        result.instruments,
    )


def _marked_curve(result: BacktestResult, opened: AccountOpened, end: Decimal) -> Curve:
    marks = [
        (entry.time_ns, entry.event)
        for entry in result.entries
        if isinstance(entry.event, EquityMarked) and result.start_ns < entry.time_ns < result.end_ns
    ]
    inventory = np.array([0.0, *(float(m.inventory) for _, m in marks)])
    inventory = np.append(inventory, inventory[-1])
    return Curve(
        np.array([result.start_ns, *(at for at, _ in marks), result.end_ns], np.int64),
        np.array([float(opened.amount), *(float(m.equity) for _, m in marks), float(end)]),
        inventory,
        np.abs(inventory),
    )


@exact
def _performance(
    start: Decimal,
    end: Decimal,
    deepest: Drawdown,
    returns: Floats,
    interval_ns: int,
    span_ns: int,
) -> Performance:
    total = float(end) / float(start) - 1
    yearly = ratios.annual_return(total, span_ns)
    scale = ratios.annualisation(interval_ns)
    sharpe, sortino = ratios.sharpe(returns), ratios.sortino(returns)
    is_positive = None
    if sharpe is not None:
        is_positive = ratios.probabilistic_sharpe(sharpe, 0, len(returns), *ratios.moments(returns))
    return Performance(
        start=text(start),
        end=text(end),
        pnl=text(end - start),
        total_return=total,
        annual_return=yearly,
        volatility=float(np.std(returns, ddof=1)) * scale if len(returns) > 1 else None,
        sharpe=None if sharpe is None else sharpe * scale,
        sharpe_is_positive=is_positive,
        sortino=None if sortino is None else sortino * scale,
        calmar=ratios.calmar(yearly, deepest.fraction),
        max_drawdown=deepest.fraction,
        max_drawdown_amount=deepest.amount,
        drawdown_longest_s=deepest.longest_ns / SECOND_NS,
        interval_s=interval_ns / SECOND_NS,
        samples=len(returns),
    )


@exact
def _exposure(
    curve: Curve, fills: Fills, span_ns: int, instruments: Mapping[str, Instrument]
) -> Exposure:
    traded = sum((fill.price * fill.quantity for _, fill in fills), ZERO)
    share = np.where(curve.equity > 0, curve.gross / np.where(curve.equity > 0, curve.equity, 1), 0)
    mean_equity = time_mean(curve, curve.equity)
    turnover = float(traded) / mean_equity if mean_equity > 0 else 0.0
    dust = _dust(fills, instruments)
    return Exposure(
        mean=time_mean(curve, share),
        highest=float(share.max()),
        time_in_market=time_mean(curve, (curve.gross >= dust).astype(np.float64)) if fills else 0.0,
        traded=text(traded),
        turnover=turnover,
        turnover_per_day=turnover * DAY_NS / span_ns,
    )


def _dust(fills: Fills, instruments: Mapping[str, Instrument]) -> float:
    """What a step of each traded symbol is worth at most: below their sum nothing can be sold."""
    steps: dict[str, float] = {}
    for _, fill in fills:
        worth = float(instruments[fill.symbol].step_size * fill.price)
        steps[fill.symbol] = max(steps.get(fill.symbol, 0.0), worth)
    return sum(steps.values())


def _activity(entries: Sequence[Entry], result: BacktestResult) -> Activity:
    filled: set[str] = set()
    makers = 0
    refused: Counter[str] = Counter()
    ended: Counter[OrderStatus] = Counter()
    for entry in entries:
        match entry.event:
            case OrderFilled() as fill:
                filled.add(fill.client_order_id)
                makers += fill.maker
            case IntentRefused() as refusal:
                refused[refusal.limit] += 1
            case OrderMoved() as moved:
                ended[moved.status] += 1
    summary = result.summary
    return Activity(
        decisions=summary.decisions,
        orders=summary.orders,
        filled_orders=len(filled),
        fills=summary.fills,
        maker_fills=makers,
        canceled=ended[OrderStatus.CANCELED],
        rejected=ended[OrderStatus.REJECTED],
        refusals=summary.refusals,
        refused_mostly_by=summary.refused_by,
        refused_by=dict(sorted(refused.items())),
    )
