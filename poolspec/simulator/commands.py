"""The command `poolspec simulate`: its arguments, its output and its exit status."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poolspec.output import plain_console, progress_bar

if TYPE_CHECKING:
    from rich.console import Console

    from poolspec.simulator.scenario import Scenario
    from poolspec.simulator.tables import Run

__all__ = ["add_simulate"]

_FOLDER = "simulations"
_WIDTH = 140
"""Columns of a table that goes to a file."""
_LEFT = 2
"""Columns of the summary that hold words."""


def add_simulate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare `poolspec simulate`."""
    parser = commands.add_parser(
        "simulate",
        help="run a scenario of stakers, pools and the chain",
        description="Run a scenario and write series (CSV, Parquet) and a report (HTML). Exit "
        "status 1 if the scenario has mistakes, or a value that it expects is not found.",
    )
    parser.add_argument(
        "scenario", nargs="?", metavar="FILE|NAME", help="a YAML file, or a built-in scenario"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another value, such as scale=64 or registry.pools.0.bond='400 ETH'; may be repeated",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=f"where to write (default: {_FOLDER}/NAME)"
    )
    parser.add_argument("--list", action="store_true", help="list the built-in scenarios")
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON schema of a scenario's YAML"
    )
    parser.set_defaults(run=simulate)


def simulate(arguments: argparse.Namespace) -> int:
    """Run a scenario; gives the exit status."""
    try:
        from poolspec.simulator.errors import ScenarioError
        from poolspec.simulator.tables import prepare
    except ModuleNotFoundError as error:
        print(
            f"error: {error.name} is not installed; simulations need the extra 'simulate': "
            "pip install 'poolspec[simulate]'",
            file=sys.stderr,
        )
        return 1
    console = plain_console()
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    try:
        if arguments.list:
            return _list(console)
        if arguments.schema:
            from poolspec.simulator.schema import schema_text

            print(schema_text(), end="")
            return 0
        scenario = _scenario(arguments.scenario, arguments.set)
        folder = arguments.out or Path(_FOLDER) / scenario.name
        prepare(folder)
        return _run(console, scenario, folder)
    except ScenarioError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"{place}error: {error.strerror or error}", file=sys.stderr)
    return 1


def _list(console: Console) -> int:
    """Print the built-in scenarios."""
    from rich.table import Table

    from poolspec.simulator.reading import built_in, built_in_names

    table = Table("name", "what happens", "variants", box=None)
    for name in built_in_names():
        scenario = built_in(name)
        table.add_row(name, scenario.title, str(len(scenario.variants) or 1))
    console.print(table)
    return 0


def _scenario(name: str | None, settings: list[str]) -> Scenario:
    """Return the scenario that is asked for, with its settings."""
    from poolspec.simulator.errors import Problem, ScenarioError
    from poolspec.simulator.reading import (
        built_in,
        built_in_names,
        read_scenario,
        with_overrides,
    )

    if name is None:
        message = "name a scenario or a file; --list shows the built-in scenarios"
        raise ScenarioError([Problem("poolspec simulate", message)])
    if name in built_in_names():
        return with_overrides(built_in(name), settings)
    path = Path(name)
    if not path.exists():
        message = "there is no such file, and no built-in scenario of this name (--list)"
        raise ScenarioError([Problem(name, message)])
    return with_overrides(read_scenario(path), settings)


def _run(console: Console, scenario: Scenario, folder: Path) -> int:
    """Run all variants, write the files and print the summary."""
    from poolspec.simulator.report import report
    from poolspec.simulator.tables import as_csv, as_parquet, milestones_csv, write_all

    runs = _run_all(console, scenario)
    with console.status("drawing") if console.is_terminal else _Quiet():
        files = {
            "series.csv": as_csv(runs),
            "series.parquet": as_parquet(runs),
            "milestones.csv": milestones_csv(runs),
            "report.html": report(scenario, runs),
        }
    write_all(folder, files)
    _print_summary(console, scenario, runs)
    console.print(f"written to {folder}: {', '.join(files)}", soft_wrap=True)
    failed = [check for _, result in runs for check in result.checks if not check.holds]
    for check in failed:
        expected = check.expectation
        print(
            f"{scenario.name}: error: at {expected.at}, {expected.column} is {check.found}, "
            f"not {expected.value} within {expected.within}",
            file=sys.stderr,
        )
    return 1 if failed else 0


class _Quiet:
    """Stands for the spinner where there is no terminal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _run_all(console: Console, scenario: Scenario) -> list[Run]:
    """Run all variants under a progress bar; nothing is drawn where there is no terminal."""
    from rich.progress import TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from poolspec.simulator.reading import variants
    from poolspec.simulator.running import Twins, work

    chosen, twins = variants(scenario), Twins()
    columns = (
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bar = progress_bar(console, *columns)
    runs: list[Run] = []
    with bar:
        task = bar.add_task(scenario.name, total=sum(work(each) for _, each in chosen))
        for name, variant in chosen:
            bar.update(task, description=name)
            runs.append((name, twins.run(variant, lambda count: bar.advance(task, count))))
    return runs


def _print_summary(console: Console, scenario: Scenario, runs: list[Run]) -> None:
    """Print what was expected and found, and the figures of every chain."""
    from rich.table import Column, Table

    from poolspec.simulator.summary import HEADINGS, check_cells, lines

    checks: list[tuple[str, Any]] = [
        (name, check) for name, result in runs for check in result.checks
    ]
    if checks:
        table = Table("when", "event", "value", "expected", "found", title=scenario.title)
        for _, check in checks:
            table.add_row(*check_cells(check))
        console.print(table)
    columns = [
        Column(text, justify="left" if number < _LEFT else "right", overflow="fold")
        for number, text in enumerate(HEADINGS)
    ]
    table = Table(*columns, title=None if checks else scenario.title, box=None, pad_edge=False)
    for name, result in runs:
        for line in lines(name, result):
            table.add_row(*line.cells)
    console.print(table)
