"""What every message is: immutable, with a lane and an overflow policy."""

from __future__ import annotations

import enum
from typing import ClassVar

import msgspec


class Lane(enum.IntEnum):
    """CONTROL messages (halt, lifecycle) overtake DATA messages in every mailbox."""

    CONTROL = 0
    DATA = 1


class Overflow(enum.Enum):
    """What a full mailbox does with one more message of a type."""

    HALT = "accept it and trip the global halt: orders and fills are never dropped"
    RESYNC = "drop it: the sequence gap it leaves makes the receiver resynchronise"
    DROP_OLDEST = "drop the oldest of this type: screens want the newest"


class Message(msgspec.Struct, frozen=True):
    """Base of all messages. Commands are imperative, events past tense."""

    lane: ClassVar[Lane] = Lane.DATA
    overflow: ClassVar[Overflow] = Overflow.HALT
    reads_only: ClassVar[bool] = False
    """Of a timer's message: its handler looks at what was received, and what it does then reaches
    no other before that one's answer could. So what is received may travel past it."""

    @property
    def conflation_key(self) -> str | None:
        """Messages of one type with an equal key replace each other while queued.

        ``None`` (the default) never conflates.
        """
        return None


class Control(Message, frozen=True):
    """Base of messages that overtake data."""

    lane: ClassVar[Lane] = Lane.CONTROL
