"""Raw Binance spot frames to columnar rows, exactly. Never guesses: a bad frame is an error.

Shapes: ``{"stream", "data"}`` of combined streams, bare events of raw streams, answers to
subscriptions, and the body of a REST depth answer (``RawFrame.symbol`` says of which symbol).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
import numpy as np

from genesis.domain.instrument import Instrument
from genesis.errors import BadFrame
from genesis.exchange.binance.numbers import Prices, Quantities
from genesis.messages.market import ROW, Kind, RawFrame, Rows

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

_DEPTH = int(Kind.DEPTH_BEGIN)
_SNAPSHOT = int(Kind.SNAPSHOT_BEGIN)
_BID = int(Kind.BID)
_ASK = int(Kind.ASK)
_BUY = int(Kind.TRADE_BUY)
_SELL = int(Kind.TRADE_SELL)
_TICKER_BID = int(Kind.TICKER_BID)
_TICKER_ASK = int(Kind.TICKER_ASK)
_RESET = int(Kind.RESET)

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


class Counts(msgspec.Struct):
    """Frames of one symbol by kind; ``ignored`` are known shapes nobody uses."""

    frames: int = 0
    depth_diffs: int = 0
    trades: int = 0
    book_tickers: int = 0
    snapshots: int = 0
    ignored: int = 0


class _Lane:
    """One symbol while decoding: its number texts, its rows so far, its counts."""

    def __init__(self, instrument: Instrument) -> None:
        self.prices = Prices(instrument)
        self.quantities = Quantities(instrument)
        self.rows: list[int] = []  # flat; a list takes tuples faster than an array does
        self.counts = Counts()
        self.trade_event = ""


class Decoder:
    """Decodes the frames of some instruments. Not shared between threads."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._lanes = {symbol: _Lane(instrument) for symbol, instrument in instruments.items()}
        self._decode = msgspec.json.Decoder(_Event).decode
        self.frames = 0
        self.ignored = 0

    @property
    def counts(self) -> dict[str, Counts]:
        """Frames by kind of each symbol since the decoder was made."""
        return {symbol: lane.counts for symbol, lane in self._lanes.items()}

    def decode(self, frames: Sequence[RawFrame]) -> dict[str, Rows]:
        """Rows (dtype ``ROW``) of each symbol that had any, in receive order.

        A restart of the stream is a RESET row of every symbol.
        Raises BadFrame at the first frame that cannot be used; what came before it is returned by
        the next call, which may be ``decode(())``.
        """
        decode = self._decode
        for frame in frames:
            if frame.restarted:
                self._restart(frame)
                continue
            try:
                event = decode(frame.payload)
            except msgspec.DecodeError as error:
                self._without_shape(frame, error)
                continue
            except (UnicodeDecodeError, RecursionError) as error:
                raise BadFrame(frame.where, f"not JSON: {error}") from None
            inner = event.data
            if inner is None:
                inner = event
            try:
                self._take(frame, inner, event.stream)
            except ValueError as error:
                raise BadFrame(frame.where, str(error)) from None
        return self._flush()

    def _restart(self, frame: RawFrame) -> None:
        for lane in self._lanes.values():
            lane.rows.extend((frame.received_ns, 0, _RESET, 0, 0, 0, 0))

    def _flush(self) -> dict[str, Rows]:
        out: dict[str, Rows] = {}
        for symbol, lane in self._lanes.items():
            if lane.rows:
                out[symbol] = np.frombuffer(np.fromiter(lane.rows, np.int64, len(lane.rows)), ROW)
                lane.rows = []
        return out

    def _take(self, frame: RawFrame, event: _Event, stream: str) -> None:
        """Append the rows of one event. Raises ValueError saying what is wrong with it."""
        kind = event.e
        if kind == "" and event.B and event.A:
            lane = self._lane(event.s)
            _take_ticker(lane, frame.received_ns, event)
        elif kind in ("trade", "aggTrade"):
            lane = self._lane(event.s)
            _take_trade(lane, frame.received_ns, event)
        elif kind == "depthUpdate":
            lane = self._lane(event.s)
            _take_diff(lane, frame.received_ns, event)
        elif kind == "" and event.bids is not None and event.asks is not None:
            if stream:  # a partial book (depth5/10/20), which is no basis for a full one
                self._ignore(stream.partition("@")[0].upper())
                return
            if not frame.symbol:
                raise ValueError("a depth snapshot that does not say of which symbol it is")
            lane = self._lane(frame.symbol)
            _take_snapshot(lane, frame.received_ns, event)
        elif kind in IGNORED_EVENTS or (kind == "" and event.result is not msgspec.UNSET):
            self._ignore(event.s)
            return
        else:
            raise ValueError(f"{_UNKNOWN}: {_beginning(frame)}")
        lane.counts.frames += 1
        self.frames += 1

    def _lane(self, symbol: str) -> _Lane:
        lane = self._lanes.get(symbol)
        if lane is None:
            known = ", ".join(self._lanes)
            raise ValueError(f"symbol {symbol!r} is unknown; known are {known}")
        return lane

    def _ignore(self, symbol: str) -> None:
        self.frames += 1
        self.ignored += 1
        if lane := self._lanes.get(symbol):
            lane.counts.frames += 1
            lane.counts.ignored += 1

    def _without_shape(self, frame: RawFrame, error: msgspec.DecodeError) -> None:
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
        self._ignore(symbols.pop() if len(symbols) == 1 else "")


