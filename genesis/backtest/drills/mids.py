"""The middle of a drill's market at any time, in quote: what the venue itself says it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

import numpy as np
import numpy.typing as npt

from genesis.domain.instrument import Instrument
from genesis.messages.market import Kind, Rows
from genesis.simulator.matching import MatchingEngine

Ints = npt.NDArray[np.int64]


class Mids(Protocol):
    """Whoever knows it."""

    def at(self, symbol: str, now_ns: int) -> Decimal | None:
        """None before the first quote."""
        ...


class TapeMids:
    """From a market's tape."""

    def __init__(self, tape: Mapping[str, Rows], engine: MatchingEngine) -> None:
        self._tickers: dict[str, tuple[Instrument, Ints, Ints]] = {}
        for desk in engine.desks:
            rows = tape[desk.instrument.symbol]
            bids = np.flatnonzero(rows["kind"] == Kind.TICKER_BID)
            prices = rows["price_ticks"]
            twice = prices[bids] + prices[bids + 1]  # its TICKER_ASK follows
            self._tickers[desk.instrument.symbol] = desk.instrument, rows["time_ns"][bids], twice

    def at(self, symbol: str, now_ns: int) -> Decimal | None:
        instrument, times, twice = self._tickers[symbol]
        index = int(times.searchsorted(now_ns, side="right"))
        return instrument.price(int(twice[index - 1])) / 2 if index else None


class TickerMids:
    """From the tickers sent so far."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[list[int], list[Decimal]]] = {}

    def note(self, symbol: str, time_ns: int, mid: Decimal) -> None:
        """A ticker; those of one symbol come in the order of time."""
        times, mids = self._known.setdefault(symbol, ([], []))
        times.append(time_ns)
        mids.append(mid)

    def at(self, symbol: str, now_ns: int) -> Decimal | None:
        times, mids = self._known.get(symbol, ([], []))
        index = bisect_right(times, now_ns)
        return mids[index - 1] if index else None
