"""Tell a finished run: a summary for the terminal, the figures as JSON, the page. Computes none."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genesis.backtest.reports.curve import thinned
from genesis.backtest.reports.figures import Figures
from genesis.backtest.reports.metrics import Measured
from genesis.backtest.reports.page import render
from genesis.backtest.reports.wording import (
    caveat,
    percent,
    period,
    sections,
    signed,
    signed_amount,
)
from genesis.backtest.run import BacktestResult
from genesis.domain.money import text
from genesis.errors import StorageError

CURVE_COLUMNS = 500
SPARKS = "▁▂▃▄▅▆▇█"
SPARK_COLUMNS = 60


def report_json(measured: Measured, result: BacktestResult) -> bytes:
    """One object: ``figures``, the run's ``summary``, and ``curve`` (thinned: times in ns, equity,
    drawdown as a fraction, inventory, by column)."""
    return msgspec.json.encode(
        {
            "figures": measured.figures,
            "summary": result.summary,
            "curve": _curve(measured),
            "error": result.error,
        }
    )


def write_report(measured: Measured, result: BacktestResult, folder: Path) -> list[Path]:
    """Write ``report.html``, ``report.json`` and ``trips.csv``; their paths.

    Raises StorageError when the folder cannot be written.
    """
    contents = {
        "report.html": render(measured, result).encode(),
        "report.json": msgspec.json.format(report_json(measured, result), indent=1) + b"\n",
        "trips.csv": _trips_csv(measured).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(f"{folder}: the report cannot be written ({reason})") from None
    return [folder / name for name in contents]


def print_summary(measured: Measured, console: Console) -> None:
    """What a person wants to know first, then every figure; fits 80 columns."""
    figures = measured.figures
    console.print(Text(figures.title, style="bold"), soft_wrap=True)
    console.print(Text(period(figures), style="dim"), soft_wrap=True)
    console.print(Text(f"strategies: {', '.join(figures.strategies) or 'none'}", style="dim"))
    console.print()
    p = figures.performance
    console.print(Text(sparkline(measured)))
    headline = f"{signed_amount(p.pnl, figures.quote)}, {percent(p.total_return)}"
    console.print(Text(f"{headline}; largest drawdown {percent(p.max_drawdown)}", style="bold"))
    if warning := caveat(figures):
        console.print(Text(warning))
    console.print()
    for left, right in _pairs(figures):
        console.print(_side_by_side(left, right))
    console.print(_by_symbol(figures))


def sparkline(measured: Measured) -> str:
    """Equity from the start to the end in one line, each column its last value."""
    curve = measured.curve
    first, last = int(curve.times_ns[0]), int(curve.times_ns[-1])
    ends = [first + (last - first) * (n + 1) // SPARK_COLUMNS for n in range(SPARK_COLUMNS)]
    values = curve.equity[curve.times_ns.searchsorted(ends, side="right") - 1]
    low, span = float(values.min()), float(values.max() - values.min())
    if not span:
        return SPARKS[0] * SPARK_COLUMNS
    return "".join(SPARKS[int((v - low) / span * (len(SPARKS) - 1))] for v in values.tolist())


def _pairs(figures: Figures) -> list[tuple[Table, Table | None]]:
    tables = []
    for section in sections(figures):
        table = Table(
            title=section.title, title_justify="left", title_style="bold", box=None, padding=(0, 1)
        )
        table.show_header = False
        table.add_column(style="dim", min_width=17)
        table.add_column(justify="right", min_width=16)
        for row in section.rows:
            table.add_row(row.label, row.value)
        tables.append(table)
    return [
        (table, tables[n + 1] if n + 1 < len(tables) else None)
        for n, table in enumerate(tables)
        if n % 2 == 0
    ]


def _side_by_side(left: Table, right: Table | None) -> Table:
    both = Table.grid(padding=(0, 2))
    both.add_row(left, right or "")
    both.add_row()
    return both


def _by_symbol(figures: Figures) -> Table:
    table = Table(
        title="Symbols", title_justify="left", title_style="bold", box=None, padding=(0, 1)
    )
    table.add_column("", style="dim")
    for name in (f"net profit, {figures.quote}", "fees", "fills", "trips", "won"):
        table.add_column(name, justify="right", header_style="dim")
    for line in figures.by_symbol:
        counts = (f"{line.fills:,}", f"{line.trips:,}", f"{line.won:,}")
        table.add_row(line.symbol, signed(line.pnl), signed(line.fees).lstrip("+"), *counts)
    return table


def _curve(measured: Measured) -> dict[str, list[Any]]:
    curve = measured.curve
    kept = thinned(curve.times_ns, curve.equity, CURVE_COLUMNS)
    return {
        "time_ns": curve.times_ns[kept].tolist(),
        "equity": curve.equity[kept].round(8).tolist(),
        "drawdown": measured.fall[kept].round(8).tolist(),
        "inventory": curve.inventory[kept].round(8).tolist(),
    }


def _trips_csv(measured: Measured) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["strategy", "symbol", "side", "begin_ns", "end_ns", "fills", "entered", "fees", "pnl"]
    )
    for trip in measured.trips:
        if not trip.is_open:
            amounts = (text(trip.notional), text(trip.fees), text(trip.pnl))
            times = (trip.begin_ns, trip.end_ns, len(trip.steps))
            writer.writerow([trip.strategy, trip.symbol, trip.side.value, *times, *amounts])
    return out.getvalue()
