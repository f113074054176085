"""Resident memory while the whole daemon trades a recording ten times over, in virtual time.

One run of the production actors with the journal on disk; the stream is restarted before every
lap, so books drop and are whole again. ``growth_mb`` is from the end of the first lap, by which
everything that is bounded has its size, to the end of the last.
"""

from __future__ import annotations

import gc
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks._common import recordings, report
from genesis.backtest.engine import VirtualSession
from genesis.config import Settings
from genesis.domain import book
from genesis.exchange.source import Market, open_market
from genesis.messages.market import RawFrame
from genesis.simulator import tape
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal

LAPS = 10


def main(laps: int = LAPS) -> None:
    book.warm_up()
    tape.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        paths, source = recordings(Path(folder))
        market = "replay:" + ",".join(map(str, paths))
        settings = Settings.load(None, {"market.market": market, "market.speed": 0.0})
        opened = open_market(market, (), 0, all_symbols=True, repeat=laps)
        readings: list[float] = []
        watched = msgspec.structs.replace(opened, frames=_watched(opened, readings))
        with DataFolder.open(Path(folder) / "data") as data:
            session = VirtualSession(settings, watched, lambda: Journal.open(data))
            begun = time.perf_counter()
            outcome = session.run()
            secs = time.perf_counter() - begun
    if outcome.error or outcome.halted:
        sys.exit(f"bench: the run failed: {outcome.error or 'halted'}")
    summary = outcome.summary
    books = len(opened.instruments)
    assert len(readings) == laps
    assert summary.gaps == summary.crossed == 0
    assert summary.resyncs == (laps - 1) * books, "a book was not whole again after a restart"
    report(
        f"memory, {laps} laps through all actors in virtual time",
        summary.frames,
        secs,
        rss_mb=readings,
        growth_mb=round(readings[-1] - readings[0], 1),
        journal_events=summary.journal_events,
        orders=summary.orders,
        data=source,
    )


def _watched(market: Market, readings: list[float]) -> Iterator[RawFrame]:
    """The frames, with a reading of the memory at the end of every lap."""
    for frame in market.frames:
        if frame.restarted:
            readings.append(_resident_mb())
        yield frame
    readings.append(_resident_mb())


def _resident_mb() -> float:
    """Now, where the system tells (Linux); elsewhere the most so far."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        size = int(statm.read_text().split()[1]) * resource.getpagesize()
    else:
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(size / 2**20, 1)


if __name__ == "__main__":
    main()
