"""Entry point: one clear line and an exit code for every error an operator can meet."""

from __future__ import annotations

import sys

from genesis.errors import GenesisError


def main() -> None:
    """Run the command line."""
    from genesis.cli import app

    try:
        app()
    except GenesisError as error:
        print(f"genesis: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
