"""Read a capture back, up to where it was cut off. Never writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import zstandard

from genesis.capture.records import FOLDER, FORMAT, SUFFIX, AnyRecord, Finished, Header
from genesis.errors import InputError

_PIECE = 1 << 16

_header = msgspec.msgpack.Decoder(Header)
_batch = msgspec.msgpack.Decoder(list[AnyRecord])


def captures(data_dir: Path) -> dict[int, Path]:
    """The captures of a data folder by the number of their run."""
    found = (data_dir / FOLDER).glob(f"*{SUFFIX}")
    return {int(path.stem): path for path in sorted(found) if path.stem.isdecimal()}


class Capture:
    """``records`` yields all of them once; ``ended`` is None until then, and for a torn one.

    ``damaged``: what came next was no frame. ``torn``: the file ended in the middle of one, as a
    kill or a full disk leaves it. Both are known once all records were read.

    Raises InputError for a file that holds no capture this version can read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended: Finished | None = None
        self.damaged = self.torn = False
        self._frames = self._read_frames()
        first = next(self._frames, None)
        if first is None:
            raise InputError(f"{path}: there is nothing in it to replay")
        try:
            self.header = _header.decode(first)
        except msgspec.MsgspecError as error:
            raise InputError(f"{path}: is no capture of a run ({error})") from None
        if self.header.format != FORMAT:
            raise InputError(
                f"{path} has the format {self.header.format}; this GENESIS reads {FORMAT}: "
                "replay it with the version that wrote it"
            )

    def records(self) -> Iterator[AnyRecord]:
        for frame in self._frames:
            try:
                batch = _batch.decode(frame)
            except msgspec.MsgspecError as error:
                raise InputError(f"{self.path}: a record cannot be read ({error})") from None
            for record in batch:
                if isinstance(record, Finished):
                    self.ended = record
                    return
                yield record

    def _read_frames(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                rest = b""
                while True:
                    frame, rest = self._frame(file.read, rest)
                    if frame is None:
                        return
                    yield frame
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None

    def _frame(self, read: Callable[[int], bytes], rest: bytes) -> tuple[bytes | None, bytes]:
        """One frame, and what was read beyond it."""
        frame = zstandard.ZstdDecompressor().decompressobj()
        parts: list[bytes] = []
        piece, begun = rest, bool(rest)
        while not frame.eof:
            if not piece and not (piece := read(_PIECE)):
                self.torn = begun
                return None, b""
            begun = True
            try:
                parts.append(frame.decompress(piece))
            except zstandard.ZstdError:
                self.damaged = True
                return None, b""
            piece = b""
        return b"".join(parts), frame.unused_data