_UNKNOWN = "a frame of an unknown shape"


def _beginning(frame: RawFrame) -> str:
    """The frame's first characters, for a person."""
    text = frame.payload[:120].decode("utf-8", "replace")
    return " ".join(text.split())[:100]


def _ns(event_time: int) -> int:
    """Event time in ms (or, where the stream asks for it, µs) to ns."""
    return event_time * (1_000_000 if event_time < 9 * 10**12 else 1_000)


def _take_ticker(lane: _Lane, received_ns: int, event: _Event) -> None:
    if not (isinstance(event.b, str) and isinstance(event.a, str) and event.u >= 0):
        raise ValueError(f"{_UNKNOWN}: a book ticker needs u, b, B, a and A")
    bid_lots, ask_lots = lane.quantities[event.B], lane.quantities[event.A]
    # An empty side is written as price and quantity zero.
    bid = lane.prices[event.b] if bid_lots else 0
    ask = lane.prices[event.a] if ask_lots else 0
    time_ns = _ns(event.E)
    # fmt: off
    lane.rows.extend((
        received_ns, time_ns, _TICKER_BID, bid, bid_lots, 0, event.u,
        received_ns, time_ns, _TICKER_ASK, ask, ask_lots, 0, event.u,
    ))
    # fmt: on
    lane.counts.book_tickers += 1


def _take_trade(lane: _Lane, received_ns: int, event: _Event) -> None:
    id_ = event.t if event.e == "trade" else event.a
    if event.m is None or not isinstance(id_, int) or id_ < 0:
        raise ValueError(f"{_UNKNOWN}: a trade needs its id, p, q and m")
    if lane.trade_event != event.e:
        if lane.trade_event:
            # Both streams recorded: the one seen first counts, or each trade would count twice.
            lane.counts.ignored += 1
            return
        lane.trade_event = event.e
    kind = _SELL if event.m else _BUY  # m: the buyer was the maker
    price, lots = lane.prices[event.p], lane.quantities[event.q]
    lane.rows.extend((received_ns, _ns(event.E), kind, price, lots, id_, id_))
    lane.counts.trades += 1


def _take_diff(lane: _Lane, received_ns: int, event: _Event) -> None:
    first, last, bids, asks = event.U, event.u, event.b, event.a
    if not (isinstance(bids, list) and isinstance(asks, list) and first >= 0 and last >= 0):
        raise ValueError(f"{_UNKNOWN}: a depth diff needs U, u, b and a")
    if first > last:
        raise ValueError(f"a depth diff with U {first} above u {last}")
    _extend(lane, (received_ns, _ns(event.E)), _DEPTH, bids, asks, (first, last))
    lane.counts.depth_diffs += 1


def _take_snapshot(lane: _Lane, received_ns: int, event: _Event) -> None:
    if event.lastUpdateId < 0 or event.bids is None or event.asks is None:
        raise ValueError(f"{_UNKNOWN}: a depth snapshot needs lastUpdateId, bids and asks")
    ids = (0, event.lastUpdateId)
    _extend(lane, (received_ns, 0), _SNAPSHOT, event.bids, event.asks, ids)
    lane.counts.snapshots += 1


def _extend(
    lane: _Lane,
    times: tuple[int, int],
    kind: int,
    bids: _Levels,
    asks: _Levels,
    ids: tuple[int, int],
) -> None:
    """Append a begin row and its level rows, or nothing when one of them is bad."""
    prices, quantities = lane.prices, lane.quantities
    rows = [*times, kind, 0, len(bids) + len(asks), *ids]
    received_ns, event_ns = times
    first, last = ids
    for price, quantity in bids:
        rows += (received_ns, event_ns, _BID, prices[price], quantities[quantity], first, last)
    for price, quantity in asks:
        rows += (received_ns, event_ns, _ASK, prices[price], quantities[quantity], first, last)
    lane.rows.extend(rows)
