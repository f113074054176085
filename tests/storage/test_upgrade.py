"""Migrations build exactly the tables the code describes, once, and never touch newer ones."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from journal_story import numbered, story
from sqlalchemy import Column, Connection, Integer, MetaData, Table, event, text

from genesis.errors import DataFolderLocked, StorageError
from genesis.storage.engine import writer_engine
from genesis.storage.folder import LOCK_NAME, DataFolder
from genesis.storage.journal import Journal
from genesis.storage.rebuild import rebuild
from genesis.storage.tables import metadata
from genesis.storage.upgrade import head_revision, migrate, upgrade
from genesis.storage.verify import verify


def drift(path: Path, described: MetaData) -> list[object]:
    engine = writer_engine(path)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, described)
    engine.dispose()
    return list(found)


def test_an_empty_journal_is_brought_to_the_newest_tables(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    assert upgrade(tmp_path) == head_revision()
    assert verify(tmp_path).head_seq == 0


def test_where_there_is_no_journal_none_is_made(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "mistyped"):
        with pytest.raises(StorageError, match="there is no journal here"):
            upgrade(folder)
    assert list(tmp_path.iterdir()) == []


OPENERS: list[Callable[[Path], object]] = [
    upgrade,
    rebuild,
    lambda path: Journal.open(DataFolder.open(path)),
]


@pytest.mark.parametrize("open_it", OPENERS)
@pytest.mark.parametrize("log", ["DELETE", "WAL"])
def test_another_programs_database_is_left_as_it_is(
    tmp_path: Path, open_it: Callable[[Path], object], log: str
) -> None:
    file = tmp_path / "journal.db"
    with contextlib.closing(sqlite3.connect(file)) as theirs:
        theirs.execute(f"PRAGMA journal_mode={log}")
        for table in ("alembic_version", "meta", "orders", "wallets"):
            theirs.execute(f"CREATE TABLE {table} (version_num, mine)")
        theirs.execute("INSERT INTO alembic_version VALUES ('0001', 1)")
        theirs.commit()
    before = file.read_bytes()
    with pytest.raises(StorageError) as refused:
        open_it(tmp_path)
    assert str(refused.value) == (
        f"{file}: there is no journal in it, but another program's tables (alembic_version, meta, "
        "orders and 1 more); it was left as it is; choose another --data-dir"
    )
    assert file.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"journal.db", LOCK_NAME}


def test_upgrading_again_changes_nothing(folder: DataFolder) -> None:
    journal = Journal.open(folder)
    journal.append(numbered(story()))
    journal.close()
    before = verify(folder.path)
    with pytest.raises(DataFolderLocked):
        upgrade(folder.path)
    folder.close()
    assert upgrade(folder.path) == upgrade(folder.path) == head_revision()
    assert verify(folder.path) == before


def test_migrations_and_tables_agree(folder: DataFolder) -> None:
    Journal.open(folder).close()
    assert drift(folder.journal_path, metadata) == []
    other = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(other)
    Table("meta", other, Column("forgotten", Integer), extend_existing=True)
    assert len(drift(folder.journal_path, other)) == 1


def test_a_newer_database_is_left_alone(folder: DataFolder) -> None:
    Journal.open(folder).close()
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageError, match="written by a newer GENESIS") as refused:
        Journal.open(folder)
    assert "tables 9999, this one knows" in str(refused.value)
    with pytest.raises(StorageError, match="newer"):
        verify(folder.path)
    folder.close()
    with pytest.raises(StorageError, match="newer"):
        upgrade(folder.path)


def test_a_migration_that_is_not_committed_has_not_happened(tmp_path: Path) -> None:
    """All of it is one transaction: killed before its end, the file has no tables at all."""
    path = tmp_path / "journal.db"
    engine = writer_engine(path)

    def die(connection: Connection) -> None:
        assert connection.scalar(text("SELECT count(*) FROM meta")) == 1
        raise KeyboardInterrupt

    event.listen(engine, "commit", die)
    with pytest.raises(KeyboardInterrupt):
        migrate(engine, path)
    engine.dispose()
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    with DataFolder.open(tmp_path) as folder:
        Journal.open(folder).close()
