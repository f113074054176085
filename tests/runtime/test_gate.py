"""The gate is open only while nobody holds it, and nothing passes once it is shut."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.runtime.gate import HALT, GateState, TradingGate

STATES = {"daily loss": GateState.REDUCING}


def test_a_hold_is_lifted_by_its_holder_alone() -> None:
    gate = TradingGate()
    gate.hold("recovery", "risk is restarting")
    gate.hold("journal", "the disk is full")
    gate.release("recovery")
    assert gate.read().state is GateState.HALTED
    assert gate.read().reason == "the disk is full"
    gate.release("journal")
    assert gate.read().state is GateState.ACTIVE


def test_the_first_reason_stands() -> None:
    gate = TradingGate()
    gate.hold(HALT, "first")
    gate.hold(HALT, "second")
    assert gate.read().reason == "first"
    assert gate.read().halted


@pytest.mark.parametrize(
    ("state", "reduces", "passes"),
    [
        (GateState.REDUCING, True, True),
        (GateState.REDUCING, False, False),
        (GateState.HALTED, True, False),
        (GateState.HALTED, False, False),
    ],
)
def test_what_passes_in_which_state(state: GateState, reduces: bool, passes: bool) -> None:
    gate = TradingGate()
    gate.hold("test", "because", state)
    written: list[int] = []
    shut = gate.send(reduces, lambda: written.append(1))
    assert (shut is None) == passes == bool(written)


@given(st.lists(st.tuples(st.sampled_from(["hold", "release"]), st.sampled_from(["a", "b", HALT]))))
def test_any_history_of_holds(history: list[tuple[str, str]]) -> None:
    gate, held = TradingGate(), set()
    for action, key in history:
        if action == "hold":
            gate.hold(key, key)
            held.add(key)
        else:
            gate.release(key)
            held.discard(key)
        reading = gate.read()
        assert (reading.state is GateState.ACTIVE) == (not held)
        assert reading.halted == (HALT in held)
        assert (gate.send(False, lambda: None) is None) == (not held)


def test_once_hold_has_returned_no_write_can_still_begin() -> None:
    gate = TradingGate()
    after_the_hold: list[int] = []
    is_shut = False
    go_on = True

    def write() -> None:
        if is_shut:
            after_the_hold.append(1)

    def keep_sending() -> None:
        while go_on:
            gate.send(False, write)

    senders = [threading.Thread(target=keep_sending) for _ in range(3)]
    for sender in senders:
        sender.start()
    for _ in range(300):
        gate.hold("test", "now")
        is_shut = True
        gate.read()
        is_shut = False
        gate.release("test")
    go_on = False
    for sender in senders:
        sender.join(10)
    assert not after_the_hold


def test_a_write_that_fails_leaves_the_gate_usable() -> None:
    gate = TradingGate()

    def write() -> None:
        raise OSError("the connection is gone")

    with pytest.raises(OSError, match="the connection"):
        gate.send(False, write)
    assert gate.read().state is GateState.ACTIVE
