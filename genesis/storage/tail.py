"""Show the journal to a person: one calm line per entry. Only reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from genesis.storage.engine import reader_engine, storage_errors
from genesis.storage.sqlite_store import read_entry, read_head, read_pages
from genesis.storage.verify import journal_file, require_tables
from genesis.storage.words import line

POLL_S = 0.5


def tail(
    path: Path | str,
    count: int,
    follow: bool = False,
    wait: Callable[[], object] = lambda: time.sleep(POLL_S),
) -> Iterator[str]:
    """The newest ``count`` entries, oldest first, and with ``follow`` every later one.

    ``wait`` is called between two looks while nothing is new. Raises ``StorageError``.
    """
    file = journal_file(path)
    engine = reader_engine(file)
    try:
        with storage_errors(file), engine.begin() as connection:
            require_tables(connection, file)
            after = max(0, read_head(connection, file).seq - count)
        while True:
            for row in read_pages(engine, file, after):
                yield line(read_entry(row))
                after = row.seq
            if not follow:
                return
            wait()
    finally:
        engine.dispose()
