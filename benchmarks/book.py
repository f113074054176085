"""Level changes a second through the book, best bid and ask read after every batch.

Inside a batch the kernel reads them after every change as well and hands them out.
"""

from __future__ import annotations

import time
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from benchmarks._common import deltas, report
from genesis.domain.book import Book, warm_up
from genesis.domain.instrument import Instrument

_ROUNDS = 5  # the best of them counts: the machine is shared
_INSTRUMENT = Instrument.build(
    "BTCUSDT", "BTC", "USDT", tick_size=Decimal("0.01"), step_size=Decimal("0.001")
)


def main() -> None:
    warm_up()
    changes, source = deltas()
    expected = _plain(changes)
    for batch in (1, 100, len(changes)):
        secs, book = min(
            (_fold(changes, batch) for _ in range(_ROUNDS)), key=lambda timed: timed[0]
        )
        found = tuple(dict(side.tolist()) for side in book.levels(max(book.depth())))
        assert found == expected, "the folded book differs from a plain dict"
        bid, _, ask, _ = book.best()
        report(
            f"book, batches of {'all' if batch == len(changes) else batch}",
            len(changes),
            secs,
            data=source,
            bb=bid,
            ba=ask,
            levels=list(book.depth()),
        )


def _fold(changes: npt.NDArray[np.int64], batch: int) -> tuple[float, Book]:
    book = Book(_INSTRUMENT)
    best = np.empty((batch, 2), np.int64)
    fold = book.fold_levels
    bid = ask = 0
    begun = time.perf_counter()
    for at in range(0, len(changes), batch):
        bid, ask = fold(changes[at : at + batch], best)
    secs = time.perf_counter() - begun
    assert (bid, ask) == book.best()[::2]
    return secs, book


def _plain(changes: npt.NDArray[np.int64]) -> tuple[dict[int, int], dict[int, int]]:
    sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for at in range(0, len(changes), 10_000):  # in parts, so that peak memory is the book's
        for side, ticks, lots in changes[at : at + 10_000].tolist():
            sides[side < 0][ticks] = lots
    bids, asks = ({ticks: lots for ticks, lots in side.items() if lots} for side in sides)
    return bids, asks


if __name__ == "__main__":
    main()
