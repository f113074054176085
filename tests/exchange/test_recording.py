"""Recordings: forms, compression, merging, and everything that can be wrong with a file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard
from frames import combined, diff, line, snapshot, ticker, trade

from genesis.errors import BadFrame, InputError
from genesis.exchange.lines import LINE_MAX_BYTES
from genesis.exchange.recording import INFO_MAX_MB, Recording, read_exchange_info
from genesis.messages.market import RawFrame

TIME = 1723161253937085768
CAPTURE = b"\n".join(
    [
        b"wss://stream.binance.com:9443/stream?streams=btcusdt@trade <-> 1617566590.378895",
        b'configuration: {"trades":["BTC-USDT"]}',
        b"https://api.binance.com/api/v3/ping -> 1617566590.5: {}",
        b"1617566591.326123: " + json.dumps(combined(trade("5.1", "1.5"))).encode(),
        b"https://www.binance.com/api/v1/depth?symbol=BTCUSDT&limit=1000 -> 1617566592.1065369: "
        b'{"lastUpdateId":3,"bids":[],"asks":[]}',
        b'1617566593: {"result":null,"id":1}\n',
    ]
)


def trades(count: int, symbol: str = "BTCUSDT", step: int = 10) -> bytes:
    return b"".join(
        line(TIME + i * step, combined(trade(f"6{i:04}.25000000", "0.01", symbol=symbol)))
        for i in range(count)
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: bytes, name: str = "rec") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def read(*paths: Path, symbols: list[str] | None = None) -> list[RawFrame]:
    return list(Recording(paths, symbols).frames())


@pytest.mark.parametrize(
    "packed",
    [
        bytes,
        gzip.compress,
        zstandard.compress,
        lambda content: gzip.compress(content[:100]) + gzip.compress(content[100:]) + b"\0" * 50,
        lambda content: zstandard.compress(content[:100]) + zstandard.compress(content[100:]),
    ],
    ids=["plain", "gzip", "zstd", "gzip members", "zstd frames"],
)
def test_compression_is_told_by_content(
    write: Callable[..., Path], packed: Callable[[bytes], bytes]
) -> None:
    frames = read(write(packed(trades(3))))
    assert [frame.received_ns for frame in frames] == [TIME, TIME + 10, TIME + 20]
    assert frames[2].where == "rec:3"
    assert frames[0].payload.startswith(b'{"stream"')


def test_blank_lines_count_but_say_nothing(write: Callable[..., Path]) -> None:
    frames = read(write(b"\n" + trades(1) + b"\r\n\n" + line(TIME, trade("1", "1")).rstrip()))
    assert [frame.where for frame in frames] == ["rec:2", "rec:5"]


def test_the_capture_form_has_rest_answers_and_other_lines(write: Callable[..., Path]) -> None:
    frames = read(write(CAPTURE))
    assert [frame.received_ns for frame in frames] == [
        1617566591_326123000,
        1617566592_106536900,
        1617566593_000000000,
    ]
    assert [frame.symbol for frame in frames] == ["", "BTCUSDT", ""]
    assert frames[1].payload.startswith(b'{"lastUpdateId":3')


def test_a_bare_snapshot_is_of_its_files_symbol(write: Callable[..., Path]) -> None:
    content = line(TIME, snapshot(1, [], [])) + trades(2, "ETHUSDT")
    assert [frame.symbol for frame in read(write(content))] == ["ETHUSDT", "", ""]


def test_several_files_are_one_recording_in_receive_order(write: Callable[..., Path]) -> None:
    one = write(trades(3, step=20), "one")
    two = write(gzip.compress(trades(4, "ETHUSDT", step=15)), "two")
    frames = read(one, two)
    assert [frame.where for frame in frames] == [
        "one:1",
        "two:1",  # the same time: files in the given order
        "two:2",
        "one:2",
        "two:3",
        "one:3",
        "two:4",
    ]
    assert list(Recording([one, two]).instruments()) == ["BTCUSDT", "ETHUSDT"]


def test_symbols_can_be_restricted(write: Callable[..., Path]) -> None:
    path = write(trades(2) + line(TIME + 99, combined(trade("1", "1", symbol="ETHUSDT"))))
    assert [frame.where for frame in read(path, symbols=["ETHUSDT"])] == ["rec:3"]
    assert list(Recording([path], ["ETHUSDT"]).instruments()) == ["ETHUSDT"]


def test_frames_can_be_read_again(write: Callable[..., Path]) -> None:
    recording = Recording([write(trades(3))])
    assert list(recording.frames()) == list(recording.frames())


def test_instruments_are_inferred_or_read(write: Callable[..., Path]) -> None:
    path = write(trades(20))
    inferred = Recording([path]).instruments()["BTCUSDT"]
    assert (inferred.tick_size, inferred.step_size) == (Decimal("0.01"), Decimal("0.01"))
    info = write(
        b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",'
        b'"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.001"},'
        b'{"filterType":"LOT_SIZE","stepSize":"0.0001"}]}]}',
        "info.json",
    )
    given = Recording([path], exchange_info=info).instruments()["BTCUSDT"]
    assert (given.tick_size, given.step_size) == (Decimal("0.001"), Decimal("0.0001"))
    inline = (
        b"https://api.binance.com/api/v3/exchangeInfo -> 1617566590.1: " + info.read_bytes() + b"\n"
    )
    captured = Recording([write(inline + CAPTURE, "captured")]).instruments()["BTCUSDT"]
    assert captured.tick_size == Decimal("0.001")
    with pytest.raises(InputError, match="there is no exchangeInfo in it"):
        Recording([path], exchange_info=write(CAPTURE, "other"))


def test_an_exchange_info_that_may_never_end_is_not_read(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path, huge = write(trades(2)), tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate((INFO_MAX_MB << 20) + 1)
    with pytest.raises(InputError, match="huge: is larger than 64 MB"):
        Recording([path], exchange_info=huge)
    with pytest.raises(InputError, match="/dev/zero: is a device or a pipe"):
        Recording([path], exchange_info=Path("/dev/zero"))
    with pytest.raises(InputError, match="absent: cannot be read"):
        Recording([path], exchange_info=tmp_path / "absent")


def test_an_exchange_info_may_be_one_longer_line_than_any_frame(
    write: Callable[..., Path],
) -> None:
    padding = b'"x":"' + b"x" * LINE_MAX_BYTES + b'",'
    info = write(b"{" + padding + b'"symbols":[]}', "long.json")
    with pytest.raises(InputError, match="there is no exchangeInfo in it"):
        Recording([write(trades(2))], exchange_info=info)


def test_an_exchange_info_may_be_spread_over_lines(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.001"},
        {"filterType": "LOT_SIZE", "stepSize": "0.0001"},
    ]
    listed = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
    answer = json.dumps({"symbols": [listed | {"filters": sizes}]}, indent=2)
    info = write(answer.encode(), "pretty.json")
    assert read_exchange_info(info)["BTCUSDT"].tick_size == Decimal("0.001")
    info = write(gzip.compress((b"{\n" + b" " * (1 << 19)) * 3), "long.gz")
    monkeypatch.setattr("genesis.exchange.recording.INFO_MAX_MB", 1)
    with pytest.raises(InputError, match=r"long\.gz: is larger than 1 MB"):
        read_exchange_info(info)


def test_a_file_that_is_no_exchange_info_is_not_called_a_recording(
    write: Callable[..., Path],
) -> None:
    info = write(b"hello\n", "g.txt")
    with pytest.raises(InputError, match=r"g\.txt: line 1 is neither the JSON of an exchangeInfo"):
        Recording([write(trades(2))], exchange_info=info)


def test_an_absent_symbol_names_what_there_is(write: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="DOGEUSDT is not in the recording; it has BTCUSDT"):
        Recording([write(trades(2))], ["DOGEUSDT"])


def test_paths_that_are_no_recording(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: there is no such file"):
        Recording([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="is a directory, not a recording"):
        Recording([tmp_path])
    with pytest.raises(InputError, match="the file is empty"):
        Recording([write(b"")])
    with pytest.raises(InputError, match="no market frames in it"):
        Recording([write(gzip.compress(b""))])
    with pytest.raises(InputError, match="no market frames in it"):
        Recording([write(b"\n\n")])
    with pytest.raises(InputError, match="at least one file"):
        Recording([])


def test_a_file_given_twice_by_whatever_name_would_count_double(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path, link, hard, copy = write(trades(2)), *(tmp_path / n for n in ("link", "hard", "copy"))
    link.symlink_to(path)
    hard.hardlink_to(path)
    copy.write_bytes(path.read_bytes())  # another file, which may be of another connection
    with pytest.raises(InputError, match=r"/rec: is given twice; leave one of them out"):
        Recording([path, copy, path])
    (tmp_path / "folder").mkdir()
    for other in (link, hard, tmp_path / "folder" / ".." / "rec"):
        with pytest.raises(InputError, match=r"is given twice \(also as /.*/rec\)"):
            Recording([path, other])


def told_after(path: Path) -> tuple[int, str]:
    """How many frames were delivered before the error, and the error."""
    frames = Recording([path]).frames()
    delivered = 0
    error = ""
    try:
        for _ in frames:
            delivered += 1
    except InputError as told:
        error = str(told)
    assert error, "the file was read without an error"
    assert "\n" not in error
    return delivered, error


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_truncated_file_is_told_after_its_good_lines(
    write: Callable[..., Path], compress: Callable[[bytes], bytes]
) -> None:
    packed = compress(trades(30_000))
    delivered, error = told_after(write(packed[: len(packed) * 2 // 3]))
    assert 1000 < delivered < 30_000
    assert error.endswith(f"the compressed file is cut off; the last good line is {delivered}")


def test_a_truncation_in_the_checksum_is_told_as_well(write: Callable[..., Path]) -> None:
    delivered, error = told_after(write(gzip.compress(trades(30))[:-3]))
    assert delivered == 30
    assert "cut off" in error


def test_a_damaged_zstd_file_is_told(write: Callable[..., Path]) -> None:
    packed = bytearray(zstandard.compress(trades(60_000)))
    middle = len(packed) // 2
    packed[middle : middle + 400] = b"\xff" * 400
    delivered, error = told_after(write(bytes(packed)))
    assert 0 < delivered < 60_000
    assert "the compressed data is damaged" in error
    assert error.endswith(f"the last good line is {delivered}")


def test_a_gzip_file_with_a_wrong_checksum_is_told(write: Callable[..., Path]) -> None:
    packed = bytearray(gzip.compress(trades(60_000)))
    packed[-8] ^= 1
    delivered, error = told_after(write(bytes(packed)))
    assert 0 < delivered < 60_000
    assert "the compressed data is damaged" in error


def test_garbage_after_compressed_data_is_told(write: Callable[..., Path]) -> None:
    delivered, error = told_after(write(gzip.compress(trades(3)) + b"garbage"))
    assert delivered == 3
    assert "something else follows" in error


@pytest.mark.parametrize("bad", [b"hello world\n", b'{"e":"trade"}\n', b"12x {}\n", b"-5 {}\n"])
def test_a_line_of_no_known_form_is_told(write: Callable[..., Path], bad: bytes) -> None:
    delivered, error = told_after(write(trades(2) + bad + trades(1)))
    assert delivered == 2
    assert error.startswith("rec:3: not a line of a recording")


def test_time_must_not_go_backwards(write: Callable[..., Path]) -> None:
    delivered, error = told_after(write(trades(2) + trades(1)))
    assert delivered == 2
    assert error.startswith(f"rec:3: its time {TIME} is before {TIME + 10}, the one before; ")


def test_a_time_in_another_unit_is_told(write: Callable[..., Path]) -> None:
    path = write(line(TIME // 1000, combined(trade("1", "1"))))
    with pytest.raises(BadFrame, match=f"rec:1: its time {TIME // 1000} is no time in nanosec"):
        Recording([path])


def test_a_time_beyond_64_bits_is_told(write: Callable[..., Path]) -> None:
    _, error = told_after(write(trades(1) + line(2**63, ticker(1, "1", "1", "2", "1"))))
    assert "is no time in nanoseconds" in error


def test_where_is_kept_in_a_bad_frame(write: Callable[..., Path]) -> None:
    with pytest.raises(BadFrame) as caught:
        read(write(line(TIME, combined(diff(1, 2, [], []))) + b"x\n"))
    assert caught.value.where == "rec:2"


def test_the_recorded_files_read_whole(shared_data: Path) -> None:
    folder = shared_data / "binance_spot_l2"
    paths = [folder / f"{name}usdt_20240808.gz" for name in ("btc", "eth")]
    frames = read(*paths)
    times = [frame.received_ns for frame in frames]
    assert len(frames) == 41_249 + 33_618
    assert times == sorted(times)
    instruments = Recording(paths).instruments()
    assert {s: str(i.tick_size) for s, i in instruments.items()} == {
        "BTCUSDT": "0.01",
        "ETHUSDT": "0.01",
    }
    assert instruments["BTCUSDT"].step_size == Decimal("0.00001")
    assert instruments["ETHUSDT"].step_size == Decimal("0.0001")
