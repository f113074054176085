"""Spread work over processes. An interrupt ends them at once; prints nothing."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from genesis.commands.interrupts import interrupts_told_apart
from genesis.errors import RuntimeFault

R = TypeVar("R")


def spread(
    function: Callable[..., R],
    tasks: Sequence[tuple[Any, ...]],
    *,
    workers: int | None = None,
    begin: Callable[..., None] | None = None,
    arguments: tuple[Any, ...] = (),
) -> Generator[R, None, None]:
    """``function(*task)`` for every task, in the order in which they are done.

    ``begin(*arguments)`` readies each of the processes (default: one a core), which start with the
    call. When the generator is closed none of them goes on. Raises RuntimeFault when one dies.
    """
    count = min(workers or os.cpu_count() or 1, len(tasks))
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, initializer=_ready, initargs=(begin, arguments))
    futures = [pool.submit(_done, function, *task) for task in tasks]
    return _gathered(pool, futures, others)


def _gathered(
    pool: ProcessPoolExecutor, futures: list[Future[R]], others: set[Any]
) -> Generator[R, None, None]:
    try:
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool:
        raise RuntimeFault("a worker process died, perhaps for want of memory") from None
    finally:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        pool.shutdown(cancel_futures=True)


def _done(function: Callable[..., R], *task: Any) -> R:
    with interrupts_told_apart():
        return function(*task)


def _ready(begin: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    # The terminal interrupts the whole group; what becomes of the workers is for their parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    if begin is not None:
        begin(*arguments)
