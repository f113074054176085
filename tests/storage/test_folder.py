"""One process holds a data folder; everyone else is told who."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from genesis.errors import DataFolderLocked, StorageError, StorageFull
from genesis.storage.folder import DataFolder

ROOT = Path(__file__).parents[2]

HOLDER = """
import sys
from genesis.storage.folder import DataFolder
folder = DataFolder.open(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path / "a" / "b") as folder:
        assert folder.path.is_dir()
        assert folder.journal_path.parent == folder.path
        assert (folder.path / "genesis.lock").read_text() == f"{os.getpid()}\n"


def test_a_second_holder_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path), pytest.raises(DataFolderLocked) as refused:
        DataFolder.open(tmp_path)
    assert str(refused.value) == (
        f"data folder {tmp_path} is held by another GENESIS (pid {os.getpid()}); "
        "stop it or choose another --data-dir"
    )


def test_a_closed_folder_can_be_taken_again(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    folder.close()
    folder.close()
    assert not folder.held
    with DataFolder.open(tmp_path) as again:
        assert again.held


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataFolderLocked, match=f"pid {holder.pid}"):
            DataFolder.open(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    DataFolder.open(tmp_path).close()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = r"data folder .*file cannot be used \(a file is in its place\)"
    with pytest.raises(StorageError, match=said):
        DataFolder.open(tmp_path / "file")


def test_a_read_only_folder_is_refused(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("size=1m,ro")
    with pytest.raises(StorageFull, match="cannot be written"):
        DataFolder.open(disk)
