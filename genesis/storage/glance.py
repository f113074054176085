"""Whether the derived tables look as the journal has them: what a start can afford. Only reads.

``storage.verify`` compares every row; here it is what stands now, and how many there are of what
was: counting an account's history takes a fraction of the time that replaying it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from genesis.domain.money import text
from genesis.domain.order import TERMINAL
from genesis.domain.state import TradingState
from genesis.storage.engine import reader_engine, storage_errors
from genesis.storage.tables import balances, equity, fills, halts, journal, orders, positions
from genesis.storage.verify import journal_file

_ROW_OF = {
    "OrderIntended": orders,
    "OrderFilled": fills,
    "EquityMarked": equity,
    "Halted": halts,
}
"""Which entries of the journal make a row each, and where."""

_Values = Mapping[str, tuple[object, ...]]


def first_difference(path: Path | str, state: TradingState) -> str:
    """One difference between the tables and the journal, in words; empty where none is seen.

    ``state`` is what the journal at ``path`` folds to. Raises StorageError as ``verify`` does.
    """
    file = journal_file(path)
    reader = reader_engine(file)
    try:
        with storage_errors(file), reader.begin() as connection:
            return next(_differences(connection, state), "")
    finally:
        reader.dispose()


def _differences(connection: Connection, state: TradingState) -> Iterator[str]:
    ledger = state.ledger
    held = {s: (text(p.quantity), text(p.cost)) for s, p in ledger.positions.items()}
    yield from _standing(connection, positions, ("quantity", "cost"), held)
    totals = {asset: (text(total),) for asset, total in ledger.balances.items()}
    yield from _standing(connection, balances, ("total",), totals)
    opened = {n: (o.status.value, text(o.filled)) for n, o in state.orders.open.items()}
    ended = [status.value for status in TERMINAL]
    is_open = orders.c.status.not_in(ended)
    yield from _standing(connection, orders, ("status", "filled_quantity"), opened, is_open)
    query = select(journal.c.kind, func.count()).group_by(journal.c.kind)
    told = {row[0]: row[1] for row in connection.execute(query)}
    for kind, table in _ROW_OF.items():
        count = connection.scalar(select(func.count()).select_from(table))
        if count != told.get(kind, 0):
            yield f"{table.name}: {count} rows, the journal says {told.get(kind, 0)}"


def _standing(
    connection: Connection, table: Table, columns: tuple[str, ...], want: _Values, *which: Any
) -> Iterator[str]:
    """Rows of ``table`` by their key against what the state says."""
    (key,) = table.primary_key
    query = select(key, *(table.c[name] for name in columns)).where(*which)
    have = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
    for name in sorted(have.keys() | want.keys()):
        if name not in have:
            yield f"{table.name} {name}: the row is missing"
        elif name not in want:
            yield f"{table.name} {name}: the journal has nothing of it"
        else:
            for column, is_, should in zip(columns, have[name], want[name], strict=True):
                if is_ != should:
                    yield f"{table.name} {name}: {column} is {is_}, the journal says {should}"
