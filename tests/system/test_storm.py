"""Crashes and hangs of anyone at any moment, from a seed, under real threads."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from checks import check_money
from house import CHILDREN, PATIENT, House

from genesis.messages.journal import DeadLettered, Halted

CALM_S = 7.0
"""Time at the end to recover in: an unknown order is given up after 2 s here."""


def storm(seed: int, folder: Path, crashes: int, hangs: int, for_s: float) -> House:
    rng = random.Random(seed)
    house = House(
        folder,
        for_s,
        supervision__intensity=1000,
        executor__unknown_query_after_ms=500,
        executor__unknown_give_up_ms=2000,
        **PATIENT,
    )
    kinds = [house.hang] * hangs + [house.crash] * crashes
    for kind in kinds:
        name, at_s = rng.choice(CHILDREN), rng.uniform(2.0, for_s - CALM_S)
        house.at(at_s, lambda kind=kind, name=name: kind(name))  # type: ignore[misc]
    return house


@pytest.mark.parametrize("seed", range(2))
def test_after_a_storm_the_books_and_the_money_are_right(seed: int, tmp_path: Path) -> None:
    check(storm(seed, tmp_path, crashes=14, hangs=2, for_s=20.0))


def check(house: House) -> None:
    ended = house.run()
    assert ended.outcome.exit_code == 0, ended.outcome.error
    assert ended.books == ended.venue_books
    check_money(house, ended)
    assert not ended.events(Halted)
    assert len(ended.events(DeadLettered)) == len(ended.dead_letters)
    assert ended.gate()[-2:] == ["ACTIVE", "HALTED"]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 140))
def test_after_many_storms(seed: int, tmp_path: Path) -> None:
    check(storm(seed, tmp_path, crashes=25, hangs=2, for_s=40.0))
