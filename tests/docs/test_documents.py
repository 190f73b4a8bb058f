"""What the documents for people show is true: shell sessions run, links lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

from poolspec.cli import parser

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FRAME = re.compile(r'^  File "(specs/[^"]+)", line …, in (\w+)\n +(.*)$', re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks(document: Path, language: str) -> list[tuple[int, str]]:
    """The fenced blocks of one language, each with the line its text begins at."""
    text = document.read_text()
    return [
        (text.count("\n", 0, found.start(2)), found[2])
        for found in FENCE.finditer(text)
        if found[1] == language
    ]


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def sessions() -> list[Path]:
    """The documents that show a Python session."""
    return [document for document in DOCUMENTS if blocks(document, "pycon")]


def test_readme_shows_a_session() -> None:
    assert ROOT / "README.md" in sessions()


@pytest.mark.parametrize("document", sessions(), ids=name_of)
def test_session_runs_as_shown(document: Path) -> None:
    """The blocks of a document are one session: later ones use the names of earlier ones."""
    names: dict[str, object] = {}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report: list[str] = []
    for line, text in blocks(document, "pycon"):
        session = doctest.DocTestParser().get_doctest(
            text, names, document.name, document.name, line
        )
        runner.run(session, out=report.append, clear_globs=False)
        names = session.globs
    assert runner.tries > 0
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("document", sessions(), ids=name_of)
def test_shown_traceback_stands_in_the_document(document: Path) -> None:
    """doctest does not compare the stack of a traceback; line numbers are left out, they move."""
    for _, text in blocks(document, "pycon"):
        frames = FRAME.findall(text)
        assert len(frames) == text.count('  File "')
        for place, function, shown in frames:
            source = (ROOT / place).read_text()
            body = source.partition(f"\ndef {function}(")[2].partition("\n```")[0]
            assert shown in [line.strip() for line in body.splitlines()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_to_files(document: Path) -> None:
    for link in LINK.findall(FENCE.sub("", document.read_text())):
        if "://" not in link and not link.startswith("#"):
            assert (document.parent / link.partition("#")[0]).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    shown = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert shown <= targets


def test_readme_names_options_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["conformance", "--help"])
    options = set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    shown = set(re.findall(r"(?<!\S)[`\"A-Z=]*(--[a-z]+)", (ROOT / "README.md").read_text()))
    assert {"--runner", "--bls"} <= shown <= options
