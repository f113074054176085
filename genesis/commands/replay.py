"""``genesis replay``: a captured session once more, in virtual time."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genesis.counted import counted

if TYPE_CHECKING:
    from genesis.backtest.replays.replay import Verdict


def replay(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of the journal and the captures.")
    ] = None,
    run: Annotated[
        int | None, typer.Option(min=1, help="The number of the run; default: the newest.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="A TOML file; only journal.data_dir is read of it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run a session again from what its actors were told, and name the first difference.

    All settings are those of the capture.

    Exit code 0: identical; 4: something was different, or the capture is damaged.
    """
    import msgspec

    from genesis.backtest.replays.replay import replay as run_again
    from genesis.commands.watchdog import patient
    from genesis.config import Settings
    from genesis.errors import RuntimeFault

    # Crashes are repeated with the session; their tracebacks are in its log.
    logging.disable(logging.CRITICAL)
    settings = Settings.load(config)
    folder = settings.journal.data_dir if data_dir is None else data_dir
    _tell_unused(config)
    stuck: list[str] = []
    with patient(stuck.append):
        verdict = run_again(folder.expanduser(), run)
    if stuck:
        raise RuntimeFault(stuck[0])
    if as_json:
        typer.echo(msgspec.json.encode(verdict).decode())
    else:
        for line in _lines(verdict):
            typer.echo(line)
    if verdict.divergence is not None or verdict.damaged:
        raise typer.Exit(4)


def _tell_unused(config: Path | None) -> None:
    """Nobody is to take a replay for a trial of other settings. ``config`` was read before."""
    if config is None:
        return
    sections = sorted(tomllib.loads(config.read_text()).keys() - {"journal"})
    if sections:
        names = ", ".join(f"[{section}]" for section in sections)
        typer.echo(
            f"genesis: a replay takes the settings of its capture; not used of {config}: {names}",
            err=True,
        )


def _lines(verdict: Verdict) -> list[str]:
    from genesis import __version__
    from genesis.backtest.replays.divergence import clock

    until = clock(verdict.until_ns)
    versions = "" if verdict.version == __version__ else f" of GENESIS {verdict.version}"
    counts = (
        (verdict.handled, "message"),
        (verdict.decisions, "decision"),
        (verdict.orders, "order"),
        (verdict.fills, "fill"),
        (verdict.restarts, "restart"),
    )
    entries = counted(verdict.journal_events, "entry", "entries")
    done = f"{', '.join(counted(*count) for count in counts)}, {entries} in the journal"
    if verdict.divergence is not None:
        return [f"Run {verdict.run}{versions}: different.", *verdict.divergence.lines()]
    if verdict.damaged:
        return [
            f"Run {verdict.run}{versions}: identical up to {until}, where its capture is damaged:",
            f"{done}.",
            "What came after that cannot be told; restore the capture from a copy.",
        ]
    if not verdict.complete:
        return [
            f"Run {verdict.run}{versions}: identical up to {until}, where its capture ends:",
            f"{done}.",
            "What came after that (a kill, a full disk, or a run that goes on) cannot be told.",
        ]
    return [
        f"Run {verdict.run}{versions}: identical, to its end at {until}: {done}.",
        f"The journal's hash is the same: {verdict.journal_hash}.",
    ]
