"""Write the view's fixed blocks (heading, state of trading, P&L) as rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from math import isfinite

from rich.cells import cell_len

from genesis.messages.view import AccountLine, CounterLine, GateLine, ViewState
from genesis.tui.text import (
    clean,
    clock,
    curve,
    date_clock,
    fit,
    limit,
    money,
    name,
    number,
    percent,
    sparkline,
    wrap,
)
from genesis.tui.theme import Line, Tone

PROGRAM = "GENESIS "
WIDE = 110
LABEL = 10
FIGURE = 11
MARKET = 30
"""From so many cells on the market's name makes room for what was counted."""
NEAR_LIMIT = Decimal("0.8")
"""Part of a limit from which its row is written brightly."""


def heading(state: ViewState | None, quiet_s: int, width: int) -> list[Line]:
    """What runs, the counters where there is room, and trading time or how long it stood still."""
    if state is None:
        return [((fit("GENESIS  waiting for the first figures", width), "head"),)]
    # Narrow, the counters need the room of the date.
    when = date_clock(state.now_ns) if width >= WIDE else f"{clock(state.now_ns)} UTC"
    if state.ended:
        when = f"market ended {when}"
    elif quiet_s:
        when = f"nothing new for {quiet_s} s · {when}"
    counted = "" if state.counters is None else counters(state.counters, width)
    room = width - len(when) - 1
    title = _title(clean(state.title), min(room, max(MARKET, room - len(counted) - 5)))
    room = width - len(title) - len(when)
    middle = counters(state.counters, room - 6) if state.counters is not None else ""
    return [
        (
            (title, "head-bright"),
            (f"   {middle}".ljust(room)[:room], "head-dim"),
            (when, "head-bright" if quiet_s else "head"),
        )
    ]


def _title(market: str, room: int) -> str:
    """The market in ``room`` cells: of many files the first ones whole, before a name is cut."""
    room -= len(PROGRAM)
    kind, _, files = market.partition(" ")
    files = files or market
    names = files.split(", ")
    forms = [market]
    for lead in (f"{kind} ", ""):
        forms += [
            f"{lead}{', '.join(names[:kept])} +{len(names) - kept}"
            for kept in range(len(names) - 1, 0, -1)
        ]
    whole = next((form for form in [*forms, files] if cell_len(form) <= room), None)
    return PROGRAM + (name(files, room) if whole is None else whole)


def counters(line: CounterLine, width: int) -> str:
    """The run in one line; where it is narrow, what went wrong is said before what came in."""
    parts = [
        f"frames {line.frames:,}",
        f"decisions {line.decisions:,}",
        f"fills {line.fills:,}",
        f"orders {line.orders:,}",
        f"gaps {line.gaps:,}",
        f"refused {line.refusals:,}",
    ]
    while parts and len("  ".join(parts)) > width:
        del parts[0]
    return "  ".join(parts)


def trading(state: ViewState | None, width: int) -> list[Line]:
    """Whether GENESIS trades, why not if not, and whether the run is over."""
    if state is None:
        return []
    word, tone, rest = _gate(state.gate)
    if state.ended:
        if state.gate is not None and not state.gate.halted:
            word, tone = "OVER", "bright"  # shut for good, which is no alarm
        over = clean(state.ended)
        rest = f"run ended: {over}" + (f"; {rest}" if rest not in ("", over) else "")
    badge = f" {word} " if tone == "alert" else word
    room = width - len(LEAD) - len(badge) - 2
    return [((LEAD, "dim"), (badge, tone), ("  " + fit(rest, max(0, room)), "plain"))]


LEAD = "TRADING "


def _gate(gate: GateLine | None) -> tuple[str, Tone, str]:
    """The gate's word, its tone and its reason."""
    if gate is None:
        return "not known yet", "dim", ""
    reason = clean(gate.reason)
    if gate.halted or gate.state == "HALTED":
        return "HALTED", "alert", reason
    if gate.state == "REDUCING":
        return "REDUCING", "alert", reason or "only orders that shrink exposure"
    return clean(gate.state), "bright", reason


