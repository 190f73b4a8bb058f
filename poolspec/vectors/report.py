"""Print the results of a replay: failures, what was not run and why, and a table per runner."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from poolspec.output import marked
from poolspec.vectors.conformance import Result, Verdict, counts

MAX_FAILURES = 200
"""Failures that are printed in full; the rest is only counted."""


def print_failures(console: Console, results: list[Result]) -> None:
    """Every case that failed, with what went wrong."""
    failed = sorted(
        (each for each in results if each.verdict is Verdict.FAILED), key=lambda each: each.id
    )
    for result in failed[:MAX_FAILURES]:
        console.print(marked("failed", "red", f" {result.id}"), soft_wrap=True)
        console.print(f"       {result.reason}", soft_wrap=True)
    if len(failed) > MAX_FAILURES:
        console.print(f"… and {len(failed) - MAX_FAILURES} more failures")


def print_not_run(console: Console, results: list[Result]) -> None:
    """What was not run, grouped by reason and place."""
    groups = Counter(
        (each.reason, f"{each.id.preset}/{each.id.fork}/{each.id.runner}/{each.id.handler}")
        for each in results
        if each.verdict is Verdict.NOT_RUN
    )
    for reason in sorted({reason for reason, _ in groups}):
        places = sorted((place, n) for (why, place), n in groups.items() if why == reason)
        console.print(marked("not run", "yellow", f": {reason}"), soft_wrap=True)
        for place, number in places:
            console.print(f"       {number:5} {place}", soft_wrap=True)


def print_table(console: Console, results: list[Result]) -> None:
    """Passed, failed and not run, a row per runner and a sum."""
    table = Table("runner", *(verdict.value for verdict in Verdict))
    for column in table.columns[1:]:
        column.justify = "right"
    rows = counts(results)
    for runner, row in rows.items():
        table.add_row(runner, *(str(row[verdict]) for verdict in Verdict))
    table.add_section()
    table.add_row("all", *(str(sum(row[v] for row in rows.values())) for v in Verdict))
    console.print(table)
