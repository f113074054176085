"""Each fault strikes what it is meant for, once, and nothing after the healing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest

from genesis.domain.book import Book
from genesis.domain.folded import CROSSED, GAP, RESTARTED
from genesis.messages.market import Kind, RawFrame, Rows
from genesis.messages.orders import (
    AccountSnapshot,
    Balance,
    CancelAtVenue,
    ExecutionReport,
    ExecutionType,
    OrderSnapshot,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    Side,
    SubmitOrder,
    TimeInForce,
    VenueRefused,
)
from genesis.simulator.fault_plan import FeedFault, FeedKind, VenueFault, VenueKind
from genesis.simulator.faults import ARRIVES, Faults, Handled
from genesis.simulator.feed_faults import events_of
from genesis.simulator.light_market import LightMarket
from genesis.simulator.matching import Due

SECOND = 1_000_000_000
HEAL_NS = 100 * SECOND
START_NS = 1_700_000_000_000_000_000
F, V = FeedKind, VenueKind
D = Decimal

ORDER = SubmitOrder(
    "a", "BTCUSDT", Side.BUY, OrderType.LIMIT, D(1), D(9), TimeInForce.GTC, sent_ns=0
)
CANCEL = CancelAtVenue("a", "BTCUSDT", 0)


def report(kind: ExecutionType, status: OrderStatus = OrderStatus.NEW) -> ExecutionReport:
    return ExecutionReport("BTCUSDT", "a", 1, kind, status, D(0), venue_ns=0)


def with_fault(kind: VenueKind, for_s: int = 0) -> Faults:
    return Faults([VenueFault(10, kind, for_s * SECOND)], HEAL_NS)


@pytest.mark.parametrize(
    ("kind", "request_", "handled"),
    [
        (V.ORDER_LOST, ORDER, Handled(arrives=False)),
        (V.ORDER_LATE, ORDER, Handled(late_ns=2 * SECOND)),
        (V.CANCEL_LOST, CANCEL, Handled(arrives=False)),
        (V.CANCEL_LATE, CANCEL, Handled(late_ns=2 * SECOND)),
        (V.FILL_BEFORE_CANCEL, CANCEL, Handled(fills_percent=100)),
        (V.PART_BEFORE_CANCEL, CANCEL, Handled(fills_percent=17)),
    ],
)
def test_a_request_meets_its_fault_once(
    kind: VenueKind, request_: SubmitOrder | CancelAtVenue, handled: Handled
) -> None:
    faults = with_fault(kind, for_s=2)
    other = CANCEL if request_ is ORDER else ORDER
    assert faults.request(request_, 9) == ARRIVES
    assert faults.request(other, 10) == ARRIVES
    assert faults.request(request_, 11) == handled
    assert faults.request(request_, 12) == ARRIVES
    assert [(at_ns, fault.kind) for at_ns, fault in faults.struck] == [(11, kind)]


@pytest.mark.parametrize(
    ("kind", "request_", "arrives"),
    [
        (V.ORDER_UNKNOWN, ORDER, True),
        (V.ORDER_UNKNOWN_LOST, ORDER, False),
        (V.CANCEL_UNKNOWN, CANCEL, True),
    ],
)
def test_an_unknown_outcome_may_be_either(
    kind: VenueKind, request_: SubmitOrder | CancelAtVenue, arrives: bool
) -> None:
    handled = with_fault(kind).request(request_, 10)
    assert handled.arrives is arrives
    assert isinstance(handled.answer, OutcomeUnknown)


@pytest.mark.parametrize(
    ("kind", "code", "cancels_too"),
    [(V.CLOCK_SKEW, -1021, True), (V.RATE_LIMIT, -1003, True), (V.SYMBOL_HALT, -2010, False)],
)
def test_a_gateway_refuses_for_a_while(kind: VenueKind, code: int, cancels_too: bool) -> None:
    faults = with_fault(kind, for_s=5)
    for now_ns in (10, 10 + 5 * SECOND - 1):
        handled = faults.request(ORDER, now_ns)
        assert isinstance(handled.answer, VenueRefused)
        assert handled.answer.code == code
        assert not handled.arrives
        assert faults.request(CANCEL, now_ns).arrives is not cancels_too
    assert faults.query(11) is (kind is not V.RATE_LIMIT)
    assert faults.request(ORDER, 10 + 5 * SECOND) == ARRIVES


@pytest.mark.parametrize(
    ("kind", "told", "due_ns"),
    [
        (V.ACK_LOST, ExecutionType.NEW, []),
        (V.ACK_LATE, ExecutionType.NEW, [50 + 2 * SECOND]),
        (V.FILL_LOST, ExecutionType.TRADE, []),
        (V.FILL_LATE, ExecutionType.TRADE, [50 + 2 * SECOND]),
        (V.FILL_TWICE, ExecutionType.TRADE, [50, 50 + 2 * SECOND]),
        (V.END_LOST, ExecutionType.CANCELED, []),
        (V.REPORT_TWICE, ExecutionType.NEW, [50, 50 + 2 * SECOND]),
    ],
)
def test_a_report_is_lost_late_or_doubled(
    kind: VenueKind, told: ExecutionType, due_ns: list[int]
) -> None:
    faults, due = with_fault(kind, for_s=2), Due(50, report(told))
    assert [each.due_ns for each in faults.answers([due], 10)] == due_ns
    assert faults.answers([due], 11) == [due]


def test_a_dead_stream_says_nothing_and_a_new_one_says_all_of_it_again() -> None:
    plan = [VenueFault(10, V.STREAM_DEAD, 5), VenueFault(20, V.REPORTS_AGAIN, 3)]
    faults = Faults(plan, HEAL_NS)
    reports = [Due(n, report(ExecutionType.TRADE)) for n in (10, 14, 20)]
    assert faults.answers(reports[:1], 10) == faults.answers(reports[1:2], 14) == []
    assert [due.due_ns for due in faults.answers(reports[2:], 20)] == [20, 23, 23, 23]


def test_hidden_orders_are_denied_and_an_old_balance_is_told() -> None:
    plan = [VenueFault(10, V.ORDERS_HIDDEN, 5), VenueFault(20, V.BALANCE_STALE)]
    faults = Faults(plan, HEAL_NS)
    known = OrderSnapshot(1, "a", None)
    assert faults.answers([Due(11, known)], 11) == [Due(11, known)]
    accounts = [AccountSnapshot(n, (Balance("USDT", D(n), D(0)),)) for n in (1, 2, 3)]
    told = [
        faults.answers([Due(n, a)], n)[0].message
        for n, a in zip((15, 20, 21), accounts, strict=True)
    ]
    assert [m.balances[0].free for m in told if isinstance(m, AccountSnapshot)] == [1, 1, 3]


def test_nothing_strikes_once_all_is_healed() -> None:
    faults = Faults([VenueFault(10, V.ORDER_LOST), VenueFault(10, V.RATE_LIMIT, 500)], 40)
    assert not faults.query(39)
    assert faults.query(40)
    assert faults.request(ORDER, 40) == ARRIVES


TAPE = LightMarket(["BTCUSDT"], 1, START_NS)
ROWS = TAPE.tape(60 * SECOND)["BTCUSDT"]


def arrived(kind: FeedKind, for_s: int = 2, batch: int = 25) -> Rows:
    """A minute of the market with one fault at 20 s, in batches cut at whole events."""
    faults = Faults([FeedFault(START_NS + 20 * SECOND, kind, for_s * SECOND)], START_NS + HEAL_NS)
    events = [event for _, _, event in events_of(ROWS)]
    parts = [np.concatenate(events[at : at + batch]) for at in range(0, len(events), batch)]
    return np.concatenate([faults.rows("BTCUSDT", part) for part in parts])


def gaps(rows: Rows) -> list[str]:
    return [gap.reason for gap in Book(TAPE.instruments()["BTCUSDT"]).fold(rows).gaps]


def lost(rows: Rows) -> int:
    return len(list(events_of(ROWS))) - len(list(events_of(rows)))


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (F.DROP, lambda rows: lost(rows) == 1),
        (F.TWICE, lambda rows: lost(rows) == -1 and gaps(rows) == []),
        (F.SWAP, lambda rows: lost(rows) == 0 and rows.tobytes() != ROWS.tobytes()),
        (F.GAP, lambda rows: lost(rows) == 3 and gaps(rows) == [GAP]),
        (F.CROSS, lambda rows: lost(rows) == 0 and gaps(rows)[0] == CROSSED),
        (F.RESTART, lambda rows: lost(rows) == -1 and gaps(rows)[0] == RESTARTED),
        (F.STALL, lambda rows: 15 <= lost(rows) <= 22),
        (F.LATE, lambda rows: lost(rows) == 0 and np.diff(rows["time_ns"]).max() > 2 * SECOND),
        (F.SKEW, lambda rows: 15 <= ((rows["event_ns"] > rows["time_ns"]).sum()) <= 100),
    ],
)
def test_the_feed_loses_or_changes_whole_events_however_they_are_batched(
    kind: FeedKind, check: Callable[[Rows], bool], batch: int
) -> None:
    rows = arrived(kind, batch=batch)
    assert check(rows)
    assert (np.diff(rows["time_ns"]) >= 0).all()
    assert rows.tobytes() == arrived(kind, batch=25).tobytes()


def test_a_new_client_gets_nothing_that_was_on_its_way_to_the_old_one() -> None:
    faults = Faults([FeedFault(START_NS, F.LATE, 5 * SECOND)], START_NS + HEAL_NS)
    begin, rest = (
        ROWS[ROWS["time_ns"] < START_NS + SECOND],
        ROWS[ROWS["time_ns"] > START_NS + SECOND],
    )
    assert len(faults.rows("BTCUSDT", begin)) == 0
    faults.reconnect()
    assert faults.rows("BTCUSDT", rest)["time_ns"][0] > START_NS + 5 * SECOND


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        (F.DROP, [1, 3, 4]),
        (F.TWICE, [1, 2, 2, 3, 4]),
        (F.SWAP, [1, 3, 2, 4]),
        (F.STALL, [1, 4]),
        (F.LATE, [1, 2, 3, 4]),
        (F.RESTART, [1, 0, 2, 3, 4]),
    ],
)
def test_frames_are_lost_doubled_and_moved_as_rows_are(kind: FeedKind, order: list[int]) -> None:
    faults = Faults([FeedFault(2 * SECOND, kind, 2 * SECOND)], HEAL_NS)
    frames = [RawFrame(n * SECOND, b"%d" % n) for n in (1, 2, 3, 4)]
    heard = [each for frame in frames for each in faults.frames([frame])]
    assert [0 if frame.restarted else int(frame.payload) for frame in heard] == order
    assert [f.received_ns for f in heard] == sorted(f.received_ns for f in heard)


def test_a_gap_loses_diffs_alone_and_what_is_in_a_frame_stays() -> None:
    at_once = [FeedFault(SECOND, kind, SECOND) for kind in (F.GAP, F.SKEW, F.CROSS)]
    faults = Faults(at_once, HEAL_NS)
    diff, trade = b'{"data":{"e":"depthUpdate"}}', b'{"data":{"e":"trade"}}'
    frames = [RawFrame(n * SECOND, payload) for n in range(1, 7) for payload in (diff, trade)]
    assert [frame.payload for frame in faults.frames(frames)] == 3 * [trade] + 3 * [diff, trade]
    assert [fault.kind for _, fault in faults.struck] == [F.GAP]


def test_kinds_of_rows_that_stand_together_stay_together() -> None:
    for _, _, event in events_of(ROWS):
        if event["kind"][0] in (Kind.DEPTH_BEGIN, Kind.SNAPSHOT_BEGIN):
            assert len(event) == 1 + event["quantity_lots"][0]
        elif event["kind"][0] == Kind.TICKER_BID:
            assert event["kind"].tolist() == [Kind.TICKER_BID, Kind.TICKER_ASK]
        else:
            assert len(event) == 1
