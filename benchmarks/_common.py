"""What the benchmarks share: the report line, the peers' deltas, recordings. Measures nothing."""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genesis.simulator.market import GeneratedMarket

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
LOTS_PER_UNIT = 1000  # the deltas' quantities have three decimals


def report(bench: str, n: int, secs: float, **more: Any) -> None:
    """Print one JSON line in the form of the peers' benchmarks."""
    line = {"bench": bench, "n": n, "secs": round(secs, 3), "per_s": round(n / secs)}
    print(json.dumps({**line, "peak_rss_mb": peak_rss_mb(), **more}), flush=True)


def peak_rss_mb() -> int:
    """The most memory this process had so far."""
    # Linux counts the peak in KiB, macOS in bytes.
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def deltas() -> tuple[npt.NDArray[np.int64], str]:
    """A million level changes (n, 3: side, ticks, lots) and where they are from.

    The peers' data where it lies (``$PEERS/data``, ``.peers/data``) or can be made; otherwise a
    seeded imitation of it.
    """
    peers = Path(os.environ.get("PEERS", ROOT / ".peers")).resolve()
    path = peers / "data" / "deltas.npy"
    script = SHARED / "benchmarks" / "peers" / "gen_data.py"
    if not path.is_file() and script.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, script], cwd=peers, check=True, stdout=subprocess.DEVNULL)
    if not path.is_file():
        return _imitation(1_000_000), "imitation"
    table = np.load(path, mmap_mode="r")
    changes = np.empty((len(table), 3), np.int64)
    changes[:, 0] = table["side"]
    changes[:, 1] = table["tick"]
    changes[:, 2] = np.round(table["qty"] * LOTS_PER_UNIT)
    return changes, "gen_data.py"


def peers_data(name: str) -> npt.NDArray[Any]:
    """One of the peers' files (``trades``, ``deltas``, ``candles``), made where it is missing.

    Where it can neither be found nor made the benchmark is skipped, saying so: a whole backtest is
    compared on that data only.
    """
    peers = Path(os.environ.get("PEERS", ROOT / ".peers")).resolve()
    path = peers / "data" / f"{name}.npy"
    script = SHARED / "benchmarks" / "peers" / "gen_data.py"
    if not path.is_file() and script.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, script], cwd=peers, check=True, stdout=subprocess.DEVNULL)
    if not path.is_file():
        print(f"bench: skipped, {path} is missing; set PEERS to where it lies", file=sys.stderr)
        raise SystemExit(0)
    data: npt.NDArray[Any] = np.load(path, mmap_mode="r")
    return data


def _imitation(n: int) -> npt.NDArray[np.int64]:
    """A wandering mid, levels at geometric distances from it, a fifth of them removals."""
    rng = np.random.default_rng(42)
    side = np.where(rng.random(n) < 0.5, 1, -1)
    mid = 6_000_000 + np.cumsum(rng.choice((-1, 0, 1), n, p=(0.025, 0.95, 0.025)))
    lots = np.where(rng.random(n) < 0.2, 0, 1 + rng.integers(1, 4000, n))
    ticks = mid - side * rng.geometric(0.03, n)
    return np.stack((side, ticks, lots), axis=1)


def recordings(folder: Path) -> tuple[list[Path], str]:
    """The real recordings where they are, otherwise a generated one written into ``folder``."""
    real = sorted((SHARED / "data" / "binance_spot_l2").glob("*usdt_*.gz"))
    if real:
        return real, "recordings of 2024-08-08"
    path = folder / "generated.gz"
    market = GeneratedMarket(["BTCUSDT"], seed=42, start_ns=1_700_000_000_000_000_000)
    with gzip.open(path, "wb") as file:
        for frame in islice(market.frames(), 50_000):
            file.write(b"%d %s\n" % (frame.received_ns, frame.payload))
    return [path], "generated market"
