"""Too many failures halt trading globally; what follows is provable, and outlives the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from checks import check_money
from house import MONEY, SECOND, Ended, House, until

from genesis import daemon
from genesis.messages.control import RESUME_PHRASE, Halt, Resume
from genesis.messages.journal import (
    Halted,
    HaltProven,
    OrderMoved,
    OrderSent,
    Reconciled,
    Resumed,
    RunEnded,
)
from genesis.messages.names import SUPERVISOR
from genesis.messages.orders import OrderStatus
from genesis.runtime.gate import GateState
from genesis.strategies import port


def seq_of(ended: Ended, kind: type) -> int:
    """Journal number of the only event of its kind."""
    (seq,) = [entry.seq for entry in ended.entries if isinstance(entry.event, kind)]
    return seq


def check_nothing_left_a_shut_gate(house: House, key: str) -> None:
    """From the moment the gate's lock was given back to the end, nothing was written."""
    shut = house.gate_log.index(("shut", key))
    assert ("write", "") in house.gate_log[:shut], "nothing was traded before: proves nothing"
    opened = [n for n, move in enumerate(house.gate_log) if move == ("open", key)]
    end = opened[0] if opened else len(house.gate_log)
    assert ("write", "") not in house.gate_log[shut:end]


def crash_six_times(house: House, name: str) -> None:
    for second in range(6):
        house.at(2.5 + second / 2, lambda: house.crash(name))


def run_into_a_halt(folder: Path, name: str = "strategy.spread_capture") -> tuple[House, Ended]:
    """Somebody watches, so the run goes on, halted, to the end it was asked for."""
    house = House(folder, 7.0, attended=True)
    crash_six_times(house, name)
    return house, house.run()


@pytest.mark.parametrize("name", ["strategy.spread_capture", "book.BTCUSDT", *MONEY])
def test_the_sixth_crash_halts_and_nothing_is_sent_any_more(name: str, tmp_path: Path) -> None:
    house, ended = run_into_a_halt(tmp_path, name)
    assert ended.outcome.exit_code == 3, ended.outcome.error
    (halted,) = ended.events(Halted)
    assert name in halted.reason
    assert "more than 5 times" in halted.reason
    assert seq_of(ended, Halted) < seq_of(ended, HaltProven)
    check_nothing_left_a_shut_gate(house, "halt")
    check_money(house, ended)
    halted_ns = next(e.time_ns for e in ended.entries if isinstance(e.event, Halted))
    # Frames up to 10 ms ahead travel together, so an actor's clock may be that much further on.
    latest_ns = halted_ns + house.settings.market.window_ms * 1_000_000
    assert max(order.sent_ns for order in house.submitted) <= latest_ns
    sent_ns = [e.time_ns for e in ended.entries if isinstance(e.event, OrderSent)]
    assert max(sent_ns) <= latest_ns
    assert ended.outcome.summary is not None
    assert ended.outcome.summary.halts == 1


