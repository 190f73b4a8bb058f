"""The command `python -m poolspec.proposal`: check a proposal, write its tables, hand it in."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import mdformat

from poolspec.files import replace_file
from poolspec.output import run
from poolspec.proposal.checking import check_all, numbers_of, other_names
from poolspec.proposal.document import Proposal, read
from poolspec.proposal.facts import gather
from poolspec.proposal.study_tables import load_tables, rewrite_study_tables
from poolspec.proposal.submission import SubmissionError, fill, write_submission
from poolspec.proposal.tables import rewrite_tables
from pysetup.errors import CompileError, Problems

ROOT = Path(__file__).resolve().parents[2]

_SHAPE = {"wrap": 100}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (CompileError, SubmissionError) as error:
        print(error, file=sys.stderr)
    except UnicodeDecodeError:
        print(f"{options.file}: error: this is no text in UTF-8", file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or options.file}: error: {error.strerror}", file=sys.stderr)
    return 1


def _run(options: argparse.Namespace) -> int:
    path: Path = options.file
    facts = gather(ROOT)
    if options.write:
        replace_file(path, rewrite_tables(read(path, str(path), Problems()), facts))
        proposal = read(path, str(path), Problems())
        replace_file(path, formatted(rewrite_study_tables(proposal, load_tables(ROOT))))
    problems = Problems()
    proposal = read(path, str(path), problems)
    check_all(proposal, ROOT, facts, numbers_of(ROOT), other_names(ROOT), problems)
    _check_format(proposal, problems)
    found = problems.sorted()
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        print(f"{len(found)} error{'s' * (len(found) > 1)}", file=sys.stderr)
        return 1
    if options.submit is not None:
        _submit(proposal, path, options)
    return 0


def _submit(proposal: Proposal, path: Path, options: argparse.Namespace) -> None:
    """Write the proposal as it is handed in, and say what people still have to fill in."""
    values = dict(options.set)
    text = fill(proposal, values)
    write_submission(text, path.name, ROOT, options.submit)
    for field in proposal.fields:
        if field.value.strip().startswith("<") and field.name not in values:
            print(f"still to be filled in: {field.name}")


def formatted(text: str) -> str:
    """Return a proposal's text with its body as mdformat shapes it; the preamble stays."""
    start = text.find("\n---\n", 3) + len("\n---\n") if text.startswith("---\n") else 0
    body = mdformat.text(text[start:], options=_SHAPE, extensions={"gfm"})
    return text[:start] + "\n" * (start > 0) + body


def _check_format(proposal: Proposal, problems: Problems) -> None:
    """Report the first line that mdformat would write otherwise."""
    shaped = formatted("\n".join(proposal.lines)).split("\n")
    for number, line in enumerate(proposal.lines, start=1):
        if number > len(shaped) or line != shaped[number - 1]:
            message = "not in the form that mdformat gives it; --write does"
            problems.add(proposal.span(number), message)
            return


def _field_and_value(text: str) -> tuple[str, str]:
    """Return what `--set` is given; raise ArgumentTypeError if it is no such pair."""
    name, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"'{text}' is not FIELD=VALUE")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m poolspec.proposal", description=__doc__)
    parser.add_argument("file", type=Path, help="the proposal")
    parser.add_argument(
        "--write", action="store_true", help="write tables and layout anew before checking"
    )
    parser.add_argument(
        "--submit", type=Path, metavar="DIR", help="write what the editors' repository gets"
    )
    parser.add_argument(
        "--set",
        action="append",
        type=_field_and_value,
        default=[],
        metavar="FIELD=VALUE",
        help="fill in a field of the preamble for --submit",
    )
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
