"""Frames a second from the raw bytes of recordings to folded books, on one thread."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks._common import recordings, report
from genesis.domain.book import Book, warm_up
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.recording import Recording
from genesis.messages.market import RawFrame

_ROUNDS = 5  # the best of them counts: the machine is shared


def main() -> None:
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        paths, source = recordings(Path(folder))
        n, secs = _fastest(partial(_from_files, paths, 100))
        report("raw bytes to book, batches of 100", n, secs, data=source)
        recording = Recording(paths)
        frames = list(recording.frames())
        for batch in (1, 100):
            n, secs = _fastest(partial(_fold, recording, frames, batch))
            report(f"frames to book, batches of {batch}", n, secs, data=source)


def _fastest(run: Callable[[], tuple[int, float]]) -> tuple[int, float]:
    return min((run() for _ in range(_ROUNDS)), key=lambda timed: timed[1])


def _from_files(paths: list[Path], batch: int) -> tuple[int, float]:
    """Opening, the first look, decompression and merging included."""
    begun = time.perf_counter()
    recording = Recording(paths)
    n, _ = _fold(recording, recording.frames(), batch)
    return n, time.perf_counter() - begun


def _fold(recording: Recording, frames: Iterable[RawFrame], batch: int) -> tuple[int, float]:
    instruments = recording.instruments()
    decoder = Decoder(instruments)
    books = {symbol: Book(instrument) for symbol, instrument in instruments.items()}
    gaps = mismatches = 0
    stream = iter(frames)
    begun = time.perf_counter()
    while taken := list(islice(stream, batch)):
        for symbol, rows in decoder.decode(taken).items():
            folded = books[symbol].fold(rows)
            gaps += len(folded.gaps)
            mismatches += folded.ticker_mismatch
    secs = time.perf_counter() - begun
    assert all(book.synced for book in books.values()), "a book is not whole at the end"
    assert gaps == mismatches == 0, f"{gaps} gaps, {mismatches} tickers that differ"
    return decoder.frames, secs


if __name__ == "__main__":
    main()
