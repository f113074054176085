"""Open databases and put their errors into one line. The only place that knows SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from genesis.errors import StorageError, StorageFull
from genesis.storage.folder import JOURNAL_NAME, DataFolder, no_journal
from genesis.storage.store import BUSY_TIMEOUT_MS

_WAL_LIMIT_BYTES = 16 * 1024 * 1024
_ALWAYS = {"journal", "meta"}
"""Tables that every journal has had since the first."""
_TABLES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
_NAMED_MAX = 3
"""Of another program's tables."""


def writer_engine(path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """An engine whose every transaction holds the write lock from its start (no lock upgrades).

    Connecting raises ``StorageError`` for another program's database, and leaves it untouched.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=1,
        max_overflow=0,
        connect_args={
            "isolation_level": None,
            "timeout": busy_timeout_ms / 1000,
            "check_same_thread": False,
        },
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # First, and only reading: already what follows would write to the file.
        _require_own_file(path, busy_timeout_ms / 1000)
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        mode = cursor.fetchone()
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT_BYTES}")
        cursor.close()
        if mode != ("wal",):
            raise StorageError(
                f"{path}: the file system does not support SQLite's write-ahead log; "
                "choose a --data-dir on a local disk"
            )

    @event.listens_for(engine, "begin")
    def _lock_at_once(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader_engine(path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """An engine that can only read; a transaction sees one moment while others go on writing.

    It leaves no file behind. Where nobody writes the journal is read as it stands; should somebody
    begin to within a transaction, and get far, that transaction ends with ``StorageError``.
    """

    def connect() -> sqlite3.Connection:
        return _connect_read_only(path, busy_timeout_ms / 1000)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    def require_still(reader: object) -> None:
        if isinstance(reader, _AsItStands) and reader.seen != _written(path):
            raise StorageError(f"{path} was written while it was read; read it again")

    # Also where what was read seems to be broken or altered: it may be half old, half new.
    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def _at_its_end(connection: Connection) -> None:
        require_still(connection.connection.driver_connection)

    @event.listens_for(engine, "handle_error")
    def _before_it_is_called_broken(context: ExceptionContext) -> None:
        if context.connection is not None:
            require_still(context.connection.connection.driver_connection)

    return engine


@contextmanager
def journal_at_rest(folder: Path | str) -> Iterator[tuple[Engine, Path]]:
    """Hold the data folder of a journal that nobody else writes; its engine and its file.

    Raises ``StorageError`` where there is none, ``DataFolderLocked`` while a daemon runs on it.
    """
    given = Path(folder).expanduser().absolute()
    if not (given / JOURNAL_NAME).is_file():
        raise no_journal(given)
    with DataFolder.open(given) as held:
        engine = writer_engine(held.journal_path)
        try:
            with storage_errors(held.journal_path):
                yield engine, held.journal_path
        finally:
            engine.dispose()


def scratch_engine() -> Engine:
    """A private database in memory, for comparing a replay with what is stored."""
    return create_engine("sqlite://")


def require_own(tables: Collection[str], path: Path) -> None:
    """Raises ``StorageError`` where a database has tables, and they are another program's."""
    if tables and not _ALWAYS.issubset(tables):
        some = ", ".join(sorted(tables)[:_NAMED_MAX])
        more = "" if len(tables) <= _NAMED_MAX else f" and {len(tables) - _NAMED_MAX} more"
        raise StorageError(
            f"{path}: there is no journal in it, but another program's tables ({some}{more}); "
            "it was left as it is; choose another --data-dir"
        )


def _require_own_file(path: Path, timeout_s: float) -> None:
    if not path.is_file() or not path.stat().st_size:
        return
    with closing(_connect_read_only(path, timeout_s)) as connection:
        require_own([name for (name,) in connection.execute(_TABLES)], path)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the database's operating faults into ``StorageError``; bugs pass through unchanged."""
    try:
        yield
    except DBAPIError as error:
        fault = _fault(path, error.orig)
        if fault is None:
            raise
        raise fault from error
    except sqlite3.Error as error:
        fault = _fault(path, error)
        if fault is None:
            raise
        raise fault from error


def _connect_read_only(path: Path, timeout_s: float) -> sqlite3.Connection:
    if not path.is_file():
        raise no_journal(path.absolute())
    # Without a write-ahead log there is no writer. SQLite would make that log and its shared-memory
    # file to read, could not on read-only media, and would leave both behind.
    alone = not path.with_name(path.name + "-wal").exists()
    seen = _written(path)
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro{'&immutable=1' if alone else ''}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
        factory=_AsItStands if alone else sqlite3.Connection,
    )
    if isinstance(connection, _AsItStands):
        connection.seen = seen
    return connection


class _AsItStands(sqlite3.Connection):
    """To a file that nobody was writing: ``seen`` is what it was then."""

    seen: tuple[int, int]


def _written(path: Path) -> tuple[int, int]:
    """What changes when the file is written."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns


_NO_ROOM = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "disk I/O error",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_PERM: "no permission",
}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _fault(path: Path, error: BaseException | None) -> StorageError | None:
    """None where the error is a bug in a statement, not a fault of the place."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _NO_ROOM:
        return StorageFull(
            f"no room left to write the journal in {path.parent} ({_NO_ROOM[code]}); "
            "free some room or mend its permissions"
        )
    if code in _BUSY:
        return StorageError(f"the journal {path} is locked by another program; close it")
    if code in _BROKEN:
        return StorageError(
            f"{path} is not a readable journal ({error}); restore it from a copy "
            "or choose another --data-dir"
        )
    return None
