"""What a run says in single lines: one a second without a view, one at its end. Only formats."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from genesis.counted import counted
from genesis.messages.view import BookLine, ViewState
from genesis.runs.summary import Summary
from genesis.storage.folder import JOURNAL_NAME

NOTHING_WANTED = (
    "No strategy asked for an order: nothing it waits for came, or its notional buys less than "
    "the venue takes."
)


def status_line(state: ViewState) -> str:
    """Time, money, books with their age, counts, gate; calm and on one line."""
    when = datetime.fromtimestamp(state.now_ns // 1_000_000_000, UTC)
    parts = [f"{when:%H:%M:%S}"]
    if state.ended:
        parts.append("market ended")
    account = state.account
    if account is not None:
        parts.append(
            f"equity {account.equity:.2f} {account.quote} ({_signed(account.day_pnl)} today)"
        )
    parts += [_book(book, state.now_ns) for book in state.books]
    if state.counters is not None:
        counters = state.counters
        refused = f", refused {counters.refusals}" if counters.refusals else ""
        parts.append(f"orders {counters.orders}, fills {counters.fills}{refused}")
    if state.gate is not None:
        reason = f" ({state.gate.reason})" if state.gate.reason else ""
        parts.append(f"{state.gate.state}{reason}")
    return "  ".join(parts)


def closing_line(summary: Summary, quote: str, data_dir: Path, *, halted: str) -> str:
    """What the run came to, where its journal is, and why a halt outlives it, if one does."""
    equity, start = Decimal(summary.equity), Decimal(summary.start)
    done = f"{counted(summary.orders, 'order')}, {counted(summary.fills, 'fill')}"
    parts = [
        f"Ended: {done}, equity {equity:.2f} {quote}"
        f" ({_signed(equity - start)} since the account was opened).",
        f"Journal: {data_dir / JOURNAL_NAME}",
    ]
    if not summary.decisions:
        parts.insert(1, NOTHING_WANTED)
    if summary.refusals:
        parts.insert(1, _refused(summary) + ".")
    if summary.untraded:
        held = ", ".join(f"{quantity} {name}" for name, quantity in summary.untraded.items())
        parts.insert(1, f"Held and not traded in this run: {held}, at the last fill's price.")
    if halted:
        stays = "Trading stays halted, also at the next start, until it is resumed"
        parts.insert(1, f"{stays} ({halted}).")
    return " ".join(parts)


def _refused(summary: Summary) -> str:
    """How much of what strategies wanted came to nothing, and mostly why."""
    said = f"Risk refused {counted(summary.refusals, 'intent')}"
    if not summary.refused_by:
        return said
    by = summary.refused_by.replace("_", " ")
    why = "while trading was halted" if by == "gate" else f"by {by}"
    return f"{said}, most {why}" if summary.refusals > 1 else f"{said} {why}"


def _book(book: BookLine, now_ns: int) -> str:
    if not book.synced:
        return f"{book.symbol} waits for its book"
    age_s = max(0, now_ns - book.data_time_ns) / 1e9
    return f"{book.symbol} {book.bid:f}/{book.ask:f} {age_s:.1f} s old"


def _signed(value: Decimal) -> str:
    return f"{value:+.2f}"
