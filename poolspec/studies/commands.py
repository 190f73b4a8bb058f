"""The command `poolspec studies`: its arguments, its progress bar and its exit status."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poolspec.output import plain_console, progress_bar
from poolspec.studies.errors import StudyError
from poolspec.vectors.commands import jobs_argument

if TYPE_CHECKING:
    from rich.console import Console

    from poolspec.studies.study import Study

__all__ = ["add_studies"]

OUTPUT = Path("eip/assets")
CACHE = Path(".studies")


def add_studies(commands: Any) -> None:
    """Add the command to the others."""
    command = commands.add_parser(
        "studies", help="sweep parameters and write the EIP's figures and tables"
    )
    command.add_argument("names", nargs="*", metavar="NAME", help="studies to run (default: all)")
    command.add_argument("--list", action="store_true", help="list the studies and stop")
    command.add_argument(
        "--out", type=Path, default=OUTPUT, metavar="DIR", help=f"where to (default: {OUTPUT})"
    )
    command.add_argument(
        "--cache", type=Path, default=CACHE, metavar="DIR", help=f"kept results (default: {CACHE})"
    )
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="a Dask scheduler, such as tcp://10.0.0.1:8786"
    )
    command.add_argument(
        "--jobs",
        type=jobs_argument,
        default="auto",
        help="processes of this machine (default: auto); with 1, no cluster is started",
    )
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Run the chosen studies and write their files; nothing is written if one of them fails."""
    try:
        from poolspec.studies.catalogue import STUDIES, find
        from poolspec.studies.writing import NUMBERS, files_of, merged_numbers, replace_files
    except ModuleNotFoundError as error:
        raise StudyError(
            f"{error.name} is not installed; pip install 'poolspec[simulate]' brings it"
        ) from error
    if arguments.list:
        for study in STUDIES:
            print(f"{study.name:20} {study.question}")
        return 0
    chosen = find(arguments.names)
    console = plain_console()
    files: dict[str, bytes] = {}
    entries = {}
    for study, rows in _results(chosen, arguments, console):
        study.check(rows)
        made, entries[study.name] = files_of(study, rows)
        files.update(made)
    files[NUMBERS] = merged_numbers(arguments.out, entries, [study.name for study in STUDIES])
    replace_files(arguments.out, files)
    where = f"{len(chosen)} studies, {len(files)} files in {arguments.out}"
    console.print(where, soft_wrap=True)
    return 0


def _results(
    chosen: "Sequence[Study]", arguments: argparse.Namespace, console: "Console"
) -> "list[tuple[Study, list[dict[str, Any]]]]":
    """Return the chosen studies with their rows."""
    from poolspec.studies.cache import Cache
    from poolspec.studies.running import Task, cluster, local, run_tasks

    is_here = arguments.jobs == 1 and arguments.scheduler is None
    runner = local if is_here else cluster(arguments.scheduler, arguments.jobs)
    tasks = [Task(study, point) for study in chosen for point in study.points]
    with progress_bar(console) as progress:
        bar = progress.add_task("points", total=len(tasks))
        rows = run_tasks(tasks, Cache(arguments.cache), runner, lambda: progress.advance(bar))
    return [
        (study, [row for row, task in zip(rows, tasks, strict=True) if task.study is study])
        for study in chosen
    ]
