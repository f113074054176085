"""Orders on their way out: durable first, gate first, once, and asked for when in doubt."""

from __future__ import annotations

from fake import SECOND, FakeRuntime, Stage
from orders_told import (
    ID,
    SYMBOL,
    D,
    S,
    appended,
    approved,
    at_venue,
    canceled,
    intended,
    new,
    report,
    snapshot,
    trade,
)

from genesis.actors.executor import RECONCILE_TIMEOUT_NS, CheckOrder, CheckProof, Executor
from genesis.messages.control import CancelAllDone, Halt, ReconcileDone, ReconcileNow
from genesis.messages.journal import (
    AnyEvent,
    AppendFacts,
    FactsCommitted,
    JournalSnapshot,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderSent,
    Reconciled,
)
from genesis.messages.orders import (
    AccountSnapshot,
    Balance,
    CancelAtVenue,
    CancelOrder,
    CancelOrders,
    ExecutionType,
    OpenOrdersSnapshot,
    OrderSnapshot,
    OrderStatus,
    OutcomeUnknown,
    QueryAccount,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    Side,
    SubmitOrder,
    TradesSnapshot,
    VenueOrder,
    VenueRefused,
)
from genesis.runtime.gate import GateState, TradingGate

ASK_AFTER_NS = SECOND
GIVE_UP_NS = 20 * SECOND


class Stand(Stage):
    """An executor that has its snapshot, unless told otherwise; risk lives as incarnation 1."""

    def __init__(self, restored: JournalSnapshot | None = None, ready: bool = True) -> None:
        self.gate = TradingGate()
        runtime = FakeRuntime()
        runtime.address("risk").occupy()
        super().__init__(
            "executor",
            lambda c: Executor(c, self.gate, (SYMBOL,), ASK_AFTER_NS, GIVE_UP_NS),
            runtime,
        )
        if ready:
            self.tell(restored or snapshot())
            self.clear()

    def recorded(self) -> list[AnyEvent]:
        """Facts handed to the journal so far, in order."""
        return [f.event for m in self.sent(AppendFacts) for f in m.facts]

    def moves(self) -> list[OrderStatus]:
        return [e.status for e in self.recorded() if isinstance(e, OrderMoved)]

    def commit(self) -> None:
        """Persistence has made everything durable, and says so."""
        handed = self.sent(AppendFacts)
        newest = max(m.first + len(m.facts) - 1 for m in handed)
        self.tell(FactsCommitted(self.epoch, newest))

    def send(self, name: str = ID, side: Side = Side.BUY) -> None:
        """An order all the way onto the wire."""
        self.tell(approved(name, side))
        self.commit()

    def answer(self, venue: dict[str, VenueOrder], trades: tuple[object, ...] = ()) -> None:
        """The venue answers everything it was asked so far."""
        for query in self.take(QueryTrades):
            self.tell(TradesSnapshot(query.request_id, query.symbol, trades))  # type: ignore[arg-type]
        for query in self.take(QueryOrder):
            known = venue.get(query.client_order_id)
            self.tell(OrderSnapshot(query.request_id, query.client_order_id, known))
        listed = tuple(
            o for o in venue.values() if o.status in (OrderStatus.NEW, S.PARTIALLY_FILLED)
        )
        for query in self.take(QueryOpenOrders):
            self.tell(OpenOrdersSnapshot(query.request_id, listed))


# Sending


def test_nothing_is_sent_before_its_intent_is_durable() -> None:
    stand = Stand()
    stand.tell(approved())
    assert stand.recorded() == [intended()]
    assert stand.sent(SubmitOrder) == []
    stand.commit()
    [order] = stand.sent(SubmitOrder, "exchange")
    assert (order.client_order_id, order.quantity, order.price) == (ID, D("0.01"), D(60_000))
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


def test_an_acknowledged_order_is_left_in_peace() -> None:
    stand = Stand()
    stand.send()
    stand.tell(new())
    stand.wait_s(60)
    assert stand.sent(QueryOrder) == []
    assert stand.timers(CheckOrder) == []


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


# Comparing with the venue


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
    stand = Stand(snapshot(intended(), OrderSent(ID), OrderMoved(ID, S.NEW, 77, "")))
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
