"""The account's figures for a view, as far as they are known. No clock, no I/O."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from genesis.domain.money import ZERO, divide_down, exact, rounded_down
from genesis.domain.risk_book import RiskBook


class Figures(msgspec.Struct, frozen=True):
    """The account for a view, in quote; ``drawdown`` and ``exposure`` are fractions (6 decimals,
    rounded down)."""

    quote: str
    equity: Decimal
    cash: Decimal
    inventory: Decimal
    fees: Decimal
    realized: Decimal
    unrealized: Decimal
    day_pnl: Decimal
    drawdown: Decimal
    exposure: Decimal


@exact
def figures(book: RiskBook, now_ns: int) -> Figures:
    """Of ``book`` as it observes equity now."""
    book.observe(now_ns)
    value, exposure, watch = book.valuation(), book.exposure(), book.watch
    equity = value.equity
    peak = equity if watch.peak is None else watch.peak
    start = equity if watch.day_start is None else watch.day_start
    return Figures(
        quote=book.ledger.quote,
        equity=equity,
        cash=value.cash,
        inventory=value.inventory,
        fees=value.fees,
        realized=value.realized,
        unrealized=value.unrealized,
        day_pnl=equity - start,
        drawdown=_fraction(max(ZERO, peak - equity), peak),
        exposure=_fraction(exposure, equity),
    )


def _fraction(part: Decimal, whole: Decimal) -> Decimal:
    return rounded_down(divide_down(part, whole), 6) if whole > 0 else ZERO
