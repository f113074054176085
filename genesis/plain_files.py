"""Tell which files may be read whole. Opens none of them."""

from __future__ import annotations

import stat
from pathlib import Path


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
