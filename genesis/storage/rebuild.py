"""Make the derived tables anew from the journal. Changes no row of the journal itself."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, delete

from genesis.domain.state import TradingState
from genesis.storage import projection_writer
from genesis.storage.chain import ORIGIN, follow
from genesis.storage.engine import journal_at_rest
from genesis.storage.projections import Changes
from genesis.storage.sqlite_store import PAGE, read_head, read_rows, replay
from genesis.storage.tables import PROJECTIONS
from genesis.storage.verify import require_tables


def rebuild(path: Path | str) -> int:
    """Empty the projections of a data folder and fill them from row 1, in one transaction; how
    many entries they follow from.

    Raises ``JournalTampered`` naming the first bad row, and leaves everything as it was;
    ``DataFolderLocked`` while a daemon runs on it, ``StorageError`` where there is no journal.
    """
    with journal_at_rest(path) as (engine, journal), engine.begin() as connection:
        require_tables(connection, journal)
        return _rebuild(connection, journal)


def _rebuild(connection: Connection, journal: Path) -> int:
    head = read_head(connection, journal)
    for table in reversed(PROJECTIONS):
        connection.execute(delete(table))
    state, changes = TradingState(), Changes()
    for row in follow(read_rows(connection, 0), ORIGIN, head):
        changes.note(replay(row, state), state)
        if row.seq % PAGE == 0:
            projection_writer.write(connection, changes)
            changes = Changes()
    projection_writer.write(connection, changes)
    return head.seq
