"""A data folder that cannot be used is told in one line, and nothing in it is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_process import BUSY, Said, genesis, start

from genesis.storage.folder import JOURNAL_NAME, LOCK_NAME
from genesis.storage.verify import verify

RUN = ("run", "--headless", "--speed", "0", "--for", "1", "--data-dir")
ORDERS = "SELECT 1 FROM orders LIMIT 1"


def one_line(said: Said, code: int = 4) -> str:
    """The single error line of a command that ended with ``code``."""
    assert said.code == code
    errors = [line for line in said.err.splitlines() if line.startswith("genesis: ")]
    assert errors == [said.last]
    assert "Traceback" not in said.err
    return said.last.removeprefix("genesis: ")


def change(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / JOURNAL_NAME)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_another_instance_holds_it(folder: Path) -> None:
    holder = start("run", "--headless", "--data-dir", folder)
    # Not the start's own row: between that and its actors' first the journal is at rest once more.
    acting = "SELECT 1 FROM journal WHERE run = 2 AND source <> 'daemon'"
    holder.wait_for_row(folder / JOURNAL_NAME, acting)
    pid = (folder / LOCK_NAME).read_text().strip()
    for command in ((*RUN, folder), ("db", "upgrade", "--data-dir", folder)):
        assert one_line(genesis(*command)) == (
            f"data folder {folder} is held by another GENESIS (pid {pid}); "
            "stop it or choose another --data-dir"
        )
    # Whoever only reads may read.
    assert genesis("journal", "verify", "--data-dir", folder).code == 0
    assert genesis("journal", "tail", "-n", "1", "--data-dir", folder).out.count("\n") == 1
    holder.signal(signal.SIGTERM)
    assert holder.finish().code == 0
    assert verify(folder).problems == ()


@pytest.mark.parametrize("seq", ["5", "(SELECT max(seq) FROM journal)"])
def test_a_row_was_tampered_with(folder: Path, seq: str) -> None:
    before = verify(folder)
    row = 5 if seq == "5" else before.head_seq
    altered = f"UPDATE journal SET payload = payload || ' ' WHERE seq = {seq}"
    change(folder, "DROP TRIGGER journal_no_update", altered)
    said = genesis("journal", "verify", "--data-dir", folder)
    assert one_line(said).startswith(f"row {row}: ")
    said = genesis(*RUN, folder)
    journal = folder / JOURNAL_NAME
    assert one_line(said).startswith(f"{journal} was altered: row {row}")
    assert said.last.endswith("; restore it from a copy or choose another --data-dir")
    after = sqlite3.connect(journal).execute("SELECT max(seq), max(run) FROM journal").fetchone()
    assert after == (before.head_seq, 1)


def test_a_newer_program_wrote_it(folder: Path) -> None:
    change(folder, "UPDATE alembic_version SET version_num = '9999'")
    for command in (("journal", "verify"), ("db", "upgrade"), RUN[:-1]):
        line = one_line(genesis(*command, "--data-dir", folder))
        assert line.startswith(f"{folder / JOURNAL_NAME} was written by a newer GENESIS (tables 99")
        assert "upgrade GENESIS or choose another --data-dir" in line


@pytest.mark.parametrize("bad", [b"this is no database at all, sorry " * 200, b""])
def test_the_file_is_no_journal(folder: Path, bad: bytes) -> None:
    for file in folder.glob(f"{JOURNAL_NAME}*"):
        file.unlink()
    (folder / JOURNAL_NAME).write_bytes(bad)
    line = one_line(genesis("journal", "verify", "--data-dir", folder))
    assert "is not a readable journal" in line if bad else "there is no journal in it" in line
    if bad:
        assert "restore it from a copy or choose another" in one_line(genesis(*RUN, folder))
        assert (folder / JOURNAL_NAME).read_bytes() == bad


def test_pages_of_it_are_damaged(folder: Path) -> None:
    file = folder / JOURNAL_NAME
    whole = file.read_bytes()
    damaged = whole[:8192] + os.urandom(32768) + whole[8192 + 32768 :]
    file.write_bytes(damaged)
    for command in (("journal", "verify", "--data-dir"), RUN):
        line = one_line(genesis(*command, folder))
        assert line.startswith(f"{file} is not a readable journal (")


def test_there_is_none(tmp_path: Path) -> None:
    for command in (("journal", "verify"), ("journal", "tail"), ("db", "upgrade")):
        line = one_line(genesis(*command, "--data-dir", tmp_path / "nowhere"))
        assert line == f"{tmp_path / 'nowhere'}: there is no journal here"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "data"):
        assert one_line(genesis(*RUN, folder)) == (
            f"data folder {folder} cannot be used (a file is in its place); "
            "choose another --data-dir"
        )
    assert (tmp_path / "file").read_text() == "mine"


def test_it_may_not_be_written(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("size=8m")
    assert genesis(*RUN, disk / "data").code == 0
    before = verify(disk / "data")
    small_disk("ro")
    line = one_line(genesis(*RUN, disk / "data"))
    assert line.startswith(f"data folder {disk / 'data'} cannot be written (Read-only file system)")
    assert verify(disk / "data") == before


def test_the_disk_is_full_at_the_start(small_disk: Callable[[str], Path]) -> None:
    folder = small_disk("size=64k") / "data"
    assert one_line(genesis(*RUN, folder)) == (
        f"no room left to write the journal in {folder} (the disk is full); "
        "free some room or mend its permissions"
    )


def test_the_disk_fills_up_and_is_given_room(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("size=1m")
    folder = disk / "data"
    command = ("run", "--headless", "--speed", "20", "--data-dir", folder)
    daemon = start(*command, settings=BUSY | {"GENESIS_JOURNAL__GIVE_UP_MS": "60000"})
    no_room = f"genesis: no room left to write the journal in {folder} (the disk is full); "
    while no_room not in daemon.told().err:
        assert daemon.code(0.05) is None
    small_disk("size=16m")
    newest = verify(folder).head_seq
    daemon.wait_for_row(folder / JOURNAL_NAME, f"SELECT 1 FROM journal WHERE seq > {newest + 20}")
    daemon.signal(signal.SIGTERM)
    said = daemon.finish()
    assert said.code == 0
    assert said.err.count("genesis: ") == 1
    assert "trading is held meanwhile" in said.last
    assert verify(folder).problems == ()


def test_a_disk_that_is_full_at_the_end_is_no_good_end(small_disk: Callable[[str], Path]) -> None:
    folder = small_disk("size=1m") / "data"
    patient = {
        "GENESIS_JOURNAL__GIVE_UP_MS": "60000",
        "GENESIS_SUPERVISION__SHUTDOWN_TIMEOUT_MS": "500",
    }
    run = ("run", "--headless", "--speed", "20", "--data-dir", folder)
    daemon = start(*run, settings=BUSY | patient)
    while "no room left to write the journal" not in daemon.told().err:
        assert daemon.code(0.05) is None
    daemon.signal(signal.SIGTERM)
    said = daemon.finish()
    assert said.code == 4
    assert said.last.startswith(f"genesis: no room left to write the journal in {folder}")
    assert "; the run's last facts are not in the journal" in said.last


def test_the_disk_stays_full(small_disk: Callable[[str], Path]) -> None:
    folder = small_disk("size=1m") / "data"
    hasty = {
        "GENESIS_JOURNAL__GIVE_UP_MS": "1000",
        "GENESIS_SUPERVISION__SHUTDOWN_TIMEOUT_MS": "500",
    }
    run = ("run", "--headless", "--speed", "20", "--data-dir", folder)
    said = genesis(*run, settings=BUSY | hasty)
    assert said.code == 4
    told, last = said.err.splitlines()[-2:]
    assert told.endswith("; trading is held meanwhile")
    assert last == told.replace("genesis: ", "genesis: ended after 1 s: ").removesuffix(
        "; trading is held meanwhile"
    )
    small_disk("size=16m")
    before = verify(folder)
    assert before.problems == ()
    assert genesis(*RUN, folder).code == 0
    assert verify(folder).head_seq > before.head_seq
