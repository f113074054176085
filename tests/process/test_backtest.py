"""``genesis backtest`` from the command line: what it writes, what it refuses, how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from daemon_process import ROOT, genesis

from genesis.__main__ import main

BARS = """date,open,high,low,close,volume
2024-01-01 00:00:00,100,101.5,99,101,40
2024-01-01 00:05:00,101,102,100.5,100.75,25
2024-01-01 00:10:00,100.75,100.75,98.25,98.5,80
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("BTC_USDT-5m.csv").write_text(BARS)
    Path("candles.csv").write_text(BARS)
    Path("README.md").write_text("not a market")
    Path("BTC_USDT-nan.csv").write_text(BARS.replace("98.5,80", ",80"))
    Path("BTC_USDT-back.csv").write_text(BARS.replace("00:10", "00:01"))
    Path("BTC_USDT-zero.csv").write_text(BARS.replace("98.25", "0"))
    Path("BTC_USDT-less.csv").write_text(BARS.replace("volume", "amount"))
    Path("BTC_USDT-empty.csv").write_text("")
    Path("BTC_USDT-no.feather").write_text(BARS)
    Path("XRP_BTC-5m.csv").write_text(BARS)
    Path("nothing").mkdir()
    return tmp_path


COMMANDS: list[tuple[str, int, str]] = [
    ("--market ohlcv:absent.csv", 4, "absent.csv: there is no such file"),
    ("--market ohlcv:BTC_USDT.csv", 4, "BTC_USDT.csv: there is no such file"),
    ("--market ohlcv:candles.csv", 4, "candles.csv: symbol CANDLES: cannot tell base from quote"),
    ("--market ohlcv:README.md", 4, "README.md: its name ends in none of .feather, .parquet"),
    ("--market ohlcv:nothing", 4, "nothing: there is no .feather, .parquet"),
    ("--market ohlcv:BTC_USDT-nan.csv", 4, "BTC_USDT-nan.csv: row 3: close is missing or not fin"),
    ("--market ohlcv:BTC_USDT-back.csv", 4, "BTC_USDT-back.csv: row 3: its time 2024-01-01T00:01"),
    ("--market ohlcv:BTC_USDT-zero.csv", 4, "BTC_USDT-zero.csv: row 3: low 0 is not above 0"),
    ("--market ohlcv:BTC_USDT-less.csv", 4, "BTC_USDT-less.csv: there is no column volume"),
    ("--market ohlcv:BTC_USDT-empty.csv", 4, "BTC_USDT-empty.csv: the file is empty"),
    ("--market ohlcv:BTC_USDT-no.feather", 4, "BTC_USDT-no.feather: cannot be read as feather"),
    ("--market trades:BTC_USDT-5m.csv", 4, "BTC_USDT-5m.csv: there is no column price"),
    (
        "--market ohlcv:BTC_USDT-5m.csv,BTC_USDT-zero.csv",
        *(4, "BTC_USDT-zero.csv: row 3: low 0 is not above 0"),
    ),
    ("--market ohlcv:BTC_USDT-5m.csv --symbols ETHUSDT", 4, "symbol ETHUSDT is in no file"),
    ("--market ohlcv:BTC_USDT-5m.csv --from 2025-01-01", 4, "there is nothing between --from and"),
    ("--market ohlcv:BTC_USDT-5m.csv --from soon", 2, "--from soon is no date or time; write 2024"),
    (
        "--market ohlcv:BTC_USDT-5m.csv --from 2024-02-01 --to 2024-01-01",
        *(2, "--from 2024-02-01 is not before --to 2024-01-01"),
    ),
    ("--market ohlcv:BTC_USDT-5m.csv --latency -5", 2, "paper.latency_to_venue_ms = -5 cannot be"),
    ("--market ohlcv:BTC_USDT-5m.csv --cache x --no-cache", 2, "exclude each other"),
    ("--market ohlcv:BTC_USDT-5m.csv --patience 0", 2, "--patience 0 cannot be used"),
    ("--market ohlcv:BTC_USDT-5m.csv --for nan", 2, "--for nan cannot be used"),
    ("--market ohlcv:XRP_BTC-5m.csv", 2, "XRPBTC is quoted in BTC and the account is in USDT"),
    ("--market ohlcv:", 2, "ohlcv:, trades: as well), with a path behind the colon"),
    ("--market simulated", 2, "a simulated market never ends; say how long with --for SECONDS"),
]


