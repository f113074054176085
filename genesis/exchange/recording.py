"""Recordings of raw Binance frames as one stream in receive order. Reads; never decides.

Two forms of line, told apart line by line: ``<recv_ns> <json>``, and that of cryptofeed's raw
captures: ``<recv_seconds>: <json>`` for frames, ``<url> -> <recv_seconds>: <json>`` for REST
answers, and lines about connections and configuration, which hold no data.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from genesis.domain.instrument import Instrument
from genesis.errors import BadFrame, InputError
from genesis.exchange.binance.infer import FirstLook
from genesis.exchange.binance.instruments import parse_exchange_info
from genesis.exchange.lines import numbered_lines
from genesis.messages.market import RawFrame
from genesis.plain_files import require_once, unbounded

INFO_MAX_MB = 64
"""Of an answer on all symbols, in one line; with all their permissions it has over 10 MB."""
_LOOK_FRAMES = 10_000
_LEAST_NS = 946_684_800 * 10**9  # 2000-01-01: no market of this house is older
_MOST_NS = 2**63 - 1
_MOST_DIGITS = 100  # Python refuses to read several thousand
_SYMBOL = re.compile(rb'"s"\s*:\s*"([^"]*)"')
_STREAM = re.compile(rb'"stream"\s*:\s*"([^"@]*)@')


class _RestAnswer(msgspec.Struct, frozen=True):
    url: str
    time_ns: int
    body: bytes


class Recording:
    """One or several files as one recording, merged by receive time, files in the given order.

    ``symbols`` restricts it; ``exchange_info`` is a file with the answer of that name, where the
    files hold none. Raises InputError for files that cannot be used or are given twice, and for
    symbols that they do not have. Every file's beginning is read at once, to know its symbols and
    their scales; frames stream, so memory stays flat. ``inferred`` are wanted symbols for which no
    usable filters were given.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        symbols: Sequence[str] | None = None,
        exchange_info: Path | None = None,
    ) -> None:
        self._files = [_File(path) for path in paths]
        if not self._files:
            raise InputError("a recording needs at least one file")
        require_once(paths)
        listed: dict[str, Instrument] = {}
        if exchange_info is not None:
            listed |= read_exchange_info(exchange_info)
        found: dict[str, FirstLook] = {}
        for file in self._files:
            listed |= file.instruments
            for symbol, look in file.looks.items():
                found.setdefault(symbol, FirstLook()).merge(look)
        self._all = tuple(found)
        self._wanted = self._all if symbols is None else tuple(symbols)
        for symbol in self._wanted:
            if symbol not in found:
                raise InputError(
                    f"symbol {symbol} is not in the recording; it has {', '.join(self._all)}"
                )
        self.inferred = tuple(symbol for symbol in self._wanted if symbol not in listed)
        self._instruments = {
            symbol: listed[symbol] if symbol in listed else found[symbol].instrument(symbol)
            for symbol in self._wanted
        }

    def instruments(self) -> dict[str, Instrument]:
        """By symbol, in the order wanted, else of appearance: from exchangeInfo where there is one,
        otherwise inferred from the data."""
        return dict(self._instruments)

    def frames(self) -> Iterator[RawFrame]:
        """All frames of the wanted symbols in receive order; may be called again.

        Raises BadFrame for a line of neither form or a receive time that goes backwards in its
        file, InputError where a file is cut off or damaged; each when it is reached.
        """
        wanted = None if set(self._wanted) == set(self._all) else frozenset(self._wanted)
        streams = [file.frames(wanted) for file in self._files]
        if len(streams) == 1:
            return streams[0]
        return heapq.merge(*streams, key=attrgetter("received_ns"))


