"""A run's report as one HTML page that fetches nothing. Pure but for its own style and script."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from importlib.resources import files

import numpy as np

from genesis.backtest.prices import PricePath
from genesis.backtest.reports import charts
from genesis.backtest.reports.figures import Figures, Trips
from genesis.backtest.reports.metrics import Measured
from genesis.backtest.reports.wording import (
    WEEKDAYS,
    Section,
    amount,
    caveat,
    duration,
    money,
    percent,
    period,
    ratio,
    sections,
    signed,
    signed_amount,
)
from genesis.backtest.run import BacktestResult
from genesis.counted import counted

PRICE_CHARTS_MAX = 40
PRICE_COLUMNS = 6_400
"""Columns of all price charts together: the page stays small with many symbols."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def render(measured: Measured, result: BacktestResult) -> str:
    """The whole page as text, well below 2 MB whatever the length of the run."""
    figures = measured.figures
    style, script = (
        files("genesis.backtest.reports").joinpath(name).read_text("utf-8")
        for name in ("page.css", "page.js")
    )
    body = "\n".join(
        [
            _head(figures),
            _tiles(figures),
            _curves(measured),
            _prices(measured, result),
            _bars(figures),
            '<div class="figures">' + "".join(map(_table, sections(figures))) + "</div>",
            _symbols(figures),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(_name(figures))}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{body}\n<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _name(figures: Figures) -> str:
    return f"Backtest of {', '.join(figures.strategies) or 'no strategy'}"


def _head(figures: Figures) -> str:
    warning = caveat(figures)
    said = f'<p class="caveat">{escape(warning)}</p>' if warning else ""
    return (
        f"<header><h1>{escape(_name(figures))}</h1><p>{escape(figures.title)}</p>"
        f"<p>{escape(period(figures))}</p>{said}</header>"
    )


def _tiles(figures: Figures) -> str:
    p, t = figures.performance, figures.trips
    tone = _tone(p.pnl)
    tiles = [
        ("Net profit", signed_amount(p.pnl, figures.quote), tone),
        ("Return", percent(p.total_return), tone),
        ("Largest drawdown", percent(p.max_drawdown), ""),
        ("Sharpe, yearly", ratio(p.sharpe), ""),
        ("Round trips won", _won(t), ""),
        ("Fees", amount(figures.costs.fees, figures.quote), ""),
    ]
    return (
        '<div class="tiles">'
        + "".join(
            f'<div><span>{escape(label)}</span><b class="{kind}">{escape(value)}</b></div>'
            for label, value, kind in tiles
        )
        + "</div>"
    )


def _won(trips: Trips) -> str:
    return f"{trips.won} of {trips.closed}" if trips.closed < 1000 else percent(trips.win_rate, 1)


def _curves(measured: Measured) -> str:
    figures, curve = measured.figures, measured.curve
    quote, start = figures.quote, float(figures.performance.start)
    equity = charts.line_chart(curve.times_ns, curve.equity, unit=quote, base=start)
    fall = charts.line_chart(curve.times_ns, -100 * measured.fall, unit="%", area=True)
    share = np.divide(
        100 * curve.gross, curve.equity, out=np.zeros(len(curve.equity)), where=curve.equity > 0
    )
    exposure = charts.line_chart(curve.times_ns, share, unit="%", area=True)
    return (
        _section(f"Equity, {escape(quote)}", equity)
        + '<div class="halves">'
        + _section("Drawdown, % of the highest equity", f'<div class="fall">{fall}</div>')
        + _section("Exposure, % of equity", exposure)
        + "</div>"
    )


def _prices(measured: Measured, result: BacktestResult) -> str:
    traded = [line for line in measured.figures.by_symbol if line.fills]
    traded.sort(key=lambda line: -abs(Decimal(line.pnl)))
    shown = traded[:PRICE_CHARTS_MAX]
    columns = min(charts.COLUMNS, PRICE_COLUMNS // max(1, len(shown)))
    parts = []
    for line in shown:
        path = result.prices.get(line.symbol)
        if path is not None and len(path.times_ns) > 1:
            chart = _price_chart(line.symbol, path, measured, result, columns)
            key = '<span class="key">dots bought, rings sold</span>'
            parts.append(
                _section(f"{escape(line.symbol)} {key}", f'<div class="price">{chart}</div>')
            )
    first, rest = parts[:2], parts[2:]
    more = f"<details><summary>{counted(len(rest), 'more symbol')}</summary>" if rest else ""
    return "".join(first) + more + "".join(rest) + ("</details>" if rest else "")


def _price_chart(
    symbol: str, path: PricePath, measured: Measured, result: BacktestResult, columns: int
) -> str:
    scale = 10.0 ** -result.instruments[symbol].price_decimals
    # Lows and highs in a row: thinning then keeps the extremes of every column.
    times = np.repeat(path.times_ns, 3)
    values = np.column_stack((path.low, path.high, path.close)).ravel().astype(np.float64)
    values *= scale
    markers = [
        charts.Marker(time_ns, float(fill.price), fill.side == "BUY")
        for time_ns, fill in measured.fills
        if fill.symbol == symbol
    ]
    return charts.line_chart(
        times, values, unit=measured.figures.quote, markers=markers, columns=columns
    )


def _bars(figures: Figures) -> str:
    symbols = [line for line in figures.by_symbol if line.fills]
    divisions = [
        ("symbol", [line.symbol for line in symbols], [line.pnl for line in symbols]),
        ("hour of the day, UTC", [f"{h}h" for h in range(24)], list(figures.pnl_by_hour)),
        ("weekday, UTC", list(WEEKDAYS), list(figures.pnl_by_weekday)),
    ]
    parts = []
    for name, labels, amounts in divisions:
        if amounts:
            shown = [signed_amount(profit, figures.quote) for profit in amounts]
            chart = charts.bar_chart(labels, [float(a) for a in amounts], shown)
            parts.append(_section(f"Profit by {name}", chart))
    return f'<div class="figures">{"".join(parts)}</div>'


def _table(section: Section) -> str:
    rows = "".join(
        f'<tr title="{escape(row.meaning)}"><th scope="row">{escape(row.label)}</th>'
        f"<td>{escape(row.value)}</td></tr>"
        for row in section.rows
    )
    return _section(escape(section.title), f"<table>{rows}</table>")


def _symbols(figures: Figures) -> str:
    head = ("Symbol", f"Net profit, {figures.quote}", "Fees", "Traded", "Fills", "Trips", "Won")
    rows = [
        (
            *(line.symbol, signed(line.pnl), money(line.fees), money(line.traded)),
            *(f"{count:,}" for count in (line.fills, line.trips, line.won)),
        )
        for line in figures.by_symbol
    ]
    table = _row("th", head) + "".join(_row("td", row) for row in rows)
    interval = duration(figures.performance.interval_s)
    note = f"<p>Ratios are from returns every {interval}, made yearly with 365 days.</p>"
    return _section("Symbols", f'<div class="wide"><table>{table}</table></div>{note}')


def _row(tag: str, cells: Sequence[str]) -> str:
    first, *rest = (escape(cell) for cell in cells)
    after = "".join(f"<{tag} style='text-align:right'>{cell}</{tag}>" for cell in rest)
    return f"<tr><th scope='row'>{first}</th>{after}</tr>"


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{title}</h2>{inner}</section>"


def _tone(amount: str) -> str:
    return "loss" if amount.startswith("-") else "gain"
