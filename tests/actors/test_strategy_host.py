"""A strategy is woken as it declared, and its intents, orders and position survive restarts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from fake import MS, SECOND, Stage
from orders_told import BTC, ID, SYMBOL, D, S, appended, filled, intended, snapshot

from genesis.actors.strategy import StrategyHost, Wake
from genesis.messages.journal import ActorRestarted, OrderMoved, OrderSent
from genesis.messages.market import TRADE, BookView, TradeTicks
from genesis.messages.orders import (
    CancelOrder,
    CancelOrders,
    OrderRefused,
    OrderType,
    OrderUpdated,
    PlaceOrder,
    Side,
    TimeInForce,
)
from genesis.strategies.port import Cadence, Desk, Strategy

OTHER = msgspec.structs.replace(intended("g3-other-1-1"), strategy="other")


class Diary(Strategy):
    """Notes what it hears; buys when told to."""

    def __init__(self, cadence: Cadence) -> None:
        self.cadence = cadence
        self.trades: list[tuple[str, int, int, int]] = []
        self.tops: list[str] = []
        self.timers: list[int] = []
        self.updates: list[OrderUpdated] = []
        self.positions: list[Decimal] = []
        self.buys_at: int | None = None

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        self.trades.append((symbol, price_ticks, quantity_lots, side))
        if price_ticks == self.buys_at:
            buy(desk)

    def on_top(self, desk: Desk, symbol: str) -> None:
        self.tops.append(symbol)

    def on_timer(self, desk: Desk) -> None:
        self.timers.append(desk.now_ns)

    def on_order(self, desk: Desk, update: OrderUpdated) -> None:
        self.updates.append(update)
        self.positions.append(desk.position(update.symbol))


def buy(desk: Desk) -> None:
    desk.place(SYMBOL, Side.BUY, OrderType.MARKET, D("0.01"), None, TimeInForce.GTC, "told to")


class Stand(Stage):
    """Hosts a diary; each incarnation has a fresh one."""

    def __init__(self, *, ready: bool = True, **cadence: Any) -> None:
        self.diaries: list[Diary] = []

        def make() -> Diary:
            self.diaries.append(Diary(Cadence(**(cadence or {"every_trade": True}))))
            return self.diaries[-1]

        super().__init__(
            "strategy.ema", lambda c: StrategyHost(c, "ema", make, {SYMBOL: BTC}, run=3)
        )
        if ready:
            self.tell(snapshot())
            self.clear()

    @property
    def diary(self) -> Diary:
        return self.diaries[-1]

    @property
    def desk(self) -> Desk:
        assert isinstance(self.actor, StrategyHost)
        return self.actor._desk

    def buy(self) -> PlaceOrder:
        """The strategy wants to buy, and its intent is on its way."""
        self.diary.buys_at = 1
        self.tell(ticks(1))
        self.diary.buys_at = None
        return self.sent(PlaceOrder, "risk")[-1]


def ticks(*prices: int, trace_id: int = 9) -> TradeTicks:
    trades = np.zeros(len(prices), TRADE)
    trades["price_ticks"] = prices
    trades["quantity_lots"] = 5
    trades["side"] = -1
    return TradeTicks(SYMBOL, trace_id, trades)


def view(bid_ticks: int, trace_id: int = 9) -> BookView:
    none = np.empty((0, 2), np.int64)
    return BookView(SYMBOL, trace_id, 1, True, 1, bid_ticks, 1, bid_ticks + 1, 1, none, none)


# What wakes it


def test_a_strategy_of_every_trade_hears_every_trade() -> None:
    stand = Stand(every_trade=True)
    stand.tell(ticks(100, 101), ticks(102), view(100))
    assert stand.diary.trades == [(SYMBOL, price, 5, -1) for price in (100, 101, 102)]
    assert stand.diary.tops == []
    assert stand.runtime.timers == []


def test_a_strategy_of_the_touch_hears_when_it_moved() -> None:
    stand = Stand(top_of_book=True)
    stand.tell(view(100), view(100), view(101), ticks(100))
    assert stand.diary.tops == [SYMBOL, SYMBOL]
    assert stand.diary.trades == []


def test_a_strategy_of_a_timer_is_woken_at_its_interval() -> None:
    stand = Stand(every_ns=250 * MS)
    began_ns = stand.runtime.clock.time_ns
    stand.wait_s(1)
    assert [ns - began_ns for ns in stand.diary.timers] == [n * 250 * MS for n in (1, 2, 3, 4)]


def test_it_hears_nothing_before_its_position_is_known() -> None:
    stand = Stand(ready=False, every_trade=True, top_of_book=True, every_ns=SECOND)
    stand.tell(ticks(100), view(100))
    stand.wait_s(1)
    assert (stand.diary.trades, stand.diary.tops, stand.diary.timers) == ([], [], [])
    stand.tell(snapshot())
    stand.tell(ticks(101), view(102))
    stand.wait_s(1)
    assert len(stand.diary.trades) == len(stand.diary.tops) == len(stand.diary.timers) == 1


def test_a_view_seen_before_its_position_is_known_is_on_the_desk_afterwards() -> None:
    stand = Stand(ready=False)
    stand.tell(view(100), snapshot())
    assert stand.desk.view(SYMBOL) is not None


# Its intents


def test_an_intent_goes_to_risk_with_time_and_trace() -> None:
    stand = Stand(every_trade=True)
    stand.diary.buys_at = 102
    stand.tell(ticks(101, 102, 103, trace_id=44))
    [intent] = stand.sent(PlaceOrder, "risk")
    assert (intent.strategy, intent.trace_id) == ("ema", 44)
    assert intent.decided_ns == stand.runtime.clock.time_ns
    assert stand.runtime.counters.get("decisions") == 1


def test_a_cancel_goes_straight_to_the_executor() -> None:
    stand = Stand()
    order = stand.buy()
    own = stand.desk.order(order.client_order_id)
    assert own is not None
    stand.desk.cancel(own)
    stand.tell(ticks(100))
    assert stand.sent(CancelOrder, "executor") == [CancelOrder(order.client_order_id, 9)]


def test_client_order_ids_name_run_strategy_and_incarnation_and_are_never_used_twice() -> None:
    stand = Stand()
    first = [stand.buy().client_order_id for _ in range(2)]
    stand.start()
    stand.tell(snapshot())
    assert [*first, stand.buy().client_order_id] == ["g3-ema-1-1", "g3-ema-1-2", "g3-ema-2-1"]


def test_the_same_history_makes_the_same_ids() -> None:
    assert Stand().buy() == Stand().buy()


def test_a_refusal_reaches_the_desk() -> None:
    stand = Stand()
    order = stand.buy()
    stand.tell(OrderRefused(order, "cash", "600", "500"))
    assert stand.desk.order(order.client_order_id) is None
    assert stand.desk.quiet(SYMBOL)


# Its orders and position


def test_it_hears_of_its_own_orders_and_of_no_others() -> None:
    stand = Stand()
    own = stand.buy().client_order_id
    stand.tell(appended(3, intended(own), OrderSent(own), OrderMoved(own, S.NEW, 77, "")))
    stand.tell(appended(6, OTHER, OrderMoved(OTHER.client_order_id, S.NEW, 78, "")))
    assert [(u.client_order_id, u.status) for u in stand.diary.updates] == [(own, S.NEW)]


def test_a_fill_moves_the_position_by_what_is_left_after_a_base_fee() -> None:
    stand = Stand()
    own = stand.buy().client_order_id
    stand.tell(appended(3, intended(own), filled(5, "0.01", own)))
    assert stand.diary.positions == [D("0.00999")]
    assert stand.desk.order(own) is None
    stand.tell(appended(5, filled(6, "0.004", "g3-ema-0-9", Side.SELL)))
    assert stand.diary.positions[-1] == D("0.00599")


def test_a_batch_of_trades_behind_a_fill_sees_the_new_position() -> None:
    stand = Stand()
    own = stand.buy().client_order_id
    stand.tell(appended(3, intended(own), filled(5, "0.01", own)))
    stand.tell(ticks(100))
    assert stand.desk.position(SYMBOL) == D("0.00999")


def test_after_a_restart_it_holds_what_its_fills_left() -> None:
    stand = Stand()
    stand.start()
    stand.tell(snapshot(intended(), filled(5)))
    assert stand.desk.position(SYMBOL) == D("0.00999")
    stand.tell(appended(5, filled(6, "0.001", "g3-ema-1-2", Side.SELL)))
    assert stand.desk.position(SYMBOL) == D("0.00899")


def test_a_restart_starts_with_a_strategy_that_has_seen_nothing() -> None:
    stand = Stand()
    stand.tell(ticks(100))
    stand.start()
    assert stand.diary.trades == []
    assert len(stand.diaries) == 2


# What a former incarnation leaves


def test_a_restart_cancels_what_its_former_self_had_open() -> None:
    stand = Stand(ready=False)
    assert stand.sent(CancelOrders) == []
    stand.start()
    [cancel] = stand.sent(CancelOrders, "executor")
    assert cancel.strategy == "ema"


@pytest.mark.parametrize("moved", [(), (OrderSent(ID), OrderMoved(ID, S.NEW, 77, ""))])
def test_an_order_of_the_former_incarnation_in_the_snapshot_is_cancelled(
    moved: tuple[OrderMoved, ...],
) -> None:
    stand = Stand(ready=False)
    stand.start()
    stand.tell(snapshot(intended(), OTHER, *moved))
    assert [c.client_order_id for c in stand.sent(CancelOrder, "executor")] == [ID]


def test_an_intent_still_on_its_way_at_the_restart_is_cancelled_when_it_turns_up() -> None:
    """The order to cancel everything overtakes what risk has not judged yet; such an order stayed
    at the venue, minded by nobody."""
    stand = Stand()
    late = stand.buy().client_order_id
    stand.start()
    stand.tell(snapshot())
    stand.clear()
    stand.tell(appended(3, intended(late)))
    assert [c.client_order_id for c in stand.sent(CancelOrder, "executor")] == [late]


def test_ones_own_intent_is_not_cancelled() -> None:
    stand = Stand()
    own = stand.buy().client_order_id
    stand.tell(appended(3, intended(own)))
    assert stand.sent(CancelOrder) == []


@pytest.mark.parametrize("name", ["risk", "executor"])
def test_an_intent_that_died_with_its_bearer_does_not_stop_the_strategy_for_ever(name: str) -> None:
    """It is in no dead letter's power to come back; the desk waited for its end all the same."""
    stand = Stand()
    lost = stand.buy().client_order_id
    stand.tell(appended(3, ActorRestarted(name, 2, name, "a crash")))
    assert list(stand.desk.orders(SYMBOL)) == []
    stand.tell(appended(4, intended(lost)))  # it was waiting after all: nobody minds it now
    assert [c.client_order_id for c in stand.sent(CancelOrder)] == [lost]


def test_a_durable_order_outlives_the_restart_of_others() -> None:
    stand = Stand()
    own = stand.buy().client_order_id
    stand.tell(appended(3, intended(own), ActorRestarted("executor", 2, "executor", "a crash")))
    assert [o.intent.client_order_id for o in stand.desk.orders(SYMBOL)] == [own]


def test_the_restart_of_a_book_loses_no_intent() -> None:
    stand = Stand()
    stand.buy()
    stand.tell(appended(3, ActorRestarted("book.BTCUSDT", 2, "feed", "a crash")))
    assert len(list(stand.desk.orders(SYMBOL))) == 1


def test_a_timer_of_the_former_incarnation_wakes_nobody() -> None:
    stand = Stand(every_ns=SECOND)
    stand.start()
    stand.tell(snapshot())
    assert len(stand.timers(Wake)) == 1
    stand.wait_s(1)
    assert len(stand.diary.timers) == 1
