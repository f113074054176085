"""Prove that a strategy does not read the future: what it decided must not change when it is cut.

The whole history is traded once, and then again and again with everything from some moment on left
out. Whatever was decided before such a cut must be the same, order for order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec
import numpy as np

from genesis.backtest.reports.wording import moment
from genesis.backtest.run import Backtest, Guard, unguarded, untold
from genesis.config import Settings
from genesis.counted import counted
from genesis.domain.money import text
from genesis.errors import RuntimeFault
from genesis.exchange.source import Market
from genesis.messages.base import Message
from genesis.messages.market import RawFrame
from genesis.messages.names import RISK
from genesis.messages.orders import PlaceOrder


class Decision(msgspec.Struct, frozen=True):
    """An order as a strategy intended it, whatever risk and the venue made of it."""

    time_ns: int
    strategy: str
    symbol: str
    side: str
    type: str
    quantity: Decimal
    price: Decimal | None

    @property
    def sentence(self) -> str:
        at = "at market" if self.price is None else f"at {text(self.price)}"
        what = f"{self.side.lower()} {text(self.quantity)} {self.symbol} {at} ({self.type})"
        return f"{_exact_moment(self.time_ns)} {self.strategy}: {what}"


class Decided(msgspec.Struct, frozen=True):
    """All decisions of a run in their order. ``seen_ns`` is the time of the last market data."""

    decisions: tuple[Decision, ...]
    seen_ns: int


class Difference(msgspec.Struct, frozen=True):
    """The first decision (counted from 1) that a cut changed. None: there was none."""

    cut_ns: int
    number: int
    whole: Decision | None
    cut: Decision | None

    @property
    def lines(self) -> tuple[str, str, str]:
        when = _exact_moment(self.cut_ns)
        told = [d.sentence if d is not None else "no decision" for d in (self.whole, self.cut)]
        return (
            f"lookahead: decision {self.number} changes when the history ends at {when} UTC",
            f"  whole history: {told[0]}",
            f"  cut history:   {told[1]}",
        )


class Proof(msgspec.Struct, frozen=True):
    """``compared`` counts decisions of the whole history, once for every cut behind them."""

    cuts: int
    decisions: int
    compared: int
    difference: Difference | None

    @property
    def sentence(self) -> str:
        compared = counted(self.compared, "decision")
        return f"no lookahead found in {counted(self.cuts, 'cut')}, {compared} compared"


def _exact_moment(time_ns: int) -> str:
    return f"{moment(time_ns)}.{time_ns % 10**9:09d}"


def decisions_of(
    settings: Settings, market: Market, end_ns: int | None = None, guard: Guard = unguarded
) -> Decided:
    """Trade a market, under ``guard``, and note every order that a strategy intends.

    Raises RuntimeFault when the run ends with an error, or a strategy failed in it.
    """
    seen = _Seen()
    if market.tape is None:
        market = msgspec.structs.replace(market, frames=seen.frames(market.frames))
    with guard(untold):
        run = Backtest(settings, market, end_ns=end_ns, buckets=0)
    noted: list[Decision] = []

    def note(message: Message) -> None:
        if isinstance(message, PlaceOrder):
            noted.append(_decision(message))

    run.session.overhear(RISK, note)
    with guard(run.abandon):
        result = run.run()
    if result.error:
        raise RuntimeFault(result.error)
    if market.tape is not None:
        times = [rows["time_ns"] for rows in market.tape.values() if len(rows)]
        seen.last_ns = max(int(t[-1]) for t in times)
    return Decided(tuple(noted), seen.last_ns)


class _Seen:
    """Notes the time of the last frame that was taken."""

    last_ns = 0

    def frames(self, frames: Iterable[RawFrame]) -> Iterator[RawFrame]:
        for frame in frames:
            self.last_ns = frame.received_ns
            yield frame


def _decision(order: PlaceOrder) -> Decision:
    return Decision(
        time_ns=order.decided_ns,
        strategy=order.strategy,
        symbol=order.symbol,
        side=order.side.value,
        type=order.type.value,
        quantity=order.quantity,
        price=order.price,
    )


def truncated(market: Market, cut_ns: int) -> Market:
    """The market without everything received at ``cut_ns`` or later."""
    frames = itertools.takewhile(lambda frame: frame.received_ns < cut_ns, market.frames)
    if market.tape is None:
        return msgspec.structs.replace(market, frames=frames)
    tape = {
        symbol: rows[: int(np.searchsorted(rows["time_ns"], cut_ns))].copy()
        for symbol, rows in market.tape.items()
    }
    return msgspec.structs.replace(market, tape=tape)


def cut_points(whole: Decided, start_ns: int, count: int) -> list[int]:
    """Where to cut, rising: half of them directly behind a decision, where a look ahead by the
    smallest step would show, the others evenly over the history."""
    times = sorted({decision.time_ns + 1 for decision in whole.decisions})
    behind = [times[n * len(times) // count] for n in range(0, count, 2)] if times else []
    span = whole.seen_ns - start_ns
    even = [start_ns + span * (n + 1) // (count + 1) for n in range(count)]
    chosen = dict.fromkeys([*behind, *even[count // 2 % 2 :: 2], *times, *even])
    inside = [cut for cut in chosen if start_ns < cut <= whole.seen_ns]
    return sorted(inside[:count])


def compare(whole: Decided, cut_ns: int, cut: Decided) -> tuple[int, Difference | None]:
    """How many decisions were compared, and the first that differs.

    Those up to the last market data before the cut: behind it the cut history is over, and what a
    timer would have decided there cannot be told.
    """
    until_ns = min(cut_ns - 1, cut.seen_ns)
    ours, theirs = (
        [decision for decision in run.decisions if decision.time_ns <= until_ns]
        for run in (whole, cut)
    )
    for number, (one, other) in enumerate(itertools.zip_longest(ours, theirs), 1):
        if one != other:
            return number, Difference(cut_ns, number, one, other)
    return len(ours), None


def prove(whole: Decided, cut_runs: Iterable[tuple[int, Decided]]) -> Proof:
    """Compare the whole history's decisions with those of every cut one, (cut_ns, decided).

    Of several differences the one at the earliest decision is told. Raises RuntimeFault when there
    is nothing to compare: that would prove nothing.
    """
    cuts = compared = 0
    found = []
    for cut_ns, cut in cut_runs:
        count, difference = compare(whole, cut_ns, cut)
        cuts += 1
        compared += count
        if difference is not None:
            found.append(difference)
    if not compared:
        raise RuntimeFault(
            "the strategy decided nothing before any cut, so nothing is proven; take a longer "
            "history or settings that trade"
        )
    first = min(found, key=lambda difference: (difference.number, difference.cut_ns), default=None)
    return Proof(cuts, len(whole.decisions), compared, first)
