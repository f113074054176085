"""Deaths at the worst moments: between an intent and its order, amid a commit, two at once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checks import check_recovered
from house import MONEY, PATIENT, House, until

from genesis.messages.journal import (
    Fact,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderSent,
)
from genesis.messages.names import EXCHANGE, SUPERVISOR
from genesis.messages.orders import (
    ExecutionReport,
    ExecutionType,
    OrderStatus,
)
from genesis.runtime.actor import InjectedCrash
from genesis.runtime.gate import HALT, GateState

FOR_S = 7.0
AT_S = 3.0


@pytest.mark.parametrize(
    "names", [*itertools.combinations(MONEY, 2), MONEY, ("executor", "feed"), ("risk", "publisher")]
)
def test_several_die_at_once(names: tuple[str, ...], tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S)

    def strike() -> None:
        for name in names:
            house.crash(name)

    house.at(AT_S, strike)
    ended = house.run()
    assert {name for name in names if name in MONEY} <= set(ended.restarted())
    check_recovered(house, ended)


def test_a_second_one_dies_while_the_first_is_being_restarted(tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S)

    def strike() -> None:
        house.crash("executor")
        until(lambda: house.living("executor") == 2, "the restart to begin")
        house.crash("persistence")
        house.crash("executor")

    house.at(AT_S, strike)
    ended = house.run()
    assert sorted(ended.restarted()) == ["executor", "executor", "persistence"]
    check_recovered(house, ended)


Trap = Callable[[House, Any], None]


def once(actor: Any, method: str, where: Callable[..., bool], before: bool) -> None:
    """Make the actor's own method fail the first time ``where`` holds of its arguments."""
    whole = getattr(actor, method)
    armed = [True]

    def trapped(*args: Any) -> Any:
        springs = armed[0] and where(*args)
        if springs and before:
            armed.clear()
            armed.append(False)
            raise InjectedCrash(f"before {method}")
        result = whole(*args)
        if springs:
            armed.clear()
            armed.append(False)
            raise InjectedCrash(f"after {method}")
        return result

    setattr(actor, method, trapped)


def intent_is_durable(facts: list[Fact]) -> bool:
    return any(isinstance(fact.event, OrderIntended) for fact in facts)


def is_fill(message: Any) -> bool:
    return isinstance(message, ExecutionReport) and message.execution_type is ExecutionType.TRADE


def records(kind: type) -> Callable[..., bool]:
    return lambda *events: any(isinstance(event, kind) for event in events)


def gathered(executor: Any, kind: type) -> Callable[..., bool]:
    return lambda: any(isinstance(fact.event, kind) for fact in executor._held)


EXECUTOR_TRAPS: dict[str, Callable[[Any], None]] = {
    "intent journaled, not sent": lambda e: once(e, "on_durable", intent_is_durable, before=True),
    "sent, and not noted": lambda e: once(e, "hold", records(OrderSent), before=True),
    "sent and noted": lambda e: once(e, "hold", records(OrderSent), before=False),
    "approved, not journaled": lambda e: once(e, "record", records(OrderIntended), before=True),
    "intent handed over": lambda e: once(e, "record", records(OrderIntended), before=False),
    "fill heard, not applied": lambda e: once(e._orders, "hear", is_fill, before=True),
    "fill applied, not gathered": lambda e: once(e, "gather", records(OrderFilled), before=True),
    "fill gathered": lambda e: once(e, "gather", records(OrderFilled), before=False),
    "fill handed over": lambda e: once(e, "hand_over", gathered(e, OrderFilled), before=False),
    "end heard, not journaled": lambda e: once(e, "gather", records(OrderMoved), before=True),
}


@pytest.mark.parametrize("moment", EXECUTOR_TRAPS)
def test_the_executor_dies_between_two_steps(moment: str, tmp_path: Path) -> None:
    # "Never heard of it" is proof sooner than with a real venue, so that the run may be short.
    house = House(
        tmp_path, 9.0, executor__unknown_query_after_ms=500, executor__unknown_give_up_ms=2000
    )
    house.at(AT_S, lambda: EXECUTOR_TRAPS[moment](house.actors["executor"][-1]))
    ended = house.run()
    assert ended.restarted() == ["executor"], "the trap did not spring, or sprang twice"
    check_recovered(house, ended)


