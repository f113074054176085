"""Keep a journal in the database of one data folder. Writes only under the newest lease."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from genesis.domain.state import TradingState, digest_of
from genesis.errors import JournalTampered, StorageError, WriterFenced
from genesis.messages.journal import Entry
from genesis.storage import projection_writer
from genesis.storage.chain import FORMAT, ORIGIN, Head, Row, entry_of, follow, row_hash
from genesis.storage.engine import reader_engine, storage_errors, writer_engine
from genesis.storage.projections import Changes
from genesis.storage.store import (
    BUSY_TIMEOUT_MS,
    FENCED,
    Batch,
    Loaded,
    OnceKey,
    Seen,
    Transaction,
)
from genesis.storage.tables import checkpoints, journal, meta
from genesis.storage.upgrade import migrate

PAGE = 1_000
"""Rows read at once: enough to be fast, few enough not to hold back the write-ahead log."""

_KEPT_CHECKPOINTS = 2


class SqliteStore:
    """One writer's access. Opening it migrates the tables and takes the lease from any other."""

    def __init__(self, path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._path = path
        self._writer = writer_engine(path, busy_timeout_ms)
        self._reader = reader_engine(path, busy_timeout_ms)
        try:
            with storage_errors(path):
                migrate(self._writer, path)
                with self._writer.begin() as connection:
                    self._lease = _take_lease(connection, path)
        except BaseException:
            self.close()
            raise

    def load(self) -> Loaded:
        """Fold the rows behind the newest usable checkpoint, checking their chain."""
        with storage_errors(self._path), self._reader.begin() as connection:
            head = read_head(connection, self._path)
            run = connection.scalar(select(func.max(journal.c.run))) or 0
            state = _checkpoint(connection, head)
            checkpoint_seq = state.seq
            after = ORIGIN if state.seq == 0 else anchor(connection, state.seq)
            rows = read_rows(connection, after.seq)
            for row in follow(rows, after, head):
                replay(row, state)
            return Loaded(state, head, run, _seen(connection, run), checkpoint_seq)

    @contextmanager
    def transaction(self, head: Head) -> Iterator[Transaction]:
        with storage_errors(self._path), self._writer.begin() as connection:
            self._require_lease(connection, head)
            yield _SqliteTransaction(connection)

    def entries(self, after_seq: int) -> Iterator[Entry]:
        return map(read_entry, read_pages(self._reader, self._path, after_seq))

    def checkpoint(self, seq: int, encoded: bytes) -> None:
        row = {"seq": seq, "state": encoded, "digest": digest_of(encoded)}
        with storage_errors(self._path), self._writer.begin() as connection:
            self._require_lease(connection, None)
            connection.execute(delete(checkpoints).where(checkpoints.c.seq == seq))
            connection.execute(insert(checkpoints), row)
            newest = select(checkpoints.c.seq).order_by(checkpoints.c.seq.desc())
            kept = connection.scalars(newest.limit(_KEPT_CHECKPOINTS)).all()
            connection.execute(delete(checkpoints).where(checkpoints.c.seq < kept[-1]))

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()

    def _require_lease(self, connection: Connection, head: Head | None) -> None:
        # Locked until the commit, also where a database does not lock on BEGIN.
        row = connection.execute(select(meta).where(meta.c.id == 1).with_for_update()).one_or_none()
        if row is None:
            raise JournalTampered(f"{self._path}: the meta row is missing")
        moved = head is not None and head != Head(row.head_seq, row.head_hash)
        if row.writer_epoch != self._lease or moved:
            raise WriterFenced(FENCED)


class _SqliteTransaction:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changes = Changes()

    def knows(self, key: OnceKey) -> bool:
        return projection_writer.knows(self._connection, key)

    def note(self, entry: Entry, state: TradingState) -> None:
        self._changes.note(entry, state)

    def write(self, batch: Batch) -> None:
        head = batch.head
        rows = [msgspec.structs.asdict(row) for row in batch.rows]
        self._connection.execute(insert(journal), rows)
        projection_writer.write(self._connection, self._changes)
        self._connection.execute(
            update(meta).where(meta.c.id == 1).values(head_seq=head.seq, head_hash=head.hash)
        )


def read_head(connection: Connection, path: Path) -> Head:
    """The recorded head. Raises ``JournalTampered`` where the meta row is missing."""
    row = connection.execute(select(meta).where(meta.c.id == 1)).one_or_none()
    if row is None:
        raise JournalTampered(f"{path}: the meta row is missing")
    if row.format != FORMAT:
        raise StorageError(
            f"{path} has the format {row.format}; this GENESIS reads {FORMAT}: upgrade GENESIS "
            "or choose another --data-dir"
        )
    return Head(row.head_seq, row.head_hash)


def read_pages(reader: Engine, path: Path, after_seq: int) -> Iterator[Row]:
    """Rows in sequence, in pages, so that who is slow never holds a transaction open: a daemon may
    go on writing meanwhile."""
    query = select(journal).order_by(journal.c.seq).limit(PAGE)
    while True:
        with storage_errors(path), reader.begin() as connection:
            page = connection.execute(query.where(journal.c.seq > after_seq)).all()
        for columns in page:
            yield Row(*columns)
        if len(page) < PAGE:
            return
        after_seq = page[-1].seq


def read_rows(connection: Connection, after_seq: int) -> Iterator[Row]:
    """Rows in sequence, within the caller's transaction."""
    query = select(journal).where(journal.c.seq > after_seq).order_by(journal.c.seq)
    for columns in connection.execution_options(yield_per=PAGE).execute(query):
        yield Row(*columns)


def read_entry(row: Row) -> Entry:
    """Raises ``JournalTampered`` on a payload that is no event."""
    try:
        return entry_of(row)
    except ValueError as error:
        raise JournalTampered(
            f"row {row.seq}: its {row.kind} cannot be read ({error}); "
            "it may come from a newer GENESIS"
        ) from error


def replay(row: Row, state: TradingState) -> Entry:
    """Fold a stored row. Raises ``JournalTampered`` when it cannot be: no writer commits such."""
    entry = read_entry(row)
    try:
        state.apply(entry)
    except (ValueError, ArithmeticError) as error:
        raise JournalTampered(f"row {row.seq}: its {row.kind} cannot be true ({error})") from error
    return entry


def _take_lease(connection: Connection, path: Path) -> int:
    read_head(connection, path)
    connection.execute(
        update(meta).where(meta.c.id == 1).values(writer_epoch=meta.c.writer_epoch + 1)
    )
    lease: int = connection.scalars(select(meta.c.writer_epoch).where(meta.c.id == 1)).one()
    return lease


def _checkpoint(connection: Connection, head: Head) -> TradingState:
    """The newest checkpoint that is what it says; an empty state where there is none.

    A checkpoint only saves time: one of another format, or a damaged one, is passed over.
    """
    query = select(checkpoints).where(checkpoints.c.seq <= head.seq)
    for row in connection.execute(query.order_by(checkpoints.c.seq.desc())):
        try:
            state = TradingState.decode(row.state)
        except ValueError:
            continue
        if state.seq == row.seq and state.digest() == row.digest:
            return state
    return TradingState()


def anchor(connection: Connection, seq: int) -> Head:
    """The row a replay goes on behind."""
    columns = connection.execute(select(journal).where(journal.c.seq == seq)).one_or_none()
    if columns is None:
        raise JournalTampered(f"row {seq} is missing")
    row = Row(*columns)
    if row_hash(row) != row.hash:
        raise JournalTampered(f"row {seq} was altered, its hash does not fit")
    return Head(row.seq, row.hash)


def _seen(connection: Connection, run: int) -> Seen:
    by = (journal.c.source, journal.c.source_epoch)
    query = select(*by, func.max(journal.c.source_seq)).where(journal.c.run == run).group_by(*by)
    return {(source, epoch): newest for source, epoch, newest in connection.execute(query)}
