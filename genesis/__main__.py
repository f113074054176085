"""Entry point: one clear line and an exit code for every error an operator can meet.

It imports nothing of weight before it can be interrupted without a traceback.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from genesis import INTERRUPTED

if TYPE_CHECKING:
    import typer

AGAIN_AFTER_S = 0.01


def main() -> None:
    """Run the command line."""
    unhandled = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if unhandled:
        # Nothing is begun yet; raised inside an import it could be told, or swallowed, by anyone.
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    sys.unraisablehook = unraisable
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may know few characters
    import typer

    from genesis import kernel_cache
    from genesis.errors import GenesisError

    kernel_cache.use()
    from genesis.cli import app

    try:
        if unhandled:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = app(prog_name="genesis", standalone_mode=False)
    except typer.TyperException as error:
        if said := _one_line(error.format_message()):  # none where the help was shown
            print(f"genesis: {_usage(said, error)}", file=sys.stderr)
        sys.exit(error.exit_code)
    except GenesisError as error:
        print(f"genesis: {_one_line(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(code)


def unraisable(lost: sys.UnraisableHookArgs) -> None:
    """An interrupt that falls into a callback of the garbage collector cannot be raised there: it
    comes again a moment later, and nobody is shown a traceback of it."""
    if lost.exc_type is KeyboardInterrupt:
        main_thread = threading.main_thread().ident
        threading.Timer(AGAIN_AFTER_S, signal.pthread_kill, (main_thread, signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(lost)


def _one_line(text: str) -> str:
    """What was typed or read from a file may hold what a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _usage(said: str, error: typer.TyperException) -> str:
    context: typer.Context | None = getattr(error, "ctx", None)
    command = "genesis" if context is None else context.command_path
    said = said[0].lower() + said[1:].rstrip(".")
    return f"{said}{' See' if said.endswith('?') else '; see'} {command} --help"


if __name__ == "__main__":
    main()
