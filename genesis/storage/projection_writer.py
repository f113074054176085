"""Write a batch's changes into the projections. Decides nothing about what an event means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, delete, insert, select, update

from genesis.storage.projections import Changes, HaltChange, RowDict
from genesis.storage.store import OnceKey
from genesis.storage.tables import balances, equity, fills, halts, orders, positions


def write(connection: Connection, changes: Changes) -> None:
    """Bring the tables up to the state that ``changes`` were read off."""
    _insert(connection, orders, list(changes.intended.values()))
    _set(connection, orders.c.client_order_id, changes.moved)
    _insert(connection, fills, changes.fills)
    _insert(connection, equity, changes.equity)
    _replace(connection, positions.c.symbol, changes.positions)
    _replace(connection, balances.c.asset, changes.balances)
    for change in changes.halts:
        _write_halt(connection, change)


def knows(connection: Connection, key: OnceKey) -> bool:
    """Whether the order or the fill has a row already."""
    if isinstance(key, str):
        query = select(orders.c.intended_ns).where(orders.c.client_order_id == key)
    else:
        symbol, trade_id = key
        query = select(fills.c.seq).where(fills.c.symbol == symbol, fills.c.trade_id == trade_id)
    return connection.scalar(query) is not None


def _insert(connection: Connection, table: Table, rows: Sequence[RowDict]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _set(connection: Connection, key: Column[Any], changed: dict[str, RowDict]) -> None:
    """UPDATE by key; one statement for all rows that set the same columns."""
    alike: dict[tuple[str, ...], list[RowDict]] = {}
    for value, columns in changed.items():
        alike.setdefault(tuple(sorted(columns)), []).append({"key_": value, **columns})
    for names, rows in alike.items():
        statement = update(key.table).where(key == bindparam("key_"))
        connection.execute(statement.values({n: bindparam(n) for n in names}), rows)


def _replace(connection: Connection, key: Column[Any], changed: dict[str, RowDict]) -> None:
    """Whole rows by key, new or not; every SQL database knows DELETE and INSERT."""
    if changed:
        keys = [{"key_": value} for value in changed]
        connection.execute(delete(key.table).where(key == bindparam("key_")), keys)
        connection.execute(insert(key.table), list(changed.values()))


def _write_halt(connection: Connection, change: RowDict | HaltChange) -> None:
    if isinstance(change, HaltChange):
        statement = update(halts).where(halts.c.resumed_ns.is_(None)).values(change.values)
        if change.only_unproven:
            statement = statement.where(halts.c.proven_ns.is_(None))
        connection.execute(statement)
    else:
        connection.execute(insert(halts), change)
