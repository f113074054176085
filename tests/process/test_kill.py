"""The process is killed at random moments and started again on the same data folder."""

from __future__ import annotations

import json
import random
import shutil
import signal
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from daemon_process import BUSY, Daemon, genesis, start

from genesis.domain.state import TradingState
from genesis.messages.journal import OrderFilled, OrderIntended, OrderSent, RunStarted
from genesis.storage.folder import JOURNAL_NAME, DataFolder
from genesis.storage.journal import Journal
from genesis.storage.verify import verify

KILLS = 50
SETTINGS = BUSY | {"GENESIS_JOURNAL__CHECKPOINT_EVERY": "150"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("fresh", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_killed_process_loses_and_doubles_nothing(tmp_path: Path, fresh: bool) -> None:
    folder, rng = tmp_path / "data", random.Random(20240808)
    folder.mkdir()
    left = Counter[str]()
    state = TradingState()
    while left["killed"] < KILLS or (_rarest(left) == 0 and left["killed"] < 4 * KILLS):
        before = _copy(folder, tmp_path / "copy")
        moment = rng.choices(("starting", "trading", "ending"), (2, 6, 2))[0]
        # At speed 0 trading time runs ahead, so that the next run begins before the journal's end.
        process = start(*_run(folder, rng.choice((20, 20, 0))), settings=SETTINGS, fresh=fresh)
        if moment == "starting":
            process.code(rng.uniform(0.0, 2.0 if fresh else 0.4))
            process.signal(signal.SIGKILL)
        state = _checked(before, state)  # meanwhile
        left["with open orders"] += bool(state.orders.open)
        left.update(order.status for order in state.orders.open.values())
        ended = _kill(process, folder, state.run + 1, moment, rng)
        left["killed"] += not ended
        left["ended" if ended else moment] += 1
    state = _checked(_copy(folder, tmp_path / "copy"), state)
    last = start(*_run(folder), "--summary", "json", settings=SETTINGS, fresh=fresh)
    last.wait_for_row(folder / JOURNAL_NAME, _order_of(state.run + 1))
    last.signal(signal.SIGTERM)
    said = last.finish()
    assert said.code == 0, said.err
    summary = json.loads(said.out)
    state = _checked(_copy(folder, tmp_path / "copy"), state)
    print(f"{state.run} runs, {state.counters.fills} fills, kills left {dict(left)}")
    assert state.orders.open == {}
    assert summary["orders"] > 0
    assert state.counters.halts == state.counters.restarts == 0
    proof = genesis("journal", "verify", "--data-dir", folder)
    assert proof.code == 0, proof.err
    assert json.loads(proof.out)["state_hash"] == summary["state_hash"] == state.digest()
    cash, inventory, fees, equity = (
        Decimal(summary[name]) for name in ("cash", "inventory", "fees", "equity")
    )
    assert cash + inventory - fees == equity
    # The kills came while it mattered: with orders resting, and with orders that no answer had come
    # for; whether those had left yet is written with the answer.
    assert state.run > KILLS * 2 // 3
    assert left["with open orders"] >= KILLS // 4
    assert _rarest(left) >= 1


def test_a_short_run_after_a_kill_trades_and_ends_in_good_order(tmp_path: Path) -> None:
    """At the market's own pace, with the patience that is meant for a real venue."""
    process = start(*_run(tmp_path, 1), settings=BUSY)
    process.wait_for_row(tmp_path / JOURNAL_NAME, "SELECT 1 FROM orders WHERE status = 'NEW'")
    process.signal(signal.SIGKILL)
    process.finish()
    left = _checked(_copy(tmp_path, tmp_path / "copy"), TradingState())
    assert left.orders.open
    said = genesis(*_run(tmp_path, 1), "--for", "3", "--summary", "json", settings=BUSY)
    assert said.code == 0, said.err
    assert json.loads(said.out)["orders"] > 0
    assert _checked(_copy(tmp_path, tmp_path / "copy"), left).orders.open == {}


def _rarest(left: Counter[str]) -> int:
    return min(left["INTENDED"] + left["SENT"], left["NEW"])


def _run(folder: Path, speed: int = 20) -> tuple[str | Path, ...]:
    return ("run", "--headless", "--speed", str(speed), "--data-dir", folder)


def _order_of(run: int) -> str:
    return f"SELECT 1 FROM orders WHERE client_order_id LIKE 'g{run}-%'"


def _kill(process: Daemon, folder: Path, run: int, moment: str, rng: random.Random) -> bool:
    """While it trades, or while it ends; whether that was too late, and it had ended by itself."""
    if moment != "starting":
        process.wait_for_row(folder / JOURNAL_NAME, _order_of(run))
        process.code(rng.uniform(0.0, 0.3))
    if moment == "ending":
        process.signal(signal.SIGTERM)
        process.code(rng.uniform(0.0, 0.2))
    process.signal(signal.SIGKILL)
    said = process.finish()
    assert said.code in (-signal.SIGKILL, 0)
    assert "genesis:" not in said.err
    assert "Traceback" not in said.err
    return said.code == 0


def _copy(folder: Path, copy: Path) -> Path:
    """What a dead process left behind, so that what is looked at is not tidied up by looking."""
    shutil.rmtree(copy, ignore_errors=True)
    return shutil.copytree(folder, copy)


def _checked(copy: Path, before: TradingState) -> TradingState:
    """The state in it, its journal proven; the one before where it has no journal yet."""
    if not (copy / JOURNAL_NAME).is_file():
        return before
    report = verify(copy)
    assert report.problems == ()
    with DataFolder.open(copy) as held:
        journal = Journal.open(held)
        state = journal.state
        events = [entry.event for entry in journal.entries()]
        journal.close()
    assert state.digest() == report.state_hash
    assert state.seq >= before.seq
    assert state.run in (before.run, before.run + 1)
    assert [e.run for e in events if isinstance(e, RunStarted)] == [*range(1, state.run + 1)]
    intended = [e.client_order_id for e in events if isinstance(e, OrderIntended)]
    sent = [e.client_order_id for e in events if isinstance(e, OrderSent)]
    fills = [(e.symbol, e.trade_id) for e in events if isinstance(e, OrderFilled)]
    for once in (intended, sent, fills):
        assert len(set(once)) == len(once)
    assert set(sent) <= set(intended)
    if any(name.startswith(f"g{state.run}-") for name in intended):
        # It traded, so it had come to terms with what the runs before it left open.
        assert all(name.startswith(f"g{state.run}-") for name in state.orders.open)
    return state
