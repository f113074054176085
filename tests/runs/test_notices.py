"""What a person is told of a run that begins on a folder which others have used."""

from __future__ import annotations

import contextlib
import sqlite3
from decimal import Decimal
from pathlib import Path

from genesis.config import Settings
from genesis.domain.ledger import Position
from genesis.domain.state import TradingState
from genesis.exchange.source import Market, open_market
from genesis.messages.journal import AccountOpened, Entry, RunStarted
from genesis.runs.notices import TellOnce, at_the_start, differing_market, notices
from genesis.runs.opening import begin_run
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal

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


def told(strategies: str, starting_quote: str, before: TradingState) -> list[str]:
    given = {"strategies.enabled": strategies, "account.starting_quote": starting_quote}
    return notices(None, before, Settings.load(None, given), simulated("BTCUSDT"))


def test_a_starting_amount_that_has_no_effect_any_more_is_told_of() -> None:
    opened = TradingState()
    assert told("ema_cross", "500", opened) == []
    opened.apply(Entry(1, 1, "daemon", AccountOpened("USDT", D(1000))))
    assert told("ema_cross", "1000.0", opened) == []
    assert told("ema_cross", "500", opened) == [
        "account.starting_quote is 500 and has no effect: "
        "this folder's account was opened with 1000 USDT"
    ]


def test_a_run_without_a_strategy_is_told_of() -> None:
    (line,) = told("", "1000", TradingState())
    assert line.endswith("nothing will be traded")


def test_tables_that_differ_from_the_journal_are_told_of_with_what_mends_them(
    tmp_path: Path,
) -> None:
    settings, market = Settings.load(None, {}), simulated("BTCUSDT")
    with DataFolder.open(tmp_path) as folder:
        journal = Journal.open(folder)
        before, now = begin_run(journal, settings, market, 1)
        journal.close()
        assert at_the_start(folder.path, before, now, settings, market) == []
        with contextlib.closing(sqlite3.connect(folder.journal_path)) as connection:
            connection.execute("UPDATE balances SET total = '5000'")
            connection.commit()
        assert at_the_start(folder.path, before, now, settings, market) == [
            "tables derived from the journal differ from it (balances USDT: total is 5000, the "
            "journal says 1000): trading goes by the journal; once stopped, genesis db rebuild "
            "makes them anew"
        ]


def test_what_grows_is_told_when_it_is_first_seen_and_at_the_end() -> None:
    said: list[str] = []
    told = TellOnce(said.append)
    for seen in ([], ["1 left out"], ["2 left out"], ["9 left out", "1 again"], ["9 left out"]):
        told.tell_new_kinds(seen)
    told.tell(["10 left out", "1 again"])
    told.tell(["10 left out", "1 again"])
    assert said == ["1 left out", "9 left out", "1 again", "10 left out"]
