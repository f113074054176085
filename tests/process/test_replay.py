"""``genesis replay`` as an operator runs it: identical, different, cut off, or nothing there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from daemon_process import BUSY, ROOT, genesis, start

from genesis.capture.reader import captures
from genesis.capture.records import FOLDER
from genesis.storage.folder import JOURNAL_NAME

RUN = ("run", "--headless", "--until-end", "--speed", "10")
FILLED = "SELECT 1 FROM journal WHERE kind = 'OrderFilled'"
WRITES = 3
"""A header and a batch of messages are whole where the third is torn."""


@pytest.fixture(scope="session")
def session(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a run on threads, paced. Copy it; do not write to it."""
    folder = tmp_path_factory.mktemp("session") / "data"
    said = genesis(*RUN, "--market", f"replay:{recording}", "--data-dir", folder, settings=BUSY)
    assert said.code == 0, said.err
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_session_replays_identically_and_is_only_read(session: Path) -> None:
    before = snapshot(session)
    said = genesis("replay", "--data-dir", session)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Run 1: identical, to its end at ")
    assert snapshot(session) == before
    told = json.loads(genesis("replay", "--data-dir", session, "--json").out)
    assert told["divergence"] is None
    assert told["complete"]
    assert not told["damaged"]
    assert min(told["decisions"], told["orders"], told["fills"]) > 0
    tail = genesis("journal", "verify", "--data-dir", session)
    assert json.loads(tail.out)["head_hash"] == told["journal_hash"]
    assert json.loads(tail.out)["head_seq"] == told["journal_events"]
    assert genesis("journal", "tail", "--data-dir", session).code == 0
    assert snapshot(session) == before


def test_settings_that_a_replay_does_not_use_are_named(session: Path, tmp_path: Path) -> None:
    config = tmp_path / "fast.toml"
    config.write_text(f"[journal]\ndata_dir = '{session}'\n[strategies.ema_cross]\nfast = 7\n")
    said = genesis("replay", "--config", config)
    assert said.code == 0
    assert said.err == (
        f"genesis: a replay takes the settings of its capture; not used of {config}: [strategies]\n"
    )


CHANGED = """
import pathlib, sys
from genesis.strategies import ema_cross
source = pathlib.Path(ema_cross.__file__).read_text()
old, new = sys.argv.pop(), sys.argv.pop()
assert source.count(old) == 1
exec(compile(source.replace(old, new), ema_cross.__file__, "exec"), vars(ema_cross))
from genesis.__main__ import main
main()
"""
"""The program with one line of a strategy written differently."""


def test_a_changed_line_in_a_strategy_is_named(session: Path) -> None:
    old = "quantity_for_notional(instrument, self._notional, ask)"
    new = "quantity_for_notional(instrument, self._notional * 2, ask)"
    command = [sys.executable, "-P", "-c", CHANGED, "replay", "--data-dir", str(session), new, old]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 4, said.stderr
    lines = said.stdout.splitlines()
    assert lines[0] == "Run 1: different."
    assert lines[1].startswith("The first divergence is a decision of strategy.ema_cross")
    by_name = {line.split()[0]: line for line in lines if line.startswith("  ")}
    for side in ("session", "replay"):
        assert "place g1-ema_cross-1-" in by_name[side]
    assert by_name["session"].split()[1:] != by_name["replay"].split()[1:]
    assert "market event" in by_name["began"]
    assert "The session went on with:" in lines
    assert any("OrderIntended" in line for line in lines)
    assert "The replay went on with:" in lines


