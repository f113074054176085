"""Entry point: one clear line and an exit code for every error an operator can meet."""

from __future__ import annotations

import sys

import typer

from genesis import kernel_cache
from genesis.errors import GenesisError


def main() -> None:
    """Run the command line."""
    kernel_cache.use()
    from genesis.cli import app

    try:
        code = app(prog_name="genesis", standalone_mode=False)
    except typer.TyperException as error:
        if said := _one_line(error.format_message()):  # none where the help was shown
            print(f"genesis: {_usage(said, error)}", file=sys.stderr)
        sys.exit(error.exit_code)
    except GenesisError as error:
        print(f"genesis: {_one_line(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(code)


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
