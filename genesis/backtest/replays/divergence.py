"""Where a replay first differs from its session, told to a person. Compares nothing itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
import numpy as np

from genesis.capture.recorder import DECISIONS
from genesis.counted import counted
from genesis.domain.money import text
from genesis.messages.base import Message
from genesis.messages.journal import (
    AnyEvent,
    Entry,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderSent,
)
from genesis.messages.names import is_strategy
from genesis.messages.orders import (
    CancelAtVenue,
    CancelOrder,
    CancelOrders,
    PlaceOrder,
    SubmitOrder,
)
from genesis.storage.words import line

NOTHING = "nothing"
WIDTH = 160
TRACE_LINES = 12


class Divergence(msgspec.Struct, frozen=True):
    """The first difference. ``what``: decision, order, fill, or what else it is.

    ``time_ns`` is trading time, ``handled`` how many messages were handled the same before.
    ``session`` and ``replay`` are the two sides; each ``*_trace`` is what the handler told and what
    the journal has of that order, line by line. ``took`` are the last messages the actor took,
    newest last, the same on both sides.
    """

    what: str
    name: str
    epoch: int
    time_ns: int
    handled: int
    doing: str
    session: str
    replay: str
    began_with: str
    took: tuple[str, ...]
    session_trace: tuple[str, ...]
    replay_trace: tuple[str, ...]

    def lines(self) -> list[str]:
        """The whole of it, readable from the top."""
        who = f"{self.name} (incarnation {self.epoch})"
        after = counted(self.handled, "message")
        told = [
            f"The first divergence is {_article(self.what)} of {who}.",
            f"  at          {clock(self.time_ns)} trading time, after {after}",
            f"  while       {self.doing}",
            f"  session     {self.session}",
            f"  replay      {self.replay}",
            f"  began with  {self.began_with}",
            "It took last, the same on both sides:",
            *(f"  {line}" for line in self.took or (NOTHING,)),
        ]
        for side, trace in (("session", self.session_trace), ("replay", self.replay_trace)):
            told.append(f"The {side} went on with:")
            told += [f"  {line}" for line in trace or (NOTHING,)]
        return told


def clock(time_ns: int) -> str:
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}.{rest_ns // 1_000_000:03d}"


def kind_of_message(name: str, message: Message) -> str:
    """What a message that ``name`` told is to a person."""
    if isinstance(message, DECISIONS):
        return "decision" if is_strategy(name) else "cancellation"
    return "order" if isinstance(message, SubmitOrder | CancelAtVenue) else "request"


def kind_of_event(event: AnyEvent) -> str:
    if isinstance(event, OrderFilled):
        return "fill"
    if isinstance(event, OrderIntended | OrderSent | OrderMoved):
        return "order"
    return "journal entry"


def said(message: Message) -> str:
    """A message in words, on one line."""
    match message:
        case PlaceOrder() | SubmitOrder():
            at = message.type.value if message.price is None else f"at {text(message.price)}"
            order = f"{message.side} {text(message.quantity)} {message.symbol} {at}"
            words = f"{message.client_order_id}: {order} {message.time_in_force}"
            if isinstance(message, SubmitOrder):
                return f"send {words}"
            return f"place {words} ({message.reason}), trace {message.trace_id}"
        case CancelOrder() | CancelAtVenue():
            return f"cancel {message.client_order_id}"
        case CancelOrders():
            return f"cancel all of {message.strategy or 'them'}"
        case _:
            fields = ((name, getattr(message, name)) for name in message.__struct_fields__)
            words = ", ".join(f"{name} {_short(value)}" for name, value in fields)
            return _cut(f"{type(message).__name__} {words}".rstrip())


def _cut(words: str) -> str:
    """On one line, and not so long that it hides the others."""
    words = " ".join(words.split())
    return words if len(words) <= WIDTH else f"{words[: WIDTH - 3]}..."


def _short(value: object) -> str:
    """What is large is only counted."""
    if isinstance(value, np.ndarray):
        return f"({counted(len(value), 'row')})"
    if isinstance(value, bytes):
        return f"({counted(len(value), 'byte')})"
    if isinstance(value, tuple) and value and not isinstance(value[0], str):
        return f"({len(value)} {type(value[0]).__name__})"
    return str(value)


def ids(message: object) -> tuple[int, str]:
    """Trace id and client order id of a message or an event, as far as it has them."""
    return getattr(message, "trace_id", 0), getattr(message, "client_order_id", "")


def _apart(one: object, other: object) -> tuple[str, str]:
    """The fields in which two of a kind differ, as each has them; empty where they are not."""
    if not isinstance(one, msgspec.Struct) or type(one) is not type(other):
        return "", ""
    left, right = [], []
    for name in one.__struct_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine != theirs:
            inner = _apart(mine, theirs)
            left.append(inner[0] or f"{name} {_short(mine)}")
            right.append(inner[1] or f"{name} {_short(theirs)}")
    return ", ".join(left), ", ".join(right)


def sides(session: object, replayed: object) -> tuple[str, str]:
    """In words; where those are the same, with the fields that are not."""
    words = _side(session), _side(replayed)
    if words[0] != words[1]:
        return words
    fields = _apart(session, replayed)
    return f"{words[0]}; {fields[0]}", f"{words[1]}; {fields[1]}"


def _side(side: object) -> str:
    match side:
        case None:
            return NOTHING
        case Entry():
            return line(side)
        case Message():
            return said(side)
        case _:
            return str(side)


def told_line(to: str, message: Message) -> str:
    return f"told {to}: {said(message)}"


def journal_lines(entries: Iterable[Entry], wanted: list[tuple[int, str]]) -> list[str]:
    """The entries about the same order, or begun by the same market event."""
    traces = {trace for trace, _ in wanted if trace}
    names = {name for _, name in wanted if name}
    found: list[str] = []
    for entry in entries:
        trace, name = ids(entry.event)
        if trace in traces or name in names:
            found.append(line(entry))
    more = len(found) - TRACE_LINES
    return [*found[:TRACE_LINES], f"and {more} more"] if more > 0 else found


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"
