"""Numba kernels that keep both sides of a book as sorted integer arrays. No rules of any venue.

The tables ``keys`` and ``lots`` have 2 * capacity entries: bids in the first half, asks in the
second. Both keep their keys ascending with the best price last: a bid's key is its price in ticks,
an ask's is minus its price. So one search serves both, and most updates move few entries.

Numba's cache looks only at the file a kernel stands in: after a change here ``sync_kernels``,
which calls these, must be touched as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from genesis.domain import book_layout as lay

Ints = npt.NDArray[np.int64]

# Unsigned indexes, because Numba tests signed ones for Python's counting from the end, which alone
# costs a third of the speed: it keeps the moves of entries from being vectorised.
_U = np.uint64

# Without Numba's runtime, as its own sorting is compiled. With it, every array that is handed over
# counts its owners up and down, an atomic operation each, which took four fifths of a fold's time.
_OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False}


def kernel(function: Any) -> Any:
    """Compile on first use, keep the machine code on disk, run without the interpreter lock.

    Numba keeps it beside the source or in the user's cache folder. Where neither can be written (a
    read-only installation under a user without a home) every start compiles again.

    A kernel can make no array; in return it counts no owners of those it is given.
    """
    try:
        return njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        return njit(**_OPTIONS)(function)


def part(function: Any) -> Any:
    """A kernel that is compiled into its callers: called, it would cost more than it does."""
    return njit(inline="always")(function)


@kernel
def position(keys: Ints, base: int, count: int, key: int) -> int:
    """Of ``count`` keys from ``base`` on, how many are below ``key``.

    O(log of the distance from the top): it gallops down from the best price, then halves.
    """
    high = count
    low = count - 1
    step = 1
    while low >= 0 and keys[_U(base + low)] >= key:
        high = low
        low -= step
        step += step
    low = max(low, -1)
    while high - low > 1:
        middle = (low + high) >> 1
        if keys[_U(base + middle)] < key:
            low = middle
        else:
            high = middle
    return high


@kernel
def set_level(keys: Ints, lots: Ints, base: int, count: int, key: int, quantity: int) -> int:
    """Set (or with 0 remove) one level; returns the new count. The caller made room for one."""
    at = position(keys, base, count, key)
    here = _U(base + at)
    if at < count and keys[here] == key:
        if quantity != 0:
            lots[here] = quantity
            return count
        for j in range(_U(count - 1 - at)):
            keys[here + j] = keys[here + j + _U(1)]
        for j in range(_U(count - 1 - at)):
            lots[here + j] = lots[here + j + _U(1)]
        return count - 1
    if quantity == 0:
        return count
    end = _U(base + count)
    for j in range(_U(count - at)):
        keys[end - j] = keys[end - j - _U(1)]
    for j in range(_U(count - at)):
        lots[end - j] = lots[end - j - _U(1)]
    keys[here] = key
    lots[here] = quantity
    return count + 1


@kernel
def best_bid(keys: Ints, state: Ints) -> int:
    """Best bid in ticks; 0 when there is none."""
    return keys[_U(state[lay.BIDS] - 1)] if state[lay.BIDS] else 0


@kernel
def best_ask(keys: Ints, state: Ints) -> int:
    """Best ask in ticks; 0 when there is none."""
    return -keys[_U((keys.shape[0] >> 1) + state[lay.ASKS] - 1)] if state[lay.ASKS] else 0


@kernel
def fold_levels(
    keys: Ints, lots: Ints, state: Ints, changes: Ints, best: Ints, start: int
) -> tuple[int, int, int]:
    """Fold level changes (n, 3: side +1 bid or -1 ask, ticks, lots) from ``start``.

    Writes best bid and ask after each into ``best`` (n, 2). Returns the next change (not the end
    when the tables are full and must grow), best bid, best ask.
    """
    capacity = keys.shape[0] >> 1
    bid, ask = best_bid(keys, state), best_ask(keys, state)
    i = start
    while i < changes.shape[0]:
        at = _U(i)
        # No branch on the side: it is a coin toss to the processor.
        side = np.int64(changes[at, 0] < 0)
        count = state[_U(side)]
        if count == capacity:
            break
        key = changes[at, 1] * (1 - 2 * side)
        state[_U(side)] = set_level(keys, lots, side * capacity, count, key, changes[at, 2])
        bid, ask = best_bid(keys, state), best_ask(keys, state)
        best[at, 0] = bid
        best[at, 1] = ask
        i += 1
    return i, bid, ask


@kernel
def folded_top(keys: Ints, lots: Ints, state: Ints) -> tuple[int, int, int, int]:
    """Best bid, its lots, best ask, its lots of the levels; 0 where there is none."""
    bids, asks = state[lay.BIDS], state[lay.ASKS]
    half = keys.shape[0] >> 1
    bid = ask = bid_lots = ask_lots = 0
    if bids:
        bid, bid_lots = keys[_U(bids - 1)], lots[_U(bids - 1)]
    if asks:
        ask, ask_lots = -keys[_U(half + asks - 1)], lots[_U(half + asks - 1)]
    return bid, bid_lots, ask, ask_lots


@kernel
def touch(keys: Ints, lots: Ints, state: Ints) -> tuple[int, int, int, int]:
    """Best bid, its lots, best ask, its lots: of the ticker when it is newer; 0 when unknown."""
    if not state[lay.SYNCED]:
        return 0, 0, 0, 0
    if state[lay.TICKER_ID] <= state[lay.BOOK_ID]:
        bid, bid_lots, ask, ask_lots = folded_top(keys, lots, state)
        return bid, bid_lots, ask, ask_lots
    return (
        state[lay.TICKER_BID],
        state[lay.TICKER_BID_LOTS],
        state[lay.TICKER_ASK],
        state[lay.TICKER_ASK_LOTS],
    )
