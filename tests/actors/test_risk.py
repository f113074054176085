"""The only mint of approvals: what it approves, refuses, reserves, notes, and when it halts."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
from fake import SECOND, Stage
from orders_told import BTC, LIMITS, SYMBOL, D, appended, filled, intended, snapshot
from risk_stand import Deep, Stand, buy, refusals

from genesis.actors.risk import (
    LOOK_EVERY_NS,
    MARK_EVERY_NS,
    Look,
    Risk,
)
from genesis.messages.control import Halt
from genesis.messages.journal import (
    ActorRestarted,
    EquityMarked,
    GateMoved,
    Halted,
    Resumed,
)
from genesis.messages.market import TOP, BookView
from genesis.messages.orders import Approved, OrderRefused, PlaceOrder, Side
from genesis.runtime.gate import GateState, TradingGate

# Judging


def test_before_the_ledger_is_there_everything_is_refused() -> None:
    stand = Stand(ready=False)
    stand.show("60000")
    stand.tell(buy("a", "30"))
    assert refusals(stand) == ["ledger"]
    assert stand.sent(Approved) == []
    stand.tell(snapshot(), buy("b", "30"))
    assert [a.order.client_order_id for a in stand.sent(Approved, "executor")] == ["b"]


def test_an_approval_names_its_mint() -> None:
    stand = Stand()
    stand.start()
    stand.tell(snapshot())
    stand.show("60000")
    order = buy("a", "30")
    stand.tell(order)
    assert stand.sent(Approved) == [Approved(order, 2, stand.runtime.clock.time_ns)]


def test_the_second_order_sees_the_first_before_it_is_in_the_journal() -> None:
    stand = Stand()
    stand.tell(buy("a", "30"), buy("b", "30"))
    assert [a.order.client_order_id for a in stand.sent(Approved)] == ["a"]
    assert refusals(stand) == ["position_limit"]


def test_a_shut_gate_refuses_and_a_narrow_one_lets_risk_judge() -> None:
    stand = Stand()
    stand.gate.hold("halt", "drawdown")
    stand.tell(buy("a", "30"))
    [refusal] = stand.take(OrderRefused)
    assert (refusal.limit, refusal.value) == ("gate", "HALTED: drawdown")
    stand.gate.release("halt")
    stand.gate.hold("daily loss", "a bad day", GateState.REDUCING)
    stand.tell(buy("b", "30"))
    assert len(stand.sent(Approved)) == 1  # nothing was lost by this account today


def test_nothing_is_decided_on_a_stale_or_broken_book() -> None:
    stand = Stand()
    stand.wait_s(4)
    stand.tell(buy("a", "30"))
    stand.show("60000", synced=False)
    stand.tell(buy("b", "30"))
    stand.show("60000", age_ns=4 * SECOND)
    stand.tell(buy("c", "30"))
    assert refusals(stand) == ["stale_book", "book", "stale_book"]
    stand.show("60000")
    stand.tell(buy("d", "30"))
    assert len(stand.sent(Approved)) == 1


def test_a_view_seen_before_the_ledger_counts_afterwards() -> None:
    stand = Stand(ready=False)
    stand.show("60000")
    stand.tell(snapshot(), buy("a", "30"))
    assert len(stand.sent(Approved)) == 1


def test_approved_orders_are_in_flight_until_the_journal_says_otherwise() -> None:
    stand = Stand()
    stand.tell(buy("a", "30"))
    stand.tell(appended(3, _journaled(stand)))
    stand.tell(buy("b", "30"))
    assert refusals(stand) == ["position_limit"]


def _journaled(stand: Stand) -> object:
    order = stand.sent(Approved)[-1].order
    assert isinstance(order, PlaceOrder)
    return msgspec.structs.replace(intended(), client_order_id=order.client_order_id)


# The account as a whole


def test_a_drawdown_halts_once() -> None:
    stand = Deep()
    stand.falls_to("44000")
    stand.falls_to("43000")
    [halt] = stand.sent(Halt, "supervisor")
    assert halt.source == "risk"
    assert halt.reason.startswith("drawdown: ")


def test_after_a_resume_the_drawdown_counts_from_there_and_can_halt_again() -> None:
    stand = Deep()
    stand.falls_to("44000")
    stand.clear()
    stand.tell(appended(5, Halted("drawdown", "risk"), Resumed("seen")))
    stand.falls_to("44000")
    assert stand.sent(Halt) == []
    stand.falls_to("30000")
    assert len(stand.sent(Halt)) == 1


def test_a_daily_loss_narrows_the_gate_and_the_next_day_opens_it() -> None:
    stand = Deep()
    stand.falls_to("54000")
    reading = stand.gate.read()
    assert (reading.state, reading.halted) == (GateState.REDUCING, False)
    assert reading.reason.startswith("daily_loss: ")
    assert stand.sent(Halt) == []
    stand.runtime.clock.time_ns += 86_400 * SECOND
    stand.show("54000")
    stand.wait_ns(LOOK_EVERY_NS)
    assert stand.gate.read().state is GateState.ACTIVE


def test_a_new_incarnation_that_cannot_value_the_account_lifts_nothing() -> None:
    stand = Deep()
    stand.falls_to("54000")
    stand.start()
    stand.tell(snapshot(intended(), filled(5)))
    stand.tell(appended(5, GateMoved("REDUCING", "daily_loss")))
    assert stand.gate.read().state is GateState.REDUCING


def test_a_new_incarnation_opens_what_a_former_one_has_narrowed() -> None:
    stand = Deep()
    stand.falls_to("54000")
    stand.start()
    stand.tell(snapshot(intended(), filled(5)))
    stand.show("60000")
    stand.wait_ns(LOOK_EVERY_NS)
    assert stand.gate.read().state is GateState.ACTIVE


def test_marks_alone_are_looked_at_four_times_a_second() -> None:
    stand = Deep()
    stand.falls_to("59999")
    stand.show("44000")
    assert stand.sent(Halt) == []
    stand.wait_ns(LOOK_EVERY_NS)
    assert len(stand.sent(Halt)) == 1


def test_a_fall_that_was_received_before_the_last_look_and_told_after_it_is_looked_at() -> None:
    stand = Deep()
    stand.show("44000", received_ago_ns=LOOK_EVERY_NS + 1)  # it was looked at just after
    stand.wait_ns(LOOK_EVERY_NS)
    assert len(stand.sent(Halt)) == 1


def test_such_a_fall_of_what_is_not_held_is_not_looked_at() -> None:
    stand = Stand()
    stand.wait_ns(LOOK_EVERY_NS)
    stand.show("44000", received_ago_ns=LOOK_EVERY_NS)
    assert stand.timers(Look) == []


def test_a_look_that_comes_before_it_is_wanted_has_another_one_come() -> None:
    stand = Deep()
    start_ns = stand.runtime.clock.time_ns
    falls = ((start_ns + 2 * SECOND, 54_000), (start_ns + 3 * SECOND, 49_000))
    tops = [(ns, ns, 1, 1, mid * 100 - 1, 1, mid * 100 + 1, 1) for ns, mid in falls]
    last_ns, _, _, _, bid, _, ask, _ = tops[-1]
    view = BookView(SYMBOL, 1, last_ns, True, 1, bid, 1, ask, 1)
    stand.tell(msgspec.structs.replace(view, tops=np.array(tops, TOP), newest_ns=last_ns))
    stand.tell(appended(5, filled(6, "0.005", name="half", side=Side.SELL)))
    assert [look.due_ns for look in stand.timers(Look)] == [start_ns + 2 * SECOND]
    stand.wait_s(2.5)
    assert stand.gate.read().state is GateState.ACTIVE
    stand.wait_s(0.5)
    assert stand.gate.read().state is GateState.REDUCING


class Pair(Stage):
    """Holds 0.01 BTC and 0.01 ETH, bought and looked at when each was at 60,000."""

    def __init__(self) -> None:
        eth = msgspec.structs.replace(BTC, symbol="ETHUSDT", base="ETH")
        bought = msgspec.structs.replace(filled(5, name="e"), symbol="ETHUSDT", fee_asset="ETH")
        self.gate, both = TradingGate(), {SYMBOL: BTC, "ETHUSDT": eth}
        super().__init__("risk", lambda c: Risk(c, self.gate, both, LIMITS))
        self.tell(snapshot(intended(), filled(5), bought))
        for symbol in both:
            self.show(symbol, 60_000)
            self.wait_ns(LOOK_EVERY_NS)
        self.wait_ns(LOOK_EVERY_NS)
        self.runtime.timers.clear()

    def show(self, symbol: str, mid: int, *, moved: bool = True) -> None:
        """A mid of 0 is a gap."""
        self.show_moves(symbol, (0, mid), moved=moved)

    def show_moves(self, symbol: str, *moves: tuple[int, int], moved: bool = True) -> None:
        """Mids, each with how long from now it comes, in one view."""
        now_ns, tops = self.runtime.clock.time_ns, []
        for in_ns, mid in moves:
            bid, ask = (mid * 100 - 1, mid * 100 + 1) if mid else (0, 0)
            tops.append((now_ns + in_ns, now_ns + in_ns, mid > 0, 1, bid, 1, ask, 1))
        newest_ns, _, whole, _, bid, _, ask, _ = tops[-1]
        view = BookView(symbol, 1, newest_ns, whole, 1, bid, 1, ask, 1)
        if moved:
            view = msgspec.structs.replace(view, tops=np.array(tops, TOP), newest_ns=newest_ns)
        self.tell(view)


def test_a_fall_of_one_symbol_counts_with_the_fall_of_another_after_it() -> None:
    """Also when the first one's newest view moved nothing any more."""
    pair = Pair()
    pair.show("ETHUSDT", 57_300)
    pair.show("ETHUSDT", 57_300, moved=False)
    pair.show(SYMBOL, 57_300)
    assert pair.gate.read().state is GateState.ACTIVE
    pair.wait_ns(LOOK_EVERY_NS)
    assert pair.gate.read().state is GateState.REDUCING


