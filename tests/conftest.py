"""Fixtures every room shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis import kernel_cache

kernel_cache.use()

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings, which the project does not ship."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real recordings here (../shared/data is absent)")
    return SHARED_DATA
