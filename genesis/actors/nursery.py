"""What a supervisor needs of the world it keeps its children in. Only says so; does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from genesis.messages.base import Message
from genesis.runtime.actor import Context
from genesis.runtime.address import Address


class Times(msgspec.Struct, frozen=True):
    """Real time, in ns."""

    heartbeat_ns: int
    hang_after_ns: int
    start_timeout_ns: int
    shutdown_timeout_ns: int


class Incarnation(Protocol):
    """News of one incarnation of a child."""

    @property
    def name(self) -> str: ...

    @property
    def epoch(self) -> int: ...


class Nursery(Protocol):
    """What a supervisor may do beyond what every actor may."""

    def address(self, name: str) -> Address: ...

    def spawn(self, name: str, start: Callable[[Context], Any]) -> int: ...

    def fence(self, name: str, epoch: int, reason: str) -> Message | None: ...

    def waits(self, name: str) -> bool: ...

    def wall_ns(self) -> int: ...
