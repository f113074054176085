"""Which files make a market, and which symbol each table is of. Reads no row."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path

from genesis.errors import InputError
from genesis.exchange.binance.instruments import symbol_of_name
from genesis.exchange.histories.tables import SUFFIXES, FileTable, suffix_of
from genesis.plain_files import require_once

SYMBOL_ALIASES = ("symbol", "pair", "instrument", "s")


def table_files(spec: str) -> list[Path]:
    """The files of ``PATH[,PATH|DIR]``; of a folder all that can be read, by name.

    Raises InputError for what is not there, a folder without any, and a file given twice.
    """
    files: list[Path] = []
    for part in (part for part in spec.split(",") if part):
        path = Path(part)
        if not path.exists():
            raise InputError(f"{path}: there is no such file")
        if path.is_file() and not suffix_of(path):
            raise InputError(f"{path}: its name ends in none of {', '.join(SUFFIXES)}")
        inside = sorted(p for p in path.iterdir() if suffix_of(p)) if path.is_dir() else [path]
        if not inside:
            raise InputError(f"{path}: there is no {', '.join(SUFFIXES)} file in this folder")
        files += inside
    require_once(files)
    return files


def files_by_symbol(
    files: Sequence[Path], wanted: Sequence[str] | None, listed: Container[str] = ()
) -> dict[str, list[Path]]:
    """Files under the symbols they are named after, ``wanted`` ones only (None: all).

    ``listed`` symbols are known whatever they are quoted in.

    Raises InputError for a name that begins with no symbol, and for a wanted one without a file.
    """
    found: dict[str, list[Path]] = {}
    for path in files:
        try:
            symbol = symbol_of_name(path.name.removesuffix(suffix_of(path)), listed)
        except InputError as error:
            raise InputError(f"{path}: {error}; the symbol is read from the file's name") from None
        found.setdefault(symbol, []).append(path)
    for symbol in wanted or ():
        if symbol not in found:
            known = ", ".join(found)
            raise InputError(f"symbol {symbol} is in no file; there are {known}")
    return found if wanted is None else {symbol: found[symbol] for symbol in wanted}


def require_symbol(table: FileTable, symbol: str) -> None:
    """Raises InputError when the table's symbol column names another, or several."""
    if not table.has("symbol"):
        return
    written = table.one_text("symbol")
    said = "".join(letter for letter in written.upper() if letter.isalnum())
    if said != symbol:
        raise table.bad(0, f"it is of {written}, and the file is named after {symbol}")
