"""Columns of a feather, parquet, csv or npy file, as NumPy. Knows nothing of markets.

pyarrow is imported where a file is read and nowhere else: no other command has to load it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genesis.errors import InputError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SUFFIXES = (".feather", ".parquet", ".csv", ".csv.gz", ".npy")
_UNITS = {"s": 10**9, "ms": 10**6, "µs": 10**3, "ns": 1}
_TOLD_ROW = re.compile(r"Row #(\d+): (.*)")
_EARLIEST_S = 946_684_800  # 2000-01-01: no market of this house is older
_LATEST_S = 4_102_444_800  # 2100-01-01


class FileTable:
    """One file's columns by the names asked for. Rows count from 1, without a header."""

    def __init__(self, path: Path, columns: Mapping[str, Any], rows: int) -> None:
        self.path = path
        self.rows = rows
        self._columns = columns

    def has(self, field: str) -> bool:
        return field in self._columns

    def bad(self, row: int, what: str) -> InputError:
        """``row`` counts from 0 here, and from 1 in the message."""
        return InputError(f"{self.path}: row {row + 1}: {what}; mend the row or leave it out")

    def floats(self, field: str) -> Floats:
        """A column of numbers; what is missing is NaN. Raises InputError for a text."""
        import pyarrow as pa

        column = self._columns[field]
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            return _numpy(column.cast(pa.float64(), safe=False))
        try:
            return _numpy(column.cast(pa.float64()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass
        row, text = self._unfit(field, float)
        raise self.bad(row, f"{field} {text!r} is not a number")

    def times_ns(self, field: str) -> Ints:
        """A column of times as ns UTC. Whole numbers may be s, ms, µs or ns since 1970.

        Raises InputError for what is no time, or none between 2000 and 2100.
        """
        import pyarrow as pa

        column = self._columns[field]
        if column.null_count:
            row = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
            raise self.bad(row, "the time is missing")
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            return self._counted(_numpy(column))
        try:
            times = _numpy(column.cast(pa.timestamp("ns", "UTC")).cast(pa.int64()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            if _is_number(_text(column[0].as_py())):
                row, text = self._unfit(field, float)
                raise self.bad(row, f"its time {text!r} is no number as row 1's is") from None
            row, text = self._unfit(field, _moment)
            raise self.bad(row, f"{text!r} is not a time as ISO 8601 writes it") from None
        outside = (times < _EARLIEST_S * 10**9) | (times > _LATEST_S * 10**9)
        if outside.any():
            row = int(np.argmax(outside))
            shown = np.datetime64(int(times[row]), "ns")
            raise self.bad(row, f"its time {shown} is not between 2000 and 2100: a wrong unit?")
        return times

    def flags(self, field: str, yes: Sequence[str], no: Sequence[str]) -> Mask:
        """A column of two kinds of text, number or truth. Raises InputError for a third."""
        texts = np.char.lower(np.array(self._columns[field].to_pylist(), dtype=np.str_))
        is_yes = np.isin(texts, list(yes))
        unknown = ~is_yes & ~np.isin(texts, list(no))
        if unknown.any():
            row = int(np.argmax(unknown))
            known = ", ".join((*yes, *no))
            raise self.bad(row, f"{field} {str(texts[row])!r} is none of {known}")
        return is_yes

    def one_text(self, field: str) -> str:
        """What a column says in every row. Raises InputError where it says something else."""
        values = self._columns[field].to_pylist()
        first = str(values[0])
        for row, value in enumerate(values):
            if str(value) != first:
                raise self.bad(row, f"{field} {value} after {first}; give one file a symbol")
        return first

    def _counted(self, numbers: npt.NDArray[Any]) -> Ints:
        sizes = np.asarray(numbers, np.float64)
        for unit, ns in _UNITS.items():
            factor = 10**9 // ns
            inside = (sizes >= _EARLIEST_S * factor) & (sizes <= _LATEST_S * factor)
            if inside[0]:
                if not inside.all():
                    row = int(np.argmin(inside))
                    raise self.bad(row, f"its time {numbers[row]} is not in {unit} as row 1's is")
                floats = numbers.dtype.kind == "f"
                times: Ints = np.rint(numbers * ns).astype(np.int64) if floats else numbers * ns
                return times.astype(np.int64, copy=False)
        raise self.bad(
            0, f"its time {numbers[0]} is no time from 2000 to 2100 in s, ms, µs or ns since 1970"
        )

    def _unfit(self, field: str, read: Callable[[str], object]) -> tuple[int, str]:
        """The first text of a column that cannot be read."""
        for row, value in enumerate(self._columns[field].to_pylist()):
            try:
                read(text := _text(value))
            except ValueError:
                return row, text[:40]
        return 0, str(self._columns[field].type)


def read_table(
    path: Path,
    fields: Mapping[str, Sequence[str]],
    optional: Sequence[str] = (),
    bare: Mapping[int, Sequence[str]] | None = None,
) -> FileTable:
    """Read the columns ``fields`` (ours by the names it may have in a file, in any case).

    ``bare``: the names of a csv without a header, by how many columns it has. Raises InputError
    for a file that cannot be read as what its name says, that has no row, or lacks a column.
    """
    suffix = suffix_of(path)
    if not suffix:
        raise InputError(f"{path}: its name ends in none of {', '.join(SUFFIXES)}")
    if not path.is_file():
        what = "is a directory, not a file" if path.is_dir() else "there is no such file"
        raise InputError(f"{path}: {what}")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    found = _read(path, suffix, bare or {})
    names = {name.strip().lower(): name for name in reversed(found.column_names)}
    columns = {}
    for field, aliases in fields.items():
        name = next((names[alias.lower()] for alias in aliases if alias.lower() in names), None)
        if name is not None:
            if found.column_names.count(name) > 1:
                raise InputError(f"{path}: several columns are called {name.strip()}; leave one")
            columns[field] = found.column(name).combine_chunks()
        elif field not in optional:
            raise InputError(
                f"{path}: there is no column {field} (nor {', '.join(aliases)}); "
                f"it has {', '.join(found.column_names)[:200]}"
            )
    if found.num_rows == 0:
        raise InputError(f"{path}: there is no row in it")
    return FileTable(path, columns, found.num_rows)


def suffix_of(path: Path) -> str:
    """Which of ``SUFFIXES`` a file's name ends in; empty for none."""
    return next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), "")


def _read(path: Path, suffix: str, bare: Mapping[int, Sequence[str]]) -> Any:
    import pyarrow as pa

    try:
        if suffix == ".npy":
            return _read_npy(path)
        if suffix == ".feather":
            from pyarrow import feather

            return feather.read_table(path, memory_map=False)
        if suffix == ".parquet":
            from pyarrow import parquet

            return parquet.read_table(path)
        return _read_csv(path, bare)
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"{path}: cannot be read as {suffix[1:]}: {reason}") from None


def _read_npy(path: Path) -> Any:
    import pyarrow as pa

    try:
        array = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{path}: is not an npy file: {error}") from None
    if array.dtype.names is None or array.ndim != 1:
        raise InputError(f"{path}: is no structured array of one dimension with named columns")
    names = array.dtype.names
    return pa.table({name: pa.array(np.ascontiguousarray(array[name])) for name in names})


def _read_csv(path: Path, bare: Mapping[int, Sequence[str]]) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    with pa.input_stream(str(path)) as stream:  # decompresses by the name
        beginning = stream.read(1 << 16).decode("utf-8", "replace")
    if "\ufffd" in beginning.partition("\n")[0]:
        raise InputError(f"{path}: its first line is no text in UTF-8")
    try:
        cells = next(csv.reader(io.StringIO(beginning)), [])
    except csv.Error:  # odd line ends; the other reader judges them
        cells = []
    names = None
    if cells and _is_number(cells[0]):  # no column is called by a number
        names = bare.get(len(cells))
        if names is None:
            raise InputError(f"{path}: its first line does not name the columns")
    # One thread: only then an error of the parser says in which row it is.
    options = arrow_csv.ReadOptions(use_threads=False, column_names=names)
    try:
        return arrow_csv.read_csv(path, read_options=options)
    except pa.ArrowInvalid as error:
        if not (told := _TOLD_ROW.search(str(error))):
            raise
        row = int(told[1]) - (names is None)  # the parser counts the header
        raise InputError(f"{path}: row {row}: {told[2][:160]}; mend the row") from None


def _numpy(column: Any) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return array


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
