"""Open the market a run trades on: the generated one, or a recording."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from genesis.domain.instrument import Instrument
from genesis.errors import ConfigError, InputError
from genesis.exchange.recording import Recording
from genesis.messages.market import RawFrame, Rows
from genesis.simulator.market import GeneratedMarket

SIMULATED = "simulated"
REPLAY = "replay:"
OHLCV = "ohlcv:"
TRADES = "trades:"
RECONNECT_NS = 1_000_000_000
"""From the last frame of a recording to its first again: about what a reconnect takes."""


class Market(msgspec.Struct, frozen=True):
    """Frames in receive order and what they are of. ``start_ns`` is the first frame's time.

    ``recorded``: a frame that cannot be used is an error of the input, not of a live stream.
    ``tape``: a history that is decoded already, instead of frames: per symbol its rows (dtype
    ``ROW``, every diff, snapshot and ticker whole) with ``time_ns`` never decreasing.
    ``interval_ns``: the length of the bars it was made of, or 0. ``silent_frames``: frames of the
    recording a tape was made of that gave it no row. ``notes`` tell what of it does not count.
    """

    title: str
    instruments: Mapping[str, Instrument]
    frames: Iterator[RawFrame]
    start_ns: int
    recorded: bool
    tape: Mapping[str, Rows] | None = None
    interval_ns: int = 0
    silent_frames: int = 0
    notes: tuple[str, ...] = ()


def open_market(
    market: str, symbols: tuple[str, ...], seed: int, *, all_symbols: bool, repeat: int = 1
) -> Market:
    """Open ``"simulated"`` or ``"replay:PATH[,PATH]"``.

    ``all_symbols``: trade whatever a recording holds, ``symbols`` being only a default. ``repeat``:
    a recording so many times over (see ``repeated``). Raises InputError for a recording that
    cannot be used, ConfigError for a market that is neither.
    """
    if repeat < 1 or (repeat > 1 and market == SIMULATED):
        raise ConfigError(f"--repeat {repeat} cannot be used; a replay can be repeated, 1 or more")
    if market == SIMULATED:
        return simulated_market(symbols, seed, time.time_ns())
    if market.startswith((OHLCV, TRADES)):
        raise ConfigError(f"market {market!r} is for genesis backtest; a run replays recordings")
    if not market.startswith(REPLAY):
        raise ConfigError(f"market {market!r} is neither {SIMULATED!r} nor {REPLAY}PATH[,PATH]")
    require_path(REPLAY, market.removeprefix(REPLAY))
    paths = [Path(path) for path in market.removeprefix(REPLAY).split(",") if path]
    wanted = None if all_symbols else symbols
    recording = Recording(paths, wanted)
    frames = repeated(recording, repeat)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{market.removeprefix(REPLAY)}: the recording holds no frame")
    times = f", {repeat} times" if repeat > 1 else ""
    return Market(
        title=f"recording {', '.join(path.name for path in paths)}{times}",
        instruments=recording.instruments(),
        frames=itertools.chain([first], frames),
        start_ns=first.received_ns,
        recorded=True,
    )


def simulated_market(symbols: Sequence[str], seed: int, start_ns: int) -> Market:
    """The generated market, endless. Raises ConfigError for symbols it cannot list."""
    generated = GeneratedMarket(symbols, seed, start_ns)
    return Market(
        title="simulated market",
        instruments=generated.instruments(),
        frames=generated.frames(),
        start_ns=start_ns,
        recorded=False,
    )


def require_path(prefix: str, spec: str) -> None:
    """Raises ConfigError where nothing stands behind a market's colon."""
    if not spec.strip(", "):
        raise ConfigError(f"market {prefix!r} names no file; write {prefix}PATH[,PATH]")


def repeated(recording: Recording, times: int) -> Iterator[RawFrame]:
    """The recording so many times over, as one stream that is reconnected before every repetition.

    Receive times go on; what the venue wrote (ids, event times) begins again. So books drop at the
    restart and are whole again with the recording's own snapshot.
    """
    shift_ns = last_ns = 0
    for lap in range(times):
        for number, frame in enumerate(recording.frames()):
            if lap and number == 0:
                last_ns += RECONNECT_NS
                shift_ns = last_ns - frame.received_ns
                yield RawFrame(last_ns, b"", f"before {frame.where}", restarted=True)
            last_ns = frame.received_ns + shift_ns
            yield RawFrame(last_ns, frame.payload, frame.where, frame.symbol) if lap else frame
