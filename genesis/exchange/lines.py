"""Numbered lines of a plain, gzip or zstd file, streamed. Knows nothing of markets."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from genesis.errors import BadFrame, InputError

_CHUNK_BYTES = 1 << 15
_PIECE_BYTES = 512
"""Compressed bytes expanded at once: zstd makes 128 kB of 4 bytes, so at most 16 MB come of it."""
_GATHERED_BYTES = 1 << 18
LINE_MAX_BYTES = 8 << 20
"""A snapshot of five thousand levels a side takes a tenth of it."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def numbered_lines(path: Path, line_max_bytes: int = LINE_MAX_BYTES) -> Iterator[tuple[int, bytes]]:
    """Each line with its number from 1, without its line end, blank ones included.

    The compression is told by the first bytes, not by the name. Raises InputError for a path that
    is no readable file, an empty file, and, after all whole lines before it, for compression that
    is damaged or cut off; BadFrame for a line that goes on beyond ``line_max_bytes``. However far
    compressed data expands, little more than one line is held.
    """
    number = 0
    rest = b""
    try:
        for chunk in _chunks(path):
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            for number, line in enumerate(lines, number + 1):  # noqa: B020
                if len(line) > line_max_bytes:
                    raise _too_long(path, number, line_max_bytes)
                yield number, line
            if len(rest) > line_max_bytes:
                raise _too_long(path, number + 1, line_max_bytes)
    except (zlib.error, zstandard.ZstdError) as error:
        raise InputError(
            f"{path}: the compressed data is damaged ({error}); the last good line is {number}"
        ) from None
    except EOFError:
        raise InputError(
            f"{path}: the compressed file is cut off; the last good line is {number}"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if rest:
        yield number + 1, rest


def _too_long(path: Path, number: int, line_max_bytes: int) -> BadFrame:
    return BadFrame(f"{path}:{number}", f"longer than {line_max_bytes >> 20} MB")


def _chunks(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        data = file.read(_PIECE_BYTES)
        if not data:
            raise InputError(f"{path}: the file is empty")
        if data.startswith((_GZIP, _ZSTD)):
            yield from _gathered(_decompressed(file, data))
            return
        while data:
            yield data
            data = file.read(_CHUNK_BYTES)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, not a recording") from None


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of one size: a long line must not be copied for every piece."""
    waiting = bytearray()
    try:
        for piece in pieces:
            waiting += piece
            while len(waiting) >= _GATHERED_BYTES:
                yield bytes(waiting[:_GATHERED_BYTES])
                del waiting[:_GATHERED_BYTES]
    except (zlib.error, zstandard.ZstdError, EOFError):
        yield bytes(waiting)  # what came before the damage is good
        raise
    yield bytes(waiting)


def _decompressed(file: BinaryIO, data: bytes) -> Iterator[bytes]:
    """A file may be several compressed members one after another. EOFError when cut off."""
    decompressor = _decompressor(data)
    while True:
        while not data:
            data = file.read(_PIECE_BYTES)
            if not data:
                raise EOFError
        yield decompressor.decompress(data)
        data = b""
        if decompressor.eof:
            # Zeros after a gzip member are legal padding (tapes).
            data = (decompressor.unused_data + file.read(_PIECE_BYTES)).lstrip(b"\0")
            while not data and (more := file.read(_PIECE_BYTES)):
                data = (more + file.read(_PIECE_BYTES)).lstrip(b"\0")
            if not data:
                return
            decompressor = _decompressor(data)


def _decompressor(data: bytes) -> _Decompressor:
    if data.startswith(_GZIP):
        return zlib.decompressobj(wbits=31)
    if data.startswith(_ZSTD):
        return zstandard.ZstdDecompressor().decompressobj()
    raise zlib.error("something else follows the compressed data")
