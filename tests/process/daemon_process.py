"""Run the program as an operator does, in a process of its own, and read what it left behind.

``start`` forks it off a server that has imported everything, which saves each of the many starts
its second or two; with ``fresh`` it is ``python -m genesis`` from nothing. What runs is the same.
Start and await them from one thread: starting a process also collects the exit codes of others,
and a code that two threads read at once is 255 for one of them.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0

BUSY = {
    "GENESIS_STRATEGIES__EMA_CROSS__FAST": "5",
    "GENESIS_STRATEGIES__EMA_CROSS__SLOW": "20",
    "GENESIS_STRATEGIES__SPREAD_CAPTURE__HALF_SPREAD_BPS": "2",
    "GENESIS_STRATEGIES__SPREAD_CAPTURE__REQUOTE_BPS": "1",
    "GENESIS_STRATEGIES__SPREAD_CAPTURE__REFRESH_MS": "200",
}
"""Settings that trade several times a second."""


class Said(NamedTuple):
    """How a command ended and what it told. A negative code is the signal that killed it."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The line a person is left with."""
        return self.err.rstrip("\n").rpartition("\n")[2]


class Daemon:
    """A running command."""

    started: ClassVar[list[Daemon]] = []

    def __init__(self, process: ForkServerProcess | subprocess.Popen[bytes], told: Path) -> None:
        self._process = process
        self._told = told
        self.started.append(self)

    def signal(self, number: int) -> None:
        assert self._process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, number)

    def code(self, timeout_s: float) -> int | None:
        """How it ended; None when it has not after so long."""
        if isinstance(self._process, ForkServerProcess):
            self._process.join(timeout_s)
            return self._process.exitcode
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """Kill it, if it still runs: one that a failed test has left would be waited for at exit,
        and the failure never told."""
        if self.code(0) is None:
            self.signal(signal.SIGKILL)
            self.code(PATIENCE_S)

    def told(self) -> Said:
        """What it has told so far; code 0 while it runs."""
        out, err = ((self._told / name).read_text() for name in ("out", "err"))
        return Said(self.code(0) or 0, out, err)

    def finish(self) -> Said:
        """Wait for its end; one that does not come is killed, which the code then shows."""
        self.code(PATIENCE_S)
        self.end()
        return self.told()

    def wait_for_row(self, journal: Path, query: str) -> None:
        """Until the journal that it writes answers ``query`` with a row."""
        end_s = time.monotonic() + PATIENCE_S
        while not _has_row(journal, query):
            assert self.code(0.005) is None, self.told()
            assert time.monotonic() < end_s, f"{query}: nothing in {PATIENCE_S:g} s; {self.told()}"


def start(*arguments: str | Path, settings: Mapping[str, str] = {}, fresh: bool = False) -> Daemon:
    told = Path(tempfile.mkdtemp(dir=_place().name))
    for name in ("out", "err"):
        (told / name).touch()
    texts = [str(argument) for argument in arguments]
    if not fresh:
        fork = _forks().Process(target=_run, args=(texts, dict(settings), told))
        fork.start()
        return Daemon(fork, told)
    with (told / "out").open("w") as out, (told / "err").open("w") as err:
        command = [sys.executable, "-P", "-m", "genesis", *texts]
        environment = _plain_environment() | {"PYTHONPATH": str(ROOT)} | settings
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
    return Daemon(process, told)


def genesis(*arguments: str | Path, settings: Mapping[str, str] = {}, fresh: bool = False) -> Said:
    """Run a command to its end."""
    return start(*arguments, settings=settings, fresh=fresh).finish()


@functools.cache
def _place() -> tempfile.TemporaryDirectory[str]:
    """Where all of them tell; gone when the tests are over."""
    return tempfile.TemporaryDirectory(prefix="genesis-told-")


@functools.cache
def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "preloaded"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT}:{Path(__file__).parent}")
        forkserver.ensure_running()
    return context


def _run(arguments: list[str], settings: dict[str, str], told: Path) -> None:
    for name, number in (("out", 1), ("err", 2)):
        file = os.open(told / name, os.O_WRONLY)
        os.dup2(file, number)
        os.close(file)
    environment = _plain_environment() | settings
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["genesis", *arguments]
    from genesis.__main__ import main

    main()


def _plain_environment() -> dict[str, str]:
    """This one's without an operator's own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GENESIS_")}


def _has_row(journal: Path, query: str) -> bool:
    if not journal.is_file():
        return False
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=PATIENCE_S)
    try:
        return connection.execute(query).fetchone() is not None
    except sqlite3.OperationalError:
        return False  # its tables are not there yet
    finally:
        connection.close()
