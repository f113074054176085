"""A real pseudo-terminal with a program in it, read as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pyte
from daemon_process import PATIENCE_S, ROOT

MAIN_SCREEN = b"\x1b[?1049l"


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This one's without an operator's own settings, and with a terminal's name."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GENESIS_")}
    for name in ("COLUMNS", "LINES"):
        plain.pop(name, None)  # the terminal itself says how large it is
    return plain | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **settings}


class Terminal:
    """``genesis`` with ``arguments`` in a terminal of its own. Use as a context manager."""

    def __init__(
        self, *arguments: str | Path, settings: Mapping[str, str], columns: int = 80, rows: int = 24
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "genesis", *map(str, arguments)],
            cwd=ROOT,
            env=environment(settings),
            # Makes the terminal the controlling one, so that its closing is a SIGHUP.
            preexec_fn=lambda: os.login_tty(self._theirs),
            pass_fds=(self._theirs,),
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close()
        os.close(self._theirs)

    @property
    def text(self) -> str:
        """The screen, a line for each row."""
        return "\n".join(self._screen.display)

    def type(self, line: str) -> None:
        """A line and Enter, as from a keyboard."""
        os.write(self._ours, line.encode() + b"\r")

    def until(self, seen: Callable[[str], object], what: str) -> str:
        """Read on until ``seen`` says yes to the screen, which is returned."""
        end_s = time.monotonic() + PATIENCE_S
        while not seen(self.text):
            left_s = end_s - time.monotonic()
            assert left_s > 0, f"{what}: not in {PATIENCE_S:g} s\n{self.text}"
            assert self._read(left_s), f"{what}: it ended before\n{self.text}"
        return self.text

    def until_ended(self) -> int:
        """Read on until the program has ended; its exit code."""
        end_s = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < end_s, f"it did not end in {PATIENCE_S:g} s\n{self.text}"
            self._read(0.1)
        while self._read(0.0):
            pass
        return self.process.returncode

    def close(self) -> None:
        """Close the window."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def modes_now(self) -> list[object]:
        """The terminal's line discipline, to be compared with ``modes``."""
        return termios.tcgetattr(self._theirs)

    def said_after_the_view(self) -> str:
        """What stands on the ordinary screen after the view has gone."""
        return self.written.rpartition(MAIN_SCREEN)[2].decode()

    def _read(self, wait_s: float) -> bool:
        if not select.select([self._ours], [], [], min(wait_s, 1.0))[0]:
            return self.process.poll() is None and wait_s > 0
        data = os.read(self._ours, 65536)
        self.written += data
        self._stream.feed(data)
        return True
