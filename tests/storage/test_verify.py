"""Whatever is altered behind the journal's back, verify says where."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from journal_story import mark, numbered, story
from sqlalchemy import select, text

from genesis.errors import StorageError
from genesis.storage import verify as verify_module
from genesis.storage.engine import reader_engine, writer_engine
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.tables import meta
from genesis.storage.verify import MENDED_BY, PROBLEMS_MAX, verify

SEQ = 12  # a fill in the middle of the story


@pytest.fixture
def told(folder: DataFolder) -> DataFolder:
    """A folder with the whole story in it, opened and closed in good order."""
    journal = Journal.open(folder)
    journal.append(numbered(story()))
    journal.close()
    return folder


def alter(folder: DataFolder, *statements: str) -> None:
    """As somebody with the database's own tools would, who also drops the triggers."""
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        for trigger in ("no_update", "no_delete", "no_replace"):
            connection.execute(text(f"DROP TRIGGER journal_{trigger}"))
        for statement in statements:
            assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def test_an_untouched_journal_has_no_problems(told: DataFolder) -> None:
    report = verify(told.path)
    count = len(story())
    assert report.ok
    assert report.problems == ()
    assert (report.entries, report.head_seq) == (count, count)
    journal = Journal.open(told)
    assert (report.head_hash, report.state_hash) == (journal.head_hash, journal.state.digest())
    journal.append(numbered([mark("501")], epoch=2))
    beside_a_writer = verify(told.journal_path)
    assert beside_a_writer.ok
    assert beside_a_writer.head_hash == journal.head_hash
    journal.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("run", "run + 1"),
        ("time_ns", "time_ns + 1"),
        ("source", "'risk'"),
        ("source_epoch", "source_epoch + 1"),
        ("source_seq", "source_seq + 1000"),
        ("kind", "'OrderSent'"),
        ("payload", "replace(payload, '61685.99', '61685.98')"),
        ("prev_hash", f"'{'0' * 64}'"),
        ("hash", f"'{'0' * 64}'"),
        ("payload", "x'00ff'"),
        ("time_ns", "'noon'"),
        ("seq", "seq + 1000"),
    ],
)
def test_an_altered_row_is_named(told: DataFolder, column: str, value: str) -> None:
    alter(told, f"UPDATE journal SET {column} = {value} WHERE seq = {SEQ}")
    report = verify(told.path)
    assert report.problems[0].startswith(f"row {SEQ}")
    assert len(report.problems) == 1
    assert report.entries == SEQ - 1
    if column == "kind":
        assert "kind or payload" in report.problems[0]
    if column in ("hash", "prev_hash"):
        assert report.problems[0] == f"row {SEQ}: {column} was altered"


def test_a_deleted_row_is_named(told: DataFolder) -> None:
    alter(told, f"DELETE FROM journal WHERE seq = {SEQ}")
    assert verify(told.path).problems == (f"row {SEQ} is missing",)


