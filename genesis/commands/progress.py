"""A progress bar with the time left, on a terminal only. Shows what it is given, twice a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_EVERY_S = 0.5


@contextmanager
def progress(title: str, done: Callable[[], float]) -> Iterator[None]:
    """While it lasts show on stderr how much is ``done`` (0 to 1), where that is a terminal.

    ``done`` is called from another thread.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeLeft())
    over = threading.Event()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)

        def look() -> None:
            while not over.wait(_LOOK_EVERY_S):
                bar.update(task, completed=min(1.0, max(0.0, done())))

        watching = threading.Thread(target=look, name="progress", daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()
