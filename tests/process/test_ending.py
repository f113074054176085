"""A run ends in good order when it is asked to, and goes on from any journal of its own."""

from __future__ import annotations

import itertools
import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from daemon_process import BUSY, ROOT, genesis, start

from genesis.simulator.market import GeneratedMarket
from genesis.storage.folder import JOURNAL_NAME, LOCK_NAME
from genesis.storage.verify import verify

ORDERS = "SELECT 1 FROM orders LIMIT 1"


def record(path: Path, frames: int) -> None:
    """A recording of years after the other one."""
    market = GeneratedMarket(("BTCUSDT",), 4, 1_800_000_000_000_000_000).frames()
    lines = [b"%d %s\n" % (f.received_ns, f.payload) for f in itertools.islice(market, frames)]
    path.write_bytes(b"".join(lines))


def open_orders(folder: Path) -> int:
    states = "'INTENDED', 'SENT', 'UNKNOWN', 'NEW', 'PARTIALLY_FILLED'"
    return asked(folder, f"SELECT count(*) FROM orders WHERE status IN ({states})")


def runs(folder: Path) -> int:
    return asked(folder, "SELECT max(run) FROM journal")


def asked(folder: Path, query: str) -> int:
    connection = sqlite3.connect(folder / JOURNAL_NAME)
    (value,) = connection.execute(query).fetchone()
    connection.close()
    return int(value)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_its_summary(tmp_path: Path, number: int) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip(f"{signal.strsignal(number)} is ignored by whoever started the tests (nohup)")
    run = ("run", "--headless", "--speed", "20", "--summary", "json", "--data-dir", tmp_path)
    daemon = start(*run, settings=BUSY)
    daemon.wait_for_row(tmp_path / JOURNAL_NAME, ORDERS)
    daemon.signal(number)
    said = daemon.finish()
    assert said.code == 0
    summary = json.loads(said.out)
    assert summary["orders"] > 0
    report = verify(tmp_path)
    assert report.problems == ()
    assert (report.head_hash, report.state_hash) == (
        summary["journal_hash"],
        summary["state_hash"],
    )
    assert "genesis: " not in said.err
    assert "info" not in said.err
    assert not open_orders(tmp_path)


def test_an_impatient_operator_asks_while_it_starts(tmp_path: Path) -> None:
    for n, wait_s in enumerate((0.0, 0.02, 0.05, 0.1, 0.2, 0.4)):
        folder = tmp_path / str(n)
        daemon = start("run", "--headless", "--data-dir", folder)
        while not (folder / LOCK_NAME).exists():
            assert daemon.code(0.005) is None
        daemon.code(wait_s)
        daemon.signal(signal.SIGINT)
        said = daemon.finish()
        assert said.code in (0, 130)
        assert "Traceback" not in said.err


def test_a_recording_traded_again_on_an_older_clock(
    recording: Path, folder: Path, tmp_path: Path
) -> None:
    """The journal's newest entry is later than everything in the recording."""
    late = tmp_path / "late"
    record(late, 1500)
    for number, path in enumerate((late, recording, recording), 2):
        run = ("run", "--headless", "--speed", "0", "--until-end", "--summary", "json")
        market = ("--market", f"replay:{path}", "--data-dir", folder)
        said = genesis(*run, *market, settings=BUSY)
        assert said.code == 0, said.err
        summary = json.loads(said.out)
        assert summary["orders"] > 0
        assert summary["fills"] > 0
        assert summary["halts"] == 0
        cash, inventory, fees, equity = (
            Decimal(summary[name]) for name in ("cash", "inventory", "fees", "equity")
        )
        assert cash + inventory - fees == equity
        assert verify(folder).problems == ()
        assert not open_orders(folder)
        assert runs(folder) == number


def test_the_log_tells_of_trading(folder: Path) -> None:
    lines = map(json.loads, (folder / "logs" / "genesis.jsonl").read_text().splitlines())
    told = Counter(line["event"] for line in lines)
    assert told["run started"] == told["run ended"] == 1
    assert min(told["order sent"], told["order filled"]) > 0
    sent = "SELECT count(*) FROM journal WHERE kind = 'OrderSent'"
    assert told["order sent"] == asked(folder, sent)


