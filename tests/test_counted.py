"""How many, in words."""

from __future__ import annotations

import pytest

from genesis.counted import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 orders"), (1, "1 order"), (2, "2 orders"), (1234, "1,234 orders"), (-1, "-1 orders")],
)
def test_one_is_singular_and_everything_else_is_not(number: int, said: str) -> None:
    assert counted(number, "order") == said


def test_an_irregular_plural_is_given() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(7, "entry", "entries") == "7 entries"
