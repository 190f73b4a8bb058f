"""The index of vectors: what the file must be, that it fits the fork, and how it is made."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from poolspec.mutation.bench import Run
from poolspec.mutation.coverage import Reached, Subject
from poolspec.mutation.points import Point
from poolspec.mutation.reviewed import read_reviewed
from poolspec.specdiff import reached
from poolspec.specdiff.index import PLACE, Group, check_index, read_index, shown_index
from poolspec.specdiff.objects import Change
from poolspec.specdiff.report import REVIEWED, Report
from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import CaseId
from pysetup.model import Kind
from tests.specdiff.conftest import ROOT

INDEX = {
    "take": (Group("operations/taking", 12, ("all", "some")), Group("sanity/blocks", 1, ("on",))),
    "fill": (),
}


def test_index_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "reached.json"
    path.write_text(shown_index(INDEX))
    assert read_index(path) == INDEX


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "must be a mapping of functions"),
        ('{"take": {}', "damaged JSON: Expecting"),
        ('{"take": 3}', "'take' must be a mapping of handlers"),
        ('{"take": {"a/b": 3}}', "'take: a/b' needs 'cases' and 'examples'"),
        ('{"take": {"a/b": {"cases": 0, "examples": []}}}', "'cases' must be a positive number"),
        ('{"take": {"a/b": {"cases": 1, "examples": [1]}}}', "'examples' must be a list of names"),
        ('{"take": {"a/b": {"cases": 1, "examples": "x"}}}', "'examples' must be a list of names"),
    ],
)
def test_damaged_index_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "reached.json"
    path.write_text(text)
    with pytest.raises(VectorError, match=r"reached\.json: ") as caught:
        read_index(path)
    assert complaint in str(caught.value)


def test_stale_index_is_refused() -> None:
    with pytest.raises(VectorError) as caught:
        check_index(Path("reached.json"), INDEX, ["take", "share"])
    assert str(caught.value) == (
        "reached.json: it lacks share; it has, but the fork has not, fill: "
        "renew it with `make reached VECTORS=<folder>`"
    )


def test_committed_index_has_every_function_of_the_fork(real_report: Report) -> None:
    functions = real_report.diff.of(Kind.FUNCTION, Change.NEW, Change.MODIFIED)
    index = read_index(ROOT / PLACE)
    assert sorted(index) == sorted(each.name for each in functions)
    reviewed = read_reviewed(ROOT / REVIEWED)
    # Vectors reach all functions of which they are asked to, and no others.
    for each in functions:
        is_excluded = each.name in reviewed.functions or each.span.path in reviewed.documents
        assert bool(index[each.name]) is not is_excluded, each.name


def test_index_of_what_was_reached() -> None:
    """Cases that reach more points come first, handlers with more cases too; ties go by name."""
    points = [
        Point("take", 1, "line", "x"),
        Point("take", 2, "line", "y"),
        Point("fill", 9, "", ""),
    ]
    subject = Subject((), {}, tuple(points))
    cases = [
        CaseId("minimal", "poolbonds", runner, handler, "pyspec_tests", case)
        for runner, handler, case in (
            ("sanity", "blocks", "b"),
            ("sanity", "blocks", "a"),
            ("sanity", "blocks", "c"),
            ("operations", "taking", "d"),
            ("finality", "finality", "e"),
        )
    ]
    by_case = [{0}, {0}, {0, 1}, {1, 2}, {0}]
    found = [Reached(n, Run("", 0), frozenset(each)) for n, each in enumerate(by_case)]
    counts = reached.points_of(subject, found, cases)
    assert reached.index_of(["fill", "other", "take"], counts) == {
        "fill": (Group("operations/taking", 1, ("d",)),),
        "other": (),
        "take": (
            Group("sanity/blocks", 3, ("c", "a", "b")),
            Group("finality/finality", 1, ("e",)),
            Group("operations/taking", 1, ("d",)),
        ),
    }


WRITE = """
import sys
from pathlib import Path
from poolspec.vectors.generate import generate
from poolspec.vectors.layout import Selection
chosen = Selection(preset=("minimal",), case=tuple(sys.argv[3:]))
generation = generate(Path(sys.argv[2]), chosen, 1, fillers=Path(sys.argv[1]))
sys.exit(str(generation.failures) if generation.failures else 0)
"""


def write_vectors(folder: Path, filler: str, *cases: str) -> None:
    """Write some cases of one filler, in a process of its own, as pytest does not nest."""
    fillers = folder / "fillers"
    fillers.mkdir()
    shutil.copy(ROOT / "tests/vectors/poolbonds" / filler, fillers)
    conftest = "from tests.conftest import *\nfrom tests.conftest import _signatures\n"
    (fillers / "conftest.py").write_text(conftest)
    command = [sys.executable, "-c", WRITE, str(fillers), str(folder / "vectors"), *cases]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_index_of_a_sample_of_vectors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One is admitted; of the other the padding is wrong, which is seen before its pool is."""
    write_vectors(tmp_path, "operations/test_pool_admission.py", "waiting_validator", "padding__9")
    out = tmp_path / "reached.json"
    assert reached.main([str(tmp_path / "vectors"), "--out", str(out), "--jobs", "1"]) == 0
    index = read_index(out)
    handler = "operations/pool_admission"
    both = (Group(handler, 2, ("waiting_validator", "padding__9")),)
    accepted = (Group(handler, 1, ("waiting_validator",)),)
    assert {name: groups for name, groups in index.items() if groups} == {
        "process_pool_admission": both,
        "has_pooled_withdrawal_credential": (
            Group(handler, 2, ("padding__9", "waiting_validator")),
        ),
        "is_pooled_credentials": (Group(handler, 2, ("padding__9", "waiting_validator")),),
        "is_admitted": (Group(handler, 2, ("padding__9", "waiting_validator")),),
        "names_pool": both,
        "get_named_pool_index": accepted,
        "is_open_pool": accepted,
        "get_pool_admission_signing_root": accepted,
    }
    assert f"8 of {len(index)} functions are reached" in capsys.readouterr().out
    committed = read_index(ROOT / PLACE)
    for name, groups in index.items():
        known = {group.handler: group.cases for group in committed[name]}
        assert all(group.cases <= known[group.handler] for group in groups), name


def test_nothing_to_replay_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "reached.json"
    assert reached.main([str(tmp_path / "nowhere"), "--out", str(out)]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path}/nowhere: no such file or folder\n"
    assert not out.exists()
