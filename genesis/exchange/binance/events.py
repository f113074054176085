"""Any frame of Binance spot to rows, exactly, one at a time. Never guesses: a bad one is an error.

Shapes: ``{"stream", "data"}`` of combined streams, bare events of raw streams, answers to
subscriptions, and the body of a REST depth answer (``RawFrame.symbol`` says of which symbol).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import msgspec

from genesis.domain.instrument import Instrument
from genesis.errors import BadFrame
from genesis.exchange.binance.frame_kernels import (
    AGGREGATE,
    BOOK_TICKERS,
    DEPTH_DIFFS,
    IGNORED,
    SNAPSHOTS,
    TRADE,
    TRADES,
)
from genesis.exchange.binance.numbers import Prices, Quantities
from genesis.messages import row_kind
from genesis.messages.market import RawFrame

IGNORED_EVENTS = frozenset(
    {
        "kline",
        "avgPrice",
        "24hrTicker",
        "24hrMiniTicker",
        "1hTicker",
        "4hTicker",
        "1dTicker",
        "serverShutdown",
    }
)
"""Known events that the book and the strategies do not use."""


_Levels = list[tuple[str, str]]
_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Time = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**15)]


class _Event(msgspec.Struct, gc=False):
    """Any frame: Binance's one-letter keys; what a shape does not have keeps its default.

    ``b`` and ``a`` are levels in a diff, a price in a ticker, an id in a trade.
    """

    stream: str = ""
    data: _Event | None = None
    e: str = ""
    E: _Time = 0
    s: str = ""
    U: _Id = -1
    u: _Id = -1
    b: _Levels | str | _Id | None = None
    a: _Levels | str | _Id | None = None
    B: str = ""
    A: str = ""
    t: _Id = -1
    p: str = ""
    q: str = ""
    m: bool | None = None
    lastUpdateId: _Id = -1
    bids: _Levels | None = None
    asks: _Levels | None = None
    result: msgspec.Raw | msgspec.UnsetType | None = msgspec.UNSET


class Reading(NamedTuple):
    """What one frame holds: flat ``rows`` of a symbol, and as what it is counted."""

    symbol: str
    rows: Sequence[int]
    kind: int  # a row of the table of lanes: DEPTH_DIFFS, ..., IGNORED
    trade_event: int = 0


class FrameReader:
    """Reads any frame of some instruments. Not shared between threads."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._numbers = {s: (Prices(i), Quantities(i)) for s, i in instruments.items()}
        self._decode = msgspec.json.Decoder(_Event).decode

    def read(self, frame: RawFrame) -> Reading:
        """Raises BadFrame for a frame that cannot be used."""
        try:
            event = self._decode(frame.payload)
        except msgspec.DecodeError as error:
            return _without_shape(frame, error)
        except (UnicodeDecodeError, RecursionError) as error:
            raise BadFrame(frame.where, f"not JSON: {error}") from None
        try:
            return self._read(frame, event if event.data is None else event.data, event.stream)
        except ValueError as error:
            raise BadFrame(frame.where, str(error)) from None

    def _read(self, frame: RawFrame, event: _Event, stream: str) -> Reading:
        """Raises ValueError saying what is wrong with the event."""
        kind = event.e
        if kind == "" and event.B and event.A:
            return _ticker(self._of(event.s), frame.received_ns, event)
        if kind in ("trade", "aggTrade"):
            return _trade(self._of(event.s), frame.received_ns, event)
        if kind == "depthUpdate":
            return _diff(self._of(event.s), frame.received_ns, event)
        if kind == "" and event.bids is not None and event.asks is not None:
            if stream:  # a partial book (depth5/10/20), which is no basis for a full one
                return Reading(stream.partition("@")[0].upper(), (), IGNORED)
            if not frame.symbol:
                raise ValueError("a depth snapshot that does not say of which symbol it is")
            return _snapshot(self._of(frame.symbol), frame, event)
        if kind in IGNORED_EVENTS or (kind == "" and event.result is not msgspec.UNSET):
            return Reading(event.s, (), IGNORED)
        raise ValueError(f"{_UNKNOWN}: {_beginning(frame)}")

    def _of(self, symbol: str) -> tuple[Prices, Quantities]:
        numbers = self._numbers.get(symbol)
        if numbers is None:
            known = ", ".join(self._numbers)
            raise ValueError(f"symbol {symbol!r} is unknown; known are {known}")
        return numbers


