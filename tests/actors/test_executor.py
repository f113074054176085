"""Orders on their way out: durable first, gate first, once; and after a restart."""

from __future__ import annotations

import pytest
from executor_stand import Stand
from fake import SECOND
from orders_told import ID, SYMBOL, D, S, approved, at_venue, intended, new, report, snapshot, trade

from genesis.actors.journaling import TOGETHER_MAX
from genesis.messages.control import Halt, ReconcileDone, ReconcileNow
from genesis.messages.journal import (
    AppendFacts,
    FactsCommitted,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderSent,
    Reconciled,
)
from genesis.messages.lifecycle import InjectCrash, Ping
from genesis.messages.orders import (
    AccountSnapshot,
    CancelAtVenue,
    CancelOrders,
    ExecutionType,
    QueryAccount,
    QueryOpenOrders,
    QueryOrder,
    Side,
    SubmitOrder,
    TradesSnapshot,
    VenueRefused,
)
from genesis.runtime.actor import InjectedCrash
from genesis.runtime.gate import GateState

# Sending


def test_nothing_is_sent_before_its_intent_is_durable() -> None:
    stand = Stand()
    stand.tell(approved())
    assert stand.recorded() == [intended()]
    assert stand.sent(SubmitOrder) == []
    stand.commit()
    [order] = stand.sent(SubmitOrder, "exchange")
    assert (order.client_order_id, order.quantity, order.price) == (ID, D("0.01"), D(60_000))


def test_that_it_was_sent_is_written_with_the_next_fact_or_when_it_is_checked() -> None:
    stand = Stand()
    stand.send()
    assert stand.recorded() == [intended()]
    stand.wait_s(1)
    assert stand.recorded() == [intended(), OrderSent(ID)]
    sent = stand.sent(AppendFacts)[-1].facts[0]
    assert sent.time_ns == stand.runtime.clock.time_ns - SECOND


def test_what_the_venue_says_at_one_moment_is_handed_over_together() -> None:
    stand = Stand()
    stand.send()
    stand.clear()
    stand.tell(new(), trade(5))
    [handed] = stand.sent(AppendFacts)
    assert [type(fact.event) for fact in handed.facts] == [OrderSent, OrderMoved, OrderFilled]


def test_what_was_said_waits_for_no_more_than_the_messages_behind() -> None:
    stand = Stand()
    stand.send()
    stand.clear()
    stand.tell(new(), Ping(stand.epoch, 1))
    assert stand.moves() == [S.NEW]
    stand.tell(*(trade(n, "0.0001", status=S.PARTIALLY_FILLED) for n in range(TOGETHER_MAX + 1)))
    [_, full, rest] = stand.sent(AppendFacts)
    assert (len(full.facts), len(rest.facts)) == (TOGETHER_MAX, 1)


def test_what_was_said_before_a_message_that_kills_is_handed_over() -> None:
    stand = Stand()
    stand.send()
    stand.clear()
    with pytest.raises(InjectedCrash):
        stand.tell(trade(5), InjectCrash("poison"))
    assert [type(event) for event in stand.recorded()] == [OrderSent, OrderFilled]


def test_that_it_was_sent_is_written_at_the_end() -> None:
    stand = Stand()
    stand.send()
    stand.stop()
    assert stand.recorded() == [intended(), OrderSent(ID)]


def test_only_what_is_durable_is_sent() -> None:
    stand = Stand()
    stand.tell(approved("a"), approved("b"))
    stand.tell(FactsCommitted(1, 1))
    assert [o.client_order_id for o in stand.sent(SubmitOrder)] == ["a"]


def test_an_order_is_sent_once_however_often_its_commit_is_told() -> None:
    stand = Stand()
    stand.send()
    stand.tell(FactsCommitted(1, 1), FactsCommitted(1, 2))
    assert len(stand.sent(SubmitOrder)) == 1


def test_a_shut_gate_denies_and_nothing_leaves() -> None:
    stand = Stand()
    stand.tell(approved())
    stand.gate.hold("halt", "drawdown")
    stand.commit()
    assert stand.sent(SubmitOrder) == []
    denied = stand.recorded()[-1]
    assert isinstance(denied, OrderMoved)
    assert (denied.status, denied.reason) == (S.DENIED, "the gate is HALTED: drawdown")
    stand.gate.release("halt")
    stand.commit()
    stand.wait_s(60)
    assert stand.sent(SubmitOrder) == []


def test_a_narrow_gate_lets_sells_pass_and_denies_buys() -> None:
    stand = Stand()
    stand.gate.hold("daily loss", "a bad day", GateState.REDUCING)
    stand.send("buy", Side.BUY)
    stand.send("sell", Side.SELL)
    assert [o.client_order_id for o in stand.sent(SubmitOrder)] == ["sell"]


