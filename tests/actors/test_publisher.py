"""Viewers get a snapshot and then numbered deltas that add up to what the publisher knows."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
from fake import MS, SECOND, FakeRuntime, Stage
from orders_told import BTC, ID, LIMITS, SYMBOL, D, S, appended, filled, intended, snapshot

from genesis.actors.publisher import KEPT, Publisher
from genesis.messages.control import CommandAnswer
from genesis.messages.journal import Entry, Halted, OrderMoved, OrderSent, Reconciled
from genesis.messages.lifecycle import ActorSeen, ActorsSeen, Noted, RunOver
from genesis.messages.market import BookView
from genesis.messages.view import GateLine, SubscribeView, ViewDelta, ViewSnapshot, ViewState, fold
from genesis.runtime.gate import TradingGate
from genesis.tui.bridge import PATIENCE_NS, ViewBridge
from genesis.tui.slot import Slot

INTERVAL_NS = 100 * MS


class Stand(Stage):
    def __init__(self, *, ready: bool = True, viewer: str = "view") -> None:
        self.gate = TradingGate()
        self.news: list[Entry] = []
        super().__init__(
            "publisher",
            lambda c: Publisher(
                c, self.gate, {SYMBOL: BTC}, LIMITS, INTERVAL_NS, "a test", self.news.append
            ),
        )
        if ready:
            self.tell(snapshot())
        if viewer:
            self.tell(SubscribeView(viewer))

    def seen(self, viewer: str = "view") -> ViewState:
        """What a viewer makes of everything sent to it so far."""
        state = None
        for to, message in self.runtime.sent:
            if to == viewer and isinstance(message, ViewSnapshot):
                state = message.state
            elif to == viewer and isinstance(message, ViewDelta):
                assert state is not None
                state = fold(state, message)
        assert state is not None, "a number is missing"
        return state

    def look(self) -> ViewState:
        self.wait_ns(INTERVAL_NS)
        return self.seen()

    def show(self, mid: str, *, synced: bool = True) -> None:
        none = np.empty((0, 2), np.int64)
        bid, ask = (BTC.ticks(D(mid)) - 1, BTC.ticks(D(mid)) + 1) if synced else (0, 0)
        now_ns = self.runtime.clock.time_ns
        self.tell(BookView(SYMBOL, 1, now_ns, synced, 9, bid, 2000, ask, 1000, none, none))


def test_a_sentence_from_outside_the_journal_is_noted() -> None:
    stand = Stand()
    stand.tell(Noted("the market is another one"))
    assert [note.text for note in stand.look().notes] == ["the market is another one"]


def test_a_viewer_gets_one_snapshot_and_then_a_delta_at_every_interval() -> None:
    stand = Stand()
    stand.wait_s(1)
    assert [snap.state.seq for snap in stand.sent(ViewSnapshot, "view")] == [0]
    assert [delta.seq for delta in stand.sent(ViewDelta, "view")] == list(range(1, 11))
    assert stand.seen().title == "a test"


def test_a_late_viewer_goes_on_from_its_own_snapshot() -> None:
    stand = Stand()
    stand.show("60000")
    stand.wait_s(1)
    stand.tell(SubscribeView("second"))
    stand.wait_s(1)
    assert stand.seen("second") == stand.seen("view")
    assert stand.sent(ViewSnapshot, "second")[0].state.seq == 10


def test_who_asks_again_gets_a_snapshot_again_but_each_delta_once() -> None:
    stand = Stand()
    stand.tell(SubscribeView("view"))
    stand.wait_ns(INTERVAL_NS)
    assert len(stand.sent(ViewSnapshot)) == 2
    assert len(stand.sent(ViewDelta)) == 1


def test_only_what_changed_is_sent() -> None:
    stand = Stand()
    stand.show("60000")
    stand.look()
    stand.show("60001")
    stand.take(ViewDelta)
    stand.wait_ns(INTERVAL_NS)
    [delta] = stand.sent(ViewDelta)
    assert delta.books is not None
    assert (delta.fills, delta.notes, delta.orders, delta.gate) == (None, None, None, None)


def test_without_viewers_nothing_is_made() -> None:
    stand = Stand(viewer="")
    stand.clear()
    stand.wait_s(1)
    assert stand.sent(ViewDelta) == []


def test_the_account_adds_up_at_the_newest_prices() -> None:
    stand = Stand(ready=False)
    stand.show("61000")  # before the account is known
    stand.tell(snapshot(intended(), filled(5)))
    account = stand.look().account
    assert account is not None
    assert account.equity == account.cash + account.inventory - account.fees
    assert account.inventory == D("0.00999") * 61_000
    [position] = stand.seen().positions
    assert (position.symbol, position.quantity, position.mark) == (SYMBOL, D("0.00999"), 61_000)


def test_a_book_that_is_not_whole_says_so() -> None:
    stand = Stand()
    stand.show("60000")
    assert stand.look().books[0].synced
    stand.show("60000", synced=False)
    book = stand.look().books[0]
    assert (book.synced, book.bid, book.ask) == (False, Decimal(0), Decimal(0))


def test_orders_are_shown_while_they_are_open_with_the_time_of_their_intent() -> None:
    stand = Stand()
    stand.tell(appended(3, intended(), OrderSent(ID)))
    [order] = stand.look().orders
    assert (order.client_order_id, order.status) == (ID, "SENT")
    assert order.time_ns == stand.runtime.clock.time_ns - INTERVAL_NS
    stand.tell(appended(5, OrderMoved(ID, S.NEW, 77, "")))
    assert stand.look().orders[0].status == "NEW"
    stand.tell(appended(6, OrderMoved(ID, S.CANCELED, 77, "")))
    assert stand.look().orders == ()


def test_nothing_is_kept_of_orders_that_have_ended_even_when_nobody_looks() -> None:
    stand = Stand(viewer="")
    for n in range(50):
        name = f"g1-ema-1-{n}"
        end = filled(n, name=name) if n % 2 else OrderMoved(name, S.DENIED, 0, "gate")
        stand.tell(appended(3 + 2 * n, intended(name), end))
    assert isinstance(stand.actor, Publisher)
    assert stand.actor._times == {}


def test_numbers_have_all_their_digits_also_when_the_journal_kept_no_final_zeros() -> None:
    stand = Stand(ready=False)
    order = msgspec.structs.replace(intended(), price=D("61685.9"), quantity=D("0.01"))
    held = msgspec.structs.replace(filled(5), quantity=D("0.004"), cumulative_quantity=D("0.004"))
    stand.tell(snapshot(order, msgspec.structs.replace(held, status=S.PARTIALLY_FILLED)))
    stand.show("61685.9")
    state = stand.look()
    [line] = state.orders
    assert (str(line.price), str(line.quantity)) == ("61685.90", "0.01000")
    assert str(line.filled) == "0.00400"
    [position] = state.positions
    assert str(position.mark) == "61685.90"
    stand.tell(appended(5, filled(6, name="g1-ema-1-9")))
    fill = stand.look().fills[0]
    assert (str(fill.price), str(fill.quantity)) == ("60000.00", "0.01000")
    assert str(fill.fee) == "0.00001000"


def test_a_position_of_another_runs_symbol_is_shown_as_not_traded() -> None:
    stand = Stand(ready=False)
    other = {"client_order_id": "g1-ema-1-9", "symbol": "SOLUSDT"}
    order = msgspec.structs.replace(intended(), **other)
    held = msgspec.structs.replace(filled(6), **other, fee_asset="SOL")
    stand.tell(snapshot(intended(), filled(5), order, held))
    assert [(p.symbol, p.traded) for p in stand.look().positions] == [
        (SYMBOL, True),
        ("SOLUSDT", False),
    ]


def test_what_is_finer_than_a_tick_or_a_step_keeps_its_digits() -> None:
    stand = Stand(ready=False)
    part = msgspec.structs.replace(filled(5), fee=D("0.0000041"))
    stand.tell(snapshot(intended(), part))
    stand.show("60000")
    [position] = stand.look().positions
    assert str(position.quantity) == "0.00999590"


def test_the_gate_says_what_it_waits_for_at_the_venue() -> None:
    stand = Stand()
    stand.gate.hold("recovery", "starting")
    differences = ("the venue does not know g1-ema-1-1", "the venue does not know g1-ema-1-2")
    stand.tell(appended(3, Reconciled("recovery", differences)))
    gate = stand.look().gate
    assert gate is not None
    assert gate.reason == (
        "asking about 2 differences: the venue does not know g1-ema-1-1; the venue does not know "
        "g1-ema-1-2 (starting)"
    )
    stand.gate.release("recovery")
    assert stand.look().gate == GateLine("ACTIVE", "", False)
    stand.gate.hold("recovery", "risk is restarting")
    assert stand.look().gate == GateLine("HALTED", "risk is restarting", False)


def test_a_latched_halt_keeps_its_own_reason() -> None:
    stand = Stand()
    stand.gate.hold("halt", "drawdown")
    stand.tell(appended(3, Reconciled("halt", ("the venue does not know g1-ema-1-1",))))
    assert stand.look().gate == GateLine("HALTED", "drawdown", True)


def test_fills_and_notes_are_newest_first_and_bounded() -> None:
    stand = Stand()
    for n in range(KEPT + 5):
        name = f"g1-ema-1-{n}"
        events = (intended(name), filled(n, name=name), Halted(f"number {n}", "risk"))
        stand.tell(appended(3 + 3 * n, *events))
    state = stand.look()
    assert len(state.fills) == len(state.notes) == KEPT
    assert state.notes[0].text == f"Halted by risk: number {KEPT + 4}"
    assert state.notes[-1].text == "Halted by risk: number 5"
    assert state.counters is not None
    assert (state.counters.orders, state.counters.fills) == (KEPT + 5, KEPT + 5)


def test_the_gate_is_shown_with_its_reason() -> None:
    stand = Stand()
    stand.gate.hold("halt", "drawdown")
    gate = stand.look().gate
    assert gate is not None
    assert (gate.state, gate.reason, gate.halted) == ("HALTED", "drawdown", True)


def test_actors_are_shown_in_milliseconds_and_microseconds() -> None:
    stand = Stand()
    seen = ActorSeen("risk", "running", 2, 1, 3, 5 * MS, 10, 0, 0, 50_000)
    stand.tell(ActorsSeen((seen, msgspec.structs.replace(seen, handled=0, handle_ns=0))))
    first, idle = stand.look().actors
    assert (first.epoch, first.restarts, first.depth) == (2, 1, 3)
    assert (first.age_ms, first.mean_handle_us) == (5.0, 5.0)
    assert idle.mean_handle_us == 0


def test_answers_go_to_every_viewer_and_the_end_is_shown() -> None:
    stand = Stand()
    stand.tell(SubscribeView("second"), CommandAnswer(True, "Halted."), RunOver("the market ended"))
    for viewer in ("view", "second"):
        assert stand.sent(CommandAnswer, viewer) == [CommandAnswer(True, "Halted.")]
    assert stand.look().ended == "the market ended"


def test_the_curve_has_a_point_a_second() -> None:
    stand = Stand()
    stand.show("60000")
    stand.wait_s(3)
    account = stand.seen().account
    assert account is not None
    assert 3 <= len(account.curve) <= 4
    assert account.curve[-1] == 1000.0


# The viewer's side


def bridge() -> tuple[Stage, Slot]:
    slot = Slot()
    stage = Stage("view", lambda c: ViewBridge(c, slot), FakeRuntime())
    return stage, slot


def state(seq: int) -> ViewState:
    return ViewState(seq=seq, now_ns=seq, title="a test")


def test_the_bridge_asks_for_a_snapshot_and_folds_what_follows() -> None:
    stage, slot = bridge()
    assert stage.sent(SubscribeView, "publisher") == [SubscribeView("view")]
    stage.tell(ViewDelta(4, 4))
    assert slot.get() is None
    stage.tell(ViewSnapshot(state(4)), ViewDelta(5, 5, ended="over"))
    assert slot.get() == msgspec.structs.replace(state(5), ended="over")


def test_a_hole_makes_it_ask_again_and_show_the_last_whole_state_meanwhile() -> None:
    stage, slot = bridge()
    stage.tell(ViewSnapshot(state(4)), ViewDelta(6, 6), ViewDelta(7, 7))
    assert len(stage.sent(SubscribeView)) == 2
    assert slot.get() == state(4)
    stage.tell(ViewSnapshot(state(7)), ViewDelta(8, 8))
    assert slot.get() == state(8)


def test_a_dead_publisher_is_noticed_by_its_silence() -> None:
    stage, _ = bridge()
    stage.tell(ViewSnapshot(state(4)))
    stage.wait_ns(PATIENCE_NS)
    assert len(stage.sent(SubscribeView)) == 1
    stage.wait_ns(PATIENCE_NS)
    assert len(stage.sent(SubscribeView)) == 2
    stage.wait_ns(2 * PATIENCE_NS)
    assert len(stage.sent(SubscribeView)) == 4


def test_a_snapshot_that_got_lost_is_asked_for_again_though_deltas_keep_coming() -> None:
    stage, _ = bridge()
    for n in range(4):
        stage.tell(ViewDelta(n, n))
        stage.wait_ns(PATIENCE_NS)
    assert len(stage.sent(SubscribeView)) == 5


def test_answers_reach_the_slot() -> None:
    stage, slot = bridge()
    stage.tell(CommandAnswer(False, "no"))
    assert slot.drain() == [CommandAnswer(False, "no")]


def test_a_new_publisher_and_the_bridge_find_each_other() -> None:
    stand = Stand()
    stand.look()
    stand.start()
    stand.tell(snapshot())
    stand.clear()
    stand.wait_s(1)
    assert stand.sent(ViewDelta) == []  # it knows no viewers until they ask
    stand.tell(SubscribeView("view"))
    stand.show("60000")
    assert stand.look().books[0].bid == D("59999.99")
    assert stand.runtime.clock.time_ns > SECOND
