"""Prove a journal: chain, replay, projections. Only reads; a daemon may go on writing meanwhile.

Should one begin to where there was none, it may have to be asked again (``storage.engine``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, Table, inspect, select

from genesis.domain.state import TradingState
from genesis.errors import JournalTampered, StorageError
from genesis.storage import projection_writer
from genesis.storage.chain import ORIGIN, Head, Row, follow
from genesis.storage.engine import (
    reader_engine,
    require_own,
    scratch_engine,
    storage_errors,
)
from genesis.storage.folder import JOURNAL_NAME
from genesis.storage.projections import Changes
from genesis.storage.sqlite_store import PAGE, anchor, read_head, read_rows, replay
from genesis.storage.tables import PROJECTIONS, checkpoints, metadata
from genesis.storage.upgrade import head_revision, require_known, revision_of

PROVEN_MAX = 500_000
"""Rows that ``prove`` looks at: a few seconds' work."""
PROBLEMS_MAX = 20
"""How many problems a report names; more say nothing new."""
MENDED_BY = "the journal itself is sound; genesis db rebuild makes its tables anew from it"

_Key = tuple[tuple[bool, Any], ...]


class VerifyReport(msgspec.Struct, frozen=True):
    """What a journal was found to be.

    ``entries`` rows are good, up to ``head_seq`` with ``head_hash``; ``state_hash`` is the digest
    of the state they fold to. ``problems``: one sentence each; none means everything agrees.
    """

    entries: int
    head_seq: int
    head_hash: str
    state_hash: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def journal_file(path: Path | str) -> Path:
    """The journal of a data folder, or the file itself."""
    given = Path(path).expanduser()
    return given / JOURNAL_NAME if given.is_dir() else given


def verify(path: Path | str) -> VerifyReport:
    """Recompute the chain from row 1, replay it, and compare state and projections.

    The first bad row ends the replay: what follows it proves nothing. Raises ``StorageError``
    when there is no readable journal of this program's tables at ``path``.
    """
    journal = journal_file(path)
    reader = reader_engine(journal)
    scratch = scratch_engine()
    try:
        with storage_errors(journal), reader.begin() as connection:
            require_tables(connection, journal)
            return _verify(connection, journal, scratch)
    finally:
        scratch.dispose()
        reader.dispose()


def prove(path: Path | str, rows_max: int = PROVEN_MAX) -> None:
    """Recompute the chain of the newest rows, without replaying them: what a start can afford.

    Raises ``JournalTampered`` naming the first bad row, ``StorageError`` as ``verify`` does.
    """
    journal = journal_file(path)
    reader = reader_engine(journal)
    try:
        with storage_errors(journal), reader.begin() as connection:
            require_tables(connection, journal)
            head = read_head(connection, journal)
            after = ORIGIN if head.seq <= rows_max else anchor(connection, head.seq - rows_max)
            for _ in follow(read_rows(connection, after.seq), after, head):
                pass
    finally:
        reader.dispose()


def require_tables(connection: Connection, journal: Path) -> None:
    """Raises ``StorageError`` where the tables are not there, or not those of this program."""
    require_own(inspect(connection).get_table_names(), journal)
    revision = revision_of(connection)
    require_known(revision, journal)
    if revision is None:
        raise StorageError(f"{journal}: there is no journal in it")
    if revision != head_revision():
        raise StorageError(f"{journal} has the tables of an older GENESIS; run: genesis db upgrade")


def _verify(connection: Connection, journal: Path, scratch: Engine) -> VerifyReport:
    found = _Replay(scratch, _saved_states(connection))
    problems: list[str] = []
    try:
        head = read_head(connection, journal)
        for row in follow(read_rows(connection, 0), ORIGIN, head):
            found.take(row)
    except JournalTampered as error:
        problems.append(str(error))
    found.flush()
    problems += found.problems
    sound = not problems
    if sound:
        problems += found.differences(connection)
    if len(problems) > PROBLEMS_MAX:
        more = len(problems) - PROBLEMS_MAX
        problems = [*problems[:PROBLEMS_MAX], f"and {more} more"]
    if sound and problems and not any(one.startswith("checkpoints ") for one in problems):
        problems.append(MENDED_BY)
    return VerifyReport(
        entries=found.head.seq,
        head_seq=found.head.seq,
        head_hash=found.head.hash,
        state_hash=found.state.digest(),
        problems=tuple(problems),
    )


class _Replay:
    """The state and, in a scratch database, the projections that the rows lead to."""

    def __init__(self, scratch: Engine, saved: dict[int, str]) -> None:
        metadata.create_all(scratch)
        self.state = TradingState()
        self.head = ORIGIN
        self.problems: list[str] = []
        self._scratch = scratch
        self._saved = saved
        self._changes = Changes()

    def take(self, row: Row) -> None:
        entry = replay(row, self.state)
        self.head = Head(row.seq, row.hash)
        self._changes.note(entry, self.state)
        if row.seq % PAGE == 0:
            self.flush()
        saved = self._saved.pop(row.seq, None)
        if saved is not None and saved != self.state.digest():
            self.problems.append(f"checkpoints {row.seq}: the saved state differs from the replay")

    def flush(self) -> None:
        with self._scratch.begin() as connection:
            projection_writer.write(connection, self._changes)
        self._changes = Changes()

    def differences(self, stored: Connection) -> Iterator[str]:
        for seq in self._saved:
            yield f"checkpoints {seq}: there is no journal row {seq}"
        with self._scratch.connect() as expected:
            for table in PROJECTIONS:
                yield from _differences(table, stored, expected)


def _saved_states(connection: Connection) -> dict[int, str]:
    """Digest of each checkpoint, recomputed where the saved state can be read."""
    digests = {}
    for row in connection.execute(select(checkpoints)):
        try:
            digests[row.seq] = TradingState.decode(row.state).digest()
        except ValueError:
            continue  # of another format: a start passes it over as well
        if digests[row.seq] != row.digest:
            digests[row.seq] = "damaged"
    return digests


def _differences(table: Table, stored: Connection, expected: Connection) -> Iterator[str]:
    """Walk both tables in the order of their keys."""
    keys = [column.name for column in table.primary_key]
    query = select(table).order_by(*table.primary_key)
    for key, have, want in _paired(_rows(stored, query), _rows(expected, query), keys):
        name = f"{table.name} {' '.join(str(value) for _, value in key)}"
        if have is None:
            yield f"{name}: the row is missing"
        elif want is None:
            yield f"{name}: no entry of the journal made this row"
        else:
            for column, value in want.items():
                if have[column] != value:
                    yield f"{name}: {column} is {have[column]}, the journal says {value}"


def _rows(connection: Connection, query: Any) -> Iterator[RowMapping]:
    result = connection.execution_options(yield_per=PAGE).execute(query)
    yield from result.mappings()


def _paired(
    left: Iterator[RowMapping], right: Iterator[RowMapping], names: list[str]
) -> Iterator[tuple[_Key, RowMapping | None, RowMapping | None]]:
    """Merge two ordered streams by key; a row without its twin is paired with None."""
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        keys = [_key(row, names) for row in (a, b) if row is not None]
        key = min(keys)
        here = a if a is not None and _key(a, names) == key else None
        there = b if b is not None and _key(b, names) == key else None
        yield key, here, there
        if here is not None:
            a = next(left, None)
        if there is not None:
            b = next(right, None)


def _key(row: RowMapping, names: list[str]) -> _Key:
    """SQLite puts numbers before text whatever a column is declared to hold; so does this."""
    return tuple((isinstance(row[name], str), row[name]) for name in names)
