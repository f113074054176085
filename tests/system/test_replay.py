"""Whatever goes wrong in a session on threads, its capture replays to the same journal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import CHILDREN, QUICK_TO_NOTICE, Ended, House

from genesis.backtest.replay import Verdict, replay
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
    house = House(tmp_path, for_s=32.0, market__speed=speed, supervision__intensity=50)
    for second, name in enumerate(CHILDREN, 1):
        house.at(2.0 + 2.5 * second, lambda name=name: house.crash(name))
    ended = house.run()
    verdict = again(tmp_path, ended)
    assert verdict.fills > 0
    assert verdict.restarts >= len(CHILDREN)


@pytest.mark.parametrize("name", ["risk", "executor", "book.BTCUSDT", "strategy.ema_cross"])
def test_a_hang_that_is_fenced(tmp_path: Path, name: str) -> None:
    house = House(tmp_path, for_s=25.0, market__speed=10.0, **QUICK)
    house.at(5.0, lambda: house.hang(name))
    ended = house.run()
    assert name in ended.restarted()
    assert again(tmp_path, ended).fills > 0


def test_a_halt_and_the_way_back(tmp_path: Path) -> None:
    house = House(tmp_path, for_s=20.0, market__speed=20.0)
    house.at(5.0, lambda: house.tell(SUPERVISOR, Halt("a look at it", "operator")))
    house.at(9.0, lambda: house.tell(SUPERVISOR, Resume("looked", RESUME_PHRASE)))
    ended = house.run()
    assert ended.outcome.summary is not None
    assert ended.outcome.summary.halts == 1
    again(tmp_path, ended)


def test_a_second_run_on_the_journal_of_the_first(tmp_path: Path) -> None:
    first = House(tmp_path, for_s=6.0, market__speed=20.0).run()
    second = House(tmp_path, for_s=6.0, market__speed=20.0).run()
    again(tmp_path, second)
    verdict = replay(tmp_path, run=1)
    assert verdict.divergence is None
    assert first.outcome.summary is not None
    assert verdict.journal_hash == first.outcome.summary.journal_hash
