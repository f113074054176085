"""The command line: options to one function each; exit codes are an interface."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from genesis import __version__
from genesis.commands.backtest import backtest
from genesis.commands.drill import drill
from genesis.commands.lookahead import lookahead
from genesis.commands.replay import replay
from genesis.commands.sweep import sweep

if TYPE_CHECKING:
    from genesis.config import Settings
    from genesis.session import Options, Outcome, Session

app = typer.Typer(
    name="genesis",
    help="GENESIS: a crypto trading daemon made of supervised actors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Recorded market data.", no_args_is_help=True)
journal_app = typer.Typer(
    help="The journal of everything that concerns money.", no_args_is_help=True
)
db_app = typer.Typer(help="The database below the journal.", no_args_is_help=True)
app.command()(backtest)
app.command()(drill)
app.command()(sweep)
app.command()(lookahead)
app.command()(replay)
app.add_typer(data_app, name="data")
app.add_typer(journal_app, name="journal")
app.add_typer(db_app, name="db")

WONDER_AFTER_S = 1.5

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of the journal and logs.")]
Config = Annotated[Path | None, typer.Option("--config", help="A TOML file over the defaults.")]


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """GENESIS: a crypto trading daemon made of supervised actors."""
    if show:
        typer.echo(f"genesis {__version__}")
        raise typer.Exit


@app.command()
def run(
    market: Annotated[
        str | None, typer.Option(help="simulated, or replay:PATH[,PATH].", show_default=False)
    ] = None,
    symbols: Annotated[
        str | None, typer.Option(help="Comma-separated. A replay trades all it holds.")
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="May be repeated; default: those of the settings.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="1 is recorded speed, 0 as fast as it goes.")
    ] = None,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="End when the recording ends.")
    ] = False,
    for_s: Annotated[
        float | None, typer.Option("--for", help="End after this many seconds of trading time.")
    ] = None,
    repeat: Annotated[
        int, typer.Option(help="Play a recording so often, with a reconnect between: for soaks.")
    ] = 1,
    headless: Annotated[
        bool, typer.Option("--headless", help="One status line a second instead of the view.")
    ] = False,
    data_dir: DataDir = None,
    config: Config = None,
    seed: Annotated[int | None, typer.Option(help="Of the simulated market.")] = None,
    summary: Annotated[
        str | None, typer.Option(help="json: print the run's figures at the end.")
    ] = None,
) -> None:
    """Trade on paper: a generated market by default, or a recording.

    The view on a terminal takes the commands halt, resume, picture, quit and help.
    """
    from genesis.config import Settings
    from genesis.errors import ConfigError
    from genesis.session import Options

    if summary not in (None, "json"):
        raise ConfigError(f"--summary {summary} is unknown; it can be json")
    if for_s is not None and not 0 < for_s <= 1e9:
        raise ConfigError(f"--for {for_s:g} cannot be used; give seconds above 0, at most 1e9")
    overrides = {
        "market.market": market,
        "market.symbols": symbols,
        "market.speed": speed,
        "market.seed": seed,
        "strategies.enabled": ",".join(strategy) if strategy else None,
        "journal.data_dir": data_dir,
    }
    given = {name: value for name, value in overrides.items() if value is not None}
    settings = Settings.load(config, given)
    attended = not headless and sys.stdin.isatty() and sys.stdout.isatty()
    options = Options(
        symbols is None, until_end=until_end, for_s=for_s, attended=attended, repeat=repeat
    )
    _leave(_run(settings, options, summary is not None), summary is not None)


def _run(settings: Settings, options: Options, as_json: bool) -> Outcome:
    """Hold the data folder, run, and say in one line what it came to."""
    from genesis import log
    from genesis.runs.news import News
    from genesis.runs.status import closing_line
    from genesis.session import HALTED, Session, market_of
    from genesis.storage.folder import DataFolder

    interrupted = _remember_interrupts()
    with _still_interrupted(interrupted), _said_when_slow("Looking at the market."):
        market = market_of(settings, options)
    with DataFolder.open(settings.journal.data_dir) as folder:
        log.configure(folder.path, settings, terminal=not options.attended)
        slow = "Getting ready; the first start compiles the order book, once."
        with _still_interrupted(interrupted), _said_when_slow(slow):
            session = Session(settings, folder, options, News().tell, market)
        _quit_on_signals(session)
        if interrupted:
            session.quit("asked by a signal")
        outcome = _watch(session, settings) if options.attended else _print_status(session, as_json)
        if outcome.summary is not None:
            halted = session.house.gate.read().reason if outcome.exit_code == HALTED else ""
            quote = settings.account.quote
            line = closing_line(outcome.summary, quote, folder.path, halted=halted)
            _say(line, sys.stderr if as_json else sys.stdout)
    return outcome


def _watch(session: Session, settings: Settings) -> Outcome:
    """Run under the view; its end is the run's end."""
    from genesis.tui.app import GenesisApp

    slot = session.house.slot
    view = GenesisApp(slot, session.send, stale_after_ms=settings.risk.stale_after_ms)
    with ThreadPoolExecutor(1, "session") as pool:
        session.start()
        waiting = pool.submit(session.wait, 1.0, lambda: None)
        waiting.add_done_callback(lambda _: slot.close())
        try:
            view.run()
        finally:
            session.quit("the view was closed")
        with _said_when_slow("Ending in good order: cancelling orders, closing the journal."):
            outcome = waiting.result()
    if view.return_code and not outcome.error:
        return outcome._replace(
            exit_code=4, error="the view failed; the run was ended in good order"
        )
    return outcome


