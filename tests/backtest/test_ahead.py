"""Looking ahead in a capture finds what an incarnation did next, and does not go forward."""

from __future__ import annotations

from collections.abc import Iterator

from genesis.backtest.replays.ahead import NEXT_STEP, Ahead, Found
from genesis.capture.records import AnyRecord, Began, Died, Fenced, Finished, Noted, Told, Took

RISK, FEED = ("risk", 1), ("feed", 1)
RECORDS: list[AnyRecord] = [
    Began(*RISK, 1),
    Noted(*RISK, "gate", b"1"),
    Took(*FEED, 2, "Ping", "supervisor", 1, 1),
    Noted(*FEED, "gate", b"2"),
    Told(*RISK, "executor", b"3"),
    Noted(*RISK, "gate", b"4"),
    Took(*RISK, 3, "Ping", "supervisor", 1, 1),
    Noted(*RISK, "gate", b"5"),
    Fenced(*FEED, True, False),
    Died(*RISK, "why"),
]


def ahead(records: list[AnyRecord] = RECORDS) -> Ahead:
    return Ahead(iter(records))


def popped(look: Ahead) -> Iterator[AnyRecord]:
    while (item := look.pop()) is not None:
        yield item.record  # type: ignore[misc]


def test_forward_is_the_order_of_the_capture() -> None:
    look = ahead()
    assert look.find(RISK, Died, ()).record == RECORDS[-1]
    assert list(popped(look)) == RECORDS


def test_each_is_found_once_and_only_within_the_handler() -> None:
    look = ahead()
    look.pop()
    assert look.find(RISK, Noted).record == RECORDS[1]
    assert look.find(RISK, Noted).record == RECORDS[5]
    assert look.find(RISK, Noted) == Found(None, RECORDS[6])
    assert look.find(RISK, Told).record == RECORDS[4]
    used = [look.pop().used for _ in RECORDS[1:6]]  # type: ignore[union-attr]
    assert used == [True, False, False, True, True]


def test_one_does_not_find_what_is_anothers() -> None:
    look = ahead()
    assert look.find(FEED, Noted, (Died,)).record == RECORDS[3]


def test_the_end_of_the_capture_is_no_stop() -> None:
    look = ahead([*RECORDS[:2], Finished(True)])
    look.pop()
    assert look.find(RISK, Told) == Found(None, None)
    assert look.find(("none", 1), Told) == Found(None, None)


def test_the_askers_next_step_ends_the_search() -> None:
    look = ahead()
    look.pop()
    assert look.find(FEED, Fenced, (), RISK) == Found(None, RECORDS[6])
    look = ahead(RECORDS[7:])
    assert look.find(FEED, Fenced, (), RISK).record == RECORDS[8]


def test_the_rest_of_a_handler() -> None:
    look = ahead()
    look.pop()
    look.find(RISK, Noted, NEXT_STEP)
    look.find(RISK, Noted, NEXT_STEP)
    assert look.rest(RISK, Noted) == [RECORDS[1], RECORDS[5]]
    assert look.rest(RISK, Told) == [RECORDS[4]]
