"""Any one actor dies in the middle of a run, and nothing that matters is different afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import check_books, check_money, expected_restarts, last_restart
from house import CHILDREN, MONEY, PATIENT, Ended, House

FOR_S = 6.5
AT_S = 2.5


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    house = House(tmp_path_factory.mktemp("undisturbed"), FOR_S)
    ended = house.run()
    assert ended.outcome.exit_code == 0, ended.outcome.error
    check_money(house, ended)
    assert ended.outcome.summary is not None
    assert ended.outcome.summary.fills > 5
    assert ended.outcome.summary.restarts == 0
    return ended


def check_recovery(house: House, ended: Ended, undisturbed: Ended, name: str) -> None:
    assert ended.outcome.exit_code == 0, ended.outcome.error
    check_books(ended, undisturbed)
    check_money(house, ended)
    assert ended.restarted() == expected_restarts(name)
    assert ended.outcome.summary is not None
    assert ended.outcome.summary.restarts == len(expected_restarts(name))
    assert [letter.name for letter in ended.dead_letters] == [name]
    shut = ["HALTED", "ACTIVE"] if name in MONEY else []
    assert ended.gate() == ["HALTED", "ACTIVE", *shut, "HALTED"]  # the last for the shutdown
    assert ended.sent_after(last_restart(ended)), "nothing was traded after the restart"


@pytest.mark.parametrize("name", CHILDREN)
def test_an_exception_in_a_handler(name: str, undisturbed: Ended, tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S)
    house.at(AT_S, lambda: house.crash(name))
    check_recovery(house, house.run(), undisturbed, name)


@pytest.mark.parametrize("name", CHILDREN)
def test_a_hang(name: str, undisturbed: Ended, tmp_path: Path) -> None:
    house = House(tmp_path, FOR_S, **PATIENT)
    house.at(AT_S, lambda: house.hang(name))
    check_recovery(house, house.run(), undisturbed, name)
