"""What can go wrong between a venue and its client, as plain data. Strikes nobody."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec


class VenueKind(enum.StrEnum):
    """Faults of requests, of what the venue answers, and of its whole gateway.

    Those of the last group last for ``for_ns``. ``*-late`` means so much later.
    """

    ORDER_LOST = "order-lost"
    ORDER_UNKNOWN = "order-unknown"
    ORDER_UNKNOWN_LOST = "order-unknown-lost"
    ORDER_LATE = "order-late"
    CANCEL_LOST = "cancel-lost"
    CANCEL_UNKNOWN = "cancel-unknown"
    CANCEL_LATE = "cancel-late"
    FILL_BEFORE_CANCEL = "fill-before-cancel"
    PART_BEFORE_CANCEL = "part-before-cancel"
    QUERY_LOST = "query-lost"
    ACK_LOST = "ack-lost"
    ACK_LATE = "ack-late"
    FILL_LOST = "fill-lost"
    FILL_TWICE = "fill-twice"
    FILL_LATE = "fill-late"
    END_LOST = "end-lost"
    REPORT_TWICE = "report-twice"
    REPORTS_AGAIN = "reports-again"
    BALANCE_STALE = "balance-stale"
    STREAM_DEAD = "stream-dead"
    ORDERS_HIDDEN = "orders-hidden"
    CLOCK_SKEW = "clock-skew"
    RATE_LIMIT = "rate-limit"
    SYMBOL_HALT = "symbol-halt"


class FeedKind(enum.StrEnum):
    """Faults of the market's stream; those of the last group last for ``for_ns``."""

    DROP = "feed-drop"
    TWICE = "feed-twice"
    SWAP = "feed-swap"
    GAP = "feed-gap"
    CROSS = "feed-cross"
    RESTART = "feed-restart"
    STALL = "feed-stall"
    LATE = "feed-late"
    SKEW = "feed-skew"


class VenueFault(msgspec.Struct, frozen=True, tag="venue"):
    """Strikes the first message it fits at or after ``at_ns`` (trading time)."""

    at_ns: int
    kind: VenueKind
    for_ns: int = 0


class FeedFault(msgspec.Struct, frozen=True, tag="feed"):
    """Strikes the first rows (or frames) received at or after ``at_ns``."""

    at_ns: int
    kind: FeedKind
    for_ns: int = 0


F = TypeVar("F", VenueFault, FeedFault)


class Waiting(Generic[F]):
    """Faults that have not struck yet, earliest first. From ``until_ns`` on none strikes."""

    def __init__(self, faults: Iterable[F], until_ns: int) -> None:
        self._faults: list[F] = sorted(faults, key=lambda fault: (fault.at_ns, fault.kind))
        self._until_ns = until_ns

    def due(self, now_ns: int) -> bool:
        """Whether the time of any has come. Cheap: asked for every message."""
        return bool(self._faults) and self._faults[0].at_ns <= now_ns < self._until_ns

    def take(self, now_ns: int, *kinds: VenueKind | FeedKind) -> F | None:
        """The first one due of these kinds; it strikes now and waits no more."""
        if not self.due(now_ns):
            return None
        for index, fault in enumerate(self._faults):
            if fault.at_ns > now_ns:
                return None
            if fault.kind in kinds:
                del self._faults[index]
                return fault
        return None