class _File:
    """One file of a recording."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.looks: dict[str, FirstLook] = {}
        self.instruments: dict[str, Instrument] = {}
        self._snapshot_symbol = ""
        self._look()

    def frames(self, wanted: frozenset[str] | None) -> Iterator[RawFrame]:
        for item in self._items():
            if isinstance(item, RawFrame) and (wanted is None or _symbol(item) in wanted):
                yield item

    def _look(self) -> None:
        unnamed: list[RawFrame] = []
        seen = 0
        try:
            for item in self._items():
                if isinstance(item, _RestAnswer):
                    where = f"{self.path.name}: {item.url}"
                    self.instruments |= parse_exchange_info(item.body, where)
                elif symbol := _symbol(item):
                    if symbol not in self.looks:
                        self.looks[symbol] = FirstLook()
                    self.looks[symbol].add(item.payload)
                elif _is_snapshot(item.payload):
                    unnamed.append(item)
                seen += 1
                if seen >= _LOOK_FRAMES:
                    break
        except InputError:
            # It is told when it is reached, after the good lines; without any, now.
            if not self.looks:
                raise
        if unnamed and self.looks:
            # A bare snapshot leaves room for one symbol; the decoder refuses any other.
            self._snapshot_symbol, look = next(iter(self.looks.items()))
            self.looks = {self._snapshot_symbol: look}
            for frame in unnamed:
                look.add(frame.payload)
        if not self.looks and not self.instruments:
            raise InputError(f"{self.path}: there are no market frames in it")

    def _items(self) -> Iterator[RawFrame | _RestAnswer]:
        """Frames, and the REST answers that are not frames, in the order of the file."""
        last_ns = 0
        name = self.path.name
        for number, line in numbered_lines(self.path):
            if not line or line.isspace():
                continue
            where = f"{name}:{number}"
            head, _, payload = line.partition(b" ")
            if head.isdigit() and len(head) <= _MOST_DIGITS:
                item: RawFrame | _RestAnswer | None
                symbol = self._snapshot_symbol if _is_snapshot(payload) else ""
                received_ns = int(head)
                item = RawFrame(received_ns, payload, where, symbol)
            else:
                item = _captured(line, where)
                if item is None:
                    continue
                received_ns = item.received_ns if isinstance(item, RawFrame) else item.time_ns
            if received_ns < last_ns:
                raise BadFrame(where, f"its time {received_ns} is before {last_ns}, the one before")
            if not _LEAST_NS <= received_ns <= _MOST_NS:
                raise BadFrame(
                    where, f"its time {received_ns} is no time in nanoseconds after 1999"
                )
            last_ns = received_ns
            yield item


def _captured(line: bytes, where: str) -> RawFrame | _RestAnswer | None:
    """A line of cryptofeed's form; None for one that holds no data. Raises BadFrame."""
    head, colon, payload = line.partition(b": ")
    if colon and (time_ns := _nanoseconds(head)) is not None:
        return RawFrame(time_ns, payload, where)
    url, arrow, seconds = head.rpartition(b" -> ")
    if colon and arrow and (time_ns := _nanoseconds(seconds)) is not None:
        try:
            parts = urlsplit(url.decode("utf-8", "replace"))
        except ValueError as error:
            raise BadFrame(where, f"not the address of a REST answer: {error}") from None
        if parts.path.endswith("/depth"):
            symbol = parse_qs(parts.query).get("symbol", [""])[0].upper()
            return RawFrame(time_ns, payload, where, symbol)
        if parts.path.endswith("/exchangeInfo"):
            return _RestAnswer(parts.geturl(), time_ns, payload)
        return None
    if head == b"configuration" or b" <-> " in line or b" <- " in head:
        return None
    raise BadFrame(where, "not a line of a recording: neither '<recv_ns> <json>' nor a capture's")


def _nanoseconds(seconds: bytes) -> int | None:
    """A decimal text of seconds to whole nanoseconds, without a float; None for another text."""
    whole, _, fraction = seconds.partition(b".")
    if not (whole.isdigit() and (fraction.isdigit() or not fraction)) or len(whole) > _MOST_DIGITS:
        return None
    return int(whole) * 1_000_000_000 + int(fraction[:9].ljust(9, b"0"))


def _is_snapshot(payload: bytes) -> bool:
    return b'"lastUpdateId"' in payload[:32]


def _symbol(frame: RawFrame) -> str:
    """Of which symbol a frame is, as far as it can be told without decoding it; else empty."""
    if frame.symbol:
        return frame.symbol
    if match := _SYMBOL.search(frame.payload):
        return match[1].decode("ascii", "replace")
    match = _STREAM.search(frame.payload, 0, 64)
    return match[1].decode("ascii", "replace").upper() if match else ""


def read_exchange_info(path: Path) -> dict[str, Instrument]:
    """Instruments by symbol, from a capture of the answer, or from the bare answer, which may be
    spread over lines.

    Raises InputError for a file that holds none, is no regular file or is too large for one.
    """
    try:
        why = unbounded(path, INFO_MAX_MB)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if why:
        raise InputError(f"{path}: {why}")
    instruments: dict[str, Instrument] = {}
    lines = numbered_lines(path, INFO_MAX_MB << 20)
    for number, line in lines:
        where = f"{path.name}:{number}"
        if line.startswith(b"{"):
            whole = line if line.rstrip().endswith(b"}") else _spread(path, line, lines)
            instruments |= parse_exchange_info(whole, where)
        elif line and not line.isspace():
            try:
                item = _captured(line, where)
            except BadFrame:
                raise InputError(
                    f"{path}: line {number} is neither the JSON of an exchangeInfo answer nor a "
                    "line of a capture; give a file with the venue's answer"
                ) from None
            if isinstance(item, _RestAnswer):
                instruments |= parse_exchange_info(item.body, where)
    if not instruments:
        raise InputError(f"{path}: there is no exchangeInfo in it with filters that can be kept")
    return instruments


def _spread(path: Path, first: bytes, rest: Iterator[tuple[int, bytes]]) -> bytes:
    """An answer as a person had it written, to the end of its file."""
    parts, size = [first], len(first)
    for _, line in rest:
        size += len(line)
        if size > INFO_MAX_MB << 20:
            raise InputError(f"{path}: is larger than {INFO_MAX_MB} MB")
        parts.append(line)
    return b"\n".join(parts)
