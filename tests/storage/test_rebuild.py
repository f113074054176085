"""The derived tables follow from the journal, and can be made anew from it."""

from __future__ import annotations

import pytest
from journal_story import numbered, story
from sqlalchemy import text

from genesis.errors import JournalTampered
from genesis.storage.engine import writer_engine
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.rebuild import rebuild
from genesis.storage.verify import MENDED_BY, verify


@pytest.fixture
def told(folder: DataFolder) -> DataFolder:
    """A journal of many things, closed, and its folder let go."""
    journal = Journal.open(folder)
    journal.append(numbered(story()))
    journal.close()
    folder.close()
    return folder


def alter(folder: DataFolder, *statements: str) -> None:
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount != 0
    engine.dispose()


def test_altered_tables_are_made_anew(told: DataFolder) -> None:
    before = verify(told.path)
    alter(
        told,
        "UPDATE orders SET status = 'X'",
        "DELETE FROM fills",
        "UPDATE halts SET reason = 'X'",
        "INSERT INTO balances (asset, total, updated_seq) VALUES ('X', '1', 1)",
    )
    assert verify(told.path).problems[-1] == MENDED_BY
    assert rebuild(told.path) == before.entries
    assert verify(told.path) == before
    assert before.ok


def test_an_altered_journal_is_refused_and_nothing_is_changed(told: DataFolder) -> None:
    alter(told, "DROP TRIGGER journal_no_update", "UPDATE fills SET price = '1'")
    alter(told, "UPDATE journal SET time_ns = 1 WHERE seq = 5")
    with pytest.raises(JournalTampered, match="5"):
        rebuild(told.path)
    engine = writer_engine(told.journal_path)
    with engine.connect() as connection:
        assert set(connection.scalars(text("SELECT price FROM fills"))) == {"1"}
    engine.dispose()