def test_an_order_whose_sending_is_in_doubt_is_asked_for_and_not_sent_again(
    tmp_path: Path,
) -> None:
    house = House(
        tmp_path, 9.0, executor__unknown_query_after_ms=500, executor__unknown_give_up_ms=2000
    )
    in_doubt: set[str] = set()

    def is_durable(facts: list[Fact]) -> bool:
        intents = (fact.event for fact in facts if isinstance(fact.event, OrderIntended))
        in_doubt.update(event.client_order_id for event in intents)
        return bool(in_doubt)

    house.at(
        AT_S, lambda: once(house.actors["executor"][-1], "on_durable", is_durable, before=True)
    )
    ended = house.run()
    lost = [e for e in ended.events(OrderMoved) if e.status is OrderStatus.LOST]
    assert sorted(event.client_order_id for event in lost) == sorted(in_doubt) != []
    assert in_doubt.isdisjoint(order.client_order_id for order in house.submitted)
    check_recovered(house, ended)


def test_the_supervisors_own_death_shuts_the_gate_and_ends_the_run(tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S)
    house.at(AT_S, lambda: house.crash(SUPERVISOR))
    ended = house.run()
    assert ended.outcome.exit_code == 4
    assert ended.outcome.error.startswith("the supervisor died")
    assert house.gate.read().state is GateState.HALTED
    assert house.gate.held(HALT)
    shut = house.gate_log.index(("shut", HALT))
    assert ("write", "") in house.gate_log[:shut]
    assert ("write", "") not in house.gate_log[shut:]


def test_what_died_with_a_book_or_the_feed_is_made_up_for_by_a_snapshot(tmp_path: Path) -> None:
    """The poisoned messages hold real data, which is gone: the books must not go on without it."""
    undisturbed = House(tmp_path / "undisturbed", FOR_S).run()
    house = House(tmp_path / "disturbed", FOR_S)

    def spoil_a_batch() -> None:
        once(house.actors["book.ETHUSDT"][-1]._book, "fold", lambda rows: True, before=True)

    def spoil_frames() -> None:
        once(house.actors["feed"][-1]._decoder, "tables", lambda frames: True, before=True)

    house.at(AT_S, spoil_a_batch)
    house.at(AT_S + 2, spoil_frames)
    ended = house.run()
    assert [letter.name for letter in ended.dead_letters] == ["book.ETHUSDT", "feed"]
    assert ended.books == undisturbed.books
    check_recovered(house, ended)


def test_the_exchanges_death_ends_the_run_as_a_fault(tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S, supervision__shutdown_timeout_ms=500)
    house.at(AT_S, lambda: house.crash(EXCHANGE))
    ended = house.run()
    assert ended.outcome.exit_code == 4
    assert "exchange died" in ended.outcome.error
    # Nobody can say that nothing is left there; the next run will ask.
    assert "write" not in {kind for kind, _ in house.gate_log[-1:]}


def test_trading_time_does_not_begin_before_everything_is_up(tmp_path: Path) -> None:
    """A warp clock that jumped while actors start would play the first minutes all at once; one
    that jumped while the session has not heard of it yet would leave all data behind."""
    house = House(tmp_path, 3.0, **PATIENT)
    hear = house.session._hear
    at_start: list[int] = []
    supervisor = house.runtime.address(SUPERVISOR).mailbox

    def watch(message: Any) -> None:
        if type(message).__name__ == "Started":
            handled = supervisor.metrics().handled
            until(lambda: supervisor.metrics().handled > handled + 50, "some heartbeats")
            at_start.append(house.runtime.clock.now_ns())
        hear(message)

    house.session._hear = watch  # type: ignore[method-assign]
    ended = house.run()
    assert at_start[0] <= house.start_ns
    assert ended.events(OrderSent)


def test_looks_missed_in_a_pause_of_the_process_are_not_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once they would see a supervisor that has not moved, and take it for hung."""
    every_s, paused_s = 0.02, [0.0]
    monotonic = time.monotonic
    monkeypatch.setattr("genesis.session.time.monotonic", lambda: monotonic() + paused_s[0])
    looks: list[float] = []

    def look() -> None:
        looks.append(monotonic())
        if len(looks) == 2:
            paused_s[0] = 60.0
        if len(looks) == 6:
            house.session.quit("enough")

    house = House(tmp_path, None)
    house.start()
    outcome = house.session.wait(every_s, look)
    house.folder.close()
    assert outcome.exit_code == 0
    assert min(later - one for one, later in itertools.pairwise(looks[2:6])) > every_s / 2
