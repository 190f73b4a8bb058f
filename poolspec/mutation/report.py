"""Print what was found: tables per function, misses and survivors with their lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from poolspec.mutation.coverage import Coverage, Subject
from poolspec.mutation.functions import Place
from poolspec.mutation.killing import Fate, Judged
from poolspec.mutation.points import Point
from poolspec.mutation.reviewed import Reviewed, point_key
from poolspec.output import marked


def _table(*columns: str) -> Table:
    """A table whose columns after the second hold numbers."""
    table = Table(*columns)
    for column in table.columns[2:]:
        column.justify = "right"
    return table


def print_coverage(
    console: Console, subject: Subject, coverage: Coverage, judged: Sequence[Place]
) -> None:
    """A row per function: where it stands, and how many of its lines and branches are reached."""
    table = _table("function", "document", "lines", "branches", "cases")
    totals = [0, 0, 0, 0]
    for place in judged:
        points = [
            (index, point)
            for index, point in enumerate(subject.points)
            if point.function == place.name
        ]
        lines = [index in coverage.cases for index, point in points if not point.is_branch]
        branches = [index in coverage.cases for index, point in points if point.is_branch]
        cases = {case for index, _ in points for case in coverage.cases.get(index, [])}
        first = min(point.line for _, point in points)
        row = [sum(lines), len(lines), sum(branches), len(branches)]
        totals = [total + each for total, each in zip(totals, row, strict=True)]
        shown = f"{Path(place.document).name}:{first}"
        table.add_row(place.name, shown, _of(*row[:2]), _of(*row[2:]), str(len(cases)))
    table.add_section()
    table.add_row("all", "", _of(*totals[:2]), _of(*totals[2:]), str(len(coverage.seconds)))
    console.print(table)


def _of(part: int, whole: int) -> Text:
    return marked(str(part), "" if part == whole else "red", f"/{whole}")


def print_misses(
    console: Console, misses: Sequence[Point], places: Sequence[Place], reviewed: Reviewed
) -> None:
    """Each miss with its line, then those that are known to be out of reach, by reason."""
    documents = {place.name: place.document for place in places}

    def show(start: str, style: str, point: Point) -> None:
        where = f"{documents[point.function]}:{point.line}: {point.function}"
        console.print(marked(start, style, f"{where}: {point}"), soft_wrap=True)

    for point in reviewed.unlisted(misses):
        show("missed ", "red", point)
    reasons: dict[str, list[Point]] = {}
    for point in misses:
        if point_key(point) in reviewed.unreachable:
            reasons.setdefault(reviewed.unreachable[point_key(point)], []).append(point)
    for reason, points in reasons.items():
        console.print(f"out of reach: {reason}", soft_wrap=True)
        for point in points:
            show("    ", "", point)


def print_excluded(console: Console, places: Sequence[Place], reviewed: Reviewed) -> None:
    """The functions that vectors need not reach, by reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for place in places:
        if place in reviewed.judged([place]):
            continue
        reason = reviewed.functions.get(place.name) or reviewed.documents[place.document]
        reasons.setdefault((place.document, reason), []).append(place.name)
    for (document, reason), names in reasons.items():
        console.print(f"excluded: {document}: {reason}", soft_wrap=True)
        console.print(f"    {', '.join(names)}", soft_wrap=True)


def print_mutants(console: Console, judged: Sequence[Judged], places: Sequence[Place]) -> None:
    """A row per function: how many of its mutants met which fate."""
    table = _table("function", "document", *(fate.value for fate in Fate))
    counts = {place.name: Counter[Fate]() for place in places}
    for each in judged:
        counts[each.mutant.function][each.fate] += 1
    for place in places:
        row = counts[place.name]
        if row:
            table.add_row(
                place.name, Path(place.document).name, *(_number(row, fate) for fate in Fate)
            )
    table.add_section()
    total = sum(counts.values(), Counter[Fate]())
    table.add_row("all", "", *(_number(total, fate) for fate in Fate))
    console.print(table)


def _number(row: Mapping[Fate, int], fate: Fate) -> str:
    return str(row.get(fate, 0) or "")


def print_survivor(console: Console, judged: Judged, reviewed: Reviewed) -> None:
    """A mutant that was not caught, as a difference with its line; the reason if it is listed."""
    if judged.fate not in (Fate.SURVIVED, Fate.NOT_REACHED):
        return
    mutant = judged.mutant
    reason = reviewed.equivalent.get(mutant.key)
    word, style = ("equivalent", "green") if reason else (judged.fate.value, "red")
    again = f" (occurrence {mutant.occurrence})" if mutant.occurrence > 1 else ""
    place = f"{mutant.document}:{mutant.line}"
    console.print(marked(word, style, f" {place}: {mutant.function}{again}"), soft_wrap=True)
    console.print(f"  - {mutant.before}", soft_wrap=True)
    console.print(f"  + {mutant.after}", soft_wrap=True)
    if reason:
        console.print(f"    {reason}", soft_wrap=True)
