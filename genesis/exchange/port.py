"""What actors may know of an exchange adapter. Interfaces only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from genesis.messages.market import RawFrame, Rows


class DecoderPort(Protocol):
    """Frames to rows per symbol; raises ``genesis.errors.BadFrame``."""

    def decode(self, frames: Sequence[RawFrame]) -> Mapping[str, Rows]: ...
