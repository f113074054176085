"""How a run begins in its journal."""

from __future__ import annotations

from pathlib import Path

from genesis.config import Settings
from genesis.exchange.source import Market, open_market
from genesis.runs.opening import begin_run
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.past import run_started


def simulated(*symbols: str) -> Market:
    return open_market("simulated", symbols, 7, all_symbols=False)


def test_the_journal_knows_how_a_run_began(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path) as folder:
        for symbols in (("BTCUSDT",), ("ETHUSDT",)):
            journal = Journal.open(folder)
            begin_run(journal, Settings.load(None, {}), simulated(*symbols), 1)
            journal.close()
    first, second = (run_started(tmp_path, run) for run in (1, 2))
    assert first is not None
    assert first.symbols == ("BTCUSDT",)
    assert second is not None
    assert (second.run, second.symbols) == (2, ("ETHUSDT",))
    assert run_started(tmp_path, 3) is None
