"""What the command tells: a count, a violation with its shortest plan, the steps of one seed."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from genesis.__main__ import main
from genesis.backtest.drills import truth
from genesis.commands import drill as command
from genesis.commands.drill import _drill_one
from genesis.simulator.matching import MatchingEngine
from genesis.storage.memory_disk import MemoryDisk

STEPS = "drill --seed 1 --minutes 0.3"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In this process, without workers."""
    monkeypatch.setattr(command, "spread", lambda function, tasks, workers: spread(function, tasks))
    yield
    logging.disable(logging.NOTSET)


def spread(function: object, tasks: list[tuple[int, float, tuple[str, ...]]]) -> Iterator[object]:
    logging.disable(logging.CRITICAL)
    yield from (_drill_one(*task) for task in tasks)


def told(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["genesis", *line.split()])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return code, capsys.readouterr().out.splitlines()


def test_counts_what_the_sessions_came_to(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = told("drill --seeds 3 --first 6 --minutes 0.3 --faults feed,kill", capsys)
    assert code == 0
    assert lines[0].startswith("faults that struck: ")
    assert lines[1].startswith("3 sessions of 0.3 min with faults: ")
    assert lines[1].endswith("; 0 with a violation")


def test_the_steps_of_one_seed_are_the_same_twice(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = told(STEPS, capsys)
    assert code == 0
    assert any("FAULT" in line for line in lines)
    assert any("OrderIntended" in line for line in lines)
    assert lines[-1].startswith("seed 1: ")
    assert "at the end trading, reconciled" in lines[-1]
    assert told(STEPS, capsys) == (code, lines)


def violated(engine: MatchingEngine, disk: MemoryDisk) -> Iterator[str]:
    if any(row.kind == "ActorRestarted" for row in disk.rows):
        yield "6: made up"


def test_a_violation_is_told_with_its_shortest_plan(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.backtest.drills.drill.at_rest", violated)
    assert truth.at_rest is not violated
    code, lines = told("drill --seeds 1 --first 1 --minutes 1 --faults hang,feed", capsys)
    assert code == 4
    at = lines.index("seed 1:")
    assert lines[at + 1].endswith("6: made up")
    assert "the shortest plan found breaks it with 1 of " in lines[at + 2]
    assert " hang of " in lines[at + 3]
    assert lines[at + 4].endswith("genesis drill --seed 1 --minutes 1 --faults hang,feed")


def test_an_interrupt_keeps_the_count_so_far(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(function: object, tasks: object, workers: object) -> Iterator[object]:
        yield from spread(function, [(0, 0.3, ("feed-drop",)), (1, 0.3, ("feed-drop",))])
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "spread", interrupted)
    code, lines = told("drill --seeds 50 --minutes 0.3", capsys)
    assert code == 130
    assert lines[-1].startswith("2 of 50 sessions, interrupted, of 0.3 min with faults: ")
