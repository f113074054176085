"""One side of the generated order book: price levels in ticks with whole order steps. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort


class Ladder:
    """Levels of one side (+1 bids, -1 asks). ``keys`` ascend to the best: price times side."""

    __slots__ = ("_steps", "changed", "keys", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self.keys: list[int] = []
        self.changed: dict[int, None] = {}  # keys touched since last cleared, in order
        self._steps: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def steps(self, key: int) -> int:
        """Quantity at a key in order steps; 0 when there is no such level."""
        return self._steps.get(key, 0)

    def best(self) -> tuple[int, int]:
        """Price in ticks and quantity in steps of the best level. Raises IndexError without one."""
        key = self.keys[-1]
        return key * self.side, self._steps[key]

    def set(self, key: int, steps: int) -> None:
        """Put a level to ``steps``; 0 or less removes it."""
        self.changed[key] = None
        if steps > 0:
            if key not in self._steps:
                insort(self.keys, key)
            self._steps[key] = steps
        elif self._steps.pop(key, None) is not None:
            del self.keys[bisect_left(self.keys, key)]

    def levels(self) -> list[tuple[int, int]]:
        """All levels as (ticks, steps), best first."""
        return [(key * self.side, self._steps[key]) for key in reversed(self.keys)]

    def take_changes(self) -> list[tuple[int, int]]:
        """Levels changed since the last call as (ticks, steps now), in order of first change."""
        changes = [(key * self.side, self._steps.get(key, 0)) for key in self.changed]
        self.changed.clear()
        return changes
