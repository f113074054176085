"""Textual's driver for a terminal that may go away; it must never keep the daemon from ending."""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Leaves the view when the terminal is gone.

    Textual writes on a thread through a bounded queue. When the terminal closes, that thread
    fails, the queue fills and the next write would wait for ever, with the daemon behind it.
    """

    _gone = False

    def write(self, data: str) -> None:
        if self._is_writing:
            super().write(data)
        elif not self._gone:
            self._gone = True
            self._app.exit()

    def close(self) -> None:
        if self._is_writing:
            super().close()

    @property
    def _is_writing(self) -> bool:
        return self._writer_thread is not None and self._writer_thread.is_alive()
