"""What a venue's frames tell, read without the decoder that is drilled. Judges nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from genesis.messages.market import Kind, RawFrame


class _Data(msgspec.Struct):
    """Binance's one-letter keys: of a ticker ``b`` and ``a`` are prices, of a diff levels."""

    e: str = ""
    s: str = ""
    U: int = 0
    u: int = 0
    b: str | list[tuple[str, str]] = ""
    a: str | int | list[tuple[str, str]] = ""


class _Frame(msgspec.Struct, rename="camel"):
    data: _Data | None = None
    last_update_id: int = 0


_decode = msgspec.json.Decoder(_Frame).decode
_KINDS = {"depthUpdate": Kind.DEPTH_BEGIN, "trade": Kind.TRADE_BUY, "": Kind.TICKER_BID}


class FrameContent(NamedTuple):
    """``first_id`` and ``last_id`` as in market rows; ``mid``, in quote, of a ticker only."""

    symbol: str
    kind: Kind
    first_id: int
    last_id: int
    mid: Decimal | None


def content_of(frame: RawFrame) -> FrameContent:
    """What one frame of the generated market tells. A trade is a TRADE_BUY, whoever bought."""
    body = _decode(frame.payload)
    data = body.data
    if data is None:
        return FrameContent(frame.symbol, Kind.SNAPSHOT_BEGIN, 0, body.last_update_id, None)
    mid = None
    if not data.e and isinstance(data.b, str) and isinstance(data.a, str):
        mid = (Decimal(data.b) + Decimal(data.a)) / 2
    return FrameContent(data.s, _KINDS[data.e], data.U, data.u, mid)
