"""``python -m genesis.tui STATE.json OUT.svg [COLUMNSxROWS]``: a picture of a saved view state."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from genesis.errors import ConfigError, GenesisError, InputError
from genesis.messages.view import ViewState
from genesis.tui.app import GenesisApp
from genesis.tui.picture import draw
from genesis.tui.slot import Slot

USAGE = "usage: python -m genesis.tui STATE.json OUT.svg [COLUMNSxROWS]"


def main(arguments: list[str]) -> None:
    """Write the picture. Raises ConfigError on wrong arguments, InputError on a bad state."""
    if len(arguments) not in (2, 3):
        raise ConfigError(USAGE)
    source, target = Path(arguments[0]), Path(arguments[1])
    columns, _, rows = (arguments[2] if len(arguments) == 3 else "120x40").partition("x")
    if not (columns.isdecimal() and rows.isdecimal() and int(columns) and int(rows)):
        raise ConfigError(f"the size {arguments[2]} is not like 120x40; {USAGE}")
    try:
        state = msgspec.json.decode(source.read_bytes(), type=ViewState)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{source}: not a saved view state ({error})") from error
    slot = Slot()
    slot.put(state)
    app = GenesisApp(slot, lambda command: None, read_interval_s=None)
    target.write_text(asyncio.run(draw(app, int(columns), int(rows))), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except GenesisError as fault:
        print(fault, file=sys.stderr)
        sys.exit(fault.exit_code)
