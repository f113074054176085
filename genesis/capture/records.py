"""What a capture holds, record by record, in one order that agrees with cause and effect.

``name`` and ``epoch`` say whose record it is. A record stands behind everything that led to it.
"""

from __future__ import annotations

import msgspec

FORMAT = "genesis-capture-1"
SUFFIX = ".zst"
FOLDER = "capture"


class Header(msgspec.Struct, frozen=True):
    """All that a replay needs to build the same actors on the same state.

    ``seq`` and ``state``: the journal when the actors started. ``settings`` is JSON, without
    secrets. ``instruments`` is packed.
    """

    format: str
    version: str
    run: int
    seq: int
    state: bytes
    title: str
    recorded: bool
    settings: str
    instruments: bytes


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    name: str
    epoch: int


class Began(Record, frozen=True, array_like=True, tag=1):
    """The incarnation began, at this trading time."""

    now_ns: int


class Took(Record, frozen=True, array_like=True, tag=2):
    """It took a message of type ``kind`` and handled it at this trading time.

    ``number`` counts what ``source`` (of ``source_epoch``) had sent to this address; below zero it
    counts this incarnation's own timers. ``source`` empty: from outside, and ``content`` holds it.
    """

    now_ns: int
    kind: str
    source: str
    source_epoch: int
    number: int
    content: bytes = b""


class Told(Record, frozen=True, array_like=True, tag=3):
    """It told ``to`` what is kept for comparison: a decision, or anything that leaves."""

    to: str
    content: bytes


class Noted(Record, frozen=True, array_like=True, tag=4):
    """It learned this about something that others change: the gate, real time, who lives."""

    what: str
    content: bytes


class Died(Record, frozen=True, array_like=True, tag=5):
    reason: str


class Fenced(Record, frozen=True, array_like=True, tag=6):
    """It was abandoned, ``lived`` if it was still the living one, ``handling`` its last message."""

    lived: bool
    handling: bool


class Finished(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """The run ended and the capture with it. ``orderly``: every actor had come to its end."""

    orderly: bool


AnyRecord = Began | Took | Told | Noted | Died | Fenced | Finished
