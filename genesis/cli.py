"""The command line: options to one function each; exit codes are an interface."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genesis import __version__

if TYPE_CHECKING:
    from genesis.config import Settings
    from genesis.session import Outcome, Session

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
app.add_typer(data_app, name="data")
app.add_typer(journal_app, name="journal")
app.add_typer(db_app, name="db")

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
    """Trade on paper: a generated market by default, or a recording."""
    from genesis import log
    from genesis.config import Settings
    from genesis.errors import ConfigError
    from genesis.session import Options, Session
    from genesis.storage.folder import DataFolder

    if summary not in (None, "json"):
        raise ConfigError(f"--summary {summary} is unknown; it can be json")
    if for_s is not None and for_s <= 0:
        raise ConfigError(f"--for {for_s:g} cannot be used; give seconds above 0")
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
        all_symbols=symbols is None, until_end=until_end, for_s=for_s, attended=attended
    )
    with DataFolder.open(settings.journal.data_dir) as folder:
        log.configure(folder.path, settings, terminal=not attended)
        session = Session(settings, folder, options)
        outcome = _watch(session) if attended else _print_status(session, summary is not None)
    _leave(outcome, summary is not None)


def _watch(session: Session) -> Outcome:
    """Run under the view; its end is the run's end."""
    from genesis.tui.app import GenesisApp

    outcomes: list[Outcome] = []
    waiter = threading.Thread(
        target=lambda: outcomes.append(session.wait(1.0, lambda: None)), name="session"
    )
    session.start()
    waiter.start()
    signal.signal(signal.SIGTERM, lambda *_: session.quit("asked by a signal"))
    GenesisApp(session.house.slot, session.send).run()
    session.quit("the view was closed")
    waiter.join()
    return outcomes[0]


def _print_status(session: Session, to_stderr: bool) -> Outcome:
    """Run without a view: one calm line a second."""
    from genesis.status import status_line

    stream = sys.stderr if to_stderr else sys.stdout

    def look() -> None:
        state = session.house.slot.get()
        if state is not None:
            print(status_line(state), file=stream, flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: session.quit("asked by a signal"))
    session.start()
    return session.wait(1.0, look)


def _leave(outcome: Outcome, as_json: bool) -> None:
    import msgspec

    if outcome.error:
        print(f"genesis: {outcome.error}", file=sys.stderr)
    if as_json and outcome.summary is not None:
        print(msgspec.json.encode(outcome.summary).decode())
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


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
    count: Annotated[int, typer.Option("--lines", "-n", help="How many entries.")] = 20,
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

    typer.echo(upgrade(_data_dir(data_dir, config)))


def _data_dir(given: Path | None, config: Path | None) -> Path:
    from genesis.config import Settings

    settings: Settings = Settings.load(config)
    return settings.journal.data_dir if given is None else given
