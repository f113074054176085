"""Run each benchmark in a process of its own, then the peers where they are installed.

A process each, so that peak memory is that benchmark's own. ``python -m benchmarks [NAME...]``
runs only those named. The peers are looked for in ``$PEERS``, else ``.peers/``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PEERS_FOLDER = ROOT.parent / "shared" / "benchmarks" / "peers"
PEERS_RUN = PEERS_FOLDER / "run"
PEERS_NAMES = ("books", "hft", "nautilus2")
NAUTILUS = Path(__file__).parent / "peers" / "nautilus.py"
# What peers run beside our whole backtests: whose virtual environment, the script, its arguments.
BACKTESTS: dict[str, tuple[tuple[str, Path, list[str]], ...]] = {
    "backtest: EMA cross on every trade": (
        ("nautilus2", PEERS_FOLDER / "nautilus_v2_bt.py", ["ema"]),
    ),
    "backtest: EMA cross every 100 ms, deltas and trades": (
        ("nautilus2", NAUTILUS, ["timer"]),
        ("hftbacktest", PEERS_FOLDER / "hft_replay.py", ["bt_roi"]),  # looks after every event
    ),
    "backtest: EMA cross on candles": (
        ("nautilus2", NAUTILUS, ["candles"]),
        ("backtesting", PEERS_FOLDER / "backtesting_bt.py", []),
    ),
}

Line = dict[str, Any]


def measured(
    command: list[str], environment: dict[str, str] | None = None, folder: Path = ROOT
) -> Iterator[Line]:
    """Print the JSON lines of a command as they come and yield them.

    Raises CalledProcessError when the command fails; its own words are on stderr by then.
    """
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        for text in process.stdout or ():
            if text.startswith("{"):
                print(text, end="", flush=True)
                yield json.loads(text)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def ratios(ours: list[Line], peers: list[Line]) -> Iterator[Line]:
    """Our book's updates a second over each peer's, for each way in which ours was fed."""
    for peer in peers:
        name = str(peer["bench"])
        is_book = any(word in name for word in ("Book", "book", "depth", "Dict", "dict"))
        if is_book and "build" not in name:
            yield {
                "bench": f"ratio to {name}",
                **{str(own["bench"]): round(own["per_s"] / peer["per_s"], 2) for own in ours},
            }


def beside(ours: list[Line], peers: Path) -> Iterator[Line]:
    """Run the whole backtests of the peers; our largest one's speed and memory over each one's."""
    for name, runs in BACKTESTS.items():
        own = max((line for line in ours if line["bench"] == name), key=lambda line: int(line["n"]))
        for peer, script, arguments in runs:
            python = peers / peer / "bin" / "python"
            if not (python.is_file() and script.is_file()):
                print(f"bench: {peer} is not installed in {peers}: not run", file=sys.stderr)
                continue
            environment = {**os.environ, "PYTHONPATH": str(PEERS_FOLDER)}
            *_, theirs = measured([str(python), str(script), *arguments], environment, peers)
            yield {
                "bench": f"ratio to {theirs['bench']}",
                **{key: round(own[key] / theirs[key], 2) for key in ("per_s", "peak_rss_mb")},
            }


def main(chosen: list[str]) -> int:
    there = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
    )
    if unknown := set(chosen) - set(there):
        print(
            f"bench: no {', '.join(sorted(unknown))}; there are {', '.join(there)}", file=sys.stderr
        )
        return 2
    try:
        lines = {
            name: list(measured([sys.executable, "-m", f"benchmarks.{name}"]))
            for name in chosen or there
        }
        peers = Path(os.environ.get("PEERS", ROOT / ".peers")).resolve()
        if peers.is_dir() and PEERS_RUN.is_file() and lines.get("book"):
            command = [str(PEERS_RUN), *PEERS_NAMES]
            theirs = list(measured(command, {**os.environ, "PEERS": str(peers)}))
            for line in ratios([own for own in lines["book"] if "per_s" in own], theirs):
                print(json.dumps(line), flush=True)
        if lines.get("backtest"):
            for line in beside(lines["backtest"], peers):
                print(json.dumps(line), flush=True)
    except subprocess.CalledProcessError as error:
        print(f"bench: {' '.join(error.cmd)} failed ({error.returncode})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
