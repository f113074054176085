"""Public trades of one symbol from files, checked, as market rows. Shows no depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genesis.domain.book_layout import ROW_WIDTH
from genesis.domain.instrument import Instrument
from genesis.errors import InputError
from genesis.exchange.histories.bars import CHUNK, SHARE, opening, prints, quotes_around
from genesis.exchange.histories.files import SYMBOL_ALIASES, require_symbol
from genesis.exchange.histories.row_checks import (
    backwards,
    bad_numbers,
    moment,
    require_apart,
    require_good,
)
from genesis.exchange.histories.scales import MOST_COUNTED, floored, whole
from genesis.exchange.histories.tables import FileTable, Floats, Ints, Mask, read_table
from genesis.messages.market import ROW, Rows, rows_of

_FIELDS = {
    "time": ("time", "timestamp", "ts", "date", "transact_time", "t", "datetime"),
    "price": ("price", "p"),
    "quantity": ("quantity", "qty", "amount", "size", "q", "volume"),
    "side": ("side",),
    "maker": ("is_buyer_maker", "isbuyermaker", "buyer_maker", "m"),
    "symbol": SYMBOL_ALIASES,
}
_OPTIONAL = ("side", "maker", "symbol")
_ID, _NUMBERS = "id", ("price", "quantity")
_BARE = {
    7: (_ID, *_NUMBERS, "quote_quantity", "time", "is_buyer_maker", "is_best_match"),
    8: ("agg_id", *_NUMBERS, "first_id", "last_id", "time", "is_buyer_maker", "is_best_match"),
}
"""Binance's own trades and aggTrades files have no header."""

_BUYS, _SELLS = ("buy", "b", "bid", "1", "1.0", "+1"), ("sell", "s", "ask", "-1", "-1.0", "0")
_YES, _NO = ("true", "1", "t"), ("false", "0", "f")

WINDOW_NS = 60_000_000_000
"""What was traded in the last minute, less all but one part in ``SHARE``, is on offer."""

_REFRESH_NS = 1_000_000_000
"""A quote is shown again at least in every second that has a trade, so that it is not stale."""


class Trades(NamedTuple):
    """Columns of one symbol's trades in order of time (ns UTC); ``bought``: the aggressor did."""

    times_ns: Ints
    price: Floats
    quantity: Floats
    bought: Mask
    files: tuple[tuple[Path, int], ...]
    """Which files they are of, and how many of each."""


def read_trades(symbol: str, paths: Sequence[Path]) -> Trades:
    """The trades of one symbol's files. Raises InputError naming file and row."""
    parts = sorted((_part(symbol, path) for path in paths), key=lambda part: int(part[1][0][0]))
    require_apart([(table, trades.times_ns) for table, trades in parts], touching=True)
    times, price, quantity, bought = (
        np.concatenate([trades[i] for _, trades in parts]) for i in range(4)
    )
    files = tuple((table.path, table.rows) for table, _ in parts)
    return Trades(times, price, quantity, bought, files)


def _part(symbol: str, path: Path) -> tuple[FileTable, Trades]:
    table = read_table(path, _FIELDS, optional=_OPTIONAL, bare=_BARE)
    require_symbol(table, symbol)
    times, price, quantity = table.times_ns("time"), table.floats("price"), table.floats("quantity")
    checks = [backwards(times), *bad_numbers("price", price, zero=False)]
    require_good(table, [*checks, *bad_numbers("quantity", quantity, zero=False)])
    if table.has("maker"):
        bought = ~table.flags("maker", _YES, _NO)
    elif table.has("side"):
        bought = table.flags("side", _BUYS, _SELLS)
    else:
        raise InputError(f"{path}: there is no column side (buy or sell), nor is_buyer_maker")
    return table, Trades(times, price, quantity, bought, ())


def require_minutes_countable(trades: Trades, instrument: Instrument) -> None:
    """Raises InputError where one minute's quantities are too large to be counted in lots.

    What is on offer is of the last ``WINDOW_NS``, thus of parts of two minutes: their sum must fit.
    """
    minutes = trades.times_ns // WINDOW_NS
    firsts = np.flatnonzero(np.diff(minutes, prepend=minutes[0] - 1))
    sums = np.add.reduceat(trades.quantity, firsts)
    large = sums > float(Decimal(MOST_COUNTED).scaleb(-instrument.lot_decimals))
    if large.any():
        at = int(np.argmax(large))
        raise InputError(
            f"{trades.files[0][0]}: the trades of {instrument.symbol} in the minute of "
            f"{moment(trades.times_ns[firsts[at]])} add up to {sums[at]:g}, too many to be counted "
            f"with {instrument.lot_decimals} decimals; mend them or leave them out"
        )


def trade_rows(trades: Trades, instrument: Instrument) -> Rows:
    """Rows (dtype ``ROW``): an empty snapshot, every trade, and quotes behind a trade that moved
    the price or began a second.

    Quotes stand around the last price as those of bars do, sized by the last minute's volume.
    """
    times, count = trades.times_ns, len(trades.times_ns)
    price, total = np.zeros(count, np.int64), np.zeros(count + 1, np.int64)
    for part in _parts(count):
        price[part] = whole(trades.price[part], instrument.price_decimals)
        total[1:][part] = floored(trades.quantity[part], instrument.lot_decimals)
    np.cumsum(total, out=total)  # may wrap around: only differences within a minute are taken
    quoted = np.ones(count, np.bool_)
    quoted[1:] = price[1:] != price[:-1]
    quoted[1:] |= np.diff(times // _REFRESH_NS) > 0
    table = np.zeros((1 + count + 2 * int(quoted.sum()), ROW_WIDTH), np.int64)
    opening(table, int(times[0]))
    end = 1
    for part in _parts(count):
        end += _fill(table[end:], part, trades, price[part], quoted[part], total)
    return rows_of(table, ROW)


def _parts(count: int) -> Iterator[slice]:
    return (slice(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK))


def _fill(table: Ints, part: slice, trades: Trades, price: Ints, quoted: Mask, total: Ints) -> int:
    """Write the rows of a part of the trades; how many there are. ``total``: the lots before each
    of all trades."""
    times = trades.times_ns[part]
    number = np.arange(part.start + 1, part.stop + 1)
    at = np.arange(len(times)) + 2 * (np.cumsum(quoted) - quoted)
    lots = np.diff(total[part.start : part.stop + 1])
    table[at] = prints(times, trades.bought[part], price, lots, number, number)
    since = np.searchsorted(trades.times_ns, times[quoted] - WINDOW_NS)
    recent = total[number[quoted]] - total[since]
    pairs = quotes_around(times[quoted], number[quoted] + 1, price[quoted], recent // SHARE)
    behind = at[quoted] + 1
    table[behind], table[behind + 1] = pairs[:, 0], pairs[:, 1]
    return len(times) + 2 * len(behind)
