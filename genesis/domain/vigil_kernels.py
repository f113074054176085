"""The Numba kernel that tells when one symbol takes equity out of its band. No clock, no I/O."""

from __future__ import annotations

from genesis.domain.level_kernels import Ints, kernel


@kernel
def left_ns(
    tops: Ints,
    half_tick: float,
    quantity: float,
    mid: float,
    rest: float,
    low: float,
    high: float,
    until_ns: int,
    after_ns: int,
    before_ns: int,
) -> int:
    """When the first of ``tops`` (columns as in ``TOP``) takes equity out of the band; 0: none.

    ``mid`` is that of before ``tops``; NaN where equity was inside until then."""
    first, end = 0, len(tops)
    while first < end:
        middle = (first + end) // 2
        if tops[middle, 0] <= after_ns:
            first = middle + 1
        else:
            end = middle
    for at in range(first - 1, -1, -1):
        if tops[at, 2] > 0 and 0 < tops[at, 4] < tops[at, 6]:
            mid = (tops[at, 4] + tops[at, 6]) * half_tick
            break
    for at in range(first, len(tops)):
        if tops[at, 2] > 0 and 0 < tops[at, 4] < tops[at, 6]:
            mid = (tops[at, 4] + tops[at, 6]) * half_tick
        if at + 1 < len(tops) and tops[at + 1, 0] == tops[at, 0]:
            continue  # what counts is what a moment leaves behind
        equity = rest + quantity * mid
        if equity <= low or equity >= high or tops[at, 0] >= until_ns:
            return int(tops[at, 0])
        if tops[at, 0] >= before_ns:
            break
    return 0
