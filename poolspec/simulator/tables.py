"""Series as CSV and Parquet, and files that are written as a whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from poolspec.simulator.running import Result

__all__ = ["Run", "as_csv", "as_parquet", "milestones_csv", "prepare", "write_all"]

Run = tuple[str, Result]
"""A variant's name, and what it gave."""

_KEYS = ("variant", "chain", "side")


def _columns(runs: Sequence[Run]) -> list[str]:
    """Return the columns of all series, in the order in which they first come."""
    names: dict[str, None] = {}
    for _, result in runs:
        for _, _, series in result.chains():
            names.update(dict.fromkeys(series.columns))
    return list(names)


def _rows(runs: Sequence[Run]) -> Iterator[list[str]]:
    names = _columns(runs)
    yield [*_KEYS, *names]
    for variant, result in runs:
        for chain, side, series in result.chains():
            count = len(series["epoch"])
            nothing = [""] * count
            values = [
                map(str, series.columns[name].tolist()) if name in series.columns else nothing
                for name in names
            ]
            for row in zip(*values, strict=True):
                yield [variant, chain, side, *row]


def as_csv(runs: Sequence[Run]) -> bytes:
    """Return all series as one table; a group's column is empty where the group has none."""
    return _csv(_rows(runs))


def milestones_csv(runs: Sequence[Run]) -> bytes:
    """Return what happened when, as a table."""
    rows = [
        [variant, chain, side, str(each.epoch), each.kind, each.text]
        for variant, result in runs
        for chain, side, series in result.chains()
        for each in series.milestones
    ]
    return _csv(iter([[*_KEYS, "epoch", "kind", "text"], *rows]))


def _csv(rows: Iterator[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def as_parquet(runs: Sequence[Run]) -> bytes:
    """Return the same table as Parquet, with 64-bit integers that are null where empty."""
    parts: dict[str, list[pa.Array]] = {name: [] for name in (*_KEYS, *_columns(runs))}
    for variant, result in runs:
        for chain, side, series in result.chains():
            count = len(series["epoch"])
            keys = dict(zip(_KEYS, (variant, chain, side), strict=True))
            for name, arrays in parts.items():
                if name in keys:
                    arrays.append(pa.array([keys[name]] * count, pa.string()))
                elif name in series.columns:
                    arrays.append(pa.array(series.columns[name].astype(np.int64)))
                else:
                    arrays.append(pa.nulls(count, pa.int64()))
    table = pa.table({name: pa.concat_arrays(arrays) for name, arrays in parts.items()})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def prepare(folder: Path) -> None:
    """Make a folder and see that it can be written to, before anything takes its time."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".new-", dir=folder):
        pass


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files beside their places, and move them there once all are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".new-", dir=folder) as beside:
        for name, content in files.items():
            (Path(beside) / name).write_bytes(content)
        for name in files:
            (Path(beside) / name).replace(folder / name)
