"""The market of a drill, the same for every life of the process. Shows it to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile, takewhile
from typing import Protocol

import msgspec

from genesis.exchange.binance.decode import Decoder
from genesis.exchange.source import Market
from genesis.messages.market import RawFrame, Rows
from genesis.simulator.light_market import LightMarket
from genesis.simulator.market import GeneratedMarket


class DrillMarket(Protocol):
    """``whole`` is the market from its first moment on; it can be traded once."""

    whole: Market

    def after(self, start_ns: int) -> Market:
        """What is left of it for a process that is back at ``start_ns``."""
        ...

    def rows(self, until_ns: int) -> Mapping[str, Rows]:
        """At least what was received up to and at ``until_ns``, by symbol."""
        ...


class TapeMarket:
    """The light market, whose rows are known from the beginning."""

    def __init__(self, symbols: Sequence[str], seed: int, start_ns: int, end_ns: int) -> None:
        light = LightMarket(symbols, seed, start_ns)
        self.tape = light.tape(end_ns - start_ns)
        self.whole = Market(
            title="drill",
            instruments=light.instruments(),
            frames=iter(()),
            start_ns=start_ns,
            recorded=False,
            tape=self.tape,
        )

    def after(self, start_ns: int) -> Market:
        rest = {
            symbol: rows[int(rows["time_ns"].searchsorted(start_ns, side="right")) :]
            for symbol, rows in self.tape.items()
        }
        return msgspec.structs.replace(self.whole, tape=rest, start_ns=start_ns)

    def rows(self, until_ns: int) -> Mapping[str, Rows]:
        return self.tape


class FrameMarket:
    """The full market, whose frames the house and the venue decode for themselves."""

    def __init__(self, symbols: Sequence[str], seed: int, start_ns: int) -> None:
        self._generated = GeneratedMarket(symbols, seed, start_ns)
        self.whole = Market(
            title="drill, frames",
            instruments=self._generated.instruments(),
            frames=self._generated.frames(),
            start_ns=start_ns,
            recorded=False,
        )

    def after(self, start_ns: int) -> Market:
        frames: Iterator[RawFrame] = dropwhile(
            lambda frame: frame.received_ns <= start_ns, self._generated.frames()
        )
        return msgspec.structs.replace(self.whole, frames=frames, start_ns=start_ns)

    def rows(self, until_ns: int) -> Mapping[str, Rows]:
        frames = takewhile(lambda frame: frame.received_ns <= until_ns, self._generated.frames())
        return Decoder(self.whole.instruments).tape(frames)
