"""Keep decoded histories as memory-mapped columns, so that they are converted once. Trusts none.

An entry is a folder, written beside its place and moved there whole. What was damaged since, or
made by other code, is made again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import platformdirs

import genesis
from genesis.domain.instrument import Instrument
from genesis.exchange.mapped import looked_through
from genesis.messages.market import ROW, Rows

FORMAT = 1
KEPT_BYTES = 8 << 30
"""Of all entries together; those not used for longest make room."""

_META = "meta.json"
_MAKING = "making-"
_OURS = re.compile(rf"[0-9a-f]{{32}}|{_MAKING}.*")
"""Names of entries. A folder that a person named may hold other things, and those stay."""
_SOURCES = (
    "exchange/**/*.py",
    "domain/book_layout.py",
    "domain/instrument.py",
    "messages/market.py",
    "messages/row_kind.py",
    "simulator/tape.py",
)
"""Everything that decides what a conversion gives."""


class History(msgspec.Struct, frozen=True):
    """A decoded market: per symbol its instrument and rows (dtype ``ROW``) in receive order.

    ``interval_ns`` is the length of its bars, 0 where there are none. ``silent_frames`` counts
    frames of a recording that hold no row. ``notes`` tell a person what of it does not count.
    """

    instruments: Mapping[str, Instrument]
    rows: Mapping[str, Rows]
    interval_ns: int = 0
    silent_frames: int = 0
    notes: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True):
    name: str
    rows: int
    checksum: int


class _Meta(msgspec.Struct, frozen=True):
    instruments: dict[str, Instrument]
    files: dict[str, _File]
    interval_ns: int
    silent_frames: int
    notes: tuple[str, ...]


class TapeCache:
    """Histories by what they were made of: the files' paths, sizes and times, and this code."""

    def __init__(self, folder: Path | None = None) -> None:
        """``folder``: by default in the user's cache."""
        self.folder = (
            platformdirs.user_cache_path("genesis") / "tapes" if folder is None else folder
        )

    def history(self, inputs: Sequence[Path], what: str, convert: Callable[[], History]) -> History:
        """The kept conversion of ``inputs``, else that of ``convert``, which is kept for next time.

        ``what`` tells apart conversions of the same files. Where nothing can be written the
        conversion is used as it is. Raises whatever ``convert`` raises, and keeps nothing then;
        of inputs that cannot be looked at nothing kept is taken, so it is ``convert`` that tells.
        """
        try:
            entry = self.folder / _key(inputs, what)
        except OSError:
            return convert()
        kept = _load(entry, check=True)
        if kept is not None:
            with suppress(OSError):
                os.utime(entry)
            return kept
        history = convert()
        try:
            _store(entry, history)
            self._make_room(entry)
        except OSError:
            return history
        return _load(entry, check=False) or history

    def _make_room(self, newest: Path) -> None:
        own = (entry for entry in self.folder.iterdir() if _OURS.fullmatch(entry.name))
        entries = [entry for entry in own if entry != newest]
        entries.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
        left = KEPT_BYTES - _size(newest)
        for entry in entries:
            left -= _size(entry)
            if left < 0:
                shutil.rmtree(entry, ignore_errors=True)


class NoCache(TapeCache):
    """Converts every time."""

    def history(self, inputs: Sequence[Path], what: str, convert: Callable[[], History]) -> History:
        return convert()


def _key(inputs: Sequence[Path], what: str) -> str:
    """Raises OSError for an input that cannot be looked at."""
    digest = hashlib.sha256(f"{FORMAT}/{_code()}/{what}".encode())
    for path in inputs:
        about = path.stat()
        digest.update(f"\n{path.resolve()}/{about.st_size}/{about.st_mtime_ns}".encode())
    return digest.hexdigest()[:32]


def _code() -> str:
    package = Path(genesis.__file__).parent
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for source in sorted(package.glob(pattern)):
            digest.update(source.read_bytes())
    return digest.hexdigest()


def _store(entry: Path, history: History) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=entry.parent))
    try:
        files = {}
        for number, (symbol, rows) in enumerate(history.rows.items()):
            name = f"{number}.npy"
            with (making / name).open("wb") as file:
                np.save(file, np.ascontiguousarray(rows))
                file.flush()
                os.fsync(file.fileno())
            files[symbol] = _File(name, len(rows), _checksum(rows))
        instruments = dict(history.instruments)
        about = (history.interval_ns, history.silent_frames, history.notes)
        meta = _Meta(instruments, files, *about)
        (making / _META).write_bytes(msgspec.json.encode(meta))
        shutil.rmtree(entry, ignore_errors=True)
        making.rename(entry)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def _load(entry: Path, *, check: bool) -> History | None:
    """What an entry holds; None where there is none, or it is not what was written."""
    try:
        meta = msgspec.json.decode((entry / _META).read_bytes(), type=_Meta)
        tape = {symbol: _map(entry / file.name) for symbol, file in meta.files.items()}
    except (OSError, ValueError, EOFError):
        return None
    for symbol, file in meta.files.items():
        rows = tape[symbol]
        if rows.dtype != ROW or rows.shape != (file.rows,):
            return None
        if check and _checksum(rows) != file.checksum:
            return None
    return History(meta.instruments, tape, meta.interval_ns, meta.silent_frames, meta.notes)


def _map(path: Path) -> Rows:
    # Copy on write, although nobody writes: for read-only arrays Numba would compile once more.
    return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))


def _checksum(rows: Rows) -> int:
    checksum = 0
    for part in looked_through(rows):
        checksum = zlib.crc32(np.ascontiguousarray(part).view(np.uint8).data, checksum)
    return checksum


def _size(entry: Path) -> int:
    try:
        return sum(file.stat().st_size for file in entry.iterdir())
    except OSError:
        return 0
