"""Put compiled kernels where a changed source never meets an old binary. Compiles nothing.

Numba's own cache looks at one file's time stamp only, but the book's kernels are compiled together
from several files; after an update it could run yesterday's code.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs

VARIABLE = "NUMBA_CACHE_DIR"
SOURCES = (
    "**/*kernels.py",
    "domain/book_layout.py",
    "messages/market.py",
    "messages/row_kind.py",
)
"""Everything that is compiled, or compiled in as a constant."""


def use() -> Path:
    """Name the cache folder by the kernels' sources; call before anything imports numba.

    A folder the operator has chosen (``NUMBA_CACHE_DIR``) is left alone. Where the user's cache
    cannot be written, a temporary folder serves, and the next start compiles again.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    folder = platformdirs.user_cache_path("genesis") / f"kernels-{_digest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        folder = Path(tempfile.mkdtemp(prefix="genesis-kernels-"))
    os.environ[VARIABLE] = str(folder)
    return folder


def _digest() -> str:
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for source in sorted(package.glob(pattern)):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:12]
