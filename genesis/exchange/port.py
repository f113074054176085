"""What actors may know of an exchange adapter. Interfaces only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from genesis.messages.market import RawFrame, Table


class DecoderPort(Protocol):
    """Frames to rows (columns of ``ROW``) per symbol; raises ``genesis.errors.BadFrame``."""

    def tables(self, frames: Sequence[RawFrame]) -> Mapping[str, Table]: ...
