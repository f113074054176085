"""Whole backtests on the peers' data: every actor at work, ledger, risk and journal (in memory).

(a) EMA cross, a Python strategy woken on every trade; (b) the same woken every 100 ms over level
changes and trades; (c) the same on candles. Each in three sizes, to show how the cost grows, and
each size in a process of its own, so that peak memory is its own. The times are of the run, as
those of the peers are; converting the columns, which the first backtest of a history does once,
happens in another process and is told beside them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt
from numba import njit

from benchmarks._common import ROOT, peak_rss_mb, peers_data, report
from genesis import daemon
from genesis.backtest.run import Backtest
from genesis.config import Settings
from genesis.domain import book
from genesis.domain.instrument import Instrument
from genesis.exchange.histories.bars import CHUNK, bar_rows
from genesis.exchange.histories.ohlcv import Bars
from genesis.exchange.histories.tape_cache import History, TapeCache
from genesis.exchange.histories.trades import Trades, trade_rows
from genesis.exchange.source import Market
from genesis.messages.market import ROW, Kind, Rows
from genesis.messages.orders import OrderUpdated
from genesis.simulator import tape
from genesis.strategies.ema_cross import EmaCross
from genesis.strategies.port import Cadence, Desk

SYMBOL = "BTCUSDT"
SIZES = (250_000, 500_000, 1_000_000)
NOTIONAL = Decimal(600)  # a hundredth of a bitcoin, as the peers trade
BTC = Instrument.build(
    SYMBOL,
    "BTC",
    "USDT",
    tick_size=Decimal("0.01"),
    step_size=Decimal("0.001"),
    min_notional=Decimal(5),
)
LOTS_A_UNIT = BTC.lots(Decimal(1))

Ints = npt.NDArray[np.int64]


@njit(cache=True)
def averages(
    prices: npt.NDArray[np.int64], fast_weight: float, slow_weight: float, fast: float, slow: float
) -> tuple[float, float]:
    """Both exponential averages over trade prices in ticks."""
    for price in prices:
        fast += (price - fast) * fast_weight
        slow += (price - slow) * slow_weight
    return fast, slow


class EmaOnTimer(EmaCross):
    """The same averages and orders, looked at every 100 ms."""

    cadence = Cadence(every_ns=100_000_000, trades=True)

    def on_timer(self, desk: Desk) -> None:
        prices = desk.take_trades(SYMBOL)["price_ticks"]
        if not len(prices):
            return
        seen = self._averages[SYMBOL]
        if seen.left == self._warm_up:
            seen.fast = seen.slow = float(prices[0])
        seen.fast, seen.slow = averages(
            prices, self._fast_weight, self._slow_weight, seen.fast, seen.slow
        )
        seen.left = max(0, seen.left - len(prices))
        up = seen.fast > seen.slow
        if not seen.left and up is not seen.settled:
            self._follow(desk, SYMBOL, up)

    def on_order(self, desk: Desk, update: OrderUpdated) -> None:
        self._averages[SYMBOL].settled = None


def trades_tape(n: int) -> Rows:
    data = peers_data("trades")[:n]
    columns = (data["ts"], data["price"], data["qty"], data["side"] > 0)
    return trade_rows(Trades(*columns, files=()), BTC)


def deltas_tape(n: int) -> Rows:
    """Each level change a depth diff of its own, and the trades between them."""
    deltas, trades = peers_data("deltas")[:n], peers_data("trades")[:n]
    rows = np.zeros(1 + 2 * len(deltas) + len(trades), ROW)
    rows[0] = (deltas["ts"][0], 0, int(Kind.SNAPSHOT_BEGIN), 0, 0, 0, 1)
    deltas_ns, trades_ns = np.ascontiguousarray(deltas["ts"]), np.ascontiguousarray(trades["ts"])
    for first in range(0, len(deltas), CHUNK):
        part = slice(first, first + CHUNK)
        before = np.searchsorted(trades_ns, deltas_ns[part])
        numbers = np.arange(first, first + len(before))
        _write_diffs(rows, 1 + 2 * numbers + before, deltas[part], numbers + 2)
    for first in range(0, len(trades), CHUNK):
        part = slice(first, first + CHUNK)
        before = np.searchsorted(deltas_ns, trades_ns[part], side="right")
        numbers = np.arange(first, first + len(before))
        _write_trades(rows, 1 + 2 * before + numbers, trades[part], numbers + 1)
    return rows


def _write_diffs(rows: Rows, at: Ints, deltas: npt.NDArray[np.void], ids: Ints) -> None:
    for column in ("time_ns", "event_ns"):
        rows[column][at] = rows[column][at + 1] = deltas["ts"]
    rows["kind"][at], rows["quantity_lots"][at] = int(Kind.DEPTH_BEGIN), 1
    rows["first_id"][at] = rows["last_id"][at] = ids
    rows["kind"][at + 1] = np.where(deltas["side"] > 0, int(Kind.BID), int(Kind.ASK))
    rows["price_ticks"][at + 1] = deltas["tick"]
    rows["quantity_lots"][at + 1] = np.round(deltas["qty"] * LOTS_A_UNIT)


def _write_trades(rows: Rows, at: Ints, trades: npt.NDArray[np.void], ids: Ints) -> None:
    rows["time_ns"][at] = rows["event_ns"][at] = trades["ts"]
    bought = trades["side"] > 0
    rows["kind"][at] = np.where(bought, int(Kind.TRADE_BUY), int(Kind.TRADE_SELL))
    rows["price_ticks"][at] = np.round(trades["price"] * 100)
    rows["quantity_lots"][at] = np.round(trades["qty"] * LOTS_A_UNIT)
    rows["first_id"][at] = ids


def candles_tape(n: int) -> Rows:
    data = peers_data("candles")[:n]
    starts = data[:, 0].astype(np.int64) * 1_000_000
    columns = (data[:, i] for i in range(1, 6))
    return bar_rows(Bars(starts, *columns, 60_000_000_000, ((Path("candles"), n),)), BTC)


KINDS = {
    "trades": ("EMA cross on every trade", trades_tape, (100, 500), 1),
    "timer": ("EMA cross every 100 ms, deltas and trades", deltas_tape, (100, 500), 2),
    "candles": ("EMA cross on candles", candles_tape, (20, 100), 1),
}


def settings(fast: int, slow: int) -> Settings:
    """As the peers: a millisecond each way, plenty of money, every order allowed."""
    given = {
        "market.speed": 0.0,
        "account.starting_quote": "1000000",
        "paper.latency_to_venue_ms": 1,
        "paper.latency_from_venue_ms": 1,
        "paper.jitter_ms": 0,
        "risk.orders_per_10_s": 1_000_000,
        "strategies.enabled": "ema_cross",
        "strategies.ema_cross.fast": fast,
        "strategies.ema_cross.slow": slow,
        "strategies.ema_cross.notional": str(NOTIONAL),
    }
    return Settings.load(None, given)


def kept(folder: Path, kind: str, n: int) -> Rows:
    """The columns as a backtest maps them from its cache; converted where they are not there."""

    def convert() -> History:
        return History({SYMBOL: BTC}, {SYMBOL: KINDS[kind][1](n)})

    return TapeCache(folder).history((), f"{kind}/{n}", convert).rows[SYMBOL]


def prepare(folder: Path, kind: str, n: int) -> None:
    """Convert the columns, as the first backtest of a history does, and say what that costs."""
    began = time.perf_counter()
    kept(folder, kind, n)
    took_s = time.perf_counter() - began
    print(json.dumps({"prepare_secs": round(took_s, 3), "prepare_peak_rss_mb": peak_rss_mb()}))


def one(kind: str, n: int) -> None:
    name, _, (fast, slow), events = KINDS[kind]
    book.warm_up()
    tape.warm_up()
    averages(np.zeros(1, np.int64), 0.5, 0.5, 0.0, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.backtest", "prepare", kind, str(n), folder]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
        rows = kept(Path(folder), kind, n)  # goes on to be mapped
    market = Market(kind, {SYMBOL: BTC}, iter(()), int(rows["time_ns"][0]), True, {SYMBOL: rows})
    chosen = settings(fast, slow)
    strategies = daemon.strategies(chosen, (SYMBOL,))
    if kind == "timer":
        strategies = {"ema_cross": lambda: EmaOnTimer((SYMBOL,), fast, slow, NOTIONAL)}
    with mock.patch.object(daemon, "strategies", return_value=strategies):
        began = time.perf_counter()
        result = Backtest(chosen, market, buckets=0).run()
        secs = time.perf_counter() - began
    if result.error or result.halted:
        sys.exit(f"bench: the run failed: {result.error or result.halt_reason}")
    summary = result.summary
    report(
        f"backtest: {name}",
        events * n,
        secs,
        **json.loads(done.stdout),
        orders=summary.orders,
        fills=summary.fills,
        refusals=summary.refusals,
        journal_events=summary.journal_events,
    )


def main() -> None:
    if sys.argv[1:2] == ["prepare"]:
        prepare(Path(sys.argv[4]), sys.argv[2], int(sys.argv[3]))
        return
    if len(sys.argv) > 2:
        one(sys.argv[1], int(sys.argv[2]))
        return
    peers_data("trades")  # skips all of it at once
    for kind in sys.argv[1:] or KINDS:
        for n in SIZES:
            command = [sys.executable, "-m", "benchmarks.backtest", kind, str(n)]
            subprocess.run(command, cwd=ROOT, env=os.environ, check=True)


if __name__ == "__main__":
    main()
