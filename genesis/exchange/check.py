"""What a recording holds and whether its books fold cleanly. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from genesis.domain.book import Book
from genesis.domain.folded import Folded
from genesis.domain.instrument import Instrument
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.recording import Recording


class SymbolCheck(msgspec.Struct, frozen=True):
    """One symbol's part of a recording.

    ``gaps`` are holes in the update ids of a synced book, ``resyncs`` recoveries after a loss (the
    first sync is neither). ``ticker_checked`` counts update ids that both the folded book and a
    recorded book ticker had, ``ticker_mismatch`` those that differed. The best prices and level
    counts are of the folded book at the end; None and 0 when it was not synced then.
    ``traded_base`` is the exact sum of trade quantities, with the venue's eight decimals. Of
    ``trade`` and ``aggTrade`` the stream seen first counts, ``ignored_trades`` are of the other;
    ``repeated_trades`` counted although their ids were not above all before (files that overlap).
    """

    frames: int
    depth_diffs: int
    trades: int
    book_tickers: int
    snapshots: int
    gaps: int
    crossed: int
    resyncs: int
    ticker_checked: int
    ticker_mismatch: int
    best_bid: str | None
    best_ask: str | None
    bid_levels: int
    ask_levels: int
    last_update_id: int
    traded_base: str
    ignored_trades: int
    repeated_trades: int


class _Tally:
    """One symbol's book and what its folds have brought so far."""

    def __init__(self, instrument: Instrument) -> None:
        self.book = Book(instrument)
        self.gaps = self.crossed = self.resyncs = 0
        self.ticker_checked = self.ticker_mismatch = 0
        self.traded_lots = 0

    def add(self, folded: Folded) -> None:
        self.gaps += folded.sequence_gaps
        self.crossed += folded.crossed
        self.resyncs += folded.recoveries
        self.ticker_checked += folded.ticker_checked
        self.ticker_mismatch += folded.ticker_mismatch
        # Summed as Python's integers: a long recording's total may not fit in 64 bits.
        self.traded_lots += sum(folded.trades["quantity_lots"].tolist())


def check(paths: Sequence[Path]) -> tuple[int, dict[str, SymbolCheck]]:
    """Frames in all, and each symbol's figures. Raises InputError and BadFrame."""
    recording = Recording(paths)
    instruments = recording.instruments()
    decoder = Decoder(instruments)
    tallies = {symbol: _Tally(instrument) for symbol, instrument in instruments.items()}
    for batch in decoder.batches(recording.frames()):
        for symbol, rows in batch.items():
            tallies[symbol].add(tallies[symbol].book.fold(rows))
    return decoder.frames, {symbol: _result(decoder, t) for symbol, t in tallies.items()}


def check_json(paths: Sequence[Path]) -> str:
    """One JSON object: the symbol's figures, or all symbols' under ``symbols``."""
    frames, symbols = check(paths)
    if len(symbols) == 1:
        (only,) = symbols.values()
        return msgspec.json.encode(only).decode()
    return msgspec.json.encode({"frames": frames, "symbols": symbols}).decode()


def _result(decoder: Decoder, tally: _Tally) -> SymbolCheck:
    book = tally.book
    counts = decoder.counts[book.instrument.symbol]
    bid, _, ask, _ = book.best()
    bid_levels, ask_levels = book.depth()
    traded = book.instrument.quantity(tally.traded_lots)
    return SymbolCheck(
        frames=counts.frames,
        depth_diffs=counts.depth_diffs,
        trades=counts.trades,
        book_tickers=counts.book_tickers,
        snapshots=counts.snapshots,
        gaps=tally.gaps,
        crossed=tally.crossed,
        resyncs=tally.resyncs,
        ticker_checked=tally.ticker_checked,
        ticker_mismatch=tally.ticker_mismatch,
        best_bid=f"{book.instrument.price(bid):f}" if bid else None,
        best_ask=f"{book.instrument.price(ask):f}" if ask else None,
        bid_levels=bid_levels,
        ask_levels=ask_levels,
        last_update_id=book.last_update_id,
        traded_base=f"{traded:.8f}",
        ignored_trades=counts.ignored_trades,
        repeated_trades=counts.repeated_trades,
    )
