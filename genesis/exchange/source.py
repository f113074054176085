"""Open the market a run trades on: the generated one, or a recording."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from genesis.domain.instrument import Instrument
from genesis.errors import ConfigError, InputError
from genesis.exchange.recording import Recording
from genesis.messages.market import RawFrame
from genesis.simulator.market import GeneratedMarket

SIMULATED = "simulated"
REPLAY = "replay:"


class Market(msgspec.Struct, frozen=True):
    """Frames in receive order and what they are of. ``start_ns`` is the first frame's time.

    ``recorded``: a frame that cannot be used is an error of the input, not of a live stream.
    """

    title: str
    instruments: Mapping[str, Instrument]
    frames: Iterator[RawFrame]
    start_ns: int
    recorded: bool


def open_market(market: str, symbols: tuple[str, ...], seed: int, *, all_symbols: bool) -> Market:
    """Open ``"simulated"`` or ``"replay:PATH[,PATH]"``.

    ``all_symbols``: trade whatever a recording holds, ``symbols`` being only a default. Raises
    InputError for a recording that cannot be used, ConfigError for a market that is neither.
    """
    if market == SIMULATED:
        start_ns = time.time_ns()
        generated = GeneratedMarket(symbols, seed, start_ns)
        return Market(
            title="simulated market",
            instruments=generated.instruments(),
            frames=generated.frames(),
            start_ns=start_ns,
            recorded=False,
        )
    if not market.startswith(REPLAY):
        raise ConfigError(f"market {market!r} is neither {SIMULATED!r} nor {REPLAY}PATH[,PATH]")
    paths = [Path(path) for path in market.removeprefix(REPLAY).split(",") if path]
    wanted = None if all_symbols else symbols
    recording = Recording(paths, wanted)
    frames = recording.frames()
    first = next(frames, None)
    if first is None:
        raise InputError(f"{market.removeprefix(REPLAY)}: the recording holds no frame")
    return Market(
        title=f"recording {', '.join(path.name for path in paths)}",
        instruments=recording.instruments(),
        frames=itertools.chain([first], frames),
        start_ns=first.received_ns,
        recorded=True,
    )
