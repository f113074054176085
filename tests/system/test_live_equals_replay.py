"""Whatever goes wrong in a session on threads, its capture replays to the same journal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import CHILDREN, QUICK_TO_NOTICE, Ended, House

from genesis.backtest.replays.replay import Verdict, replay
from genesis.messages.control import RESUME_PHRASE, Halt, Resume
from genesis.runtime.actor import SUPERVISOR

QUICK = {name.replace(".", "__"): value for name, value in QUICK_TO_NOTICE.items()}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A replay repeats the crashes; once is enough in the log of a test."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


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


@pytest.mark.parametrize("speed", [20.0, 0.0])
def test_every_kind_of_actor_crashes(tmp_path: Path, speed: float) -> None:
    house = House(tmp_path, for_s=14.0, market__speed=speed, supervision__intensity=50)
    for number, name in enumerate(CHILDREN, 1):
        house.at(1.5 + number, lambda name=name: house.crash(name))
    ended = house.run()
    verdict = again(tmp_path, ended)
    assert verdict.fills > 0
    assert verdict.restarts >= len(CHILDREN)


@pytest.mark.parametrize("name", ["executor", "book.BTCUSDT"])
def test_a_hang_that_is_fenced(tmp_path: Path, name: str) -> None:
    house = House(tmp_path, for_s=25.0, market__speed=15.0, **QUICK)
    house.at(3.0, lambda: house.hang(name))
    ended = house.run()
    assert name in ended.restarted()
    assert again(tmp_path, ended).fills > 0


@pytest.mark.parametrize(
    ("speed", "seconds"), [(20.0, 20.0), pytest.param(1.0, 60.0, marks=pytest.mark.soak)]
)
def test_recorded_frames_and_crashes(
    tmp_path: Path, shared_data: Path, speed: float, seconds: float
) -> None:
    recordings = sorted((shared_data / "binance_spot_l2").glob("*usdt_20240808.gz"))
    market = "replay:" + ",".join(map(str, recordings))
    house = House(tmp_path, for_s=seconds, market__market=market, market__speed=speed)
    for part, name in ((0.3, "strategy.spread_capture"), (0.5, "executor"), (0.7, "book.ETHUSDT")):
        house.at(part * seconds, lambda name=name: house.crash(name))
    ended = house.run()
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
