"""Open what a backtest trades: files of any kind as one decoded market. Trades nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from genesis.domain.book import Book
from genesis.domain.instrument import Instrument
from genesis.errors import ConfigError, InputError
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.histories.bars import bar_rows
from genesis.exchange.histories.files import files_by_symbol, table_files
from genesis.exchange.histories.ohlcv import read_bars
from genesis.exchange.histories.row_checks import moment
from genesis.exchange.histories.scales import inferred, require_countable, require_on_scale
from genesis.exchange.histories.tables import Floats
from genesis.exchange.histories.tape_cache import History, TapeCache
from genesis.exchange.histories.trades import read_trades, require_minutes_countable, trade_rows
from genesis.exchange.recording import Recording, read_exchange_info
from genesis.exchange.source import (
    OHLCV,
    REPLAY,
    SIMULATED,
    TRADES,
    Market,
    require_path,
    simulated_market,
)
from genesis.messages import row_kind
from genesis.messages.market import Rows

SIMULATED_START_NS = 1_704_067_200_000_000_000
"""2024-01-01: a generated market has no date of its own, and must not take today's."""

_NAMES_SHOWN = 4


def open_history(
    market: str,
    symbols: Sequence[str] | None,
    *,
    cache: TapeCache,
    seed: int = 0,
    from_ns: int | None = None,
    to_ns: int | None = None,
    exchange_info: Path | None = None,
) -> Market:
    """Open ``simulated``, ``replay:``, ``ohlcv:`` or ``trades:`` with their paths.

    Everything but the generated market is decoded whole into ``Market.tape``, from [from_ns,
    to_ns) of it. ``symbols`` None takes all there are. Raises InputError, naming file and row, for
    what cannot be used, ConfigError for a market of no known kind.
    """
    if market == SIMULATED:
        start_ns = SIMULATED_START_NS if from_ns is None else from_ns
        return simulated_market(symbols or (), seed, start_ns)
    for prefix, read in ((REPLAY, _recording), (OHLCV, _bars), (TRADES, _trades)):
        if market.startswith(prefix):
            spec = market.removeprefix(prefix)
            require_path(prefix, spec)
            history = read(spec, symbols, cache, exchange_info)
            title = f"{prefix.rstrip(':')} {_names(spec)}"
            return _windowed(title, history, from_ns, to_ns)
    raise ConfigError(
        f"market {market!r} is none of {SIMULATED}, {REPLAY}PATH, {OHLCV}PATH, {TRADES}PATH"
    )


def _recording(
    spec: str, symbols: Sequence[str] | None, cache: TapeCache, exchange_info: Path | None
) -> History:
    paths = [Path(path) for path in spec.split(",") if path]
    inputs = [*paths, *([exchange_info] if exchange_info else [])]

    def convert() -> History:
        recording = Recording(paths, symbols, exchange_info)
        history = decoded(recording)
        notes = (*_unlisted(recording.inferred, exchange_info), *history.notes)
        return msgspec.structs.replace(history, notes=notes)

    wanted = "" if symbols is None else ",".join(symbols)
    return cache.history(inputs, f"{REPLAY}{wanted}", convert)


def decoded(recording: Recording) -> History:
    """All of a recording as rows. Raises BadFrame and InputError at the first bad line."""
    instruments = recording.instruments()
    decoder = Decoder(instruments)
    tape = decoder.tape(recording.frames())
    silent_frames = decoder.frames - _frames(tape)
    notes = (*decoder.notes(), *_never_whole(tape))
    return History(instruments, tape, silent_frames=silent_frames, notes=notes)


def _never_whole(tape: Mapping[str, Rows]) -> Iterator[str]:
    """What a person has to know who wonders why nothing is traded."""
    for symbol, rows in tape.items():
        if not (rows["kind"] == row_kind.SNAPSHOT).any():
            yield (
                f"{symbol}: the recording holds no depth snapshot of it, so its book is never "
                "whole and nothing is traded on it"
            )


def _frames(tape: Mapping[str, Rows]) -> int:
    """How many frames gave these rows: each begins with one row that is no part of another."""
    parts = (row_kind.BID, row_kind.ASK, row_kind.TICKER_ASK, row_kind.RESET)
    return sum(len(rows) - int(np.isin(rows["kind"], parts).sum()) for rows in tape.values())


def _bars(
    spec: str, symbols: Sequence[str] | None, cache: TapeCache, exchange_info: Path | None
) -> History:
    def convert(symbol: str, paths: Sequence[Path], listed: Instrument | None) -> History:
        bars = read_bars(symbol, paths)
        instrument = listed or inferred(symbol, bars[1:5], bars.volume)
        for name in ("open", "high", "low", "close"):
            _require_prices(bars.files, name, getattr(bars, name), instrument)
        require_countable(bars.files, "volume", bars.volume, symbol, instrument.lot_decimals)
        rows = bar_rows(bars, instrument)
        return History({symbol: instrument}, {symbol: rows}, bars.interval_ns)

    return _tables(OHLCV, spec, symbols, cache, exchange_info, convert)