def test_a_fall_that_the_rise_of_another_makes_up_for_calls_for_no_look() -> None:
    """A look at it would put off the one at what falls just after."""
    pair = Pair()
    pair.show_moves("ETHUSDT", (SECOND, 54_000))
    pair.show_moves(SYMBOL, (SECOND, 65_900), (SECOND + LOOK_EVERY_NS // 2, 60_000))
    pair.wait_ns(SECOND)
    assert pair.gate.read().state is GateState.ACTIVE
    pair.wait_ns(LOOK_EVERY_NS // 2)
    assert pair.gate.read().state is GateState.REDUCING


def test_a_symbol_whose_book_has_a_gap_counts_at_its_last_price_while_another_moves() -> None:
    pair = Pair()
    pair.show("ETHUSDT", 59_000)
    pair.show(SYMBOL, 0)
    pair.show("ETHUSDT", 58_000)
    assert pair.timers(Look) == []
    pair.show("ETHUSDT", 54_000)
    pair.wait_ns(LOOK_EVERY_NS)
    assert pair.gate.read().state is GateState.REDUCING


def test_equity_is_marked_every_ten_seconds_and_at_the_end() -> None:
    stand = Deep()
    for _ in range(40):
        stand.wait_ns(MARK_EVERY_NS // 40)
        stand.show("60000")
    [mark] = stand.recorded(EquityMarked)
    assert isinstance(mark, EquityMarked)
    assert mark.equity == mark.cash + mark.inventory - mark.fees
    assert mark.peak_equity >= mark.equity
    assert mark.equity == Decimal(400) + D("0.00999") * 60_000
    stand.stop()
    assert len(stand.recorded(EquityMarked)) == 2


def test_equity_is_not_marked_before_it_can_be_told() -> None:
    stand = Stand(ready=False)
    stand.tell(snapshot(intended(), filled(5)))
    stand.wait_ns(MARK_EVERY_NS)
    assert stand.recorded(EquityMarked) == []


# Approvals that died


def restarted(stand: Stand, name: str) -> None:
    stand.wait_s(0.1)
    stand.tell(appended(3, GateMoved("HALTED", "down"), ActorRestarted(name, 2, name, "a crash")))


def test_an_approval_that_died_with_the_executor_is_released_when_the_gate_opens() -> None:
    """It was held in flight for ever, and with it a part of every limit."""
    stand = Stand()
    stand.tell(buy("dead", "30"))
    restarted(stand, "executor")
    stand.tell(buy("early", "30"))
    assert refusals(stand) == ["position_limit"]
    stand.tell(appended(5, GateMoved("ACTIVE", "")))
    stand.tell(buy("later", "30"))
    assert [a.order.client_order_id for a in stand.sent(Approved)] == ["dead", "later"]


def test_the_restart_of_another_actor_releases_nothing() -> None:
    stand = Stand()
    stand.tell(buy("alive", "30"))
    restarted(stand, "persistence")
    stand.tell(appended(5, GateMoved("ACTIVE", "")))
    stand.tell(buy("second", "30"))
    assert refusals(stand) == ["position_limit"]


def test_an_approval_made_after_the_restart_stays_in_flight() -> None:
    stand = Stand()
    restarted(stand, "executor")
    stand.wait_s(0.1)
    stand.tell(buy("alive", "30"))
    stand.tell(appended(5, GateMoved("ACTIVE", "")))
    stand.tell(buy("second", "30"))
    assert refusals(stand) == ["position_limit"]