def account(line: AccountLine | None, width: int, height: int) -> list[Line]:
    """P&L with its curve: in the heading when rows are scarce, on rows of its own otherwise."""
    if line is None:
        return [_band("P&L", "", width), ((fit("no figures yet", width), "dim"),)]
    figures = _figures(line, width)
    spare = height - 1 - len(figures)
    if spare >= 5:
        figures.insert(1, _figure("cash", money(line.cash, FIGURE), "plain"))
        figures.insert(2, _figure("inventory", money(line.inventory, FIGURE), "plain"))
        spare -= 2
    title = f"P&L {clean(line.quote)} "
    if spare <= 0:
        bars = sparkline(line.curve, width - len(title) - 1)
        return [((title, "head"), (bars, "head-dim"), (" ", "head")), *figures]
    rows = [_area(row) for row in curve(line.curve, width, spare)]
    return [_band(title, _span(line.curve), width), *rows, *figures]


def _area(row: str) -> Line:
    """Full cells as ground, not as glyphs: fonts leave seams between stacked full blocks."""
    runs = re.findall("█+|[^█]+", row)
    return tuple(
        (" " * len(run), "curve-full") if run[0] == "█" else (run, "curve") for run in runs
    )


def _band(title: str, right: str, width: int) -> Line:
    room = max(0, width - len(title))
    return ((title[:width], "head"), (right.rjust(room) if len(right) < room else "", "head-dim"))


def _span(values: Sequence[float]) -> str:
    """The curve's lowest and highest value: its scale, without which it would exaggerate."""
    finite = [value for value in values if isfinite(value)]
    if not finite:
        return ""
    low, high = (number(Decimal(str(f(finite))), 11, decimals=2, grouped=True) for f in (min, max))
    return f"low {low}  high {high}"


def _figures(line: AccountLine, width: int) -> list[Line]:
    rows = [
        _figure("equity", money(line.equity, FIGURE), "bright"),
        _signed("day P&L", line.day_pnl),
        _signed("realized", line.realized_pnl),
        _signed("unrealized", line.unrealized_pnl),
        _figure("fees", money(line.fees, FIGURE), "plain"),
    ]
    near = line.drawdown >= line.drawdown_limit * NEAR_LIMIT
    words = [f"limit {limit(line.drawdown_limit)}"]
    rows.append(_figure("drawdown", percent(line.drawdown), _bright(near), words, width))
    left = line.exposure_limit - line.exposure
    near = line.exposure >= line.exposure_limit * NEAR_LIMIT
    amount = number(abs(left) * line.equity, 12, decimals=2, grouped=True)
    words = [f"{'left' if left >= 0 else 'over'} {percent(abs(left), 1)}"]
    words.insert(0, f"{words[0]} = {amount} {clean(line.quote)}")
    rows.append(_figure("exposure", percent(line.exposure), _bright(near), words, width))
    return rows


def _bright(is_bright: bool) -> Tone:
    return "bright" if is_bright else "plain"


def _signed(label: str, value: Decimal) -> Line:
    return _figure(label, money(value, FIGURE, signed=True), gain_or_loss(value))


def _figure(label: str, figure: str, tone: Tone, words: Sequence[str] = (), width: int = 0) -> Line:
    """A labelled figure, with the first of ``words`` that fits whole beside it."""
    row: Line = ((label.ljust(LABEL), "dim"), (figure.rjust(FIGURE), tone))
    room = width - LABEL - FIGURE - 1
    beside = next((text for text in words if len(text) <= room), "")
    return (*row, (f" {beside}", "dim")) if beside else row


def gain_or_loss(value: Decimal) -> Tone:
    """The tone that repeats what the sign already says."""
    if not value:
        return "plain"
    return "gain" if value > 0 else "loss"


def message(text: str, width: int, height: int) -> list[Line]:
    """What the last command led to, in as many rows as there are."""
    rows = wrap(text, width)
    if len(rows) > height:
        rows[height - 1 :] = [fit(" ".join(rows[height - 1 :]), width)]
    return [((row, "plain"),) for row in rows]
