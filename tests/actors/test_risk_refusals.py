"""A refusal is told to who asked, and journaled where it says something new."""

from __future__ import annotations

from orders_told import SYMBOL
from risk_stand import Stand, buy, refusals

from genesis.actors.risk import REFUSED_BY, REPEAT_AFTER_NS, REPEAT_SHUT_AFTER_NS
from genesis.messages.journal import IntentRefused
from genesis.runtime.gate import HALT, OVER, GateState


def test_a_refusal_is_told_each_time_and_journaled_once_a_minute_per_kind() -> None:
    stand = Stand()
    for n in range(5):
        stand.tell(buy(f"big{n}", "60"))
        stand.wait_s(10)
        stand.show("60000")
    assert refusals(stand) == ["position_limit"] * 5
    assert len(stand.recorded(IntentRefused)) == 1
    stand.tell(buy("far", "30", price="70000.00"))
    assert len(stand.recorded(IntentRefused)) == 2
    stand.wait_ns(REPEAT_AFTER_NS)
    stand.show("60000")
    stand.tell(buy("again", "60"))
    assert len(stand.recorded(IntentRefused)) == 3
    assert stand.runtime.counters.get("refusals") == 7
    assert stand.runtime.counters.most(REFUSED_BY) == "position_limit"


def test_when_the_market_is_over_a_refusal_is_told_to_the_strategy_only() -> None:
    stand = Stand()
    stand.gate.hold(OVER, "the market is over")
    stand.tell(buy("a", "60"))
    assert refusals(stand) == ["gate"]
    assert stand.recorded(IntentRefused) == []
    assert stand.runtime.counters.get("refusals") == 0


def test_a_journaled_refusal_says_what_was_compared_with_what() -> None:
    stand = Stand()
    stand.tell(buy("big", "60"))
    [event] = stand.recorded(IntentRefused)
    assert isinstance(event, IntentRefused)
    assert (event.strategy, event.symbol, event.limit) == ("ema", SYMBOL, "position_limit")
    assert event.value == "60.00 USDT"
    assert event.compared_with == "50.00 USDT = 5 % of equity"


def test_while_the_gate_stays_shut_for_one_reason_a_refusal_is_journaled_once_a_day() -> None:
    stand = Stand()
    stand.gate.hold(HALT, "enough")
    for n in range(5):
        stand.tell(buy(f"a{n}", "30"))
        stand.wait_ns(REPEAT_AFTER_NS)
    assert refusals(stand) == ["gate"] * 5
    assert len(stand.recorded(IntentRefused)) == 1
    stand.gate.release(HALT)
    stand.gate.hold(HALT, "more than enough")
    stand.tell(buy("b", "30"))
    assert len(stand.recorded(IntentRefused)) == 2
    stand.wait_ns(REPEAT_SHUT_AFTER_NS)
    stand.tell(buy("c", "30"))
    assert len(stand.recorded(IntentRefused)) == 3
    assert stand.runtime.counters.get("refusals") == 7


def test_reasons_that_take_turns_are_journaled_once_a_minute() -> None:
    stand = Stand()
    for n in range(6):
        stand.gate.hold("venue", f"asking about {n % 2} orders", GateState.HALTED)
        stand.tell(buy(f"a{n}", "30"))
        stand.gate.release("venue")
    assert len(stand.recorded(IntentRefused)) == 1
