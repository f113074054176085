"""Which columns each list has, and which of them matter most where width is scarce. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from genesis.messages.view import (
    ActorLine,
    BookLine,
    FillLine,
    NoteLine,
    OrderLine,
    PositionLine,
)
from genesis.tui.sections import gain_or_loss
from genesis.tui.text import (
    NOTHING,
    age,
    clean,
    clock,
    data_age,
    exact_decimals,
    money,
    name,
    number,
    wrap,
)
from genesis.tui.theme import Line, Tone
from genesis.tui.widgets.table import Cell, Column

T = TypeVar("T")
Cells = Callable[[T, int], Cell]

STATUS_WORDS = {
    "NEW": "resting",
    "PARTIALLY_FILLED": "partly",
    "CANCELED": "cancelled",
    "UNKNOWN": "UNKNOWN",
}


class BookRow(NamedTuple):
    """A book's top, how old its newest data is in words, and whether it may be traded on."""

    line: BookLine
    words: str
    tone: Tone


def _named(get: Callable[[T], str], tone: Tone = "plain") -> Cells[T]:
    return lambda item, width: (name(get(item), width), tone)


def _exact(get: Callable[[T], Decimal | None]) -> Cells[T]:
    return lambda item, width: (number(get(item), width), "plain")


def _at(get: Callable[[T], int]) -> Cells[T]:
    return lambda item, width: (clock(get(item)), "dim")


def _side(side: str) -> Cell:
    return (side.lower(), "plain")


def _average(line: PositionLine, width: int) -> Cell:
    # An average has as many digits as the division left; the mark says how many mean something.
    decimals = min(8, exact_decimals(line.mark) + 1)
    return (number(line.average_price, width, decimals=decimals), "plain")


def _mark(line: PositionLine, width: int) -> Cell:
    if not line.traded:
        return ("not traded", "bright")  # in this run: nothing tells its price
    return (number(line.mark, width), "plain")


def _unrealized(line: PositionLine, width: int) -> Cell:
    value = line.unrealized_pnl
    return (money(value, width, signed=True), gain_or_loss(value))


POSITIONS: tuple[Column[PositionLine], ...] = (
    Column("", 9, _named(lambda p: p.symbol), rank=0, grow=3),
    Column("quantity", 11, _exact(lambda p: p.quantity), rank=1, right=True, grow=2),
    Column("average", 11, _average, rank=4, right=True, grow=2),
    Column("mark", 11, _mark, rank=2, right=True, grow=2),
    Column("value", 11, lambda p, w: (money(p.value, w), "plain"), rank=5, right=True),
    Column("unrealized", 12, _unrealized, rank=3, right=True),
)


def book_rows(books: Sequence[BookLine], now_ns: int, stale_after_ns: int) -> list[BookRow]:
    """Each book with its data age at ``now_ns``; what cannot be trusted says so in words."""
    rows = []
    for line in books:
        elapsed = now_ns - line.data_time_ns
        if line.data_time_ns == 0:
            rows.append(BookRow(line, "no data yet", "bright"))
        elif not line.synced:
            rows.append(BookRow(line, "not synced", "bright"))
        elif elapsed > stale_after_ns:
            rows.append(BookRow(line, f"stale {age(elapsed)}", "bright"))
        else:
            rows.append(BookRow(line, data_age(elapsed), "plain"))
    return rows


def _quote(get: Callable[[BookLine], Decimal]) -> Cells[BookRow]:
    """A price or quantity of a book: nothing while it is not synchronised, dim while stale."""

    def cell(row: BookRow, width: int) -> Cell:
        if not row.line.synced or row.line.data_time_ns == 0:
            return (NOTHING, "dim")
        return (number(get(row.line), width), "dim" if row.tone == "bright" else "plain")

    return cell


BOOKS: tuple[Column[BookRow], ...] = (
    Column("", 9, _named(lambda b: b.line.symbol), rank=0, grow=3),
    Column("quantity", 11, _quote(lambda b: b.bid_quantity), rank=2, right=True),
    Column("bid", 11, _quote(lambda b: b.bid), rank=1, right=True),
    Column("ask", 11, _quote(lambda b: b.ask), rank=1, right=True),
    Column("quantity", 11, _quote(lambda b: b.ask_quantity), rank=2, right=True),
    Column("data age", 12, lambda b, w: (b.words, b.tone), rank=1, right=True),
    Column("spread", 8, _quote(lambda b: b.ask - b.bid), rank=3, right=True),
    Column(
        "update", 13, lambda b, w: (str(b.line.update_id), "dim"), rank=4, right=True, extra=True
    ),
)


