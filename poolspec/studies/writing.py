"""What studies leave behind: numbers as JSON, rows as CSV, tables as markdown, figures as SVG."""

import csv
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from poolspec.studies.errors import StudyError
from poolspec.studies.plotting import svg_of
from poolspec.studies.study import Row, Study, Table

__all__ = ["NUMBERS", "files_of", "markdown_table", "merged_numbers", "replace_files"]

NUMBERS = "studies.json"

_BESIDE = ".studies-"


def markdown_table(table: Table) -> str:
    """Return a table in the form that mdformat gives it: the first column left, others right."""
    rows = [list(table.head), *map(list, table.rows)]
    widths = [max(3, *(len(row[place]) for row in rows)) for place in range(len(table.head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    ruler = [
        "-" * width if not place else "-" * (width - 1) + ":" for place, width in enumerate(widths)
    ]
    return "\n".join([line(rows[0]), line(ruler), *map(line, rows[1:])]) + "\n"


def _csv(rows: Sequence[Row]) -> str:
    """Return rows as CSV; a series becomes one cell of numbers with spaces between them."""
    target = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(target, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return target.getvalue()


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _entry(study: Study, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what the file of numbers says of a study."""
    numbers: dict[str, Any] = {}
    for number in study.numbers(rows):
        if number.key in numbers:
            raise StudyError(f"{study.name}: two numbers have the key '{number.key}'")
        numbers[number.key] = {"value": number.value, "unit": number.unit, "about": number.about}
    return {
        "question": study.question,
        "assumptions": list(study.assumptions),
        "numbers": numbers,
    }


def files_of(study: Study, rows: Sequence[Row]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return a study's files by name, and its entry in the file of numbers."""
    files = {
        f"{study.name}.svg": svg_of(study.figure(rows)),
        f"{study.name}.csv": _csv(rows).encode(),
    }
    for table in study.tables(rows):
        files[f"{table.name}.md"] = markdown_table(table).encode()
    return files, _entry(study, rows)


def merged_numbers(folder: Path, entries: Mapping[str, Any], known: Sequence[str]) -> bytes:
    """Return the file of numbers with some studies' entries renewed, all in the known order.

    Entries of studies that have not been run now stay as they are in the folder.
    """
    path = folder / NUMBERS
    try:
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise StudyError(f"{path}: not a file of numbers ({error}); remove it first") from error
    if not isinstance(before, dict):
        raise StudyError(f"{path}: not a file of numbers; remove it first")
    every = {**before, **entries}
    ordered = {name: every[name] for name in known if name in every}
    return (json.dumps(ordered, indent=2, ensure_ascii=False) + "\n").encode()


def replace_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files beside the old ones first, then put each in its place."""
    folder.mkdir(parents=True, exist_ok=True)
    _clear_abandoned(folder)
    with TemporaryDirectory(dir=folder, prefix=f"{_BESIDE}{os.getpid()}-") as beside:
        for name, content in files.items():
            (Path(beside) / name).write_bytes(content)
        for name in files:
            (Path(beside) / name).replace(folder / name)


def _clear_abandoned(folder: Path) -> None:
    """Remove what runs that were killed have left in the folder, and nothing else."""
    for beside in folder.glob(f"{_BESIDE}*"):
        process = beside.name.removeprefix(_BESIDE).partition("-")[0]
        if process.isdecimal() and beside.is_dir() and not _is_running(int(process)):
            shutil.rmtree(beside, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Whether there is a process of this number, whoever it belongs to."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
