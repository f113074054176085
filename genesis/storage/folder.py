"""Hold one data folder for one process. Never reads or writes the journal in it."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from genesis.errors import DataFolderLocked, StorageError, StorageFull

JOURNAL_NAME = "journal.db"
LOCK_NAME = "genesis.lock"

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


def no_journal(place: Path) -> StorageError:
    """What everybody says who looks for a journal at ``place`` and finds none."""
    return StorageError(f"{place}: there is no journal here")


class DataFolder:
    """A folder held exclusively until ``close`` or the death of the process.

    The lock is ``flock`` on ``genesis.lock``, which also holds the pid for a person to read. It
    belongs to the process: any number of journals may be opened below it, one after the other.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock

    @property
    def journal_path(self) -> Path:
        return self.path / JOURNAL_NAME

    @property
    def held(self) -> bool:
        return self._lock is not None

    @classmethod
    def open(cls, path: Path | str) -> DataFolder:
        """Create the folder where it is missing and take it.

        Raises ``DataFolderLocked`` when another process holds it, ``StorageFull`` when there is
        no room or no permission, ``StorageError`` when the path cannot be a folder.
        """
        folder = Path(path).expanduser().absolute()
        if ".." in folder.parts:
            folder = folder.resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unusable(folder, error) from error
        try:
            _take(folder, lock)
        except BaseException:
            os.close(lock)
            raise
        return cls(folder, lock)

    def close(self) -> None:
        """Give the folder back. Harmless when repeated."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> DataFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _take(folder: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise DataFolderLocked(
            f"data folder {folder} is held by another GENESIS (pid {holder}); "
            "stop it or choose another --data-dir"
        ) from None
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
    except OSError as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError) -> StorageError:
    what = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return StorageFull(
            f"data folder {folder} cannot be written ({what}); "
            "free some room, mend its permissions or choose another --data-dir"
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        what = "a file is in its place"
    return StorageError(f"data folder {folder} cannot be used ({what}); choose another --data-dir")
