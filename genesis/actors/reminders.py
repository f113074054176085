"""What the executor reminds itself of, by timers of its own. Nobody else sends these."""

from __future__ import annotations

from typing import ClassVar

from genesis.messages.base import Message


class CheckOrder(Message, frozen=True):
    """Time to see whether the venue has said something about an order."""

    reads_only: ClassVar[bool] = True  # it may ask or cancel: the venue answers later

    client_order_id: str


class LookAtResting(Message, frozen=True):
    """Time to ask for an order that rests: the event that ended it may never have come."""

    reads_only: ClassVar[bool] = True

    client_order_id: str


class CheckProof(Message, frozen=True):
    """Time to look again whether any order is left at the venue."""


class CheckReconciliation(Message, frozen=True):
    """Time to ask again if a pass beginning at ``first_id`` has had no full answer."""

    first_id: int
