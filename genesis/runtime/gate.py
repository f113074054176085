"""The trading gate: one latch read immediately before every network write."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import Final

import msgspec

from genesis.runtime.observer import Observer

HALT: Final = "halt"
"""The key under which the global halt holds the gate."""
OVER: Final = "over"
"""The key under which the end of the market holds it, where nobody has ended the run yet."""


class GateState(enum.StrEnum):
    """As NautilusTrader names them."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"  # only orders that shrink exposure
    HALTED = "HALTED"  # none


class GateReading(msgspec.Struct, frozen=True):
    state: GateState
    reason: str
    halted: bool


class TradingGate:
    """Open only while nobody holds it. Holders are named, so that one cannot lift another's hold.

    ``send`` runs the network write under the gate's own lock: once ``hold`` has returned, no
    write that the new state forbids can still begin.
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self._observer = observer
        self._lock = threading.Lock()
        self._holds: dict[str, tuple[GateState, str]] = {}
        self._reading = self._as_held()  # it moves seldom, and is read for every order

    def hold(self, key: str, reason: str, state: GateState = GateState.HALTED) -> None:
        """Shut (or narrow) the gate in the name of ``key``; a standing hold keeps its reason."""
        with self._lock:
            self._holds.setdefault(key, (state, reason))
            self._reading = self._as_held()

    def release(self, key: str) -> None:
        """Take back the hold of ``key``, if it has one."""
        with self._lock:
            self._holds.pop(key, None)
            self._reading = self._as_held()

    def read(self) -> GateReading:
        reading = self._reading
        return reading if self._observer is None else self._observer.noted("gate", reading)

    def held(self, key: str) -> bool:
        with self._lock:
            held = key in self._holds
        return held if self._observer is None else self._observer.noted("held", held)

    def send(self, reduces_exposure: bool, write: Callable[[], None]) -> GateReading | None:
        """Run ``write`` if the gate lets it pass; otherwise return why it does not."""
        with self._lock:
            reading = self.read()
            shut = reading.state is GateState.HALTED
            if shut or (reading.state is GateState.REDUCING and not reduces_exposure):
                return reading
            write()
            return None

    def _as_held(self) -> GateReading:
        state, reason = GateState.ACTIVE, ""
        for held_state, held_reason in self._holds.values():
            if state is GateState.ACTIVE or held_state is GateState.HALTED:
                state, reason = held_state, held_reason
        if HALT in self._holds:
            reason = self._holds[HALT][1]
        return GateReading(state, reason, HALT in self._holds)
