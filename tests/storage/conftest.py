"""Data folders and journals for the journal's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_story import Opener

from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.store import MemoryLog


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    with DataFolder.open(tmp_path / "data") as held:
        yield held


@pytest.fixture(params=["file", "memory"])
def opened(request: pytest.FixtureRequest, folder: DataFolder) -> Iterator[Opener]:
    """Opens the same journal again and again, as incarnations of its writer do."""
    log = MemoryLog()
    journals: list[Journal] = []

    def open_journal() -> Journal:
        memory = request.param == "memory"
        journals.append(Journal.in_memory(log) if memory else Journal.open(folder))
        return journals[-1]

    yield open_journal
    for one in journals:
        one.close()