@pytest.mark.parametrize(("options", "code", "said"), COMMANDS)
def test_what_cannot_be_traded_is_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: str,
    code: int,
    said: str,
) -> None:
    arguments = ["genesis", "backtest", *options.split()]
    if "--cache" not in options:
        arguments += ["--cache", str(folder / "cache")]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    assert left.value.code == code
    assert out == ""
    assert err.startswith("genesis: ")
    assert err.count("\n") == 1
    assert said in err


def test_a_terminal_that_knows_few_characters_is_shown_the_others_as_question_marks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(shown, "ascii", write_through=True))
    options = ["--market", "ohlcv:BTC_USDT-5m.csv", "--no-cache"]
    monkeypatch.setattr("sys.argv", ["genesis", "backtest", *options])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    assert b"????" in shown.getvalue()
    assert b"Net profit" in shown.getvalue()


def test_a_run_does_not_take_what_only_a_backtest_can(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "--headless", "--market", "ohlcv:BTC_USDT-5m.csv", "--data-dir", "data"]
    monkeypatch.setattr("sys.argv", ["genesis", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert "is for genesis backtest; a run replays recordings" in capsys.readouterr().err


def simulated(folder: Path, *more: str | Path) -> list[str | Path]:
    options = ["--market", "simulated", "--symbols", "BTCUSDT", "--for", "40", "--latency", "35"]
    return ["backtest", *options, "--cache", folder / "cache", *more]


BUSY = {
    "GENESIS_STRATEGIES__EMA_CROSS__FAST": "5",
    "GENESIS_STRATEGIES__EMA_CROSS__SLOW": "20",
}


def test_two_processes_write_the_same_journal_which_verifies(tmp_path: Path) -> None:
    said = [
        genesis(*simulated(tmp_path, "--json", "--out", tmp_path / name), settings=BUSY)
        for name in ("one", "two")
    ]
    assert [(run.code, run.err) for run in said] == [
        (0, f"report: {tmp_path / name / 'report.html'}\n") for name in ("one", "two")
    ]
    summaries = [
        json.loads((tmp_path / name / "summary.json").read_text()) for name in ("one", "two")
    ]
    assert summaries[0] == summaries[1]
    summary = summaries[0]
    assert summary["fills"] > 0
    money = {name: Decimal(summary[name]) for name in ("cash", "inventory", "fees", "equity")}
    assert money["cash"] + money["inventory"] - money["fees"] == money["equity"]
    assert json.loads(said[0].out)["summary"] == summary
    proof = genesis("journal", "verify", "--data-dir", tmp_path / "one")
    assert proof.code == 0
    assert summary["journal_hash"] in proof.out
    assert summary["state_hash"] in proof.out


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    options = simulated(tmp_path, "--out", tmp_path / "out")
    assert genesis(*options).code == 0
    before = (tmp_path / "out" / "journal.db").read_bytes()
    again = genesis(*options)
    assert again.code == 4
    assert again.err.endswith("journal.db exists; choose another folder, or remove it\n")
    assert (tmp_path / "out" / "journal.db").read_bytes() == before


def test_a_folder_that_cannot_be_is_told_by_its_option(tmp_path: Path) -> None:
    told = genesis(*simulated(tmp_path, "--out", Path("/dev/null")))
    assert told.code == 4
    assert told.err.endswith("(a file is in its place); choose another --out\n")


def test_latency_is_what_was_asked_for(tmp_path: Path) -> None:
    near, far = (
        json.loads(genesis(*simulated(tmp_path, "--json", "--latency", ms), settings=BUSY).out)
        for ms in ("1", "900")
    )
    assert near["summary"]["journal_hash"] != far["summary"]["journal_hash"]


def test_an_interrupted_backtest_tells_its_part_and_ends_as_interrupted(tmp_path: Path) -> None:
    """Interrupted at its first trade."""
    program = INTERRUPTED_AT_WORK
    command = [sys.executable, "-P", "-c", program, *map(str, simulated(tmp_path))]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 130, said.stderr
    assert said.stderr.endswith("genesis: interrupted; the figures are of a part of the run\n")
    assert "fills" in said.stdout


INTERRUPTED_AT_WORK = """
import signal
from genesis import kernel_cache
kernel_cache.use()
from genesis.strategies.ema_cross import EmaCross
once = EmaCross.on_trade
def on_trade(self, *given):
    EmaCross.on_trade = once
    signal.raise_signal(signal.SIGINT)
    return once(self, *given)
EmaCross.on_trade = on_trade
from genesis.__main__ import main
main()
"""