def test_the_approval_of_a_dead_mint_is_not_sent() -> None:
    stand = Stand()
    stand.tell(approved(mint=1))
    stand.runtime.address("risk").occupy()
    stand.commit()
    assert stand.sent(SubmitOrder) == []
    assert stand.moves() == [S.DENIED]


def test_while_risk_is_down_its_approvals_are_not_sent() -> None:
    stand = Stand()
    stand.tell(approved(mint=1))
    stand.runtime.address("risk").vacate(1)
    stand.commit()
    assert stand.moves() == [S.DENIED]


# What the venue says


def test_a_fill_may_come_before_the_acknowledgement() -> None:
    stand = Stand()
    stand.send()
    stand.tell(trade(5), new())
    [fill] = [e for e in stand.recorded() if isinstance(e, OrderFilled)]
    assert (fill.status, fill.strategy, fill.fee_asset) == (S.FILLED, "ema", "BTC")
    assert stand.moves() == []


def test_a_report_that_comes_twice_counts_once() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new(), new(), trade(5), trade(5))
    assert len([e for e in stand.recorded() if isinstance(e, OrderFilled)]) == 1
    assert stand.moves() == [S.NEW]


def test_a_refused_order_ends() -> None:
    stand = Stand()
    stand.send()
    stand.tell(VenueRefused(ID, SYMBOL, "place", -2010, "Account has insufficient balance."))
    assert stand.moves() == [S.REJECTED]


def test_a_foreign_order_is_told_and_left_alone() -> None:
    stand = Stand()
    stand.tell(trade(5, name="by-hand"))
    [told] = stand.recorded()
    assert isinstance(told, Reconciled)
    assert "not ours" in told.differences[0]
    assert stand.sent(CancelAtVenue) == []


def test_what_cannot_be_true_halts() -> None:
    stand = Stand()
    stand.send()
    stand.tell(trade(5, "0.02"))
    [halt] = stand.sent(Halt, "supervisor")
    assert "0.02" in halt.reason
    assert not [e for e in stand.recorded() if isinstance(e, OrderFilled)]


# A new incarnation


def test_what_was_intended_but_perhaps_not_sent_is_asked_for() -> None:
    stand = Stand(ready=False)
    stand.start()
    stand.tell(snapshot(intended()))
    stand.wait_s(1)
    assert [q.client_order_id for q in stand.sent(QueryOrder)] == [ID]
    stand.answer({ID: at_venue(S.NEW)})
    assert stand.sent(SubmitOrder) == []
    assert stand.moves() == [S.NEW]
    assert stand.sent(CancelAtVenue) == []  # its strategy lives and minds it


def test_orders_of_a_run_that_died_are_cancelled() -> None:
    stand = Stand(snapshot(intended(), OrderSent(ID), OrderMoved(ID, S.NEW, 77, "")))
    stand.wait_s(1)
    assert [c.client_order_id for c in stand.sent(CancelAtVenue)] == [ID]


def test_what_comes_before_the_snapshot_waits_for_it() -> None:
    stand = Stand(ready=False)
    stand.tell(new(), trade(5), CancelOrders("halt"))
    assert stand.recorded() == []
    stand.tell(snapshot(intended(), OrderSent(ID)))
    assert [type(e) for e in stand.recorded()] == [OrderMoved, OrderFilled]
    assert len(stand.sent(QueryOpenOrders)) == 1


def test_an_answer_to_the_former_incarnation_is_not_taken_for_ones_own() -> None:
    stand = Stand()
    stand.tell(ReconcileNow("recovery"))
    asked = stand.take(QueryAccount)[0]
    stand.start()
    stand.tell(TradesSnapshot(1, SYMBOL, (trade(5),)))
    assert stand.recorded() == []  # not "foreign" either: it knows no order yet
    stand.tell(snapshot())
    stand.tell(ReconcileNow("recovery"))
    assert stand.sent(QueryAccount)[-1].request_id > asked.request_id
    stand.answer({})
    stand.tell(AccountSnapshot(asked.request_id, ()))
    assert stand.sent(ReconcileDone) == []


def test_a_commit_told_to_the_former_incarnation_sends_nothing() -> None:
    stand = Stand()
    stand.tell(approved())
    stand.start()
    stand.tell(snapshot(), FactsCommitted(1, 1))
    assert stand.sent(SubmitOrder) == []


def test_a_late_end_reaches_an_order_restored_from_the_journal() -> None:
    stand = Stand(snapshot(intended(), OrderSent(ID), OrderMoved(ID, S.NEW, 77, "")))
    stand.tell(report(ExecutionType.EXPIRED, S.EXPIRED))
    assert stand.moves() == [S.EXPIRED]
    assert [e for e in stand.recorded() if isinstance(e, OrderIntended)] == []
