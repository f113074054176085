"""Frames a second through all actors, trading: in virtual time, and on threads at speed 0.

From the files to the journal on disk, decompression included. Only the loading of the kernels
happens before the clock runs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks._common import recordings, report
from genesis.backtest.engine import VirtualSession
from genesis.config import Settings
from genesis.domain import book
from genesis.exchange.source import open_market
from genesis.runs.summary import Summary
from genesis.session import Options, Session
from genesis.simulator import tape
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal

EVERYTHING = Options(all_symbols=True, until_end=True, for_s=None, attended=False)


def main() -> None:
    book.warm_up()
    tape.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        paths, source = recordings(Path(folder))
        market = "replay:" + ",".join(map(str, paths))
        settings = Settings.load(None, {"market.market": market, "market.speed": 0.0})
        for name, run in (("virtual time", _virtual), ("threads at speed 0", _threads)):
            with DataFolder.open(Path(folder) / name.replace(" ", "-")) as data:
                begun, used = time.perf_counter(), time.process_time()
                summary = run(settings, data)
                secs, cpu = time.perf_counter() - begun, time.process_time() - used
            assert summary.gaps == summary.crossed == 0
            report(
                f"whole daemon, {name}",
                summary.frames,
                secs,
                cpu_secs=round(cpu, 3),
                orders=summary.orders,
                fills=summary.fills,
                data=source,
            )


def _virtual(settings: Settings, data: DataFolder) -> Summary:
    market = open_market(settings.market.market, (), 0, all_symbols=True)
    outcome = VirtualSession(settings, market, lambda: Journal.open(data)).run()
    if outcome.error or outcome.halted:
        sys.exit(f"bench: the run failed: {outcome.error or 'halted'}")
    return outcome.summary


def _threads(settings: Settings, data: DataFolder) -> Summary:
    session = Session(settings, data, EVERYTHING)
    session.start()
    outcome = session.wait(1.0, lambda: None)
    if outcome.exit_code or outcome.summary is None:
        sys.exit(f"bench: the run failed: {outcome.error or session.house.gate.read().reason}")
    return outcome.summary


if __name__ == "__main__":
    main()