def _print_status(session: Session, to_stderr: bool) -> Outcome:
    """Run without a view: one calm line a second, until nobody reads them any more."""
    from genesis.runs.status import status_line

    stream = sys.stderr if to_stderr else sys.stdout

    def look() -> None:
        state = session.house.slot.get()
        lost = None if state is None else _say(status_line(state), stream)
        if lost is not None and lost.errno == errno.EPIPE:
            reason = "nobody reads the status lines any more"
            _say(f"genesis: {reason}; ending in good order", sys.stderr)
            session.quit(reason)

    session.start()
    return session.wait(1.0, look)


def _remember_interrupts() -> list[int]:
    """Ctrl-C during a start raises; where a library swallows that, it is not forgotten."""
    interrupts: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    return interrupts


@contextmanager
def _still_interrupted(interrupts: list[int]) -> Iterator[None]:
    """Where a library has made an error of its own of a Ctrl-C, it is a Ctrl-C all the same."""
    try:
        yield
    finally:
        if interrupts and sys.exc_info()[0] is not None:
            raise KeyboardInterrupt


def _quit_on_signals(session: Session) -> None:
    """End in good order when asked to, and when the terminal goes away (unless under nohup)."""
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda *_: session.quit("asked by a signal"))


@contextmanager
def _said_when_slow(text: str) -> Iterator[None]:
    """Tell a person what is being waited for, once it has taken long enough to wonder."""
    timer = threading.Timer(WONDER_AFTER_S, _say, (text, sys.stderr))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _say(line: str, stream: TextIO | None) -> OSError | None:
    """Print at once; what went wrong. A reader that has gone away must not end a run in disorder,
    so from then on the stream leads nowhere. None: it was closed from the beginning."""
    if stream is None:
        return OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        print(line, file=stream, flush=True)
    except OSError as error:
        # A terminal takes both with it. What is left unwritten is tried again at exit, where it
        # would change the exit code.
        gone = (sys.stdout, sys.stderr) if error.errno == errno.EIO else (stream,)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for lost in gone:
            os.dup2(nowhere, lost.fileno())
        os.close(nowhere)
        return error
    return None


def _leave(outcome: Outcome, as_json: bool) -> None:
    import msgspec

    code = outcome.exit_code
    if outcome.error:
        _say(f"genesis: {outcome.error}", sys.stderr)
    if as_json and outcome.summary is not None:
        lost = _say(msgspec.json.encode(outcome.summary).decode(), sys.stdout)
        if lost is not None:
            _say(f"genesis: the summary cannot be written: {lost.strerror}", sys.stderr)
            code = code or 4
    if code:
        raise typer.Exit(code)


@data_app.command("check")
def data_check(
    files: Annotated[list[Path], typer.Argument(help="One recording in one or more files.")],
) -> None:
    """Fold a recording and print what it holds as one JSON object."""
    from genesis.exchange.check import check_json

    typer.echo(check_json(files))


@journal_app.command("verify")
def journal_verify(data_dir: DataDir = None, config: Config = None) -> None:
    """Recompute the hash chain and replay it to the state hash."""
    import msgspec

    from genesis.storage.verify import verify

    report = verify(_data_dir(data_dir, config))
    typer.echo(msgspec.json.encode(report).decode())
    for problem in report.problems:
        typer.echo(f"genesis: {problem}", err=True)
    if not report.ok:
        raise typer.Exit(4)


@journal_app.command("tail")
def journal_tail(
    data_dir: DataDir = None,
    config: Config = None,
    count: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many entries.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new ones.")] = False,
) -> None:
    """Show the newest entries, a line each."""
    from genesis.storage.tail import tail

    for line in tail(_data_dir(data_dir, config), count, follow):
        typer.echo(line)


@db_app.command("upgrade")
def db_upgrade(data_dir: DataDir = None, config: Config = None) -> None:
    """Bring the database to this version's form."""
    from genesis.storage.upgrade import upgrade

    folder = _data_dir(data_dir, config)
    typer.echo(f"{folder}: the tables are those of this version ({upgrade(folder)})")


@db_app.command("rebuild")
def db_rebuild(data_dir: DataDir = None, config: Config = None) -> None:
    """Make the derived tables (orders, positions and so on) anew from the journal."""
    from genesis.storage.rebuild import rebuild

    folder = _data_dir(data_dir, config)
    typer.echo(f"{folder}: the tables follow from {rebuild(folder):,} entries of the journal")


def _data_dir(given: Path | None, config: Path | None) -> Path:
    from genesis.config import Settings

    settings: Settings = Settings.load(config)
    return settings.journal.data_dir if given is None else given
