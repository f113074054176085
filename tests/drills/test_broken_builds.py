"""A drill whose checks cannot fail proves nothing: each invariant is broken, and must be caught.

Every test breaks one rule of production code, never the checker.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from genesis.actors.executor import Executor
from genesis.backtest.drills.drill import FRAMES_EVERY, Verdict, drill, scenario_of
from genesis.backtest.drills.plan import ALL, kinds_of
from genesis.backtest.drills.shrink import broken, shrink
from genesis.domain import risk_book
from genesis.domain.exposure import Exposure, InFlight
from genesis.domain.ledger import Ledger
from genesis.domain.order import Order
from genesis.domain.orders import Orders
from genesis.messages.base import Message
from genesis.messages.journal import Entry, OrderFilled, OrderIntended, OrderSent
from genesis.messages.orders import CancelOrders
from genesis.runtime.actor import handles
from genesis.runtime.address import Address, SoloAddress
from genesis.runtime.chaos import ActorFault, ActorKind
from genesis.runtime.gate import GateReading, GateState, TradingGate
from genesis.storage import journal
from genesis.storage.chain import Row

MINUTES = 0.5
SEEDS = range(12)
FRAMES = range(3, 16 * 12, FRAMES_EVERY)
"""These play frames as a venue writes them."""


pytestmark = pytest.mark.usefixtures("quiet")


def caught(
    invariant: str, faults: str = "all", minutes: float = MINUTES, seeds: range = SEEDS
) -> Verdict:
    """The first of a few seeds whose verdict names ``invariant``."""
    kinds = ALL if faults == "all" else kinds_of(faults)
    for seed in seeds:
        verdict = drill(scenario_of(seed, minutes, kinds))
        if invariant in broken(verdict):
            return verdict
    raise AssertionError(f"no seed caught a breach of invariant {invariant}")


def test_1_a_fill_that_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = Executor.hold

    def forgetful(self: Executor, *events: Any) -> None:
        kept = [e for e in events if not (isinstance(e, OrderFilled) and e.trade_id % 3 == 0)]
        hold(self, *kept)

    monkeypatch.setattr(Executor, "hold", forgetful)
    assert caught("1")


def test_2_an_order_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Executor._send

    def eager(self: Executor, order: Order) -> None:
        mint = self._mints.setdefault(order.client_order_id, 1)
        send(self, order)
        self._mints[order.client_order_id] = mint
        send(self, order)

    monkeypatch.setattr(Executor, "_send", eager)
    monkeypatch.setattr(Orders, "sent", lambda self, name: OrderSent(name))
    assert caught("2")


def test_3_limits_that_forget_what_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exposure, "in_flight", lambda self, orders, pending: InFlight())
    assert caught("3")
    assert caught("3", seeds=FRAMES).scenario.plays_frames


def test_4_a_gate_that_lets_orders_through(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_5_an_order_that_leaves_before_its_intent_is_durable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = Executor.record

    def record_and_send(self: Executor, *events: Any) -> None:
        record(self, *events)
        for event in events:
            if isinstance(event, OrderIntended) and (
                order := self._orders.get(event.client_order_id)
            ):
                self._send(order)

    monkeypatch.setattr(Executor, "record", record_and_send)
    assert caught("5")


def test_6_orders_that_are_never_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    @handles(CancelOrders)
    def deaf(self: Executor, cancel: CancelOrders) -> None:
        """Never cancels anything."""

    monkeypatch.setitem(Executor._handlers, CancelOrders, deaf)
    assert caught("6")


def test_7_live_state_that_is_not_what_the_journal_says(monkeypatch: pytest.MonkeyPatch) -> None:
    entry_of = journal.entry_of

    def rounded(row: Row) -> Entry:
        entry = entry_of(row)
        if isinstance(entry.event, OrderFilled):
            event = msgspec.structs.replace(entry.event, fee=round(entry.event.fee, 4))
            entry = msgspec.structs.replace(entry, event=event)
        return entry

    monkeypatch.setattr(journal, "entry_of", rounded)
    assert caught("7")


def let_zombies_send(monkeypatch: pytest.MonkeyPatch) -> None:
    def anyone(self: SoloAddress, epoch: int, to: Address, message: Message) -> bool:
        to.mailbox.put(message)
        return True

    monkeypatch.setattr(SoloAddress, "send_as", anyone)


def test_8_an_address_that_lets_zombies_send(monkeypatch: pytest.MonkeyPatch) -> None:
    let_zombies_send(monkeypatch)
    assert caught("8", faults="zombie", minutes=1.0)


def test_9_risk_that_takes_any_data_for_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risk_book, "check_freshness", lambda mark, symbol, now_ns, limits: None)
    assert caught("9", faults="feed")
    assert caught("9", faults="feed-stall", seeds=FRAMES).scenario.plays_frames


def test_10_a_ledger_that_forgets_half_a_fee(monkeypatch: pytest.MonkeyPatch) -> None:
    apply = Ledger.apply

    def generous(self: Ledger, fill: OrderFilled) -> None:
        apply(self, fill)
        self.fees -= fill.fee * Decimal("0.5") if fill.fee_asset == self.quote else 0

    monkeypatch.setattr(Ledger, "apply", generous)
    assert caught("10")


def test_a_breach_is_shrunk_to_the_fault_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    let_zombies_send(monkeypatch)
    found = caught("8", faults="zombie,feed", minutes=1.0)
    shortest = shrink(found, runs_max=40)
    assert "8" in broken(shortest)
    (fault,) = shortest.scenario.plan
    assert isinstance(fault, ActorFault)
    assert fault.kind is ActorKind.ZOMBIE
