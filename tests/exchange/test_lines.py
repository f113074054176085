"""Numbered lines: what is no text of lines at all ends soon, with its place."""

from __future__ import annotations

import gzip
import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from typer.testing import CliRunner

from genesis.cli import app
from genesis.errors import BadFrame
from genesis.exchange.lines import LINE_MAX_BYTES, numbered_lines


def test_lines_are_numbered_and_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"one\n\n" + b"x" * (LINE_MAX_BYTES - 1000) + b"\nlast")
    assert [(number, len(line)) for number, line in numbered_lines(path)] == [
        *((1, 3), (2, 0)),
        *((3, LINE_MAX_BYTES - 1000), (4, 4)),
    ]


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_line_without_an_end_is_told_with_its_number(tmp_path: Path, compress: type) -> None:
    path = tmp_path / "endless"
    path.write_bytes(compress(b"one\ntwo\n" + b"x" * (LINE_MAX_BYTES + 100_000)))
    with pytest.raises(BadFrame, match=r"endless:3: longer than 8 MB; leave this line out") as bad:
        list(numbered_lines(path))
    assert str(pickle.loads(pickle.dumps(bad.value))) == str(bad.value)  # from a worker process


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("end", [b"", b"\nlast"])
def test_however_far_it_expands_little_is_held(
    tmp_path: Path, compress: Callable[[bytes], bytes], end: bytes
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(compress(b"one\n" + bytes(200 << 20) + end))
    tracemalloc.start()
    try:
        with pytest.raises(BadFrame, match=r"bomb:2: longer than 8 MB"):
            list(numbered_lines(path))
        held_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held_bytes < 64 << 20


def test_a_line_that_ends_just_beyond_the_limit_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"x" * (LINE_MAX_BYTES + 1) + b"\n")
    with pytest.raises(BadFrame, match=r"long:1: longer than 8 MB"):
        list(numbered_lines(path))


def test_a_device_that_never_ends_is_no_recording() -> None:
    done = CliRunner().invoke(app, ["data", "check", "/dev/zero"])
    assert isinstance(done.exception, BadFrame)
    assert str(done.exception).startswith("/dev/zero:1: longer than 8 MB")
