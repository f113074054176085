"""Carry a recorder's notes to disk from a thread of its own. A run never waits for it.

The file is plain zstd, one frame for the header and one for each batch of records, so that a kill
costs what was not written yet and nothing else.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import zstandard

from genesis.capture import recorder as r
from genesis.capture.codec import pack
from genesis.capture.records import (
    AnyRecord,
    Began,
    Died,
    Fenced,
    Finished,
    Header,
    Noted,
    Told,
    Took,
)
from genesis.runtime.address import Ask

EVERY_S = 1.0
LOOK_S = 0.1
BATCH = 20_000
"""Notes that are written without waiting for the second to be over."""
NOTES_MAX = 2_000_000
"""More waiting than this and the disk is stuck: memory is for trading."""
LEVEL = 3
"""zstd's own default."""


class Writer:
    """``limit_bytes``: where the file ends. ``keep_free_bytes``: what it leaves of the disk.

    ``trouble`` hears, once, why it ended early.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        recorder: r.Recorder,
        limit_bytes: int,
        keep_free_bytes: int,
        trouble: Callable[[str], None],
    ) -> None:
        """Raises OSError when the file cannot be made, or there is too little room."""
        self._recorder = recorder
        self._folder = path.parent
        self._limit_bytes = limit_bytes
        self._keep_free_bytes = keep_free_bytes
        self._trouble = trouble
        self._compressor = zstandard.ZstdCompressor(LEVEL, write_checksum=True)
        self._encode = msgspec.msgpack.Encoder().encode
        self._ending = threading.Event()
        self._orderly = False
        self._written = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._leave_room()
        self._file: BinaryIO = path.open("wb")
        self._write(self._encode(header))
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def finish(self, orderly: bool, timeout_s: float) -> None:
        """Write what is left. ``orderly``: every actor came to its end."""
        self._orderly = orderly
        self._ending.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._write_all()
        except (OSError, TypeError, OverflowError) as error:
            said = getattr(error, "strerror", None) or error
            self._recorder.stop()
            self._recorder.notes.clear()
            self._trouble(str(said))
        finally:
            self._close()

    def _write_all(self) -> None:
        notes, looks = self._recorder.notes, 0
        while not self._ending.wait(LOOK_S):
            looks += 1
            if len(notes) > NOTES_MAX:
                raise OSError(None, "it could not keep up")
            if looks * LOOK_S >= EVERY_S or len(notes) >= BATCH:
                looks = 0
                self._drain()
        self._recorder.stop()
        self._drain()
        self._write(self._encode([Finished(self._orderly)]))

    def _drain(self) -> None:
        notes = self._recorder.notes
        self._leave_room()
        while waiting := min(len(notes), BATCH):
            self._write(self._encode([_record(notes.popleft()) for _ in range(waiting)]))
            if self._written > self._limit_bytes:
                raise OSError(None, f"it reached its {self._limit_bytes // 1_000_000} MB")

    def _leave_room(self) -> None:
        """The journal comes first: a disk that a capture has filled would hold trading."""
        if shutil.disk_usage(self._folder).free < self._keep_free_bytes:
            left = f"less than {self._keep_free_bytes // 1_000_000} MB are left on the disk"
            raise OSError(None, left)

    def _write(self, content: bytes) -> None:
        frame = self._compressor.compress(content)
        self._file.write(frame)
        self._file.flush()
        self._written += len(frame)

    def _close(self) -> None:
        try:
            self._file.close()
        except OSError:
            return  # what a full disk did not take has been told of


def _record(note: r.Note) -> AnyRecord:
    kind, name, epoch, *rest = note
    match kind:
        case r.TOOK:
            return _took(name, epoch, *rest)
        case r.TOLD:
            return Told(name, epoch, rest[0], pack(rest[1]))
        case r.NOTED:
            return Noted(name, epoch, rest[0], pack(rest[1]))
        case r.BEGAN:
            return Began(name, epoch, *rest)
        case r.DIED:
            return Died(name, epoch, *rest)
        case _:
            return Fenced(name, epoch, *rest)


def _took(name: str, epoch: int, now_ns: int, origin: Any, content: Any) -> Took:
    if origin is None:
        question = content.question if isinstance(content, Ask) else content
        kind = type(content).__name__
        return Took(name, epoch, now_ns, kind, "", 0, 0, pack(question))
    return Took(name, epoch, now_ns, content.__name__, *origin)