class Crashes(port.Strategy):
    cadence = port.Cadence(every_trade=True)

    def on_trade(
        self, desk: port.Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        raise ValueError("always\nand ever")


def test_where_nobody_watches_and_time_waits_a_strategy_that_always_crashes_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each restart would wait longer, and the market would stand still meanwhile."""
    monkeypatch.setattr(daemon, "strategies", lambda settings, symbols: {"ema_cross": Crashes})
    house = House(tmp_path, 3600.0)
    ended = house.run()
    assert (ended.outcome.exit_code, ended.outcome.error) == (3, "")
    (halted,) = ended.events(Halted)
    assert "strategy.ema_cross failed, and market more than 5 times" in halted.reason
    assert halted.reason.endswith("ValueError: always and ever")
    assert ended.events(HaltProven) == [HaltProven(0)]
    (over,) = ended.events(RunEnded)
    assert over.reason == halted.reason
    assert ended.entries[-1].time_ns < house.start_ns + 600 * SECOND


def test_five_crashes_do_not_halt(tmp_path: Path) -> None:
    house = House(tmp_path, 7.0)
    for second in range(5):
        house.at(2.5 + second / 2, lambda: house.crash("strategy.spread_capture"))
    ended = house.run()
    assert ended.outcome.exit_code == 0
    assert not ended.events(Halted)


def test_what_only_shows_things_never_halts(tmp_path: Path) -> None:
    house = House(tmp_path, 7.0)
    crash_six_times(house, "view")
    ended = house.run()
    assert ended.outcome.exit_code == 0
    assert not ended.events(Halted)
    check_money(house, ended)


def test_open_orders_are_cancelled_before_the_halt_is_called_proven(tmp_path: Path) -> None:
    house = House(tmp_path, 7.0)
    open_then: list[str] = []

    def halt() -> None:
        open_then.extend(name for desk in house.engine.desks for name in desk.open)
        house.tell(SUPERVISOR, Halt("a drill", "operator"))

    house.at(4.0, halt)
    ended = house.run()
    assert ended.outcome.exit_code == 3
    assert open_then
    halted, proven = seq_of(ended, Halted), seq_of(ended, HaltProven)
    between = [
        entry.event
        for entry in ended.entries
        if halted < entry.seq < proven and isinstance(entry.event, OrderMoved)
    ]
    canceled = {e.client_order_id for e in between if e.status is OrderStatus.CANCELED}
    assert canceled >= set(open_then)
    assert ended.events(HaltProven)[0].canceled >= len(open_then)


def test_an_executor_that_dies_while_it_proves_a_halt_proves_it_after_all(tmp_path: Path) -> None:
    house = House(tmp_path, 7.0)

    def halt_and_crash() -> None:
        house.crash("executor")  # first in line, so it takes the cancels' place
        house.tell(SUPERVISOR, Halt("a drill", "operator"))

    def crash_amid_the_cancels() -> None:
        executor = house.actors["executor"][-1]
        executor._prove = None  # fails right after the cancels were sent
        house.tell(SUPERVISOR, Halt("a drill", "operator"))

    house.at(3.0, crash_amid_the_cancels)
    house.at(4.5, halt_and_crash)
    ended = house.run()
    assert ended.restarted() == ["executor", "executor"]
    assert len(ended.events(HaltProven)) == 1
    check_nothing_left_a_shut_gate(house, "halt")
    check_money(house, ended)


class Desk:
    """An operator's side of an attended daemon: it runs until told to quit."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder, for_s=None, attended=True)
        self.ended: list[Ended] = []
        self._waiter = threading.Thread(target=lambda: self.ended.append(self.house.finish()))
        self.house.start()
        self._waiter.start()

    def resume(self, reason: str, phrase: str, answer: str) -> None:
        """Ask for it, and wait to be told ``answer``."""
        before = len(self.house.answers)
        self.house.tell(SUPERVISOR, Resume(reason, phrase))
        told = self.house.answers
        until(lambda: any(answer in said.text for said in told[before:]), answer)

    def quit(self) -> Ended:
        self.house.session.quit("the test is over")
        self._waiter.join(60)
        assert self.ended, "the daemon did not end"
        return self.ended[0]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """At a daemon that was started again on the folder of one that had halted."""
    run_into_a_halt(tmp_path)
    desk = Desk(tmp_path)
    yield desk
    if not desk.ended:
        desk.quit()


def test_the_halt_survives_a_restart_and_sends_nothing(tmp_path: Path) -> None:
    _, first = run_into_a_halt(tmp_path)
    house = House(tmp_path, 4.0)
    ended = house.run()
    assert ended.outcome.exit_code == 3, ended.outcome.error
    assert house.submitted == []
    assert ended.sent_after(len(first.entries)) == []
    assert ended.outcome.summary is not None
    assert ended.outcome.summary.orders == 0
    assert ended.outcome.summary.decisions > 0, "nobody wanted to trade: proves nothing"


def test_resuming_needs_the_phrase_a_reason_and_a_clean_comparison(desk: Desk) -> None:
    house = desk.house
    until(lambda: not house.gate.held("recovery"), "the comparison at the start")
    desk.resume("fixed", "resume", f"Not resumed: the phrase is '{RESUME_PHRASE}'")
    desk.resume("  ", RESUME_PHRASE, "Say why")
    assert house.gate.read().state is GateState.HALTED
    assert not house.submitted
    desk.resume("the strategy was mended", RESUME_PHRASE, "Resumed: the strategy was mended")
    until(lambda: len(house.submitted) > 3, "orders after the resume")
    ended = desk.quit()
    assert ended.outcome.exit_code == 0, ended.outcome.error
    assert [event.reason for event in ended.events(Resumed)] == ["the strategy was mended"]
    resumed = seq_of(ended, Resumed)
    assert ended.sent_after(resumed)
    assert house.gate_log.index(("write", "")) > house.gate_log.index(("open", "halt"))


def test_a_difference_with_the_venue_keeps_the_halt(desk: Desk) -> None:
    house = desk.house
    until(lambda: not house.gate.held("recovery"), "the comparison at the start")
    house.engine.account._held["USDT"].free += 1  # somebody else's money
    desk.resume("let us see", RESUME_PHRASE, "Not resumed: the venue and the journal differ")
    assert house.gate.read().state is GateState.HALTED
    ended = desk.quit()
    assert ended.outcome.exit_code == 3
    assert ended.events(Reconciled)[-1].cause
    assert not house.submitted
