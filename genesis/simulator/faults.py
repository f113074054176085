"""What goes wrong between a venue and its client, by chance from a seed. Never touches the venue.

It stands between the matching engine and whoever carries its messages: requests may be lost on
the way, answers dropped, doubled, delayed or denied, frames lost, doubled, swapped or stalled.
The venue's own truth stays what it is: that is the oracle.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from genesis.messages.base import Message
from genesis.messages.orders import CancelAtVenue, OrderSnapshot, OutcomeUnknown, SubmitOrder
from genesis.simulator.matching import Due

T = TypeVar("T")


class FaultRates(msgspec.Struct, frozen=True, kw_only=True):
    """Probabilities, each per message (frames: per message of frames). ``late_ns`` is the longest
    extra delay of an answer, ``stall_ns`` the longest silence of the market's stream."""

    lose_request: float = 0.0
    unknown_outcome: float = 0.0
    drop_answer: float = 0.0
    double_answer: float = 0.0
    delay_answer: float = 0.0
    hide_order: float = 0.0
    drop_frames: float = 0.0
    double_frames: float = 0.0
    swap_frames: float = 0.0
    stall_frames: float = 0.0
    late_ns: int = 2_000_000_000
    stall_ns: int = 8_000_000_000


class Fate(enum.Enum):
    """What becomes of a request."""

    ARRIVES = "it arrives"
    LOST = "it never arrives, and nobody says so"
    UNKNOWN = "it arrives, and the client is told -1007"
    LOST_UNKNOWN = "it never arrives, and the client is told -1007"


class Faults:
    """Draws from ``rng`` until ``until_ns`` (trading time); afterwards everything is healthy."""

    def __init__(self, rates: FaultRates, rng: random.Random, until_ns: int) -> None:
        self._rates = rates
        self._rng = rng
        self._until_ns = until_ns
        self._stalled_until_ns = 0
        self.injected: dict[str, int] = {}

    def request(self, now_ns: int) -> Fate:
        """What becomes of an order or a cancel that leaves at ``now_ns``."""
        lost = self._happens("lose_request", now_ns)
        if self._happens("unknown_outcome", now_ns):
            return Fate.LOST_UNKNOWN if lost else Fate.UNKNOWN
        return Fate.LOST if lost else Fate.ARRIVES

    def answers(self, dues: Sequence[Due], now_ns: int) -> list[Due]:
        """What the client gets of what the venue says."""
        delivered: list[Due] = []
        for due in dues:
            if self._happens("drop_answer", now_ns):
                continue
            heard = self._denied(due, now_ns)
            if self._happens("delay_answer", now_ns):
                late_ns = self._rng.randrange(self._rates.late_ns)
                heard = Due(heard.due_ns + late_ns, heard.message)
            delivered.append(heard)
            if self._happens("double_answer", now_ns):
                late_ns = self._rng.randrange(self._rates.late_ns)
                delivered.append(Due(heard.due_ns + late_ns, heard.message))
        return delivered

    def frames(self, frames: list[T], now_ns: int) -> list[T]:
        """What arrives of one message of market frames; nothing while the stream is stalled."""
        if now_ns < self._stalled_until_ns or self._happens("drop_frames", now_ns):
            return []
        if self._happens("stall_frames", now_ns):
            self._stalled_until_ns = now_ns + self._rng.randrange(self._rates.stall_ns)
            return []
        if self._happens("swap_frames", now_ns):
            at = self._rng.randrange(len(frames))
            frames = [*frames[at:], *frames[:at]]
        if self._happens("double_frames", now_ns):
            frames = frames * 2
        return frames

    def _denied(self, due: Due, now_ns: int) -> Due:
        message = due.message
        if isinstance(message, OrderSnapshot) and self._happens("hide_order", now_ns):
            return Due(due.due_ns, msgspec.structs.replace(message, order=None))
        return due

    def _happens(self, what: str, now_ns: int) -> bool:
        rate: float = getattr(self._rates, what)
        if now_ns >= self._until_ns or not rate or self._rng.random() >= rate:
            return False
        self.injected[what] = self.injected.get(what, 0) + 1
        return True


def unknown(request: SubmitOrder | CancelAtVenue) -> Message:
    """Binance's -1007: the outcome of the request is not known."""
    what = "place" if isinstance(request, SubmitOrder) else "cancel"
    text = "-1007 Timeout waiting for response from backend server."
    return OutcomeUnknown(request.client_order_id, request.symbol, what, text)
