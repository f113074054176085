"""Fixtures every room shares."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from genesis import kernel_cache, log

kernel_cache.use()

# An example's time says nothing here: the first one on a machine compiles the order book.
hypothesis.settings.register_profile("genesis", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "genesis")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings, which the project does not ship."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real recordings here (../shared/data is absent)")
    return SHARED_DATA


@pytest.fixture
def quiet() -> Iterator[None]:
    """Nothing is logged: the crashes of a drill or a replay are meant."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """What a test configures of logging is undone behind it."""
    level = logging.getLogger().level
    yield
    log.close()
    logging.captureWarnings(False)
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a file system of a few megabytes; call it again to remount with other options."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        options = f"remount,{options}" if mounted else options
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"cannot mount a small disk here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    if mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)
