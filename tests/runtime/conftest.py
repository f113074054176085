"""Fixtures of the runtime's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ship import Ship
from test_threads import until


@pytest.fixture
def ship() -> Iterator[Ship]:
    ship = Ship()
    yield ship
    ship.runtime.stop()
    for wake in ship.wakes:
        wake.set()
    until(lambda: not ship.threads(), "the crew's threads to end")
