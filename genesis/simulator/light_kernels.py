"""Numba kernel that writes a light market's rows: integers from one seed, no clock, no I/O."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genesis.domain.book_layout import EVENT, FIRST_ID, KIND, LAST_ID, PRICE, QUANTITY, TIME
from genesis.domain.level_kernels import Ints, kernel
from genesis.messages import row_kind

LEVELS = 12
"""Levels a side."""
WINDOW = 256
"""Prices remembered; the book is narrower."""
ROWS_PER_EVENT = 8
"""On average three are needed; with ``ROWS_SPARE`` it is enough for any stretch."""
ROWS_SPARE = 2000
NETWORK_NS = 2_000_000
SPREAD_MAX = 3

# Places in the walk.
TAKER, DRIFT, UPDATE_ID, TRADE_ID = range(4)

# Chances in 256.
_TRADE, _TICKER = 77, 51
_MOVE, _FOLLOW, _GO_ON, _SAME_SIDE = 52, 160, 150, 170


class Market(NamedTuple):
    """What a market is at a moment. Prices are multiples of ``spacing`` ticks.

    ``best`` price, ``eaten`` lots of the touch since the last diff, and ``lots`` per price (modulo
    ``WINDOW``), each by side: 1 bids, -1 asks (so the last place is the asks').
    """

    random: npt.NDArray[np.uint64]
    best: Ints
    eaten: Ints
    lots: Ints
    walk: Ints  # TAKER, DRIFT, UPDATE_ID, TRADE_ID
    spacing: int
    unit_lots: int
    step_lots: int


@kernel
def _bits(state: npt.NDArray[np.uint64], count: int) -> int:
    """xorshift64*: the same numbers on every platform."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return int((x * np.uint64(2685821657736338717)) >> np.uint64(64 - count))


@kernel
def _size(m: Market, unit_lots: int) -> int:
    """Heavy-tailed lots on the step: each doubling is half as likely."""
    doublings = 0
    while doublings < 5 and _bits(m.random, 1):
        doublings += 1
    lots = (unit_lots << doublings) * (128 + _bits(m.random, 8)) >> 8
    return int(max(m.step_lots, lots // m.step_lots * m.step_lots))


@kernel
def _row(
    rows: Ints, at: int, time_ns: int, kind: int, ticks: int, lots: int, first: int, last: int
) -> int:
    rows[at, TIME], rows[at, EVENT] = time_ns, time_ns - NETWORK_NS
    rows[at, KIND], rows[at, PRICE], rows[at, QUANTITY] = kind, ticks, lots
    rows[at, FIRST_ID], rows[at, LAST_ID] = first, last
    return at + 1


@kernel
def _set(m: Market, rows: Ints, at: int, now: int, side: int, price: int, lots: int) -> int:
    """The level at ``price`` shows ``lots`` from now on."""
    m.lots[side, price % WINDOW] = lots
    kind = row_kind.BID if side > 0 else row_kind.ASK
    return int(_row(rows, at, now, kind, price * m.spacing, lots, 0, 0))


@kernel
def _snapshot(m: Market, rows: Ints, now: int) -> int:
    at = _row(rows, 0, now, row_kind.SNAPSHOT, 0, 2 * LEVELS, 0, m.walk[UPDATE_ID])
    for side in (1, -1):
        for i in range(LEVELS):
            at = _set(m, rows, at, now, side, m.best[side] - side * i, _size(m, m.unit_lots))
    return int(at)


@kernel
def _trade(m: Market, rows: Ints, at: int, now: int) -> int:
    """A taker hits the touch; the next diff shows what is left of it."""
    if _bits(m.random, 8) >= _SAME_SIDE:
        m.walk[TAKER] = -m.walk[TAKER]
    side = -m.walk[TAKER]
    left = m.lots[side, m.best[side] % WINDOW] - m.eaten[side]
    if left <= 0:
        return at
    take = min(left, _size(m, m.unit_lots // 2))
    m.eaten[side] += take
    m.walk[TRADE_ID] += 1
    kind, number = (row_kind.SELL if side > 0 else row_kind.BUY), m.walk[TRADE_ID]
    return int(_row(rows, at, now, kind, m.best[side] * m.spacing, take, number, number))


@kernel
def _ticker(m: Market, rows: Ints, at: int, now: int) -> int:
    for side in (1, -1):
        kind = row_kind.TICKER_BID if side > 0 else row_kind.TICKER_ASK
        price = m.best[side]
        lots = m.lots[side, price % WINDOW]
        at = _row(rows, at, now, kind, price * m.spacing, lots, 0, m.walk[UPDATE_ID])
    return at


@kernel
def _diff(m: Market, rows: Ints, begin: int, now: int) -> int:
    at, emptied = begin + 1, 0
    for side in (1, -1):
        if m.eaten[side]:
            left = m.lots[side, m.best[side] % WINDOW] - m.eaten[side]
            m.eaten[side] = 0
            if not left and emptied:
                left = m.step_lots  # one touch at a time goes away
            elif not left:
                emptied = side
            at = _set(m, rows, at, now, side, m.best[side], left)
    if not emptied and _bits(m.random, 8) < _MOVE:
        if _bits(m.random, 8) >= _GO_ON:
            m.walk[DRIFT] = -m.walk[DRIFT]
        emptied = -m.walk[DRIFT]
    if emptied:
        at = _move(m, rows, at, now, emptied)
    side = 1 if _bits(m.random, 1) else -1
    price = m.best[side] - side * (_bits(m.random, 8) * LEVELS >> 8)
    at = _set(m, rows, at, now, side, price, _size(m, m.unit_lots))
    first, last = m.walk[UPDATE_ID] + 1, m.walk[UPDATE_ID] + at - begin - 1
    _row(rows, begin, now, row_kind.DEPTH, 0, at - begin - 1, first, last)
    m.walk[UPDATE_ID] = last
    return int(at)


@kernel
def _move(m: Market, rows: Ints, at: int, now: int, side: int) -> int:
    """The touch of ``side`` goes away; the other side may follow it."""
    if m.lots[side, m.best[side] % WINDOW]:
        at = _set(m, rows, at, now, side, m.best[side], 0)
    m.best[side] -= side
    at = _set(m, rows, at, now, side, m.best[side] - side * (LEVELS - 1), _size(m, m.unit_lots))
    wide, side = m.best[-1] - m.best[1], -side
    while wide > SPREAD_MAX or (wide > 1 and _bits(m.random, 8) < _FOLLOW):
        at = _set(m, rows, at, now, side, m.best[side] - side * (LEVELS - 1), 0)
        m.best[side] += side
        at = _set(m, rows, at, now, side, m.best[side], _size(m, m.unit_lots))
        wide -= 1
    return at


@kernel
def write_market(m: Market, start_ns: int, slot_ns: int, slots: int, rows: Ints) -> int:
    """Fill ``rows`` with one event a slot behind a first snapshot; how many rows there are."""
    for _ in range(8):
        _bits(m.random, 8)
    at = _snapshot(m, rows, start_ns + NETWORK_NS)
    for slot in range(1, slots):
        late = _bits(m.random, 16) * (slot_ns - 2 * NETWORK_NS) >> 16
        now = start_ns + slot * slot_ns + NETWORK_NS + late
        chance = _bits(m.random, 8)
        if chance < _TRADE:
            at = _trade(m, rows, at, now)
        elif chance < _TRADE + _TICKER:
            at = _ticker(m, rows, at, now)
        else:
            at = _diff(m, rows, at, now)
    return int(at)