def test_a_killed_run_replays_as_far_as_it_was_written(recording: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    arguments = (*RUN, "--market", f"replay:{recording}", "--data-dir", folder)
    daemon = start(*arguments, settings=BUSY)
    daemon.wait_for_row(folder / JOURNAL_NAME, FILLED)
    sizes = set[int]()
    while len(sizes) < WRITES:
        assert daemon.code(0.01) is None, daemon.told()
        sizes.add(captures(folder)[1].stat().st_size)
    daemon.signal(signal.SIGKILL)
    assert daemon.finish().code == -signal.SIGKILL
    capture = captures(folder)[1]
    capture.write_bytes(capture.read_bytes()[:-7])  # a write of which the disk kept a part
    said = genesis("replay", "--data-dir", folder)
    assert said.code == 0, said.out
    assert "identical up to " in said.out
    assert "where its capture ends" in said.out


def cut_off(whole: bytes) -> bytes:
    return whole[: len(whole) * 2 // 3]


def scratched(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return (
        whole[:middle]
        + bytes(byte ^ 0xFF for byte in whole[middle : middle + 40])
        + (whole[middle + 40 :])
    )


@pytest.mark.parametrize("spoil", [cut_off, scratched])
def test_a_damaged_capture_of_an_orderly_run_is_told_and_proves_nothing(
    session: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    folder = shutil.copytree(session, tmp_path / "data")
    path = captures(folder)[1]
    path.write_bytes(spoil(path.read_bytes()))
    said = genesis("replay", "--data-dir", folder)
    assert said.code == 4
    assert "identical up to " in said.out
    assert "where its capture is damaged" in said.out
    told = json.loads(genesis("replay", "--data-dir", folder, "--json").out)
    assert told["damaged"]
    assert not told["complete"]
    assert told["divergence"] is None
    assert told["handled"] > 0


def test_a_forged_fill_in_the_journal_is_named(session: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(session, tmp_path / "data")
    with sqlite3.connect(folder / JOURNAL_NAME) as connection:
        query = "SELECT seq, payload FROM journal WHERE kind = 'OrderFilled' ORDER BY seq LIMIT 1"
        seq, payload = connection.execute(query).fetchone()
        fill = json.loads(payload)
        fill["price"] = "1.23"
        connection.execute("DROP TRIGGER journal_no_update")
        connection.execute("UPDATE journal SET payload = ? WHERE seq = ?", (json.dumps(fill), seq))
    connection.close()
    said = genesis("replay", "--data-dir", folder)
    assert said.code == 4
    assert "The first divergence is a fill of executor" in said.out
    assert "at 1.23 " in said.out


def damage_early(path: Path) -> None:
    """Where the first frame, which is the header's, has ended."""
    whole = path.read_bytes()
    frame = zstandard.ZstdDecompressor().decompressobj()
    frame.decompress(whole)
    begin = len(whole) - len(frame.unused_data)
    path.write_bytes(whole[:begin] + b"no frame" + whole[begin + 8 :])


@pytest.mark.parametrize(
    ("spoil", "arguments", "line"),
    [
        (lambda folder: shutil.rmtree(folder / FOLDER), (), "there is no captured session in it"),
        (lambda folder: None, ("--run", "7"), "run 7 is not captured; there is 1"),
        (
            lambda folder: captures(folder)[1].write_bytes(b"no capture"),
            (),
            "there is nothing in it to replay",
        ),
        (lambda folder: damage_early(captures(folder)[1]), (), "it ends before its first message"),
        (lambda folder: (folder / JOURNAL_NAME).unlink(), (), "there is no journal here"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_one_line(
    session: Path, tmp_path: Path, spoil: object, arguments: tuple[str, ...], line: str
) -> None:
    folder = shutil.copytree(session, tmp_path / "data")
    assert callable(spoil)
    spoil(folder)
    said = genesis("replay", "--data-dir", folder, *arguments)
    assert said.code == 4
    assert said.err.count("\n") == 1
    assert said.err.startswith("genesis: ")
    assert line in said.err


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    said = genesis("replay", "--data-dir", tmp_path / "nowhere")
    assert said.code == 4
    assert "there is no captured session in it" in said.err
    assert not (tmp_path / "nowhere").exists()


def test_nothing_is_captured_where_that_is_off(recording: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    off = {"GENESIS_CAPTURE__ENABLED": "false"}
    run = (*RUN[:-1], "0", "--market", f"replay:{recording}", "--data-dir", folder)
    assert genesis(*run, settings=off).code == 0
    assert not (folder / FOLDER).exists()
