"""Any one actor dies while the real recordings are traded. ``make soak`` plays them whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import check_books, check_money, expected_restarts, last_restart
from house import CHILDREN, MONEY, PATIENT, Ended, House

PART_S = 14.0
WHOLE_S = 346.0
KINDS = ("crash", "hang")

LAST = {"BTCUSDT": ("61685.99", "61686.00"), "ETHUSDT": ("2682.50", "2682.51")}
"""The best prices with which the recordings end, as their last diffs have them."""


def house_of(shared_data: Path, folder: Path, for_s: float | None, **changed: object) -> House:
    files = [shared_data / "binance_spot_l2" / f"{s.lower()}_20240808.gz" for s in LAST]
    market = "replay:" + ",".join(str(file) for file in files)
    return House(folder, for_s, market__market=market, **changed)


def undisturbed_run(shared_data: Path, folder: Path, for_s: float | None) -> Ended:
    house = house_of(shared_data, folder, for_s)
    ended = house.run()
    assert ended.outcome.exit_code == 0, ended.outcome.error
    check_money(house, ended)
    assert ended.outcome.summary is not None
    assert ended.outcome.summary.fills > 0
    return ended


def run_with(
    kind: str, name: str, at_s: float, shared_data: Path, folder: Path, for_s: float | None
) -> tuple[House, Ended]:
    changed = PATIENT if kind == "hang" else {}
    house = house_of(shared_data, folder, for_s, **changed)
    strike = house.crash if kind == "crash" else house.hang
    house.at(at_s, lambda: strike(name))
    return house, house.run()


def check(house: House, ended: Ended, undisturbed: Ended, name: str) -> None:
    assert ended.outcome.exit_code == 0, ended.outcome.error
    check_books(ended, undisturbed)
    check_money(house, ended)
    assert ended.restarted() == expected_restarts(name)
    assert len(ended.dead_letters) == 1
    assert ended.outcome.summary is not None
    figures = ended.outcome.summary
    assert (figures.gaps, figures.crossed) == (0, 0)
    assert figures.restarts == len(expected_restarts(name))
    assert ended.gate()[-2:] == ["ACTIVE", "HALTED"]
    assert ended.sent_after(last_restart(ended)), "nothing was traded after the restart"


@pytest.fixture(scope="module")
def part(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return undisturbed_run(shared_data, tmp_path_factory.mktemp("part"), PART_S)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("crash", "feed"),
        ("crash", "executor"),
        ("hang", "persistence"),
        ("hang", "book.BTCUSDT"),
        ("crash", "risk"),
    ],
)
def test_one_dies_in_the_first_seconds(
    kind: str, name: str, part: Ended, shared_data: Path, tmp_path: Path
) -> None:
    house, ended = run_with(kind, name, PART_S / 2, shared_data, tmp_path, PART_S)
    check(house, ended, part, name)


@pytest.fixture(scope="module")
def whole(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    ended = undisturbed_run(shared_data, tmp_path_factory.mktemp("whole"), None)
    assert ended.outcome.summary is not None
    best = ended.outcome.summary.best
    assert {symbol: (line.bid, line.ask) for symbol, line in best.items()} == LAST
    return ended


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CHILDREN)
def test_one_dies_in_the_middle_of_the_whole(
    kind: str, name: str, whole: Ended, shared_data: Path, tmp_path: Path
) -> None:
    house, ended = run_with(kind, name, WHOLE_S / 2, shared_data, tmp_path, None)
    check(house, ended, whole, name)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_two_hundred_deaths_in_one_run(whole: Ended, shared_data: Path, tmp_path: Path) -> None:
    """Everyone dies twenty times, by turns, and the last book and the money are still right."""
    house = house_of(shared_data, tmp_path, None, supervision__intensity=1000)
    for n in range(200):
        name = CHILDREN[n % len(CHILDREN)]
        house.at(5.0 + n * 1.5, lambda name=name: house.crash(name))  # type: ignore[misc]
    ended = house.run()
    assert ended.outcome.exit_code == 0, ended.outcome.error
    check_books(ended, whole)
    check_money(house, ended)
    assert {name: ended.restarted().count(name) >= 20 for name in CHILDREN} == dict.fromkeys(
        (*MONEY, *CHILDREN[3:]), True
    )
