"""Small files of bars and trades, written as other tools write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import feather, parquet

MINUTE_NS = 60_000_000_000
START_NS = 1_704_067_200_000_000_000  # 2024-01-01

Bar = tuple[float, float, float, float, float]
"""Open, high, low, close, volume."""

BARS: list[Bar] = [
    (100.0, 101.5, 99.0, 101.0, 4.0),
    (101.0, 102.0, 100.5, 100.75, 2.5),
    (100.75, 100.75, 98.25, 98.5, 8.0),
]


def bar_columns(bars: Sequence[Bar], times: Sequence[int] | None = None) -> dict[str, list[object]]:
    """Columns of one-minute bars, times in ms."""
    starts = times or [START_NS // 1_000_000 + n * 60_000 for n in range(len(bars))]
    names = ("open", "high", "low", "close", "volume")
    return {"date": list(starts)} | {name: [bar[i] for bar in bars] for i, name in enumerate(names)}


def write_csv(path: Path, columns: dict[str, list[object]], header: bool = True) -> Path:
    lines = [",".join(columns)] if header else []
    lines += [",".join(str(cell) for cell in row) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_as(path: Path, columns: dict[str, list[object]]) -> Path:
    """By the name's ending; times become timestamps, as pandas writes them."""
    if path.suffix == ".csv":
        return write_csv(path, columns)
    table = pa.table(columns)
    times = table.column("date").cast(pa.timestamp("ms", "UTC"))
    table = table.set_column(0, "date", times)
    (feather.write_feather if path.suffix == ".feather" else parquet.write_table)(table, path)
    return path


def bars_file(folder: Path, bars: Sequence[Bar] = BARS, name: str = "BTC_USDT-1m.csv") -> Path:
    return write_as(folder / name, bar_columns(bars))