def _status(line: OrderLine, width: int) -> Cell:
    word = STATUS_WORDS.get(line.status, line.status.lower())
    return (name(word, width).rstrip(), "bright" if line.status == "UNKNOWN" else "plain")


def _price(line: OrderLine, width: int) -> Cell:
    return ("market", "plain") if line.price is None else (number(line.price, width), "plain")


ORDERS: tuple[Column[OrderLine], ...] = (
    Column("", 8, _at(lambda o: o.time_ns), rank=1),
    Column("", 14, _named(lambda o: o.strategy), rank=1, grow=2),
    Column("", 8, _named(lambda o: o.symbol), rank=0, grow=2),
    Column("", 4, lambda o, w: _side(o.side), rank=0),
    Column("quantity", 10, _exact(lambda o: o.quantity), rank=0, right=True, grow=2),
    Column("price", 10, _price, rank=0, right=True, grow=2),
    Column("filled", 10, _exact(lambda o: o.filled), rank=1, right=True, grow=2),
    Column("status", 9, _status, rank=0, grow=2),
    Column("order", 24, _named(lambda o: o.client_order_id, "dim"), rank=2, grow=12, extra=True),
)


def _fee(line: FillLine, width: int) -> Cell:
    asset = clean(line.fee_asset)
    return (f"{number(line.fee, width - len(asset) - 1)} {asset}", "plain")


FILLS: tuple[Column[FillLine], ...] = (
    Column("", 8, _at(lambda f: f.time_ns), rank=1),
    Column("", 14, _named(lambda f: f.strategy), rank=1, grow=6),
    Column("", 8, _named(lambda f: f.symbol), rank=0, grow=4),
    Column("", 4, lambda f, w: _side(f.side), rank=0),
    Column("quantity", 10, _exact(lambda f: f.quantity), rank=0, right=True, grow=2),
    Column("price", 10, _exact(lambda f: f.price), rank=0, right=True, grow=2),
    Column("fee", 14, _fee, rank=1, right=True, grow=2),
    Column("", 5, lambda f, w: ("maker" if f.maker else "taker", "dim"), rank=1),
    Column("value", 12, lambda f, w: (money(f.quantity * f.price, w), "plain"), rank=2, right=True),
)


def _mailbox(line: ActorLine, width: int) -> Cell:
    if not line.depth:
        return ("empty", "dim")
    waiting = number(Decimal(line.depth), 4)
    text = f"{waiting}, {age(int(line.age_ms * 1e6))}"
    return (text if len(text) <= width else waiting, "plain")


ACTORS: tuple[Column[ActorLine], ...] = (
    Column("", 12, _named(lambda a: a.name), rank=0, grow=11),
    Column(
        "state",
        10,
        lambda a, w: (name(a.state, w), "dim" if a.state == "running" else "bright"),
        rank=0,
    ),
    Column(
        "restarts",
        8,
        lambda a, w: (str(a.restarts), "bright" if a.restarts else "dim"),
        rank=1,
        right=True,
    ),
    Column("mailbox", 7, _mailbox, rank=1, right=True, grow=5),
    Column(
        "handled",
        8,
        lambda a, w: (number(Decimal(a.handled), w), "dim"),
        rank=2,
        right=True,
        extra=True,
    ),
    Column(
        "dropped",
        7,
        lambda a, w: (number(Decimal(a.dropped), w), "dim"),
        rank=4,
        right=True,
        extra=True,
    ),
    Column(
        "mean", 9, lambda a, w: (_mean(a.mean_handle_us, w), "dim"), rank=3, right=True, extra=True
    ),
)


def _mean(us: float, width: int) -> str:
    return f"{number(Decimal(str(round(us, 1))), width - 3, decimals=1)} µs"


def actor_rows(actors: Sequence[ActorLine]) -> list[ActorLine]:
    """Actors in trouble first, then those that were restarted, then as they were started."""
    return sorted(actors, key=lambda actor: (actor.state == "running", not actor.restarts))


def note_rows(notes: Sequence[NoteLine], width: int) -> list[Line]:
    """Notes as wrapped rows: the newest first, its time before it."""
    rows: list[Line] = []
    for note in notes:
        first, *rest = wrap(note.text, width, first=" " * 9, rest="  ") or [""]
        rows.append(((clock(note.time_ns), "dim"), (first[8:], "plain")))
        rows += [((text, "plain"),) for text in rest]
    return rows
