"""Converted histories are kept, found again, and never trusted where they are not what was kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tables import bars_file

from genesis.domain.instrument import Instrument
from genesis.errors import InputError
from genesis.exchange.histories import tape_cache
from genesis.exchange.histories.bars import bar_rows
from genesis.exchange.histories.ohlcv import read_bars
from genesis.exchange.histories.scales import inferred
from genesis.exchange.histories.tape_cache import History, NoCache, TapeCache


class Conversion:
    """Counts how often it was needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.times = 0

    def __call__(self) -> History:
        self.times += 1
        bars = read_bars("BTCUSDT", [self.path])
        instrument = inferred("BTCUSDT", bars[1:5], bars.volume)
        rows = bar_rows(bars, instrument)
        return History({"BTCUSDT": instrument}, {"BTCUSDT": rows}, bars.interval_ns, 3)


@pytest.fixture
def conversion(tmp_path: Path) -> Conversion:
    return Conversion(bars_file(tmp_path))


def kept(conversion: Conversion, cache: TapeCache) -> History:
    return cache.history([conversion.path], "bars", conversion)


def the_file(cache: TapeCache) -> Path:
    (file,) = cache.folder.glob("*/0.npy")
    return file


def test_what_was_converted_once_is_found_again(conversion: Conversion, tmp_path: Path) -> None:
    made = kept(conversion, TapeCache(tmp_path / "cache"))
    again = kept(conversion, TapeCache(tmp_path / "cache"))
    assert conversion.times == 1
    fresh = conversion()
    for history in (made, again):
        assert history.instruments == fresh.instruments
        assert isinstance(history.instruments["BTCUSDT"], Instrument)
        np.testing.assert_array_equal(history.rows["BTCUSDT"], fresh.rows["BTCUSDT"])
        assert (history.interval_ns, history.silent_frames) == (fresh.interval_ns, 3)


def touched(path: Path) -> None:
    path.write_text(path.read_text().replace("101.0", "101.5", 1))


def older(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [touched, older])
def test_a_changed_file_is_converted_anew(
    conversion: Conversion, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    cache = TapeCache(tmp_path / "cache")
    kept(conversion, cache)
    change(conversion.path)
    kept(conversion, cache)
    assert conversion.times == 2


def test_other_code_converts_anew(
    conversion: Conversion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = TapeCache(tmp_path / "cache")
    kept(conversion, cache)
    monkeypatch.setattr(tape_cache, "_code", lambda: "of tomorrow")
    kept(conversion, cache)
    assert conversion.times == 2


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-56])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def foreign(file: Path) -> None:
    np.save(file, np.zeros(16))


def no_meta(file: Path) -> None:
    (file.parent / "meta.json").unlink()


def torn_meta(file: Path) -> None:
    meta = file.parent / "meta.json"
    meta.write_bytes(meta.read_bytes()[:50])


@pytest.mark.parametrize("damage", [flip, cut, empty, foreign, no_meta, torn_meta, Path.unlink])
def test_a_damaged_entry_is_made_again(
    conversion: Conversion, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    cache = TapeCache(tmp_path / "cache")
    kept(conversion, cache)
    damage(the_file(cache))
    history = kept(conversion, cache)
    assert conversion.times == 2
    np.testing.assert_array_equal(history.rows["BTCUSDT"], conversion().rows["BTCUSDT"])
    kept(conversion, cache)
    assert conversion.times == 3  # of which one is this test's own


def test_where_nothing_can_be_written_it_is_used_as_it_is(
    conversion: Conversion, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    assert len(kept(conversion, TapeCache(tmp_path / "cache")).rows["BTCUSDT"]) == 16


def test_what_cannot_be_converted_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> History:
        raise InputError("no")

    cache = TapeCache(tmp_path / "cache")
    with pytest.raises(InputError):
        cache.history([], "bars", fail)
    assert not cache.folder.exists()


def test_the_entry_not_used_for_longest_makes_room(
    conversion: Conversion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = TapeCache(tmp_path / "cache")
    for what, age in (("a", 10), ("b", 5)):
        cache.history([conversion.path], what, conversion)
        newest = max(cache.folder.iterdir(), key=lambda entry: entry.stat().st_mtime)
        os.utime(newest, (1e9 - age, 1e9 - age))
    size = sum(file.stat().st_size for file in newest.iterdir())
    monkeypatch.setattr(tape_cache, "KEPT_BYTES", 2 * size)
    cache.history([conversion.path], "c", conversion)
    assert len(list(cache.folder.iterdir())) == 2
    cache.history([conversion.path], "b", conversion)
    assert conversion.times == 3


def test_what_is_no_entry_makes_no_room(
    conversion: Conversion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = tmp_path / "a folder of mine"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    os.utime(precious, (1e9, 1e9))
    monkeypatch.setattr(tape_cache, "KEPT_BYTES", 1)
    cache = TapeCache(tmp_path)
    for what in "ab":
        cache.history([conversion.path], what, conversion)
    assert (precious / "thesis.txt").exists()
    assert len(list(tmp_path.glob("*/meta.json"))) == 1


def test_without_a_cache_nothing_is_kept(conversion: Conversion) -> None:
    cache = NoCache()
    assert len(kept(conversion, cache).rows["BTCUSDT"]) == len(
        kept(conversion, cache).rows["BTCUSDT"]
    )
    assert conversion.times == 2
