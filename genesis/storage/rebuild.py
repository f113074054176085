"""Make the derived tables anew from the journal. Changes no row of the journal itself."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, delete

from genesis.domain.state import TradingState
from genesis.errors import StorageError
from genesis.storage import projection_writer
from genesis.storage.chain import ORIGIN, follow
from genesis.storage.engine import storage_errors, writer_engine
from genesis.storage.folder import JOURNAL_NAME, DataFolder
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
    given = Path(path).expanduser().absolute()
    if not (given / JOURNAL_NAME).is_file():
        raise StorageError(f"{given}: there is no journal here")
    with DataFolder.open(given) as folder:
        engine = writer_engine(folder.journal_path)
        try:
            with storage_errors(folder.journal_path), engine.begin() as connection:
                require_tables(connection, folder.journal_path)
                return _rebuild(connection, folder.journal_path)
        finally:
            engine.dispose()


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
