"""A killed writer, a full disk and a locked database lose nothing and double nothing."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_story import mark, numbered, run_started, story

from genesis.errors import StorageError, StorageFull
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.verify import verify

ROOT = Path(__file__).parents[2]
GROUP = 5

WRITER = """
import sys
from decimal import Decimal
from genesis.messages.journal import AccountOpened
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from journal_story import numbered, run_started, trade

journal = Journal.open(DataFolder.open(sys.argv[1]), checkpoint_every=40)
run = journal.next_run()
opening = [run_started(run)] + [AccountOpened("USDT", Decimal(500))] * (run == 1)
journal.append(numbered(opening, "daemon"))
n = 0
while True:
    # More than one trade a group, so that a group torn in two would be seen.
    events = [e for i in range(3) for e in trade(f"{run}-{n + i}", run * 1_000_000 + n + i)]
    journal.append(numbered(events, first=4 * n + 1))
    n += 3
    print(journal.head_seq, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_journal(tmp_path: Path) -> None:
    rng = random.Random(20240808)
    environment = {"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}"}
    head = 0
    for run in range(1, 6):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(rng.randint(1, 30))][-1]
            writer.send_signal(signal.SIGKILL)
            told = max([told, *map(int, writer.stdout.read().split())])
            writer.wait()
        report = verify(tmp_path)
        assert report.problems == ()
        assert report.head_seq in (told, told + 12)  # a commit may end before it is told
        assert told > head
        head = report.head_seq
        with DataFolder.open(tmp_path) as folder:
            journal = Journal.open(folder)
            assert (journal.head_seq, journal.head_hash) == (head, report.head_hash)
            assert journal.state.digest() == report.state_hash
            assert journal.run == run
            journal.close()


def test_a_full_disk_is_said_and_outlived(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("size=2m")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(700_000))
    with DataFolder.open(disk / "data") as folder:
        journal = Journal.open(folder, checkpoint_every=500)
        journal.append(numbered([run_started(1)], "daemon"))
        items = numbered([mark(f"{n}.25") for n in range(20_000)])
        done = 0

        def fill_the_disk() -> None:
            nonlocal done
            while done < len(items):
                journal.append(items[done : done + GROUP])
                done += GROUP

        with pytest.raises(StorageFull) as full:
            fill_the_disk()
        assert done > 0
        assert str(full.value).startswith(f"no room left to write the journal in {folder.path} (")
        before = (journal.head_seq, journal.head_hash, journal.state.digest())
        assert before[0] == done + 1
        for _ in range(3):
            with pytest.raises(StorageFull):
                journal.append(items[done : done + GROUP])
            assert (journal.head_seq, journal.head_hash, journal.state.digest()) == before
        assert len(list(journal.entries())) == done + 1
        ballast.unlink()
        assert len(journal.append(items[: done + GROUP])) == GROUP
        journal.close()
        report = verify(folder.path)
        assert report.problems == ()
        assert report.head_seq == done + 1 + GROUP


def test_no_room_at_the_start_is_one_line(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("size=64k")
    with pytest.raises(StorageFull, match="no room left") as full, DataFolder.open(disk) as folder:
        Journal.open(folder)
    assert "\n" not in str(full.value)


def test_a_locked_database_can_be_tried_again(folder: DataFolder) -> None:
    journal = Journal.open(folder, busy_timeout_ms=10)
    items = numbered(story())
    journal.append(items[:4])
    other = sqlite3.connect(folder.journal_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = (journal.head_seq, journal.state.digest())
    for _ in range(2):
        with pytest.raises(StorageError, match="is locked by another program") as locked:
            journal.append(items[4:9])
        assert not isinstance(locked.value, StorageFull)
        assert (journal.head_seq, journal.state.digest()) == before
    with pytest.raises(StorageError, match="is locked"):
        Journal.open(folder, busy_timeout_ms=10)
    other.execute("ROLLBACK")
    other.close()
    assert len(journal.append(items[4:9])) == 5
    journal.close()
    assert verify(folder.path).ok
