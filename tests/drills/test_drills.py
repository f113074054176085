"""Whole sessions under seeded faults; and broken builds, which the drill must catch."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from genesis.actors.executor import Executor
from genesis.backtest.drill import Verdict, drill
from genesis.domain.ledger import Ledger
from genesis.domain.order import Order
from genesis.domain.orders import Orders
from genesis.messages.journal import OrderFilled, OrderSent
from genesis.messages.orders import CancelOrders
from genesis.runtime.actor import handles
from genesis.runtime.gate import GateReading, GateState, TradingGate

MINUTES = 0.5


@pytest.mark.parametrize("seed", range(4))
def test_no_invariant_breaks_under_crashes_hangs_and_venue_faults(seed: int) -> None:
    verdict = drill(seed, MINUTES)
    assert verdict.violations == ()
    assert verdict.fills > 0
    assert verdict.injected


def test_faults_do_strike_actors() -> None:
    verdict = drill(1, 1.0)
    assert verdict.struck
    assert verdict.restarts >= len(verdict.struck)
    assert verdict.violations == ()


def test_the_same_seed_gives_the_same_journal() -> None:
    assert drill(2, MINUTES).journal_hash == drill(2, MINUTES).journal_hash


def caught(invariant: str) -> Verdict:
    """The first of a few seeds whose verdict names ``invariant``."""
    for seed in range(8):
        verdict = drill(seed, MINUTES)
        if any(text.startswith(f"{invariant}:") for text in verdict.violations):
            return verdict
    raise AssertionError(f"no seed caught a breach of invariant {invariant}")


def test_catches_a_fill_that_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Executor.record

    def forgetful(self: Executor, *events: Any) -> None:
        kept = [e for e in events if not (isinstance(e, OrderFilled) and e.trade_id % 3 == 0)]
        record(self, *kept)

    monkeypatch.setattr(Executor, "record", forgetful)
    assert caught("1")


def test_catches_an_order_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Executor._send

    def eager(self: Executor, order: Order) -> None:
        self._mints.setdefault(order.client_order_id, 1)
        mint = self._mints[order.client_order_id]
        send(self, order)
        self._mints[order.client_order_id] = mint
        send(self, order)

    monkeypatch.setattr(Executor, "_send", eager)
    monkeypatch.setattr(Orders, "sent", lambda self, name: OrderSent(name))
    assert caught("2")


def test_catches_a_gate_that_lets_orders_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def ajar(
        self: TradingGate, reduces_exposure: bool, write: Callable[[], None]
    ) -> GateReading | None:
        with self._lock:
            write()
        return None

    monkeypatch.setattr(TradingGate, "send", ajar)
    # Risk reads the gate too; blind to it, orders do reach the executor.
    open_gate = GateReading(GateState.ACTIVE, "", False)
    monkeypatch.setattr(TradingGate, "read", lambda self: open_gate)
    assert caught("4")


def test_catches_an_order_that_leaves_before_its_intent_is_durable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intend = Orders.intend

    def hasty(self: Orders, event: Any) -> Order:
        order = intend(self, event)
        hurried.append(order)
        return order

    hurried: list[Order] = []
    record = Executor.record

    def record_and_send(self: Executor, *events: Any) -> None:
        record(self, *events)
        while hurried:
            self._send(hurried.pop())

    monkeypatch.setattr(Orders, "intend", hasty)
    monkeypatch.setattr(Executor, "record", record_and_send)
    assert caught("5")


def test_catches_orders_that_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    @handles(CancelOrders)
    def deaf(self: Executor, cancel: CancelOrders) -> None:
        """Never cancels anything."""

    monkeypatch.setitem(Executor._handlers, CancelOrders, deaf)
    assert caught("6")


def test_catches_a_ledger_that_forgets_a_fee(monkeypatch: pytest.MonkeyPatch) -> None:
    apply = Ledger.apply

    def generous(self: Ledger, fill: OrderFilled) -> None:
        apply(self, fill)
        self.fees -= fill.fee * Decimal("0.5") if fill.fee_asset == self.quote else 0

    monkeypatch.setattr(Ledger, "apply", generous)
    assert caught("10")
