"""Bars from files: every kind of file gives the same bars, every bad row is told with its place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from tables import BARS, MINUTE_NS, START_NS, bar_columns, bars_file, write_as, write_csv

from genesis.errors import InputError
from genesis.exchange.histories.files import files_by_symbol, table_files
from genesis.exchange.histories.ohlcv import Bars, read_bars


def columns_of(bars: Bars) -> list[list[float]]:
    return [column.tolist() for column in bars[1:6]]


@pytest.mark.parametrize("ending", ["csv", "feather", "parquet"])
def test_every_kind_of_file_gives_the_same_bars(tmp_path: Path, ending: str) -> None:
    bars = read_bars("BTCUSDT", [bars_file(tmp_path, name=f"BTC_USDT-1m.{ending}")])
    assert bars.starts_ns.tolist() == [START_NS + n * MINUTE_NS for n in range(3)]
    assert columns_of(bars) == [list(column) for column in zip(*BARS, strict=True)]
    assert bars.interval_ns == MINUTE_NS


@pytest.mark.parametrize(
    "times",
    [
        [1704067200, 1704067260, 1704067320],
        [1704067200000000, 1704067260000000, 1704067320000000],
        [1704067200.0, 1704067260.0, 1704067320.0],
        ["2024-01-01 00:00:00", "2024-01-01 00:01:00", "2024-01-01 00:02:00"],
        ["2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z", "2024-01-01T00:02:00Z"],
    ],
)
def test_a_time_is_told_by_its_size_or_as_iso_8601(tmp_path: Path, times: list[Any]) -> None:
    path = write_csv(tmp_path / "BTCUSDT.csv", bar_columns(BARS, times))
    starts = read_bars("BTCUSDT", [path]).starts_ns.tolist()
    assert starts == [START_NS + n * MINUTE_NS for n in range(3)]


def test_the_venues_own_file_has_no_header_and_twelve_columns(tmp_path: Path) -> None:
    columns = bar_columns(BARS) | {f"more{n}": [0, 0, 0] for n in range(6)}
    path = write_csv(tmp_path / "BTCUSDT-1m-2024-01.csv", columns, header=False)
    assert columns_of(read_bars("BTCUSDT", [path]))[3] == [101.0, 100.75, 98.5]


def test_several_files_of_a_symbol_are_put_in_order_and_may_leave_a_hole(tmp_path: Path) -> None:
    minute = START_NS // 1_000_000
    later = bar_columns(BARS, [minute + n * 60_000 for n in (5, 6, 7)])
    paths = [write_csv(tmp_path / "BTCUSDT-b.csv", later), bars_file(tmp_path)]
    bars = read_bars("BTCUSDT", paths)
    steps = [(at - START_NS) // MINUTE_NS for at in bars.starts_ns.tolist()]
    assert steps == [0, 1, 2, 5, 6, 7]
    assert bars.interval_ns == MINUTE_NS


def changed(row: int, **cells: object) -> dict[str, list[object]]:
    columns = bar_columns(BARS)
    for name, value in cells.items():
        columns[name][row] = value
    return columns


BAD_ROWS: list[tuple[dict[str, list[object]], str]] = [
    (changed(1, open=0), "row 2: open 0 is not above 0"),
    (changed(2, low=-1.5), "row 3: low -1.5 is not above 0"),
    (changed(1, close=""), "row 2: close is missing or not finite"),
    (changed(1, high="nan"), "row 2: high is missing or not finite"),
    (changed(0, volume="inf"), "row 1: volume is missing or not finite"),
    (changed(1, volume=-2), "row 2: volume -2 is not at least 0"),
    (changed(1, open="abc"), "row 2: open 'abc' is not a number"),
    (changed(2, high=97), "row 3: high 97 is below low 98.25"),
    (changed(1, close=103), "row 2: close 103 is outside 100.5 to 102"),
    (changed(1, open=99), "row 2: open 99 is outside 100.5 to 102"),
    (changed(2, date=1704067200000), "row 3: its time 2024-01-01T00:00:00Z is before"),
    (changed(2, date=1704067260000), "row 3: there is a bar of 2024-01-01T00:01:00Z already"),
    (changed(2, date=1704067320), "row 3: its time 1704067320 is not in ms as row 1's is"),
    (changed(0, date=1704), "row 1: its time 1704 is no time from 2000 to 2100 in s, ms, µs or ns"),
    (changed(1, date=""), "row 2: the time is missing"),
    (changed(2, date="then"), "row 3: its time 'then' is no number as row 1's is"),
    (changed(1, close="101,5"), "row 2: Expected 6 columns, got 7"),
    (bar_columns(BARS) | {"symbol": ["BTCUSDT"] * 2 + ["ETHUSDT"]}, "row 3: symbol ETHUSDT after"),
    (bar_columns(BARS) | {"symbol": ["ETHUSDT"] * 3}, "row 1: it is of ETHUSDT, and the file is"),
    (bar_columns(BARS[:1]), "one bar alone does not say how long it is"),
    (bar_columns([]), "there is no row in it"),
    ({"date": [1], "open": [2]}, "there is no column high (nor h"),
]


@pytest.mark.parametrize(("columns", "said"), BAD_ROWS, ids=[said for _, said in BAD_ROWS])
def test_what_is_wrong_is_told_with_file_and_row(
    tmp_path: Path, columns: dict[str, list[object]], said: str
) -> None:
    path = write_csv(tmp_path / "BTC_USDT-1m.csv", columns)
    with pytest.raises(InputError) as error:
        read_bars("BTCUSDT", [path])
    assert str(error.value).startswith(f"{path}: {said}")
    assert "\n" not in str(error.value)


def test_times_stored_in_a_wrong_unit_are_noticed(tmp_path: Path) -> None:
    seconds = [START_NS // 10**9 + n * 60 for n in range(3)]  # where milliseconds are declared
    path = write_as(tmp_path / "BTCUSDT.feather", bar_columns(BARS, seconds))
    with pytest.raises(InputError, match=r"row 1: its time 1970-01-20.* a wrong unit"):
        read_bars("BTCUSDT", [path])


def test_bars_of_two_lengths_in_one_file_are_refused(tmp_path: Path) -> None:
    minute = START_NS // 1_000_000
    times = [minute + seconds * 1000 for seconds in (0, 60, 120, 150, 210)]
    path = write_csv(tmp_path / "BTCUSDT.csv", bar_columns([BARS[0]] * 5, times))
    with pytest.raises(InputError, match="row 4: it begins 30 s after the bar before"):
        read_bars("BTCUSDT", [path])


def test_files_that_overlap_are_refused_by_name(tmp_path: Path) -> None:
    first = bars_file(tmp_path)
    minute = START_NS // 1_000_000
    times = [minute + n * 60_000 for n in (2, 3, 4)]
    second = write_csv(tmp_path / "BTCUSDT-b.csv", bar_columns(BARS, times))
    with pytest.raises(InputError) as error:
        read_bars("BTCUSDT", [second, first])
    assert f"{second}: row 1 (2024-01-01T00:02:00Z) overlaps {first} from its row 3" in str(
        error.value
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("BTCUSDT.feather", b"no feather", "cannot be read as feather: "),
        ("BTCUSDT.parquet", b"no parquet", "cannot be read as parquet: "),
        ("BTCUSDT.csv", b"", "the file is empty"),
        ("BTCUSDT.csv", b"a,b\n1,2\n1,2,3\n", "row 2: Expected 2 columns, got 3"),
        ("BTCUSDT.csv", b"ts,o,h,l,c,v\n1704067200,2,3,\xe9,2,1\n", "row 1: low '\ufffd' is no"),
        ("BTCUSDT.csv", "date,o\n1,2\n".encode("utf-16"), "its first line is no text in UTF-8"),
        ("BTCUSDT.csv", b"date,o,h,h,c,v\n1,2,3,2,2,1\n", "several columns are called h;"),
        ("BTCUSDT.csv", b"\x00\r\x01no csv\r\r\n" * 9, "no column time|cannot be read as csv"),
        ("BTCUSDT.xlsx", b"x", "its name ends in none of .feather"),
        ("BTCUSDT.npy", b"x", "is not an npy file"),
        ("BTCUSDT.csv.gz", b"x", "cannot be read as csv.gz: "),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_bars("BTCUSDT", [path])


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTC_USDT-5m.feather", "BTCUSDT"),
        ("btc-usdt.csv", "BTCUSDT"),
        ("WBTC_BTC-1h.parquet", "WBTCBTC"),
        ("BTCUSDT-5m-2024-01.csv.gz", "BTCUSDT"),
        ("1000SATS_USDT-1h.feather", "1000SATSUSDT"),
    ],
)
def test_a_file_is_of_the_symbol_it_is_named_after(name: str, symbol: str) -> None:
    assert list(files_by_symbol([Path(name)], None)) == [symbol]


def test_a_folder_is_all_its_files_and_a_choice_of_them(tmp_path: Path) -> None:
    for name in ("ETH_USDT-1m.csv", "BTC_USDT-1m.csv", "notes.txt"):
        (tmp_path / name).write_text("")
    files = table_files(str(tmp_path))
    assert list(files_by_symbol(files, None)) == ["BTCUSDT", "ETHUSDT"]
    assert list(files_by_symbol(files, ["ETHUSDT"])) == ["ETHUSDT"]
    with pytest.raises(InputError, match="symbol XRPUSDT is in no file; there are BTCUSDT"):
        files_by_symbol(files, ["XRPUSDT"])
    with pytest.raises(InputError, match="is given twice"):
        table_files(f"{tmp_path},{tmp_path / 'ETH_USDT-1m.csv'}")


def test_spaces_around_names_and_numbers_are_no_part_of_them(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    minute = START_NS // 10**9
    rows = f"{minute} , 2 , 3 , 1 , 2 , 7\n{minute + 60} , 2 , 3 , 1 , 2 , 8\n"
    path.write_text(f"date , o , h , l , c , v\n{rows}")
    assert read_bars("BTCUSDT", [path]).volume.tolist() == [7, 8]


def test_a_listed_symbol_may_be_quoted_in_anything() -> None:
    for name in ("BTCXYZ-1m.csv", "BTC_XYZ-1m.csv"):
        assert list(files_by_symbol([Path(name)], None, {"BTCXYZ"})) == ["BTCXYZ"]


def test_a_name_without_a_symbol_is_refused(tmp_path: Path) -> None:
    path = bars_file(tmp_path, name="candles-1m.csv")
    with pytest.raises(InputError, match=r"candles-1m.csv: symbol CANDLES: cannot tell"):
        files_by_symbol([path], None)


def test_nothing_of_it_is_nan(shared_data: Path) -> None:
    path = shared_data / "binance_spot_ohlcv_5m" / "XRP_USDT-5m.feather"
    bars = read_bars("XRPUSDT", [path])
    assert len(bars.open) > 70_000
    assert bars.interval_ns == 5 * MINUTE_NS
    assert not any(math.isnan(column.sum()) for column in bars[1:6])
