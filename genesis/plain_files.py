"""Tell which of the files that a person named may be read. Opens none of them."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from genesis.errors import InputError


def unbounded(path: Path, limit_mb: int) -> str:
    """Why a file named by a person must not be read whole, in words; empty where it may be.

    A device or a pipe may never end. Raises OSError where there is nothing at ``path``.
    """
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        return "is a directory"
    if not stat.S_ISREG(found.st_mode):
        return "is a device or a pipe; name a regular file"
    if found.st_size > limit_mb << 20:
        return f"is larger than {limit_mb} MB, which is more than such a file can hold"
    return ""


def require_once(files: Sequence[Path]) -> None:
    """Raises InputError for a file given twice, by whatever names, and for one that is not there.

    What is in it would count double.
    """
    seen: dict[tuple[int, int], Path] = {}
    for path in files:
        try:
            found = path.stat()
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        identity = (found.st_dev, found.st_ino)
        if identity in seen:
            also = "" if seen[identity] == path else f" (also as {seen[identity]})"
            raise InputError(f"{path}: is given twice{also}; leave one of them out")
        seen[identity] = path
