"""A journal as it stood, and what one run added to it. Only reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, select

from genesis.errors import StorageError
from genesis.messages.journal import RunStarted
from genesis.storage.chain import ORIGIN, Head, Row, row_hash
from genesis.storage.engine import reader_engine, storage_errors
from genesis.storage.sqlite_store import read_entry, read_pages
from genesis.storage.store import MemoryLog, once_key
from genesis.storage.tables import journal
from genesis.storage.verify import journal_file, require_tables


def run_started(path: Path | str, run: int) -> RunStarted | None:
    """How the run of this number began; None where the journal has none of it."""
    file = journal_file(path)
    engine = reader_engine(file)
    # The first that a run's daemon writes; so it is found by its key.
    first = {"run": run, "source": "daemon", "source_epoch": 1, "source_seq": 1}
    try:
        with storage_errors(file), engine.begin() as connection:
            found = connection.execute(select(journal).filter_by(**first)).first()
    finally:
        engine.dispose()
    event = None if found is None else read_entry(Row(*found)).event
    return event if isinstance(event, RunStarted) else None


class Past:
    """Raises ``StorageError`` where there is no readable journal at ``path``."""

    def __init__(self, path: Path | str) -> None:
        self._file = journal_file(path)
        self._engine: Engine = reader_engine(self._file)
        with storage_errors(self._file), self._engine.begin() as connection:
            require_tables(connection, self._file)

    def log_at(self, seq: int, state: bytes) -> MemoryLog:
        """A journal in memory that ends with row ``seq``; ``state`` is what it folds to."""
        log = MemoryLog()
        head = ORIGIN
        for row in self.rows(0):
            if row.seq > seq:
                break
            entry = read_entry(row)
            log.entries.append(entry)
            if (key := once_key(entry.event)) is not None:
                log.known.add(key)
            log.run = row.run
            head = Head(row.seq, row.hash)
            if row_hash(row) != row.hash:
                raise StorageError(f"{self._file}: row {row.seq} was altered; nothing is compared")
        if head.seq != seq:
            raise StorageError(
                f"{self._file} ends at row {head.seq} and the capture begins behind row {seq}; "
                "they are not of one data folder"
            )
        log.head = head
        log.checkpoint = (seq, state)
        return log

    def rows(self, after_seq: int) -> Iterator[Row]:
        """In sequence."""
        return read_pages(self._engine, self._file, after_seq)

    def close(self) -> None:
        self._engine.dispose()