def test_two_recordings_years_apart_are_one(recording: Path, tmp_path: Path) -> None:
    late = tmp_path / "late"
    record(late, 300)
    run = ("run", "--headless", "--speed", "0", "--until-end", "--summary", "json")
    market = f"replay:{recording},{late}"
    said = genesis(*run, "--market", market, "--data-dir", tmp_path / "data", settings=BUSY)
    assert said.code == 0, said.err
    summary = json.loads(said.out)
    assert summary["frames"] == 1800
    # Nobody waits three years, at any speed: time jumps over the hole.
    assert summary["journal_events"] < 5000
    assert verify(tmp_path / "data").problems == ()


def test_a_halt_outlives_a_kill(tmp_path: Path) -> None:
    # The first fees are a drawdown that calls for it.
    settings = BUSY | {"GENESIS_RISK__DRAWDOWN_FRACTION": "0.0003"}
    run = ("run", "--headless", "--speed", "20", "--summary", "json", "--data-dir", tmp_path)
    daemon = start(*run, settings=settings)
    daemon.wait_for_row(tmp_path / JOURNAL_NAME, "SELECT 1 FROM journal WHERE kind = 'Halted'")
    daemon.signal(signal.SIGKILL)
    daemon.finish()
    said = genesis(*run, "--for", "30", settings=settings)
    assert said.code == 3
    summary = json.loads(said.out)
    assert summary["orders"] == summary["fills"] == 0
    assert summary["refusals"] > 0
    assert not open_orders(tmp_path)
    assert verify(tmp_path).problems == ()


def piped(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "genesis", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_when_nobody_reads_the_status_lines_any_more_it_ends_in_good_order(tmp_path: Path) -> None:
    """As behind ``| head -1``."""
    with piped("run", "--headless", "--data-dir", tmp_path) as process:
        assert process.stdout is not None
        assert "equity" in process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said == ("genesis: nobody reads the status lines any more; ending in good order\n")
    assert not open_orders(tmp_path)
    assert asked(tmp_path, "SELECT count(*) FROM journal WHERE kind = 'RunEnded'") == 1


def test_a_summary_that_nobody_can_read_is_a_fault(tmp_path: Path) -> None:
    run = ("run", "--headless", "--for", "1", "--summary", "json", "--data-dir", tmp_path)
    with piped(*run) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, said = process.communicate(timeout=60)
    assert process.returncode == 4
    assert said.endswith("genesis: the summary cannot be written: Broken pipe\n")


def test_a_summary_is_a_fault_also_where_its_stream_was_closed_from_the_beginning(
    tmp_path: Path,
) -> None:
    """As with ``>&-``."""
    run = ("run", "--headless", "--for", "1", "--summary", "json", "--data-dir", str(tmp_path))
    command = [sys.executable, "-m", "genesis", *run]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 4
    assert done.stderr.endswith("genesis: the summary cannot be written: Bad file descriptor\n")


SWALLOWED = """
import os, signal, sys
from genesis import kernel_cache
kernel_cache.use()
from genesis.domain import book
load = book.warm_up
def warm_up():
    load()
    try:
        os.kill(os.getpid(), signal.SIGINT)
        signal.sigtimedwait([], 1)
    except KeyboardInterrupt:
        pass
book.warm_up = warm_up
from genesis.__main__ import main
main()
"""


def test_an_interrupt_that_a_library_swallows_during_the_start_is_not_forgotten(
    tmp_path: Path,
) -> None:
    arguments = ["run", "--headless", "--data-dir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Ended: 0 orders")


IMPORTED = """
import signal, sys
module = sys.argv.pop(1)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from genesis.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["typer", "genesis.errors", "genesis.cli", "genesis.config"])
def test_an_interrupt_while_it_loads_is_quiet(tmp_path: Path, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, module, "run", "--headless", "--data-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