def _trades(
    spec: str, symbols: Sequence[str] | None, cache: TapeCache, exchange_info: Path | None
) -> History:
    def convert(symbol: str, paths: Sequence[Path], listed: Instrument | None) -> History:
        trades = read_trades(symbol, paths)
        instrument = listed or inferred(symbol, (trades.price,), trades.quantity)
        _require_prices(trades.files, "price", trades.price, instrument)
        require_minutes_countable(trades, instrument)
        return History({symbol: instrument}, {symbol: trade_rows(trades, instrument)})

    return _tables(TRADES, spec, symbols, cache, exchange_info, convert)


def _require_prices(
    files: Sequence[tuple[Path, int]], name: str, prices: Floats, instrument: Instrument
) -> None:
    """Raises InputError, naming file and row, for a price off the tick or beyond all ticks."""
    require_countable(files, name, prices, instrument.symbol, instrument.price_decimals)
    require_on_scale(files, name, prices, instrument)


def _tables(
    kind: str,
    spec: str,
    symbols: Sequence[str] | None,
    cache: TapeCache,
    exchange_info: Path | None,
    convert: Callable[[str, Sequence[Path], Instrument | None], History],
) -> History:
    """One conversion a symbol, so that a choice of symbols is not a conversion of its own."""
    listed = {} if exchange_info is None else read_exchange_info(exchange_info)
    by_symbol = files_by_symbol(table_files(spec), symbols, listed)
    found = []
    for symbol, paths in by_symbol.items():
        known = listed.get(symbol)
        convert_one = partial(convert, symbol, paths, known)
        found.append(cache.history(paths, f"{kind}{symbol}/{known}", convert_one))
    instruments = {s: i for history in found for s, i in history.instruments.items()}
    tape = {s: rows for history in found for s, rows in history.rows.items()}
    interval_ns = max(history.interval_ns for history in found)
    unlisted = [symbol for symbol in by_symbol if symbol not in listed]
    return History(instruments, tape, interval_ns, notes=_unlisted(unlisted, exchange_info))


def _unlisted(symbols: Iterable[str], exchange_info: Path | None) -> tuple[str, ...]:
    """What a person who gave the venue's filters has to know."""
    if exchange_info is None:
        return ()
    return tuple(
        f"{symbol}: {exchange_info.name} has no filters for it that can be kept (tick and step are "
        "powers of ten from 1e-8 to 1), so they are inferred"
        for symbol in symbols
    )


def _names(spec: str) -> str:
    names = [Path(part).name for part in spec.split(",") if part]
    if len(names) > _NAMES_SHOWN:
        return f"{', '.join(names[:_NAMES_SHOWN])} and {len(names) - _NAMES_SHOWN} more"
    return ", ".join(names)


def _windowed(title: str, history: History, from_ns: int | None, to_ns: int | None) -> Market:
    tape = {
        symbol: between(rows, history.instruments[symbol], from_ns, to_ns)
        for symbol, rows in history.rows.items()
    }
    starts = [int(rows["time_ns"][0]) for rows in tape.values() if len(rows)]
    if not starts:
        raise InputError(f"{title}: {_span(history)}; there is nothing between --from and --to")
    whole = from_ns is None and to_ns is None
    return Market(
        title=title,
        instruments=history.instruments,
        frames=iter(()),
        start_ns=min(starts),
        recorded=True,
        tape=tape,
        interval_ns=history.interval_ns,
        silent_frames=history.silent_frames if whole else 0,
        notes=history.notes,
    )


def _span(history: History) -> str:
    ends = [rows["time_ns"][[0, -1]].tolist() for rows in history.rows.values() if len(rows)]
    if not ends:
        return "it holds no market data"
    return f"it goes from {moment(min(e[0] for e in ends))} to {moment(max(e[1] for e in ends))}"


def between(rows: Rows, instrument: Instrument, from_ns: int | None, to_ns: int | None) -> Rows:
    """The rows of [from_ns, to_ns), before them what the book was at ``from_ns``."""
    times = rows["time_ns"]
    end = len(rows) if to_ns is None else int(np.searchsorted(times, to_ns))
    start = 0 if from_ns is None else int(np.searchsorted(times, from_ns))
    if from_ns is None or start == 0:
        return rows[:end]
    if start >= end:
        return rows[:0]
    return np.concatenate([_standing(rows[:start], instrument, from_ns), rows[start:end]])


def _standing(past: Rows, instrument: Instrument, at_ns: int) -> Rows:
    """What went before, as rows of one moment: the book and the newest ticker.

    Of a book that is not whole everything but the trades stays, as a snapshot may yet need it.
    """
    book = Book(instrument)
    book.fold(past)
    kinds = past["kind"]
    if book.synced:
        tickers = np.flatnonzero(kinds == row_kind.TICKER_BID)
        last = past[tickers[-1] : tickers[-1] + 2] if len(tickers) else past[:0]
        standing = np.concatenate([book.snapshot_rows(at_ns), last])
    else:
        trades = (kinds == row_kind.BUY) | (kinds == row_kind.SELL)
        standing = past[~trades].copy()
    standing["time_ns"] = at_ns
    return standing
