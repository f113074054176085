"""How a run begins on a folder that other runs have used."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from genesis.config import Settings
from genesis.domain.ledger import Position
from genesis.exchange.source import Market, open_market
from genesis.messages.journal import RunStarted
from genesis.opening import begin_run, differing_market
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.past import run_started

D = Decimal
LAST = RunStarted(1, "0", "recording may.gz", ("BTCUSDT", "ETHUSDT"), ("ema_cross",), "")


def simulated(*symbols: str) -> Market:
    return open_market("simulated", symbols, 7, all_symbols=False)


def test_a_folder_that_had_another_market_is_told_of_with_both_names() -> None:
    assert differing_market(LAST, simulated("BTCUSDT"), {}) == (
        "this folder's last run traded BTCUSDT, ETHUSDT (recording may.gz), "
        "this one BTCUSDT (simulated market)"
    )


def test_what_is_held_and_not_traded_any_more_is_named() -> None:
    positions = {
        "SOLUSDT": Position(quantity=D(1)),
        "BTCUSDT": Position(quantity=D(1)),
        "XRPUSDT": Position(),
    }
    said = differing_market(None, simulated("BTCUSDT"), positions)
    assert said == "held and not traded in this run: SOLUSDT"


def test_the_same_market_again_is_no_news() -> None:
    market = simulated("ETHUSDT", "BTCUSDT")
    again = RunStarted(3, "1", market.title, ("BTCUSDT", "ETHUSDT"), ("spread_capture",), "x")
    assert differing_market(again, market, {"BTCUSDT": Position(quantity=D(1))}) == ""
    assert differing_market(None, market, {}) == ""


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
