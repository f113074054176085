"""Sealed rows read back as they were; every change of a row is named."""

from __future__ import annotations

from typing import get_args

import pytest
from journal_story import NOON_NS, story
from msgspec.structs import asdict, replace

from genesis.errors import JournalTampered
from genesis.messages.journal import AnyEvent, Fact
from genesis.storage.chain import ORIGIN, Head, Row, entry_of, follow, row_hash, seal


def rows_of(events: list[AnyEvent]) -> list[Row]:
    rows: list[Row] = []
    head = ORIGIN
    for number, event in enumerate(events, 1):
        fact = Fact(NOON_NS + number, event)
        rows.append(seal(head.seq + 1, 1, "executor", 1, number, fact, head.hash))
        head = Head(rows[-1].seq, rows[-1].hash)
    return rows


def complaint(rows: list[Row], head: Head) -> str:
    with pytest.raises(JournalTampered) as error:
        list(follow(rows, ORIGIN, head))
    return str(error.value)


ROWS = rows_of(story())
HEAD = Head(ROWS[-1].seq, ROWS[-1].hash)


def test_the_story_tells_every_kind_of_event() -> None:
    assert {type(event) for event in story()} == set(get_args(AnyEvent))


@pytest.mark.parametrize("event", story(), ids=lambda event: type(event).__name__)
def test_an_event_is_read_back_as_it_was(event: AnyEvent) -> None:
    entry = entry_of(seal(1, 1, "risk", 2, 7, Fact(NOON_NS, event), ORIGIN.hash))
    assert entry.event == event
    assert str(entry.event) == str(event)  # 500.00 stays 500.00, which == would not see
    assert (entry.seq, entry.time_ns, entry.source) == (1, NOON_NS, "risk")


def test_a_whole_chain_is_followed() -> None:
    assert list(follow(ROWS, ORIGIN, HEAD)) == ROWS
    middle = Head(ROWS[9].seq, ROWS[9].hash)
    assert list(follow(ROWS[10:], middle, HEAD)) == ROWS[10:]
    assert list(follow([], ORIGIN, ORIGIN)) == []


def test_rows_of_different_columns_never_share_a_hash() -> None:
    a = replace(ROWS[3], source="ab", kind="c")
    b = replace(ROWS[3], source="a", kind="bc")
    assert row_hash(a) != row_hash(b)


@pytest.mark.parametrize("at", [0, 6, len(ROWS) - 1])
@pytest.mark.parametrize("column", [name for name in Row.__struct_fields__ if name != "seq"])
def test_an_altered_column_is_named_by_its_row(column: str, at: int) -> None:
    rows = list(ROWS)
    altered = asdict(rows[at])
    altered[column] += 1 if isinstance(altered[column], int) else "x"
    rows[at] = Row(**altered)
    said = complaint(rows, HEAD)
    assert said.startswith(f"row {at + 1}: ")
    if column in ("hash", "prev_hash"):
        assert said == f"row {at + 1}: {column} was altered"


def test_a_row_rewritten_with_a_hash_that_fits_is_named() -> None:
    forged = replace(ROWS[6], time_ns=1)
    rows = [*ROWS[:6], replace(forged, hash=row_hash(forged)), *ROWS[7:]]
    assert complaint(rows, HEAD) == "row 7 was rewritten: row 8 follows another hash"


def test_missing_rows_are_named() -> None:
    last = len(ROWS)
    assert complaint([*ROWS[:6], *ROWS[7:]], HEAD) == "row 7 is missing"
    assert complaint([*ROWS[:6], *ROWS[9:]], HEAD) == "rows 7 to 9 are missing"
    assert complaint(ROWS[:-1], HEAD) == f"row {last} is missing at the end"
    assert complaint(ROWS[:-3], HEAD) == f"rows {last - 2} to {last} are missing at the end"
    assert complaint([], HEAD) == f"rows 1 to {last} are missing at the end"


def test_a_head_that_does_not_fit_is_named() -> None:
    last = len(ROWS)
    early = Head(ROWS[4].seq, ROWS[4].hash)
    assert complaint(ROWS, early) == f"meta: head_seq is 5, the journal ends at row {last}"
    assert complaint(ROWS, Head(last, "f" * 64)) == f"meta: head_hash is not the hash of row {last}"
    assert complaint([replace(ROWS[0], seq=0), *ROWS], HEAD).startswith("row 0 does not belong")