def _without_shape(frame: RawFrame, error: msgspec.DecodeError) -> Reading:
    """A frame that is no ``_Event``: known but unused, or bad and then BadFrame."""
    try:
        body = msgspec.json.decode(frame.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        raise BadFrame(frame.where, f"not JSON: {reason}") from None
    data = body.get("data", body) if isinstance(body, dict) else body
    events = data if isinstance(data, list) else [data]
    types = {str(event.get("e")) if isinstance(event, dict) else "" for event in events}
    if not types or not types <= IGNORED_EVENTS:
        raise BadFrame(frame.where, f"{_UNKNOWN} ({error}): {_beginning(frame)}")
    symbols = {str(event.get("s", "")) for event in events}
    return Reading(symbols.pop() if len(symbols) == 1 else "", (), IGNORED)


_UNKNOWN = "a frame of an unknown shape"


def _beginning(frame: RawFrame) -> str:
    """The frame's first characters, for a person."""
    text = frame.payload[:120].decode("utf-8", "replace")
    return " ".join(text.split())[:100]


def _ns(event_time: int) -> int:
    """Event time in ms (or, where the stream asks for it, µs) to ns."""
    return event_time * (1_000_000 if event_time < 9 * 10**12 else 1_000)


def _ticker(numbers: tuple[Prices, Quantities], received_ns: int, event: _Event) -> Reading:
    if not (isinstance(event.b, str) and isinstance(event.a, str) and event.u >= 0):
        raise ValueError(f"{_UNKNOWN}: a book ticker needs u, b, B, a and A")
    prices, quantities = numbers
    bid_lots, ask_lots = quantities[event.B], quantities[event.A]
    # An empty side is written as price and quantity zero.
    bid = prices[event.b] if bid_lots else 0
    ask = prices[event.a] if ask_lots else 0
    time_ns = _ns(event.E)
    # fmt: off
    rows = (
        received_ns, time_ns, row_kind.TICKER_BID, bid, bid_lots, 0, event.u,
        received_ns, time_ns, row_kind.TICKER_ASK, ask, ask_lots, 0, event.u,
    )
    # fmt: on
    return Reading(event.s, rows, BOOK_TICKERS)


def _trade(numbers: tuple[Prices, Quantities], received_ns: int, event: _Event) -> Reading:
    id_ = event.t if event.e == "trade" else event.a
    if event.m is None or not isinstance(id_, int) or id_ < 0:
        raise ValueError(f"{_UNKNOWN}: a trade needs its id, p, q and m")
    kind = row_kind.SELL if event.m else row_kind.BUY  # m: the buyer was the maker
    prices, quantities = numbers
    row = (received_ns, _ns(event.E), kind, prices[event.p], quantities[event.q], id_, id_)
    return Reading(event.s, row, TRADES, TRADE if event.e == "trade" else AGGREGATE)


def _diff(numbers: tuple[Prices, Quantities], received_ns: int, event: _Event) -> Reading:
    first, last, bids, asks = event.U, event.u, event.b, event.a
    if not (isinstance(bids, list) and isinstance(asks, list) and first >= 0 and last >= 0):
        raise ValueError(f"{_UNKNOWN}: a depth diff needs U, u, b and a")
    if first > last:
        raise ValueError(f"a depth diff with U {first} above u {last}")
    times = (received_ns, _ns(event.E))
    return Reading(
        event.s, _levels(numbers, times, row_kind.DEPTH, bids, asks, (first, last)), DEPTH_DIFFS
    )


def _snapshot(numbers: tuple[Prices, Quantities], frame: RawFrame, event: _Event) -> Reading:
    if event.lastUpdateId < 0 or event.bids is None or event.asks is None:
        raise ValueError(f"{_UNKNOWN}: a depth snapshot needs lastUpdateId, bids and asks")
    times, ids = (frame.received_ns, 0), (0, event.lastUpdateId)
    rows = _levels(numbers, times, row_kind.SNAPSHOT, event.bids, event.asks, ids)
    return Reading(frame.symbol, rows, SNAPSHOTS)


def _levels(
    numbers: tuple[Prices, Quantities],
    times: tuple[int, int],
    kind: int,
    bids: _Levels,
    asks: _Levels,
    ids: tuple[int, int],
) -> list[int]:
    """A begin row and its level rows."""
    prices, quantities = numbers
    rows = [*times, kind, 0, len(bids) + len(asks), *ids]
    received_ns, event_ns = times
    first, last = ids
    for side, levels in ((row_kind.BID, bids), (row_kind.ASK, asks)):
        for price, quantity in levels:
            ticks, lots = prices[price], quantities[quantity]
            rows += (received_ns, event_ns, side, ticks, lots, first, last)
    return rows
