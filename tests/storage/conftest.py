"""Data folders for the journal's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.storage.folder import DataFolder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    with DataFolder.open(tmp_path / "data") as held:
        yield held
