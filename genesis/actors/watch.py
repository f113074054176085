"""Asks for signs of life and says who gives none. Fences and restarts nobody."""

from __future__ import annotations

from genesis.actors.nursery import Nursery, Times
from genesis.messages.lifecycle import Ping
from genesis.runtime.pulse import Pulse


class Watch:
    """Over everyone ``heard`` was once called for. Reads real time for itself."""

    def __init__(self, nursery: Nursery, times: Times) -> None:
        self._nursery = nursery
        self._hang_after_ns = times.hang_after_ns
        self._pulse = Pulse(times.heartbeat_ns, times.hang_after_ns, nursery.wall_ns())
        self._now_ns = 0

    def heard(self, name: str) -> None:
        self._pulse.heard(name, self._nursery.wall_ns())

    def beat(self) -> None:
        """Everyone is about to be asked."""
        self._now_ns = self._nursery.wall_ns()
        self._pulse.beat(self._now_ns)

    def ping(self, name: str, epoch: int, patience: int = 1) -> str:
        """Ask for the next sign of life; or say how it failed to give one, for ``patience`` times
        as long as usual."""
        if self._nursery.waits(name):
            # The one it waits for will be heard of, or not.
            self._pulse.heard(name, self._now_ns)
        if self._pulse.silent(name, self._now_ns, patience):
            return f"it gave no sign of life for {patience * self._hang_after_ns / 1e9:g} s"
        self._nursery.address(name).tell(Ping(epoch, self._now_ns))
        return ""
