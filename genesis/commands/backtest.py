"""``genesis backtest``: a history, or the generated market, traded in virtual time."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genesis import INTERRUPTED
from genesis.commands import inputs
from genesis.commands.interrupts import interrupts_told_apart
from genesis.commands.progress import progress
from genesis.commands.watchdog import PATIENCE_S, watchdog
from genesis.errors import ConfigError, RuntimeFault, StorageError

if TYPE_CHECKING:
    from genesis.backtest.reports.metrics import Measured
    from genesis.backtest.run import Backtest, BacktestResult
    from genesis.config import Settings
    from genesis.exchange.source import Market
    from genesis.storage.folder import DataFolder
    from genesis.storage.store import MemoryLog

INTERRUPTED_TEXT = "interrupted; the figures are of a part of the run"


def backtest(
    market: inputs.MarketOption,
    symbols: inputs.SymbolsOption = None,
    strategy: inputs.StrategyOption = None,
    from_: inputs.FromOption = None,
    to: inputs.ToOption = None,
    for_s: inputs.ForOption = None,
    latency: inputs.LatencyOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the report, summary.json, the journal and logs there."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The figures as one JSON object.")
    ] = False,
    exchange_info: inputs.InfoOption = None,
    config: inputs.ConfigOption = None,
    seed: inputs.SeedOption = None,
    cache: inputs.CacheOption = None,
    no_cache: inputs.NoCacheOption = False,
    patience: Annotated[
        float, typer.Option(help="Wall seconds one call of a strategy may take.")
    ] = PATIENCE_S,
) -> None:
    """Trade a market in virtual time with the daemon's own actors, and report what came of it."""
    if not 0.5 <= patience <= 86_400:
        raise ConfigError(f"--patience {patience:g} cannot be used; give 0.5 to 86400 seconds")
    scenario = inputs.Scenario(
        market,
        symbols,
        strategy,
        from_,
        to,
        for_s,
        latency,
        seed,
        exchange_info,
        config,
        cache,
        no_cache,
    )
    settings = scenario.settings()
    with _folder(out, settings) as folder:
        opened, end_ns = scenario.open()
        inputs.tell_notes(opened)
        result = _traded(settings, opened, end_ns, patience, folder)
        _tell(result, opened, folder, as_json)
    if result.error == INTERRUPTED_TEXT:
        print(f"genesis: {result.error}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    if result.error:
        raise RuntimeFault(result.error)
    if not result.summary.decisions:
        from genesis.runs.status import NOTHING_WANTED

        print(f"genesis: {NOTHING_WANTED}", file=sys.stderr)
    if result.halted:
        print(f"genesis: halted: {result.halt_reason}", file=sys.stderr)
        raise typer.Exit(3)


@contextmanager
def _folder(out: Path | None, settings: Settings) -> Iterator[DataFolder | None]:
    """Hold --out, which must have no journal yet; what goes wrong in the run is logged there."""
    if out is None:
        # A strategy's tracebacks; that it failed is told in one line.
        logging.disable(logging.CRITICAL)
        try:
            yield None
        finally:
            logging.disable(logging.NOTSET)
        return
    from genesis import log
    from genesis.storage.export import require_no_journal
    from genesis.storage.folder import DataFolder

    try:
        held = DataFolder.open(out)
    except StorageError as error:
        raise type(error)(str(error).replace("--data-dir", "--out")) from None
    with held as folder:
        require_no_journal(folder)
        log.configure(folder.path, settings, terminal=False)
        yield folder


def _traded(
    settings: Settings,
    market: Market,
    end_ns: int | None,
    patience_s: float,
    folder: DataFolder | None,
) -> BacktestResult:
    from genesis.backtest.run import Backtest, untold
    from genesis.storage.export import export
    from genesis.storage.store import MemoryLog

    log: MemoryLog = MemoryLog(keep_rows=folder is not None)
    advice = "mend it, or allow more with --patience"
    with watchdog(patience_s, untold, advice):
        run = Backtest(settings, market, end_ns=end_ns, log=log)
    start_ns, span_ns = market.start_ns, inputs.last_ns(market, end_ns) - market.start_ns

    def done() -> float:
        return (run.now_ns - start_ns) / max(1, span_ns)

    with (
        progress(market.title, done),
        watchdog(patience_s, run.abandon, advice),
        _interruptible(run),
        interrupts_told_apart(),
    ):
        result = run.run()
    if folder is not None:
        export(log, folder)
    return result


@contextmanager
def _interruptible(run: Backtest) -> Iterator[None]:
    """Ctrl-C ends the run between two events, and what there is by then is told."""
    before = signal.signal(signal.SIGINT, lambda *_: run.abandon(INTERRUPTED_TEXT))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(result: BacktestResult, market: Market, folder: DataFolder | None, as_json: bool) -> None:
    import msgspec
    from rich.console import Console

    from genesis.backtest.reports.metrics import measure
    from genesis.backtest.reports.report import print_summary, report_json, write_report
    from genesis.backtest.reports.touches import decided_touches

    touches = decided_touches(result.entries, market.tape or {}, market.instruments)
    measured: Measured = measure(result, touches)
    if as_json:
        typer.echo(report_json(measured, result).decode())
    else:
        print_summary(measured, Console())
    if folder is not None:
        summary = msgspec.json.format(msgspec.json.encode(result.summary), indent=1)
        (folder.path / "summary.json").write_bytes(summary + b"\n")
        paths = write_report(measured, result, folder.path)
        print(f"report: {paths[0]}", file=sys.stderr)
