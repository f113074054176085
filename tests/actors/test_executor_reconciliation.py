"""Comparing with the venue: everything is asked, every difference is named."""

from __future__ import annotations

from executor_stand import Stand
from orders_told import ID, SYMBOL, D, S, appended, at_venue, intended, new, snapshot, trade

from genesis.actors.executor import RECONCILE_TIMEOUT_NS
from genesis.messages.control import ReconcileDone, ReconcileNow
from genesis.messages.journal import OrderFilled, OrderMoved, OrderSent, Reconciled
from genesis.messages.orders import AccountSnapshot, Balance, QueryAccount, QueryOrder, QueryTrades


def account(stand: Stand, **balances: str) -> None:
    for query in stand.take(QueryAccount):
        held = tuple(Balance(asset, D(free), D(0)) for asset, free in balances.items())
        stand.tell(AccountSnapshot(query.request_id, held))


def test_a_pass_asks_everything_and_agrees() -> None:
    stand = Stand(snapshot(intended(), OrderSent(ID), OrderMoved(ID, S.NEW, 77, "")))
    stand.tell(ReconcileNow("recovery"))
    assert [q.symbol for q in stand.sent(QueryTrades)] == [SYMBOL]
    assert [q.client_order_id for q in stand.sent(QueryOrder)] == [ID]
    stand.answer({ID: at_venue(S.NEW)})
    assert stand.sent(ReconcileDone) == []
    account(stand, USDT="1000")
    assert stand.sent(ReconcileDone, "supervisor") == [ReconcileDone("recovery", ())]
    assert stand.recorded() == []


def test_a_missed_fill_is_applied_and_named() -> None:
    stand = Stand(snapshot(intended(), OrderSent(ID), OrderMoved(ID, S.NEW, 77, "")))
    stand.tell(ReconcileNow("recovery"))
    stand.answer({ID: at_venue(S.FILLED, cumulative="0.01")}, trades=(trade(5),))
    account(stand, USDT="400", BTC="0.00999")
    [done] = stand.sent(ReconcileDone)
    assert done.differences == (f"{ID}: a fill was missed",)
    assert [e.trade_id for e in stand.recorded() if isinstance(e, OrderFilled)] == [5]
    assert isinstance(stand.recorded()[-1], Reconciled)


def test_fills_that_the_venue_tells_of_without_showing_them_are_a_difference() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new())
    stand.wait_s(1)  # its own check is over
    stand.tell(ReconcileNow("recovery"))
    stand.answer({ID: at_venue(S.FILLED, cumulative="0.01")})
    account(stand, USDT="1000")
    [done] = stand.sent(ReconcileDone)
    assert "fills" in done.differences[0]
    stand.clear()
    stand.wait_s(1)
    assert len(stand.sent(QueryTrades)) == 1


def test_different_balances_are_a_difference_in_words() -> None:
    stand = Stand()
    stand.tell(ReconcileNow("recovery"))
    stand.answer({})
    account(stand, USDT="999.5")
    [done] = stand.sent(ReconcileDone)
    assert done.differences == ("USDT: 999.5 at the venue, 1000 here",)


def test_balances_are_compared_only_when_every_fill_is_folded() -> None:
    stand = Stand()
    stand.send()
    stand.tell(trade(5))
    stand.tell(ReconcileNow("recovery"))
    stand.answer({ID: at_venue(S.FILLED, cumulative="0.01")}, trades=(trade(5),))
    account(stand, USDT="400", BTC="0.00999")
    assert stand.take(ReconcileDone) == [ReconcileDone("recovery", ())]
    [fill] = [e for e in stand.recorded() if isinstance(e, OrderFilled)]
    stand.tell(appended(3, intended(), OrderSent(ID), fill))
    stand.commit()
    stand.tell(ReconcileNow("recovery"))
    stand.answer({})
    account(stand, USDT="400", BTC="0.00998")
    assert stand.sent(ReconcileDone)[0].differences != ()


def test_balances_are_not_compared_while_a_fill_is_on_its_way_to_the_journal() -> None:
    stand = Stand()
    stand.send()
    stand.tell(ReconcileNow("recovery"))
    stand.answer({ID: at_venue(S.NEW)})
    [query] = stand.take(QueryAccount)
    paid = (Balance("USDT", D(400), D(0)), Balance("BTC", D("0.00999"), D(0)))
    stand.tell(trade(5), AccountSnapshot(query.request_id, paid))
    assert stand.sent(ReconcileDone) == [ReconcileDone("recovery", ())]


def test_a_pass_without_all_answers_is_begun_again() -> None:
    stand = Stand()
    stand.tell(ReconcileNow("recovery"))
    stale = stand.take(QueryAccount)[0]
    stand.clear()
    stand.wait_ns(RECONCILE_TIMEOUT_NS)
    stand.answer({})
    stand.tell(AccountSnapshot(stale.request_id, (Balance("USDT", D(1000), D(0)),)))
    assert stand.sent(ReconcileDone) == []
    account(stand, USDT="1000")
    assert len(stand.sent(ReconcileDone)) == 1
    stand.clear()
    stand.wait_s(10)
    assert stand.sent(QueryAccount) == []


def test_a_venue_that_answers_slowly_is_waited_for_longer_each_time() -> None:
    """With a round trip longer than the patience, no pass would ever be complete."""
    stand = Stand()
    stand.tell(ReconcileNow("recovery"))
    for patience_s in (2, 4, 8, 16, 32, 32):
        assert len(stand.take(QueryAccount)) == 1
        stand.wait_s(patience_s - 0.1)
        assert stand.sent(QueryAccount) == []
        stand.wait_s(0.1)
    stand.clear()
    stand.tell(ReconcileNow("halt"))  # the operator thinks that it is well again
    assert len(stand.take(QueryAccount)) == 1
    stand.wait_ns(RECONCILE_TIMEOUT_NS)
    assert len(stand.sent(QueryAccount)) == 1


def test_whoever_asked_for_a_pass_hears_of_its_end() -> None:
    """The operator's resume once swallowed the recovery's pass, whose hold then stood for ever."""
    stand = Stand()
    stand.tell(ReconcileNow("recovery"), ReconcileNow("halt"))
    stand.answer({})
    account(stand, USDT="1000")
    assert stand.sent(ReconcileDone) == [ReconcileDone("recovery", ()), ReconcileDone("halt", ())]


def test_an_order_denied_by_the_venue_is_a_difference_until_it_is_given_up() -> None:
    stand = Stand(snapshot(intended(), OrderSent(ID)))
    for _ in range(22):
        stand.tell(ReconcileNow("recovery"))
        stand.answer({})
        account(stand, USDT="1000")
        stand.wait_s(1)
    differences = [done.differences for done in stand.sent(ReconcileDone)]
    assert differences[0] == (f"the venue does not know {ID}",)
    assert differences[-1] == ()
    assert S.LOST in stand.moves()
    assert len([e for e in stand.recorded() if isinstance(e, Reconciled)]) == 1
