"""Write a journal that was kept in memory into a data folder, row by row as it was sealed."""

from __future__ import annotations

from genesis.domain.state import TradingState
from genesis.errors import StorageError
from genesis.storage.chain import ORIGIN, Head, entry_of
from genesis.storage.folder import DataFolder
from genesis.storage.sqlite_store import SqliteStore
from genesis.storage.store import Batch, MemoryLog

_ROWS_AT_ONCE = 5_000


def require_no_journal(folder: DataFolder) -> None:
    """Raises StorageError for a folder that has a journal: none is ever written over."""
    if folder.journal_path.exists():
        raise StorageError(f"{folder.journal_path} exists; choose another folder, or remove it")


def export(log: MemoryLog, folder: DataFolder) -> None:
    """Write ``log`` (one that keeps its rows) as the journal of an empty data folder.

    The chain is the same to the last byte, so ``genesis journal verify`` proves it. Raises
    StorageError when the folder has a journal already or cannot be written.
    """
    require_no_journal(folder)
    if log.rows is None:
        raise ValueError("this log was not asked to keep its rows")
    store = SqliteStore(folder.journal_path)
    try:
        state, head = TradingState(), ORIGIN
        for first in range(0, len(log.rows), _ROWS_AT_ONCE):
            rows = log.rows[first : first + _ROWS_AT_ONCE]
            next_head = Head(rows[-1].seq, rows[-1].hash)
            entries = [entry_of(row) for row in rows]
            batch = Batch(rows[-1].run, next_head, log.seen, rows, entries, set())
            with store.transaction(head) as transaction:
                for entry in batch.entries:
                    state.apply(entry)
                    transaction.note(entry, state)
                transaction.write(batch)
            head = next_head
        store.checkpoint(state.seq, state.encode())
    finally:
        store.close()
