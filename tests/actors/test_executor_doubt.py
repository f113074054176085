"""What the executor does not know, it asks; what it wants cancelled, it proves."""

from __future__ import annotations

from executor_stand import Stand
from orders_told import ID, SYMBOL, S, approved, at_venue, canceled, new, trade

from genesis.actors.executor import RECONCILE_TIMEOUT_NS, Executor
from genesis.actors.reminders import CheckOrder, CheckProof, LookAtResting
from genesis.messages.control import CancelAllDone, ReconcileNow
from genesis.messages.journal import OrderFilled
from genesis.messages.orders import (
    CancelAtVenue,
    CancelOrder,
    CancelOrders,
    OpenOrdersSnapshot,
    OutcomeUnknown,
    QueryOpenOrders,
    QueryOrder,
    SubmitOrder,
    VenueRefused,
)

# Doubt


def test_silence_is_asked_about_and_never_answered_by_sending_again() -> None:
    stand = Stand()
    stand.send()
    stand.wait_s(0.9)
    assert stand.sent(QueryOrder) == []
    stand.wait_s(0.1)
    assert [q.client_order_id for q in stand.sent(QueryOrder)] == [ID]
    stand.wait_s(10)
    assert len(stand.sent(SubmitOrder)) == 1


def test_an_acknowledged_order_is_only_looked_at_now_and_then() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new())
    stand.wait_s(10)
    assert stand.sent(QueryOrder) == []
    assert stand.timers(CheckOrder) == []
    assert len(stand.timers(LookAtResting)) == 1
    stand.wait_s(50)
    assert len(stand.sent(QueryOrder)) == 5


def test_a_fill_that_a_dead_stream_never_told_of_is_found() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new())
    stand.wait_s(11)
    stand.answer({ID: at_venue(S.FILLED, cumulative="0.01")})
    stand.wait_s(1)
    stand.answer({ID: at_venue(S.FILLED, cumulative="0.01")}, (trade(5),))
    assert [e.trade_id for e in stand.recorded() if isinstance(e, OrderFilled)] == [5]


def test_an_unknown_outcome_is_asked_about_until_it_is_known() -> None:
    stand = Stand()
    stand.send()
    stand.tell(OutcomeUnknown(ID, SYMBOL, "place", "504"))
    stand.wait_s(3)
    assert len(stand.sent(QueryOrder)) == 3
    stand.answer({ID: at_venue(S.NEW)})
    assert stand.moves() == [S.UNKNOWN, S.NEW]
    stand.wait_s(3)
    assert stand.sent(QueryOrder) == []
    assert len(stand.sent(SubmitOrder)) == 1


def test_no_such_order_is_no_proof_until_it_has_stood_for_long() -> None:
    stand = Stand()
    stand.send()
    for _ in range(20):
        stand.wait_s(1)
        assert S.LOST not in stand.moves()
        stand.answer({})
    stand.wait_s(1)
    stand.answer({})
    assert stand.moves() == [S.LOST]


def test_an_order_seen_in_between_starts_the_patience_anew() -> None:
    stand = Stand()
    stand.send()
    for second in range(30):
        stand.wait_s(1)
        stand.answer({ID: at_venue(S.NEW)} if second == 15 else {})
        stand.tell(VenueRefused(ID, SYMBOL, "cancel", -2011, "unknown order"))
    assert S.LOST not in stand.moves()
    for _ in range(10):
        stand.wait_s(1)
        stand.answer({})
    assert S.LOST in stand.moves()


def test_one_refused_cancel_long_after_an_early_doubt_does_not_lose_a_resting_order() -> None:
    stand = Stand()
    stand.send()
    stand.wait_s(1)
    stand.answer({})
    stand.tell(new())
    stand.wait_s(3600)
    stand.clear()
    stand.tell(VenueRefused(ID, SYMBOL, "cancel", -2011, "unknown order"))
    stand.answer({})
    assert stand.moves() == []


def test_a_refused_cancel_is_asked_about() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new(), CancelOrder(ID), VenueRefused(ID, SYMBOL, "cancel", -2011, "unknown order"))
    assert [q.client_order_id for q in stand.sent(QueryOrder)] == [ID]
    stand.answer({ID: at_venue(S.CANCELED)})
    assert stand.moves() == [S.NEW, S.CANCELED]


def test_a_cancel_that_is_not_heard_of_is_sent_again_until_the_order_has_ended() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new(), CancelOrder(ID), OutcomeUnknown(ID, SYMBOL, "cancel", "504"))
    assert len(stand.sent(CancelAtVenue)) == 1
    stand.wait_s(2)
    assert len(stand.sent(CancelAtVenue)) == 3
    stand.tell(canceled())
    stand.wait_s(5)
    assert len(stand.sent(CancelAtVenue)) == 3