def test_rows_cut_off_at_the_end_are_named(told: DataFolder) -> None:
    last = len(story())
    alter(told, f"DELETE FROM journal WHERE seq >= {last}")
    assert verify(told.path).problems == (f"row {last} is missing at the end",)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE meta SET head_seq = 3", "meta: head_seq is 3"),
        ("UPDATE meta SET head_hash = 'x'", "meta: head_hash is not the hash of row"),
        ("DELETE FROM meta", "the meta row is missing"),
        ("UPDATE checkpoints SET digest = 'x'", "checkpoints 25: the saved state differs"),
        ("UPDATE checkpoints SET seq = 99", "checkpoints 99: there is no journal row 99"),
    ],
)
def test_an_altered_head_or_checkpoint_is_named(
    told: DataFolder, statement: str, problem: str
) -> None:
    alter(told, statement)
    assert problem in verify(told.path).problems[0]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE orders SET status = 'CANCELED' WHERE client_order_id = 'g1-ema-0-2'",
            "orders g1-ema-0-2: status is CANCELED, the journal says FILLED",
        ),
        (
            "UPDATE fills SET price = '61685.98' WHERE trade_id = 2",
            "fills BTCUSDT 2: price is 61685.98, the journal says 61685.99",
        ),
        (
            "UPDATE fills SET trade_id = 'two' WHERE trade_id = 2",
            "fills BTCUSDT 2: the row is missing",
        ),
        ("DELETE FROM fills WHERE trade_id = 3", "fills BTCUSDT 3: the row is missing"),
        ("DELETE FROM positions", "positions BTCUSDT: the row is missing"),
        (
            "UPDATE balances SET total = '1000000' WHERE asset = 'USDT'",
            "balances USDT: total is 1000000, the journal says 469.09531901",
        ),
        (
            "INSERT INTO balances VALUES ('DOGE', '1', 1)",
            "balances DOGE: no entry of the journal made this row",
        ),
        (
            "UPDATE equity SET cash = '0' WHERE seq = 13",
            "equity 13: cash is 0, the journal says 499.83",
        ),
        (
            "UPDATE halts SET resumed_ns = NULL",
            "halts 21: resumed_ns is None, the journal says 1723118400022000000",
        ),
    ],
)
def test_an_altered_projection_is_named(told: DataFolder, statement: str, problem: str) -> None:
    alter(told, statement)
    assert problem in verify(told.path).problems


def test_a_report_stays_readable_when_nothing_agrees(told: DataFolder) -> None:
    alter(
        told,
        "UPDATE orders SET status='X', symbol='X', side='X', price='X', reason='X', strategy='X'",
        "UPDATE fills SET price='X', quantity='X', fee='X'",
    )
    problems = verify(told.path).problems
    assert len(problems) == PROBLEMS_MAX + 2
    assert problems[-2:] == ("and 7 more", MENDED_BY)


def test_what_is_no_journal_is_said_to_be_none(tmp_path: Path, folder: DataFolder) -> None:
    with pytest.raises(StorageError, match="there is no journal here"):
        verify(tmp_path / "nowhere")
    with pytest.raises(StorageError, match="there is no journal here"):
        verify(folder.path)
    folder.journal_path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="is not a readable journal"):
        verify(folder.path)
    with pytest.raises(StorageError, match="is not a readable journal"):
        Journal.open(folder)


def test_a_look_leaves_nothing_behind(told: DataFolder) -> None:
    before = {path.name for path in told.path.iterdir()}
    assert verify(told.path).ok
    assert {path.name for path in told.path.iterdir()} == before


def test_a_journal_with_a_writer_is_read_with_what_it_wrote_last(told: DataFolder) -> None:
    journal = Journal.open(told)
    journal.append(numbered([mark("7")], "risk", first=journal.head_seq))
    assert verify(told.path).head_seq == journal.head_seq
    journal.close()


def test_a_journal_that_is_written_under_a_reader_is_said_to_be(told: DataFolder) -> None:
    with reader_engine(told.journal_path).connect() as reader:
        look = reader.begin()
        reader.execute(select(meta)).all()
        journal = Journal.open(told)
        journal.append(numbered([mark("7")], "risk", first=journal.head_seq))
        journal.close()
        with pytest.raises(StorageError, match="was written while it was read"):
            look.commit()


def test_what_a_writer_changed_under_a_reader_is_not_taken_for_broken(
    told: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = verify_module.follow

    def written_meanwhile(rows: Any, after: Any, head: Any) -> Any:
        for number, row in enumerate(follow(rows, after, head)):
            if number == 0:
                with closing(Journal.open(told)) as journal:
                    first = journal.head_seq
                    for k in range(200):
                        journal.append(numbered([mark("7")], "risk", first=first + k))
            yield row

    monkeypatch.setattr(verify_module, "follow", written_meanwhile)
    with pytest.raises(StorageError, match="read it again"):
        verify(told.path)


def test_a_journal_on_read_only_media_can_be_verified(
    told: DataFolder, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("size=4m")
    subprocess.run(["cp", str(told.journal_path), str(disk)], check=True)
    small_disk("ro")
    assert verify(disk).ok
