"""A recording that cannot be used is told in one line, and what was journaled stays."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from daemon_process import BUSY, Said, genesis, start

from genesis.errors import BadFrame
from genesis.storage.folder import JOURNAL_NAME
from genesis.storage.verify import verify

BAD_LINE = 701
TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000000,"s":"%s","t":9,"p":"%s",'
    b'"q":"%s","T":1700000000000,"m":true,"M":true}}'
)


def _with(payload: bytes) -> Callable[[list[bytes]], bytes]:
    """A recording with one bad frame in its middle."""

    def make(lines: list[bytes]) -> bytes:
        time_ns = lines[BAD_LINE].split(b" ", 1)[0]
        bad = time_ns + b" " + payload + b"\n"
        return b"".join([*lines[: BAD_LINE - 1], bad, *lines[BAD_LINE:]])

    return make


def _cut_off(lines: list[bytes]) -> bytes:
    whole = gzip.compress(b"".join(lines))
    return whole[: len(whole) * 2 // 3]


MEND = f"; {BadFrame.ADVICE}"

BAD: dict[str, tuple[Callable[[list[bytes]], bytes], str]] = {
    "truncated.gz": (
        _cut_off,
        r".*/truncated\.gz: the compressed file is cut off; the last .* is \d+",
    ),
    "no_json": (_with(b'{"e":"tra'), r"no_json:701: not JSON: .*" + MEND),
    "no_shape": (
        _with(b'{"hello":1}'),
        r'no_shape:701: a frame of an unknown shape: {"hello":1}' + MEND,
    ),
    "off_tick": (
        _with(TRADE % (b"BTCUSDT", b"60000.123", b"0.5")),
        r"off_tick:701: price 60000\.123 of BTCUSDT is off the tick 0\.01" + MEND,
    ),
    "negative": (
        _with(TRADE % (b"BTCUSDT", b"60000.12", b"-0.5")),
        r"negative:701: quantity -0\.5 of BTCUSDT is negative" + MEND,
    ),
    "symbol": (
        _with(TRADE % (b"DOGEUSDT", b"60000.12", b"0.5")),
        r"symbol:701: symbol 'DOGEUSDT' is unknown; known are BTCUSDT" + MEND,
    ),
    "backwards": (
        lambda lines: lines[1] + lines[0],
        r"backwards:2: its time .* is before .*" + MEND,
    ),
    "no_line": (lambda lines: b"hello\n", r"no_line:1: not a line of a recording: .*" + MEND),
    "empty": (lambda lines: b"", r".*/empty: the file is empty"),
    "missing": (lambda lines: b"", r".*/missing: there is no such file"),
    "directory": (lambda lines: b"", r".*/directory: is a directory, not a recording"),
}


class Tried(NamedTuple):
    checked: Said
    ran: Said
    folder: Path


@pytest.fixture(scope="module")
def tried(
    lines: list[bytes], past: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Tried]:
    """Every bad recording checked and traded on, each with a copy of a journal of its own."""
    place = tmp_path_factory.mktemp("bad")

    def attempt(name: str) -> Tried:
        path = place / name
        if name == "directory":
            path.mkdir()
        elif name != "missing":
            path.write_bytes(BAD[name][0](lines))
        folder = shutil.copytree(past, place / f"data-{name}")
        run = ("run", "--headless", "--market", f"replay:{path}", "--speed", "0", "--until-end")
        checking, running = start("data", "check", path), start(*run, "--data-dir", folder)
        return Tried(checking.finish(), running.finish(), folder)

    return {name: attempt(name) for name in BAD}


@pytest.mark.parametrize("name", BAD)
def test_a_check_of_it_says_one_line(tried: dict[str, Tried], name: str) -> None:
    said = tried[name].checked
    assert said.code == 4
    assert said.out == ""
    assert re.fullmatch(f"genesis: {BAD[name][1]}\n", said.err)


@pytest.mark.parametrize("name", BAD)
def test_a_run_of_it_ends_with_one_line_and_loses_nothing(
    tried: dict[str, Tried], past: Path, name: str
) -> None:
    said = tried[name].ran
    assert said.code == 4
    errors = [line for line in said.err.splitlines() if line.startswith("genesis: ")]
    assert len(errors) == 1
    assert re.fullmatch(f"genesis: {BAD[name][1]}", said.last)
    assert said.last == errors[0]
    assert "Traceback" not in said.err
    before, after = verify(past), verify(tried[name].folder)
    assert after.problems == ()
    assert _hash_at(tried[name].folder, before.head_seq) == before.head_hash


def _hash_at(folder: Path, seq: int) -> str:
    connection = sqlite3.connect(folder / JOURNAL_NAME)
    (found,) = connection.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
    connection.close()
    return str(found)


def test_of_a_run_that_has_no_market_no_folder_is_left(tmp_path: Path) -> None:
    market = ("--market", f"replay:{tmp_path / 'nope'}")
    said = genesis("run", "--headless", *market, "--data-dir", tmp_path / "data")
    assert said == (4, "", f"genesis: {tmp_path / 'nope'}: there is no such file\n")
    assert list(tmp_path.iterdir()) == []


def test_a_symbol_that_it_does_not_hold(recording: Path, folder: Path) -> None:
    market = ("--market", f"replay:{recording}", "--symbols", "BTCUSDT,DOGEUSDT")
    said = genesis("run", "--headless", *market, "--data-dir", folder)
    assert said.code == 4
    assert said.last == "genesis: symbol DOGEUSDT is not in the recording; it has BTCUSDT"
    assert verify(folder).problems == ()


def test_files_that_overlap_are_told_of_by_whoever_plays_them(
    lines: list[bytes], tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"".join(lines[:1000]))
    two.write_bytes(b"".join(lines[900:]))
    trades = [json.loads(genesis("data", "check", *files).out) for files in ((one, two), (one,))]
    assert trades[1]["repeated_trades"] == 0
    again = trades[0]["repeated_trades"]
    assert again > 1
    said = f"BTCUSDT: {again} trades come again (an id not above all before, as where files overlap"
    market = ("--market", f"replay:{one},{two}")
    cache = ("--cache", tmp_path / "cache")
    for _ in range(2):  # converted, and kept
        assert f"genesis: {said}" in genesis("backtest", *market, *cache).err
    often = ("--set", "strategies.ema_cross.fast=5,10", "--results", tmp_path / "sweep.jsonl")
    for spread in (("lookahead", "--cuts", "4"), ("sweep", "--out-of-sample", "0", *often)):
        told = genesis(*spread, *market, *cache, "--strategy", "ema_cross", settings=BUSY)
        assert (told.code, told.err.count(said)) == (0, 1), told
    run = (
        "run",
        "--headless",
        *market,
        "--speed",
        "0",
        "--until-end",
        "--data-dir",
        tmp_path / "d",
    )
    ran = genesis(*run)
    assert ran.code == 0
    assert f"warning  {said}" in ran.err.splitlines()[-1]


def test_a_hole_is_a_figure_of_a_check_and_no_error(lines: list[bytes], tmp_path: Path) -> None:
    """A stream that was lost for a while is recorded soundly, and the book lives through it."""
    holed = tmp_path / "holed"
    holed.write_bytes(b"".join(lines[:700] + lines[900:]))
    checked = genesis("data", "check", holed)
    assert json.loads(checked.out)["gaps"] == 1
    assert checked.code == 0
    run = ("run", "--headless", "--market", f"replay:{holed}", "--speed", "0", "--until-end")
    ran = genesis(*run, "--summary", "json", "--data-dir", tmp_path / "d")
    assert (ran.code, json.loads(ran.out)["gaps"]) == (0, 1)