def test_doubt_does_not_multiply_timers_nor_questions() -> None:
    """Every answer that does not settle it once set a timer of its own: 2 ** 20 in 20 s."""
    stand = Stand()
    stand.send()
    stand.tell(trade(5, "0.004", "0.01"))  # 0.006 more was filled than was told
    for _ in range(15):
        stand.clear()
        stand.wait_s(1)
        assert len(stand.sent(QueryOrder)) == 1
        assert len(stand.timers(CheckOrder)) == 1
        stand.answer({ID: at_venue(S.FILLED, cumulative="0.01")})


def test_nothing_is_kept_of_orders_that_have_ended() -> None:
    stand = Stand()
    for n in range(300):
        name = f"g1-ema-1-{n}"
        stand.send(name)
        stand.tell(OutcomeUnknown(name, SYMBOL, "place", "504"))
        stand.wait_s(1)
        stand.answer({})
        stand.tell(trade(n, name=name), CancelOrder(name))
        stand.clear()
    stand.wait_s(2)
    executor = stand.actor
    assert isinstance(executor, Executor)
    assert len(executor._doubts) == 0
    assert executor._mints == {}
    assert stand.timers(CheckOrder) == []


# Cancelling


def test_an_order_cancelled_before_it_is_durable_never_leaves() -> None:
    stand = Stand()
    stand.tell(approved(), CancelOrder(ID))
    stand.commit()
    assert stand.sent(SubmitOrder) == []
    assert stand.sent(CancelAtVenue) == []
    assert stand.moves() == [S.DENIED]


def test_a_cancel_passes_a_shut_gate() -> None:
    stand = Stand()
    stand.send()
    stand.gate.hold("halt", "drawdown")
    stand.tell(new(), CancelOrder(ID))
    assert len(stand.sent(CancelAtVenue, "exchange")) == 1


def test_orders_of_one_strategy_are_cancelled_without_a_proof() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new(), CancelOrders("restarted", strategy="other"))
    assert stand.sent(CancelAtVenue) == []
    stand.tell(CancelOrders("restarted", strategy="ema"))
    assert [c.client_order_id for c in stand.sent(CancelAtVenue)] == [ID]
    assert stand.sent(QueryOpenOrders) == []


def test_none_open_is_proven_only_when_the_venue_and_our_own_table_say_so() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new(), CancelOrders("halt"))
    assert len(stand.sent(CancelAtVenue)) == 1
    stand.answer({})  # the venue's list is empty, but we have not heard of the end
    assert stand.sent(CancelAllDone) == []
    stand.tell(canceled())
    stand.wait_s(0.5)
    stand.answer({"late": at_venue(S.NEW, "late")})  # ours is gone, the venue still shows one
    assert stand.sent(CancelAllDone) == []
    stand.wait_s(0.5)
    stand.answer({})
    assert stand.sent(CancelAllDone, "supervisor") == [CancelAllDone(1)]
    stand.clear()
    stand.wait_s(5)
    assert stand.sent(QueryOpenOrders) == []


def test_a_venue_slower_than_the_questions_can_still_prove_it() -> None:
    stand = Stand()
    stand.tell(CancelOrders("halt"))
    [first] = stand.sent(QueryOpenOrders)
    stand.wait_s(3)
    stand.tell(OpenOrdersSnapshot(first.request_id, ()))
    assert stand.sent(CancelAllDone) == [CancelAllDone(0)]


def test_an_answer_to_an_older_question_proves_nothing() -> None:
    stand = Stand()
    stand.tell(ReconcileNow("recovery"))
    [earlier] = stand.sent(QueryOpenOrders)
    stand.wait_ns(RECONCILE_TIMEOUT_NS)
    stand.tell(CancelOrders("halt"))
    stand.tell(OpenOrdersSnapshot(earlier.request_id, ()))
    assert stand.sent(CancelAllDone) == []


def test_asked_twice_to_cancel_everything_it_proves_it_once() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new(), CancelOrders("halt"), CancelOrders("the end"))
    assert len(stand.timers(CheckProof)) == 1
    stand.tell(canceled())
    stand.answer({})
    assert stand.sent(CancelAllDone) == [CancelAllDone(1)]


def test_an_order_that_ended_only_here_is_cancelled_at_the_venue() -> None:
    stand = Stand()
    stand.send()
    for _ in range(21):
        stand.wait_s(1)
        stand.answer({})
    assert S.LOST in stand.moves()
    stand.clear()
    stand.tell(CancelOrders("halt"))
    stand.answer({ID: at_venue(S.NEW)})
    assert [c.client_order_id for c in stand.sent(CancelAtVenue)] == [ID]
    assert stand.sent(CancelAllDone) == []
