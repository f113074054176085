"""An order told by its venue: in order, out of order, twice, too late, or not at all."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_tales import ID, NEW, S, at_venue, intended, sent_order, statuses, told, traded

from genesis.domain import order as machine
from genesis.domain.order import RANK, TERMINAL, Order
from genesis.messages.journal import OrderFilled, OrderMoved
from genesis.messages.orders import (
    ExecutionReport,
    ExecutionType,
    OrderStatus,
    OutcomeUnknown,
    VenueRefused,
)

D = Decimal


def test_acknowledged_then_filled_in_two_trades() -> None:
    order = sent_order()
    assert statuses(machine.on_report(order, NEW)) == [S.NEW]
    (first,) = machine.on_report(order, traded(1, "0.4", "0.4"))
    assert isinstance(first, OrderFilled)
    assert (first.cumulative_quantity, first.status) == (D("0.4"), S.PARTIALLY_FILLED)
    (second,) = machine.on_report(order, traded(2, "0.6", "1", S.FILLED))
    assert isinstance(second, OrderFilled)
    assert (second.cumulative_quantity, second.status) == (D(1), S.FILLED)
    assert (order.venue_order_id, order.trade_ids) == (77, [1, 2])


def test_a_fill_needs_no_acknowledgement_and_a_late_one_is_ignored() -> None:
    order = sent_order()
    assert statuses(machine.on_report(order, traded(1, "1", "1", S.FILLED))) == [S.FILLED]
    assert machine.on_report(order, NEW) == ()
    assert order.status is S.FILLED


def test_a_trade_is_applied_once() -> None:
    order = sent_order()
    machine.on_report(order, traded(1, "0.4", "0.4"))
    assert machine.on_report(order, traded(1, "0.4", "0.4")) == ()
    assert order.filled == D("0.4")


def test_a_cancel_that_loses_to_a_fill_changes_nothing() -> None:
    order = sent_order()
    machine.on_report(order, NEW)
    late = VenueRefused(ID, "BTCUSDT", "cancel", -2011, "Unknown order sent.")
    assert machine.on_refused(order, late) == ()
    assert order.status is S.NEW
    machine.on_report(order, traded(1, "1", "1", S.FILLED))
    assert order.status is S.FILLED


def test_partly_filled_then_cancelled_keeps_what_was_filled() -> None:
    order = sent_order()
    machine.on_report(order, traded(1, "0.41", "0.41"))
    events = machine.on_report(order, told(ExecutionType.CANCELED, S.CANCELED, "0.41"))
    assert statuses(events) == [S.CANCELED]
    assert (order.filled, order.status) == (D("0.41"), S.CANCELED)


def test_an_end_that_claims_unseen_fills_waits_for_their_trades() -> None:
    order = sent_order()
    machine.on_report(order, NEW)
    assert machine.on_report(order, told(ExecutionType.CANCELED, S.CANCELED, "0.5")) == ()
    assert order.awaits_trades
    assert not order.is_terminal
    assert statuses(machine.on_report(order, traded(1, "0.2", "0.2"))) == [S.PARTIALLY_FILLED]
    assert order.awaits_trades
    events = machine.on_report(order, traded(2, "0.3", "0.5"))
    assert statuses(events) == [S.PARTIALLY_FILLED, S.CANCELED]
    assert not order.awaits_trades


def test_a_cancelled_order_takes_a_late_fill_and_stays_ended() -> None:
    order = sent_order()
    machine.on_report(order, told(ExecutionType.CANCELED, S.CANCELED, "0"))
    (late,) = machine.on_report(order, traded(9, "0.3", "0.3"))
    assert isinstance(late, OrderFilled)
    assert (late.status, order.status, order.filled) == (S.CANCELED, S.CANCELED, D("0.3"))
    machine.on_report(order, traded(10, "0.7", "1", S.FILLED))
    assert order.status is S.FILLED  # the cancel lost after all


def test_filled_means_the_whole_quantity_whatever_else_is_said() -> None:
    order = sent_order()
    machine.on_report(order, traded(2, "0.4", "0", S.FILLED))
    assert order.awaits_trades
    assert order.status is S.PARTIALLY_FILLED


def test_a_repeated_journal_event_changes_nothing() -> None:
    live, folded = sent_order(), sent_order()
    (fill,) = machine.on_report(live, traded(1, "0.4", "0.4"))
    assert machine.apply(folded, fill)
    machine.apply(folded, OrderMoved(ID, S.CANCELED, 77, ""))
    assert not machine.apply(folded, fill)
    assert not machine.apply(folded, OrderMoved(ID, S.NEW, 77, ""))
    assert (folded.filled, folded.status) == (D("0.4"), S.CANCELED)
    machine.apply(folded, msgspec.structs.replace(fill, trade_id=2))
    assert (folded.filled, folded.status) == (D("0.8"), S.CANCELED)


def test_an_unknown_outcome_is_resolved_by_asking() -> None:
    order = sent_order()
    lost_reply = OutcomeUnknown(ID, "BTCUSDT", "place", "-1007 timeout")
    assert statuses(machine.on_unknown(order, lost_reply)) == [S.UNKNOWN]
    assert order.needs_query
    assert statuses(machine.on_venue_order(order, at_venue(S.FILLED, "1"))) == [S.NEW]
    assert order.awaits_trades  # filled, says the venue: with which trades?
    assert statuses(machine.on_report(order, traded(4, "1", "0"))) == [S.FILLED]
    assert machine.on_unknown(order, lost_reply) == ()


def test_an_order_that_rests_with_a_fill_that_was_missed_is_asked_for() -> None:
    order = sent_order()
    machine.on_report(order, NEW)
    assert not order.needs_query
    machine.on_venue_order(order, at_venue(S.PARTIALLY_FILLED, "0.4"))
    assert (order.status, order.needs_query) == (S.NEW, True)
    machine.on_report(order, traded(1, "0.4", "0.4"))
    assert (order.status, order.needs_query) == (S.PARTIALLY_FILLED, False)


def test_an_unknown_cancel_does_not_make_the_order_unknown() -> None:
    order = sent_order()
    assert machine.on_unknown(order, OutcomeUnknown(ID, "BTCUSDT", "cancel", "timeout")) == ()
    assert order.status is S.SENT


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [
        (-2010, "Account has insufficient balance for requested action.", S.REJECTED),
        (-1013, "Filter failure: NOTIONAL", S.REJECTED),
        (-2010, "Duplicate order sent.", S.UNKNOWN),
        (-1007, "Timeout waiting for response from backend server.", S.UNKNOWN),
    ],
)
def test_a_refused_placement(code: int, text: str, status: OrderStatus) -> None:
    order = sent_order()
    refused = VenueRefused(ID, "BTCUSDT", "place", code, text)
    assert statuses(machine.on_refused(order, refused)) == [status]


def test_a_refusal_cannot_end_what_the_venue_acknowledged() -> None:
    order = sent_order()
    machine.on_report(order, NEW)
    assert machine.on_refused(order, VenueRefused(ID, "BTCUSDT", "place", -1013, "x")) == ()
    assert order.status is S.NEW


def test_only_an_order_that_was_never_sent_is_denied() -> None:
    assert machine.deny(sent_order(), "gate shut") == ()
    assert statuses(machine.deny(Order.intended(intended()), "gate shut")) == [S.DENIED]


def test_a_lost_order_that_lives_is_a_contradiction_but_its_fill_counts() -> None:
    order = sent_order()
    assert statuses(machine.lose(order, "unknown to the venue, twice")) == [S.LOST]
    assert "is open at the venue" in machine.contradiction(order, NEW)
    (fill,) = machine.on_report(order, traded(1, "0.4", "0.4"))
    assert isinstance(fill, OrderFilled)
    assert (order.status, order.filled) == (S.LOST, D("0.4"))


@pytest.mark.parametrize(
    "report",
    [
        traded(2, "0.7", "1.1", S.FILLED),
        traded(2, "0.7", "1", S.FILLED),
        traded(2, "0", "0.4"),
        msgspec.structs.replace(traded(2, "0.1", "0.5"), symbol="ETHUSDT"),
    ],
    ids=["claims too much", "fills too much", "fills nothing", "wrong symbol"],
)
def test_what_cannot_be_true_is_told_and_not_applied(report: ExecutionReport) -> None:
    order = sent_order()
    machine.on_report(order, traded(1, "0.4", "0.4"))
    assert machine.contradiction(order, report)
    assert machine.on_report(order, report) == ()
    assert (order.filled, order.trade_ids) == (D("0.4"), [1])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[ExecutionReport], Decimal, OrderStatus]:
    """What a venue may truly say of an order of 10, and how it ends: (reports, filled, status)."""
    parts = draw(st.lists(st.integers(1, 4), max_size=4).filter(lambda p: sum(p) <= 10))
    reports, cumulative = [NEW], 0
    for trade_id, part in enumerate(parts, start=100):
        cumulative += part
        status = S.FILLED if cumulative == 10 else S.PARTIALLY_FILLED
        reports.append(traded(trade_id, D(part), D(cumulative), status))
    if cumulative == 10:
        return reports, D(10), S.FILLED
    end = draw(st.sampled_from([S.CANCELED, S.EXPIRED, None]))
    if end is None:
        return reports, D(cumulative), S.PARTIALLY_FILLED if parts else S.NEW
    reports.append(told(ExecutionType(end.value), end, D(cumulative)))
    return reports, D(cumulative), end


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[ExecutionReport], Decimal, OrderStatus]:
    """The same history, each report at least once, some twice, in any order."""
    reports, filled, status = draw(histories())
    again = draw(st.lists(st.sampled_from(reports), max_size=4))
    return draw(st.permutations(reports + again)), filled, status


@given(deliveries())
def test_any_delivery_ends_in_the_venues_truth(
    delivery: tuple[list[ExecutionReport], Decimal, OrderStatus],
) -> None:
    reports, filled, status = delivery
    order, events = sent_order("10"), []
    for report in reports:
        rank = RANK[order.status]
        events += machine.on_report(order, report)
        assert RANK[order.status] >= rank
        assert not (order.is_terminal and order.awaits_trades)
    assert (order.filled, order.status) == (filled, status)
    trades = {r.trade_id for r in reports if r.execution_type is ExecutionType.TRADE}
    assert order.trade_ids == sorted(trades)
    filled_events = [event for event in events if isinstance(event, OrderFilled)]
    assert sum(event.quantity for event in filled_events) == filled
    assert sorted(event.trade_id for event in filled_events) == sorted(trades)


@given(deliveries())
def test_the_journal_repeats_what_the_executor_did(
    delivery: tuple[list[ExecutionReport], Decimal, OrderStatus],
) -> None:
    live, folded = sent_order("10"), sent_order("10")
    for report in delivery[0]:
        for event in machine.on_report(live, report):
            assert machine.apply(folded, event)
    assert (folded.status, folded.filled, folded.trade_ids) == (
        live.status,
        live.filled,
        live.trade_ids,
    )


@given(deliveries(), st.data())
def test_lost_reports_are_healed_by_the_venues_trades(
    delivery: tuple[list[ExecutionReport], Decimal, OrderStatus], data: st.DataObject
) -> None:
    reports, filled, status = delivery
    order = sent_order("10")
    for report in reports:
        if data.draw(st.booleans()):
            machine.on_report(order, report)
    asked = msgspec.structs.replace(
        at_venue(status, "0"), quantity=D(10), cumulative_quantity=filled
    )
    machine.on_venue_order(order, asked)
    assert order.awaits_trades == (order.filled < filled)
    for report in reports:
        if report.execution_type is ExecutionType.TRADE:
            # The venue's list of trades knows neither status nor cumulative quantity.
            bare = msgspec.structs.replace(
                report, status=S.PARTIALLY_FILLED, cumulative_quantity=D(0)
            )
            machine.on_report(order, bare)
    assert (order.filled, order.status, order.awaits_trades) == (filled, status, False)


def test_every_status_has_a_rank_and_ends_are_highest() -> None:
    assert set(RANK) == set(OrderStatus)
    open_ranks = {RANK[status] for status in OrderStatus if status not in TERMINAL}
    assert max(open_ranks) < min(RANK[status] for status in TERMINAL)
