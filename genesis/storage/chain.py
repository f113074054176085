"""Seal events into hash-chained rows and read them back. No database, no clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from genesis.errors import JournalTampered
from genesis.messages.journal import AnyEvent, Entry, Fact

FORMAT = "genesis-journal-1"
"""Names the encoding below; a change of it needs a new name and a migration."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """Where a chain stands: the newest row's seq and hash."""

    seq: int
    hash: str


ORIGIN = Head(0, "0" * 64)
"""What the first row is chained to."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of the journal, in the order of its columns."""

    seq: int
    run: int
    time_ns: int
    source: str
    source_epoch: int
    source_seq: int
    kind: str
    payload: str
    prev_hash: str
    hash: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnyEvent).decode
_columns = msgspec.structs.astuple


def seal(
    seq: int, run: int, source: str, source_epoch: int, source_seq: int, fact: Fact, prev_hash: str
) -> Row:
    """Chain one fact to the row before it. ``source_seq`` is the number its source gave it."""
    event = fact.event
    columns = (
        seq,
        run,
        fact.time_ns,
        source,
        source_epoch,
        source_seq,
        type(event).__name__,
        _encode(event).decode(),
        prev_hash,
    )
    return Row(*columns, _hash(columns))


def row_hash(row: Row) -> str:
    """SHA-256, in hex, over a JSON array of every other column in order, ``prev_hash`` last.

    JSON strings are quoted and escaped, so no two different rows have one encoding.
    """
    return _hash(_columns(row)[:-1])


def entry_of(row: Row) -> Entry:
    """The committed event of a row.

    Raises ``ValueError`` on a payload that is no event of the vocabulary.
    """
    event: AnyEvent = _decode(row.payload)
    return Entry(row.seq, row.time_ns, row.source, event)


def follow(rows: Iterable[Row], after: Head, head: Head) -> Iterator[Row]:
    """The rows of a journal from behind ``after`` up to its recorded ``head``, each one checked.

    Raises ``JournalTampered`` naming the first bad row; every row yielded before it is good.
    """
    row: Row | None = None
    for following in rows:
        if row is not None:
            after = _checked(row, after, following.prev_hash)
            yield row
        row = following
    if row is not None:
        after = _checked(row, after, head.hash if row.seq == head.seq else None)
        yield row
    if after.seq < head.seq:
        raise JournalTampered(f"{_span(after.seq + 1, head.seq)} missing at the end")
    if after.seq > head.seq:
        raise JournalTampered(f"meta: head_seq is {head.seq}, the journal ends at row {after.seq}")
    if after.hash != head.hash:
        raise JournalTampered(f"meta: head_hash is not the hash of row {after.seq}")


def _checked(row: Row, after: Head, next_prev_hash: str | None) -> Head:
    """``next_prev_hash`` is what the row's successor was chained to, None without a successor."""
    seq = after.seq + 1
    if row.seq != seq:
        if row.seq < seq:
            raise JournalTampered(f"row {row.seq} does not belong here: rows count from 1")
        raise JournalTampered(f"{_span(seq, row.seq - 1)} missing")
    expected = row_hash(row)
    if row.prev_hash != after.hash:
        if row_hash(msgspec.structs.replace(row, prev_hash=after.hash)) == row.hash:
            raise JournalTampered(f"row {seq}: prev_hash was altered")
        if expected == row.hash:
            raise JournalTampered(f"row {after.seq} was rewritten: row {seq} follows another hash")
    if row.hash != expected:
        if next_prev_hash == expected:
            raise JournalTampered(f"row {seq}: hash was altered")
        raise JournalTampered(f"row {seq}: {_altered(row)} altered, its hash does not fit")
    return Head(row.seq, row.hash)


def _span(first: int, last: int) -> str:
    return f"row {first} is" if first == last else f"rows {first} to {last} are"


def _altered(row: Row) -> str:
    """Where two columns contradict each other, which they are."""
    try:
        kind = type(_decode(row.payload)).__name__
    except ValueError:
        return "payload was"
    return "time, run, source or payload was" if kind == row.kind else "kind or payload was"


def _hash(columns: tuple[object, ...]) -> str:
    return hashlib.sha256(_encode(columns)).hexdigest()
