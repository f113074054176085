"""Frames as the venue writes them, for tests."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from genesis.domain.instrument import Instrument
from genesis.messages.market import RawFrame

BTC = Instrument.build(
    "BTCUSDT", "BTC", "USDT", tick_size=Decimal("0.01"), step_size=Decimal("0.00001")
)
ETH = Instrument.build(
    "ETHUSDT", "ETH", "USDT", tick_size=Decimal("0.01"), step_size=Decimal("0.0001")
)
INSTRUMENTS = {"BTCUSDT": BTC, "ETHUSDT": ETH}

Levels = list[tuple[str, str]]


def diff(
    first: int, last: int, bids: Levels, asks: Levels, symbol: str = "BTCUSDT"
) -> dict[str, Any]:
    return {
        "e": "depthUpdate",
        "E": 1723161255208,
        "s": symbol,
        "U": first,
        "u": last,
        "b": bids,
        "a": asks,
    }


def trade(price: str, quantity: str, *, id_: int = 5, symbol: str = "BTCUSDT") -> dict[str, Any]:
    return {
        "e": "trade",
        "E": 1723161255343,
        "s": symbol,
        "t": id_,
        "p": price,
        "q": quantity,
        "T": 1723161255342,
        "m": True,
        "M": True,
    }


def ticker(id_: int, bid: str, bid_quantity: str, ask: str, ask_quantity: str) -> dict[str, Any]:
    return {"u": id_, "s": "BTCUSDT", "b": bid, "B": bid_quantity, "a": ask, "A": ask_quantity}


def snapshot(last: int, bids: Levels, asks: Levels) -> dict[str, Any]:
    return {"lastUpdateId": last, "bids": bids, "asks": asks}


def combined(data: Any, stream: str = "btcusdt@depth@100ms") -> dict[str, Any]:
    return {"stream": stream, "data": data}


def raw(body: Any, time: int = 7, where: str = "rec:1", symbol: str = "") -> RawFrame:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RawFrame(time, payload, where, symbol)


def line(time: int, body: Any) -> bytes:
    return f"{time} {json.dumps(body, separators=(',', ':'))}\n".encode()
