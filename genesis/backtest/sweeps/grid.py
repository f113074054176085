"""Which settings a sweep tries: every combination of lists, or random draws from ranges. Pure."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from genesis.errors import ConfigError

TRIALS_MAX = 10_000
DIGITS = 6
"""Of a number drawn from a range: finer makes no difference to a strategy."""

SECTIONS = ("strategies", "risk", "paper", "executor", "account")
"""What trades may be swept. What the market is, and where files lie, is the same for all trials."""

Parameters = dict[str, str]


class Listed(NamedTuple):
    """A list of values, as written."""

    values: tuple[str, ...]


class Range(NamedTuple):
    """From ``low`` to ``high``, both included; whole numbers when both are written as such.

    ``log``: every factor is as likely as every other.
    """

    low: Decimal
    high: Decimal
    log: bool
    whole: bool

    def draw(self, rng: random.Random) -> str:
        low, high = float(self.low), float(self.high)
        if self.log:
            value = math.exp(rng.uniform(math.log(low), math.log(high)))
        elif self.whole:
            return str(rng.randint(int(self.low), int(self.high)))
        else:
            value = rng.uniform(low, high)
        if self.whole:
            return str(min(max(round(value), int(self.low)), int(self.high)))
        drawn = Decimal(f"{value:.{DIGITS}g}")
        return format(min(max(drawn, self.low), self.high), "f")


Axes = dict[str, Listed | Range]


def parse_axes(written: Sequence[str]) -> Axes:
    """``name=5,10,20`` or ``name=low:high[:log]``, each setting once.

    Raises ConfigError for one that cannot be read; whether a setting exists is for the settings.
    """
    axes: Axes = {}
    for one in written:
        name, equals, values = one.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ConfigError(f"--set {one!r} cannot be read; write it as SETTING=5,10,20")
        if name.split(".")[0] not in SECTIONS:
            known = ", ".join(SECTIONS)
            raise ConfigError(f"--set {name} cannot be swept; settings of these can: {known}")
        if name in axes:
            raise ConfigError(f"--set {name} is given twice; put all its values into one")
        axes[name] = _axis(name, values)
    if not axes:
        raise ConfigError("nothing to sweep; give --set SETTING=5,10,20, once or more")
    return axes


def _axis(name: str, written: str) -> Listed | Range:
    if ":" in written:
        return _range(name, written)
    values = tuple(dict.fromkeys(part.strip() for part in written.split(",") if part.strip()))
    if not values:
        raise ConfigError(f"--set {name}= names no value; write it as {name}=5,10,20")
    return Listed(values)


def _range(name: str, written: str) -> Range:
    low_text, high_text, *rest = (part.strip() for part in written.split(":"))
    try:
        low, high = Decimal(low_text), Decimal(high_text)
    except InvalidOperation:
        low = high = Decimal("NaN")
    if not (low.is_finite() and high.is_finite()) or rest not in ([], ["log"]):
        raise ConfigError(f"--set {name}={written} cannot be read; write it as {name}=5:50[:log]")
    if low >= high:
        raise ConfigError(
            f"--set {name}={written}: the range is empty; the lower bound comes first"
        )
    if rest and low <= 0:
        raise ConfigError(f"--set {name}={written}: a range with log begins above 0")
    whole = "." not in low_text + high_text and low == int(low) and high == int(high)
    return Range(low, high, bool(rest), whole)


def combinations(axes: Axes) -> Iterator[Parameters]:
    """Every combination of the lists, the last setting varying fastest.

    Raises ConfigError at a range, and above ``TRIALS_MAX`` combinations.
    """
    lists = []
    for name, axis in axes.items():
        if isinstance(axis, Range):
            raise ConfigError(f"--set {name} is a range; draw from it with --random N")
        lists.append(axis.values)
    count = math.prod(map(len, lists))
    if count > TRIALS_MAX:
        raise ConfigError(
            f"{count:,} combinations are more than {TRIALS_MAX:,}; leave values out, or draw some "
            "of them with --random N"
        )
    return (dict(zip(axes, values, strict=True)) for values in itertools.product(*lists))


def draws(axes: Axes, count: int, seed: int) -> Iterator[Parameters]:
    """``count`` random draws; the same seed gives the same ones, and more of them begin equally."""
    if not 1 <= count <= TRIALS_MAX:
        raise ConfigError(f"--random {count} cannot be used; from 1 to {TRIALS_MAX:,} trials")
    rng = random.Random(f"sweep/{seed}")
    for _ in range(count):
        yield {
            name: rng.choice(axis.values) if isinstance(axis, Listed) else axis.draw(rng)
            for name, axis in axes.items()
        }
