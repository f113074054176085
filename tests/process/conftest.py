"""What the tests of the whole process share: recordings, and a journal with a past."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import BUSY, Daemon, genesis

from genesis.simulator.market import GeneratedMarket

START_NS = 1_700_000_000_000_000_000
FRAMES = 1500


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    yield
    while Daemon.started:
        Daemon.started.pop().end()


@pytest.fixture(scope="session")
def lines() -> list[bytes]:
    """A recording of one symbol, line by line."""
    frames = GeneratedMarket(("BTCUSDT",), 3, START_NS).frames()
    return [
        b"%d %s\n" % (frame.received_ns, frame.payload)
        for frame in itertools.islice(frames, FRAMES)
    ]


@pytest.fixture(scope="session")
def recording(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recordings") / "good"
    path.write_bytes(b"".join(lines))
    return path


@pytest.fixture(scope="session")
def past(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which somebody traded before. Copy it; do not write to it."""
    folder = tmp_path_factory.mktemp("past") / "data"
    market = f"replay:{recording}"
    run = ("run", "--headless", "--market", market, "--speed", "0", "--until-end")
    said = genesis(*run, "--data-dir", folder, settings=BUSY)
    assert said.code == 0, said.err
    return folder


@pytest.fixture
def folder(past: Path, tmp_path: Path) -> Path:
    """A copy of ``past`` to do something to."""
    return shutil.copytree(past, tmp_path / "data")
