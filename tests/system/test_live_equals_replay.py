"""Whatever goes wrong in a session on threads, its capture replays to the same journal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from house import CHILDREN, PATIENCE_S, QUICK_TO_NOTICE, SECOND, Ended, House, until

from genesis.backtest.replays.replay import Verdict, replay
from genesis.messages.control import RESUME_PHRASE, Halt, Resume
from genesis.messages.names import EXCHANGE, SUPERVISOR

QUICK = {name.replace(".", "__"): value for name, value in QUICK_TO_NOTICE.items()}


pytestmark = pytest.mark.usefixtures("quiet")


def again(folder: Path, ended: Ended) -> Verdict:
    """Replay a session that ended in order; it must be the same to the journal's hash."""
    verdict = replay(folder)
    assert verdict.divergence is None, "\n".join(verdict.divergence.lines())
    assert verdict.complete
    summary = ended.outcome.summary
    assert summary is not None
    assert verdict.journal_hash == summary.journal_hash
    assert (verdict.orders, verdict.fills) == (summary.orders, summary.fills)
    return verdict


def has_lived(house: House, name: str, times: int) -> bool:
    return len(house.actors[name]) >= times


def crash_in_turn(house: House, names: tuple[str, ...]) -> Callable[[], bool]:
    """Each once the one before is back; whether there were trades after the last."""
    before: list[int] = []

    def strike() -> None:
        for name in names:
            wanted = len(house.actors[name]) + 1
            house.crash(name)
            until(partial(has_lived, house, name, wanted), f"the successor of {name}")
        before.append(house.trades)

    house.at(2.0, strike)
    return lambda: bool(before) and house.trades > before[0]


@pytest.mark.parametrize("speed", [20.0, 0.0])
def test_every_kind_of_actor_crashes(tmp_path: Path, speed: float) -> None:
    house = House(tmp_path, None, True, market__speed=speed, supervision__intensity=50)
    ended = house.run_until(crash_in_turn(house, CHILDREN), "trades after all the crashes")
    verdict = again(tmp_path, ended)
    assert verdict.fills > 0
    assert verdict.restarts >= len(CHILDREN)


@pytest.mark.parametrize("name", ["executor", "book.BTCUSDT"])
def test_a_hang_that_is_fenced(tmp_path: Path, name: str) -> None:
    house = House(tmp_path, None, True, market__speed=12.0, **QUICK)
    house.at(3.0, lambda: house.hang(name))
    ended = house.run_until(
        lambda: len(house.actors.get(name, ())) > 1 and house.trades > 0, "its end, and trades"
    )
    assert name in ended.restarted()
    assert again(tmp_path, ended).fills > 0


def test_an_exchange_that_hangs(tmp_path: Path) -> None:
    """It stands outside: that it was given up is no decision of anybody inside."""
    hasty = QUICK | {"supervision__hang_after_ms": 300, "supervision__shutdown_timeout_ms": 500}
    house = House(tmp_path, 7.0, **hasty)
    house.at(3.0, lambda: house.hang(EXCHANGE))
    ended = house.run()
    assert ended.outcome.error == "exchange is stuck: it gave no sign of life for 3 s"
    assert replay(tmp_path).divergence is None


@pytest.mark.parametrize(
    ("speed", "seconds"), [(20.0, 10.0), pytest.param(1.0, 60.0, marks=pytest.mark.soak)]
)
def test_recorded_frames_and_crashes(
    tmp_path: Path, shared_data: Path, speed: float, seconds: float
) -> None:
    recordings = sorted((shared_data / "binance_spot_l2").glob("*usdt_20240808.gz"))
    market = "replay:" + ",".join(map(str, recordings))
    house = House(tmp_path, None, True, market__market=market, market__speed=speed)
    traded = crash_in_turn(house, ("strategy.spread_capture", "executor", "book.ETHUSDT"))
    end_ns = house.start_ns + int(seconds * SECOND)
    ended = house.run_until(
        lambda: traded() and house.runtime.clock.now_ns() > end_ns,
        "trades after the crashes",
        PATIENCE_S + 2 * seconds,
    )
    assert "executor" in ended.restarted()
    assert again(tmp_path, ended).orders > 0


def test_a_halt_and_the_way_back(tmp_path: Path) -> None:
    house = House(tmp_path, for_s=12.0, market__speed=20.0)
    house.at(3.0, lambda: house.tell(SUPERVISOR, Halt("a look at it", "operator")))
    house.at(7.0, lambda: house.tell(SUPERVISOR, Resume("looked", RESUME_PHRASE)))
    ended = house.run()
    assert ended.outcome.summary is not None
    assert ended.outcome.summary.halts == 1
    again(tmp_path, ended)


def test_a_second_run_on_the_journal_of_the_first(tmp_path: Path) -> None:
    first = House(tmp_path, for_s=4.0, market__speed=20.0).run()
    second = House(tmp_path, for_s=4.0, market__speed=20.0).run()
    again(tmp_path, second)
    verdict = replay(tmp_path, run=1)
    assert verdict.divergence is None
    assert first.outcome.summary is not None
    assert verdict.journal_hash == first.outcome.summary.journal_hash
