"""A capture's file: what was written is read, up to wherever it was cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from genesis.backtest.replays.replay import replay
from genesis.capture.live import make_room
from genesis.capture.reader import Capture, captures
from genesis.capture.recorder import Recorder
from genesis.capture.records import FORMAT, AnyRecord, Finished, Header, Noted, Told, Took
from genesis.capture.writer import Writer
from genesis.errors import InputError
from genesis.messages.control import Halt
from genesis.messages.orders import CancelOrder
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal

HEADER = Header(FORMAT, "1.0", 1, 2, b"{}", "a market", True, "{}", b"")


def nothing_went_wrong(reason: str) -> None:
    raise AssertionError(reason)


class Desk:
    """A capture that is written by hand."""

    def __init__(
        self,
        path: Path,
        limit_bytes: int = 1_000_000,
        trouble: Callable[[str], None] = nothing_went_wrong,
        keep_free_bytes: int = 0,
        header: Header = HEADER,
    ) -> None:
        self.path = path
        self.recorder = Recorder()
        self.recorder.watch(["risk", "strategy.a"])
        self.writer = Writer(path, header, self.recorder, limit_bytes, keep_free_bytes, trouble)

    def work(self, times: int) -> None:
        for number in range(times):
            self.recorder.taken(None, Halt(f"number {number}", "operator"))
            self.recorder.handles("strategy.a", 1, number)
            self.recorder.sending("strategy.a", 1, "risk", CancelOrder(f"order {number}"))
            self.recorder.noted("wall", number)

    def end(self, orderly: bool = True) -> None:
        self.writer.finish(orderly, 10.0)


def read(path: Path) -> tuple[list[AnyRecord], Finished | None]:
    capture = Capture(path)
    return list(capture.records()), capture.ended


def test_what_was_written_is_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "capture" / "1.zst")
    desk.work(3)
    desk.end()
    records, ended = read(desk.path)
    assert [type(record) for record in records] == [Took, Told, Noted] * 3
    assert ended == Finished(orderly=True)
    assert Capture(desk.path).header == HEADER


def test_what_comes_after_the_end_is_not_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "1.zst")
    desk.work(1)
    desk.end(orderly=False)
    desk.work(1)
    assert not desk.recorder.notes
    records, ended = read(desk.path)
    assert len(records) == 3
    assert ended == Finished(orderly=False)


def test_wherever_it_is_cut_off_what_stands_before_is_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "1.zst")
    desk.work(50)
    desk.writer._drain()
    desk.work(50)
    desk.end()
    whole = desk.path.read_bytes()
    torn = tmp_path / "2.zst"
    seen = set()
    for length in range(0, len(whole), 7):
        torn.write_bytes(whole[:length])
        try:
            records, ended = read(torn)
        except InputError:
            continue  # not even its header
        assert ended is None
        seen.add(len(records))
    assert {0, 150} <= seen


def test_damage_ends_it_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "1.zst")
    desk.work(50)
    desk.end()
    content = bytearray(desk.path.read_bytes())
    content[len(content) // 2] ^= 255
    desk.path.write_bytes(content)
    assert read(desk.path) == ([], None)


@pytest.mark.parametrize("content", [b"", b"no capture", bytes(1000)])
def test_what_is_no_capture_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.zst"
    path.write_bytes(content)
    with pytest.raises(InputError, match="nothing in it to replay"):
        Capture(path)


def test_a_session_of_a_version_with_another_state_is_not_replayed(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path) as folder:
        Journal.open(folder).close()
    former = msgspec.structs.replace(HEADER, state=b'{"format":1}')
    Desk(tmp_path / "capture" / "1.zst", header=former).end()
    with pytest.raises(InputError, match=r"format 1 cannot be read.* the version that wrote it"):
        replay(tmp_path)


def test_at_its_limit_it_ends_and_says_so_once(tmp_path: Path) -> None:
    told: list[str] = []
    desk = Desk(tmp_path / "1.zst", limit_bytes=300, trouble=told.append)
    desk.work(2_000)
    desk.end()
    assert told == ["it reached its 0 MB"]
    records, ended = read(desk.path)
    assert records
    assert ended is None
    desk.work(1)
    assert not desk.recorder.notes, "notes of a capture that has ended"


def test_a_full_disk_ends_it(small_disk: Callable[[str], Path]) -> None:
    told: list[str] = []
    desk = Desk(small_disk("size=16k") / "1.zst", trouble=told.append)
    desk.recorder.noted("wall", 0)
    for number in range(2_000):
        desk.recorder.died("risk", number, f"{number * 7919:x} {number**5:x}")
    desk.end()
    assert told == ["No space left on device"]
    assert Capture(desk.path).header == HEADER


def test_it_leaves_room_on_the_disk(small_disk: Callable[[str], Path]) -> None:
    place = small_disk("size=4m")
    told: list[str] = []
    desk = Desk(place / "1.zst", trouble=told.append, keep_free_bytes=2_000_000)
    desk.work(1)
    (place / "journal").write_bytes(bytes(3_000_000))
    desk.end()
    assert told == ["less than 2 MB are left on the disk"]
    with pytest.raises(OSError, match="less than 2 MB"):
        Desk(place / "2.zst", keep_free_bytes=2_000_000)
    assert not (place / "2.zst").exists()


def test_older_captures_make_room(tmp_path: Path) -> None:
    (tmp_path / "capture").mkdir()
    for run in (1, 2, 10):
        (tmp_path / "capture" / f"{run}.zst").write_bytes(bytes(100))
    assert make_room(tmp_path, 250) == 200
    assert sorted(captures(tmp_path)) == [2, 10]
    assert make_room(tmp_path, 50) == 0
    assert not captures(tmp_path)
