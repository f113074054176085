"""A built-in market: several correlated symbols as the frames Binance would send. No clock, no I/O.

One seed is one market, byte for byte, on every Python and platform: it is made of integers and
random bits. Each symbol has its own generator, so that listing one more changes no other.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence

from genesis.domain.instrument import Instrument
from genesis.errors import ConfigError
from genesis.messages.market import RawFrame
from genesis.simulator.fair_price import SLOT_NS, FairPrice
from genesis.simulator.listing import Listing, listing, stable_hash
from genesis.simulator.order_flow import OrderFlow, Sent

_NETWORK_NS = 2_000_000
"""From the venue's clock to ours."""

_PHASES = 16
"""Symbols send their depth at different moments of the 100 ms, one of so many."""


class GeneratedMarket:
    """An endless market of ``symbols`` (names ending in a known quote asset) from ``start_ns``.

    Raises ConfigError for a symbol it cannot list, one given twice, or none at all.
    """

    def __init__(self, symbols: Sequence[str], seed: int, start_ns: int) -> None:
        if not symbols:
            raise ConfigError("the generated market needs at least one symbol")
        if len(set(symbols)) < len(symbols):
            raise ConfigError(f"a symbol is named twice: {', '.join(symbols)}")
        self._listings = {symbol: listing(symbol) for symbol in symbols}
        self._seed = seed
        self._start_ns = start_ns

    def instruments(self) -> dict[str, Instrument]:
        """What is listed, by symbol."""
        return {symbol: listed.instrument for symbol, listed in self._listings.items()}

    def frames(self) -> Iterator[RawFrame]:
        """All frames of one connection in receive order, without end; each call starts anew.

        Depth, trades and tickers of every symbol on a combined stream, and once per symbol, after
        its first diffs, the bare answer of a REST depth request with ``symbol`` set. ``where`` is
        ``generated:<n>``, n counting frames from 1.
        """
        flows = [self._sent(symbol, listed) for symbol, listed in self._listings.items()]
        merged = heapq.merge(*flows, key=lambda sent: sent[1][0])
        for number, (symbol, (at_ns, payload, is_rest)) in enumerate(merged, 1):
            yield RawFrame(
                received_ns=at_ns + _NETWORK_NS,
                payload=payload,
                where=f"generated:{number}",
                symbol=symbol if is_rest else "",
            )

    def _sent(self, symbol: str, listed: Listing) -> Iterator[tuple[str, Sent]]:
        own = random.Random(stable_hash(f"{self._seed}/{symbol}"))
        common = random.Random(stable_hash(f"{self._seed}/common"))
        fair = FairPrice(listed.start_ticks, common, own)
        flow = OrderFlow(listed, fair, own, first_update_id=1 << 33)
        phase_ns = stable_hash(symbol) % _PHASES * (SLOT_NS // _PHASES)
        for sent in flow.slots(self._start_ns + phase_ns):
            yield symbol, sent
