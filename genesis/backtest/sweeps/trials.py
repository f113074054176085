"""One trial of a sweep, and the file that keeps what trials came to. Never runs two at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import numpy as np

import genesis
from genesis.backtest.reports.metrics import measure
from genesis.backtest.run import Backtest, Guard, unguarded, untold
from genesis.backtest.sweeps.grid import Parameters
from genesis.config import Settings
from genesis.errors import InputError, RuntimeFault, StorageError
from genesis.exchange.source import Market
from genesis.plain_files import unbounded

SAMPLES_MIN = 240
"""Returns of a trial: enough for the parts of a walk-forward to have some each."""

DIGITS = 9
BUCKETS = 20_000

RESULTS_MAX_MB = 1024
"""Ten thousand trials take a thirtieth of it."""

NOT_IN_KEY = {"market", "journal", "log", "mailbox", "supervision", "venue", "view"}
"""What changes nothing that a backtest decides, or is in the digest of the data."""


class Trial(msgspec.Struct, frozen=True):
    """What one set of parameters came to. Money is exact, in quote; ``max_drawdown`` a fraction.

    ``returns`` are between samples ``interval_ns`` apart, from ``start_ns`` on. ``error`` is one
    line, empty when there was none: then it has no figures. ``refused_by`` is the limit that
    refused most of the ``refusals`` of risk, empty when there were none.
    """

    key: str
    parameters: Parameters
    start_ns: int = 0
    interval_ns: int = 0
    returns: tuple[float, ...] = ()
    pnl: str = "0"
    fees: str = "0"
    max_drawdown: float = 0.0
    orders: int = 0
    fills: int = 0
    trips: int = 0
    halted: bool = False
    error: str = ""
    refusals: int = 0
    refused_by: str = ""


def run_trial(
    key: str,
    parameters: Parameters,
    settings: Settings,
    market: Market,
    end_ns: int | None,
    guard: Guard = unguarded,
) -> Trial:
    """Trade the market once with these settings, under ``guard``."""
    try:
        with guard(untold):
            run = Backtest(settings, market, end_ns=end_ns, buckets=BUCKETS)
        with guard(run.abandon):
            result = run.run()
    except RuntimeFault as fault:
        return Trial(key, parameters, error=" ".join(str(fault).split()))
    if result.error:
        return Trial(key, parameters, error=result.error)
    measured = measure(result, samples_min=SAMPLES_MIN)
    figures = measured.figures
    return Trial(
        key=key,
        parameters=parameters,
        start_ns=result.start_ns,
        interval_ns=measured.interval_ns,
        returns=tuple(float(f"{r:.{DIGITS}g}") for r in measured.returns.tolist()),
        pnl=figures.performance.pnl,
        fees=figures.costs.fees,
        max_drawdown=figures.performance.max_drawdown,
        orders=figures.activity.orders,
        fills=figures.activity.fills,
        trips=figures.trips.closed,
        halted=figures.halted,
        refusals=figures.activity.refusals,
        refused_by=figures.activity.refused_mostly_by,
    )


def trial_key(settings: Settings, data_digest: str, code_digest: str) -> str:
    """What a trial's outcome depends on, as 32 hex digits."""
    traded = settings.canonical(exclude=NOT_IN_KEY)
    parts = (genesis.__version__, code_digest, data_digest, settings.market.seed, traded)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def digest_of_code() -> str:
    """Of every module of GENESIS: a changed strategy must not take over old results."""
    package = Path(genesis.__file__).parent
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        digest.update(str(source.relative_to(package)).encode() + source.read_bytes())
    return digest.hexdigest()


def digest_of_market(market: Market, end_ns: int | None) -> str:
    """Of a tape its rows; of a generated market its beginning (its seed is in the settings)."""
    digest = hashlib.sha256(msgspec.json.encode(sorted(market.instruments.items())))
    digest.update(f"{market.title}/{market.start_ns}/{end_ns}".encode())
    for symbol, rows in sorted((market.tape or {}).items()):
        digest.update(symbol.encode())
        digest.update(np.ascontiguousarray(rows).view(np.uint8).data)
    return digest.hexdigest()


class ResultsFile:
    """One JSON object a line. A last line that a kill tore off is dropped; any other is an error.

    Raises StorageError when it cannot be read or written, InputError when it is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trials: dict[str, Trial] = {}
        try:
            there = path.exists()
            if there and (why := unbounded(path, RESULTS_MAX_MB)):
                raise StorageError(f"{path}: {why}")
            content = path.read_bytes() if there else b""
        except OSError as error:
            raise StorageError(f"{path}: cannot be read ({error.strerror})") from None
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), 1):
            trial = self._decode(line, number)
            self.trials[trial.key] = trial
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("r+b" if there else "x+b")
            self._file.truncate(len(whole))
            self._file.seek(len(whole))
        except OSError as error:
            raise StorageError(f"{path}: cannot be written ({error.strerror})") from None

    def _decode(self, line: bytes, number: int) -> Trial:
        try:
            return msgspec.json.decode(line, type=Trial)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InputError(
                f"{self.path}:{number}: is no result of a sweep; name another file with --results"
            ) from None

    def add(self, trial: Trial) -> None:
        """Keep a trial: on disk before the next one is waited for."""
        try:
            self._file.write(msgspec.json.encode(trial) + b"\n")
            self._file.flush()
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be written ({error.strerror})") from None
        self.trials[trial.key] = trial

    def close(self) -> None:
        self._file.close()
