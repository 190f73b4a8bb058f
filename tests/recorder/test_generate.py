"""`poolspec vectors`, on fillers written for the purpose."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CONFTEST = "from tests.conftest import *\nfrom tests.conftest import _signatures\n"

FILLER = """
import pytest
from tests.helpers.running import run_slots, run_blocks
from tests.helpers.blocks import build_empty_block_for_next_slot

pytestmark = pytest.mark.vectors(runner="sanity", handler="slots", forks=["fulu"],
                                 presets=["minimal"])

@pytest.mark.parametrize("count", [1, 2, 9])
def test_slots(spec, state, vector, count):
    run_slots(spec, state, vector, count)

@pytest.mark.vectors(handler="blocks")
@pytest.mark.bls
def test_block(spec, state, vector):
    assert spec.bls.bls_active
    run_blocks(spec, state, vector, [build_empty_block_for_next_slot(spec, state)])

@pytest.mark.no_bls
def test_unsigned(spec, state, vector):
    assert not spec.bls.bls_active
    run_slots(spec, state, vector, 1)

@pytest.mark.config(SHARD_COMMITTEE_PERIOD=3)
def test_configured(spec, state, vector):
    assert spec.config.SHARD_COMMITTEE_PERIOD == 3
    run_slots(spec, state, vector, 1)
"""

PROGRAM = """
import sys
from pathlib import Path
import poolspec.vectors.generate as generate
from poolspec.vectors import commands
plain = generate.generate
commands.generate = lambda *given: plain(*given, fillers=Path(sys.argv[1]))
from poolspec.cli import main
sys.exit(main(["vectors", *sys.argv[2:]]))
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run_program(
    fillers: Path, output: Path, *arguments: str, seed: str = "0"
) -> "subprocess.CompletedProcess[str]":
    """Write the vectors of some fillers to a folder, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(fillers), "--output", str(output), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
    )


@pytest.fixture
def fillers(tmp_path: Path) -> Path:
    """A folder of fillers."""
    folder = tmp_path / "fillers"
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_some.py").write_text(FILLER)
    return folder


@pytest.fixture
def run(fillers: Path) -> Run:
    """Write the vectors of these fillers to a folder, in a process of its own."""

    def run_it(output: Path, *arguments: str, seed: str = "0", jobs: int = 1) -> object:
        return run_program(fillers, output, "--jobs", str(jobs), *arguments, seed=seed)

    return run_it  # type: ignore[return-value]


def _files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".generated" not in path.parts
    }


def _cases(root: Path) -> set[str]:
    return {path.parent.name for path in root.rglob("manifest.yaml")}


ALL = {"slots__1", "slots__2", "slots__9", "block", "unsigned", "configured"}


def test_bytes_do_not_depend_on_hash_seed_or_jobs(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for output, seed, jobs in ((first, "1", 1), (second, "4242", 2)):
        done = run(output, seed=seed, jobs=jobs)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "6 cases" in done.stdout
    assert _files(first) == _files(second)
    assert _cases(first) == ALL
    files = _files(first)
    blocks = "tests/minimal/fulu/sanity/blocks/pyspec_tests/block"
    slots = "tests/minimal/fulu/sanity/slots/pyspec_tests"
    assert files[f"{blocks}/meta.yaml"] == b"blocks_count: 1\nbls_setting: 1\n"
    assert files[f"{slots}/unsigned/meta.yaml"] == b"bls_setting: 2\n"
    assert b"SHARD_COMMITTEE_PERIOD: 3\n" in files[f"{slots}/configured/config.yaml"]
    assert f"{slots}/slots__1/meta.yaml" not in files
    assert "minimal.tar.gz" in files["SHA256SUMS"].decode()


def test_what_was_written_is_replayed(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "output"
    run(output)
    done = subprocess.run(
        [sys.executable, "-m", "poolspec", "conformance", str(output / "minimal.tar.gz")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_selection_and_resuming(run: Run, fillers: Path, tmp_path: Path) -> None:
    """A selected run packs nothing; a second run keeps what is there and adds the rest."""
    output = tmp_path / "output"
    done = run(output, "--case", "slots__*")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _cases(output) == {"slots__1", "slots__2", "slots__9"}
    assert not (output / "minimal.tar.gz").exists()
    kept = output / "tests/minimal/fulu/sanity/slots/pyspec_tests/slots__1/pre.ssz_snappy"
    before = kept.stat().st_mtime_ns
    changed = kept.parent.parent / "slots__2" / "pre.ssz_snappy"
    whole = changed.read_bytes()
    changed.write_bytes(whole[:-1])
    done = run(output)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _cases(output) == ALL
    assert kept.stat().st_mtime_ns == before
    assert changed.read_bytes() == whole
    (fillers / "test_some.py").write_text(FILLER.replace("[1, 2, 9]", "[1, 9]"))
    assert run(output).returncode == 0
    assert _cases(output) == ALL - {"slots__2"}
    assert kept.stat().st_mtime_ns > before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("state, vector, count)\n\n", "state, vector, 0)\n\n"), "state-transition.md:"),
        (("run_slots(spec, state, vector, 1)", "pass"), "nothing was recorded"),
        (("import pytest", "import pytest_not_there"), "pytest_not_there"),
        (('handler="blocks"', 'handler="slots", case="slots__1"'), "writes the same case as"),
    ],
    ids=["assertion", "nothing recorded", "import", "same case"],
)
def test_a_failing_filler(
    run: Run, fillers: Path, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    """Exit status 1, the place, no archive, and no case of what failed."""
    (fillers / "test_some.py").write_text(FILLER.replace(*change))
    output = tmp_path / "output"
    done = run(output)
    assert done.returncode == 1
    assert message in done.stdout
    assert "no archive was written" in done.stdout
    assert "Traceback" not in done.stderr
    assert not (output / "minimal.tar.gz").exists()


@pytest.mark.parametrize("arguments", [("--case", "nothing"), ("--preset", "mainnet")])
def test_nothing_selected(run: Run, tmp_path: Path, arguments: tuple[str, str]) -> None:
    """It is said, and not even an empty folder is left."""
    done = run(tmp_path / "new/output", *arguments)
    assert done.returncode == 1
    assert "nothing matches the selection" in done.stderr
    assert not (tmp_path / "new").exists()


THEIRS = {
    "tests/minimal/electra/sanity/slots/pyspec_tests/slots__1/pre.ssz_snappy": b"theirs",
    "tests/minimal/fulu/sanity/slots/pyspec_tests/slots__3/pre.ssz_snappy": b"theirs",
    "tests/minimal/fulu/sanity/slots/readme.txt": b"theirs",
    "mainnet.tar.gz": b"theirs",
}


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """An output folder with vectors of somebody else."""
    folder = tmp_path / "output"
    for name, content in THEIRS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("arguments", [("--fork", "electra"), ("--case", "nothing")])
def test_nothing_selected_removes_nothing(
    run: Run, shared: Path, arguments: tuple[str, str]
) -> None:
    done = run(shared, *arguments)
    assert done.returncode == 1
    assert "nothing matches the selection" in done.stderr
    assert _files(shared) == THEIRS


def test_what_others_have_written_stays(run: Run, shared: Path, fillers: Path) -> None:
    """Cases are written beside theirs; ours that no filler makes any more go, theirs stay."""
    done = run(shared, "--preset", "minimal")
    assert done.returncode == 0, done.stdout + done.stderr
    assert THEIRS.items() <= _files(shared).items()
    with tarfile.open(shared / "minimal.tar.gz") as tar:
        assert {Path(name).parent.name for name in tar.getnames()} == ALL
    assert (shared / "SHA256SUMS").read_text().endswith("  minimal.tar.gz\n")
    assert len((shared / "SHA256SUMS").read_text().splitlines()) == 1
    (fillers / "test_some.py").write_text(FILLER.replace("[1, 2, 9]", "[1]"))
    assert run(shared, "--preset", "minimal").returncode == 0
    assert THEIRS.items() <= _files(shared).items()
    assert _cases(shared) == ALL - {"slots__2", "slots__9"}


def test_a_case_of_others_is_not_replaced(run: Run, shared: Path, fillers: Path) -> None:
    """The filler of the same case fails, and the others write theirs."""
    (fillers / "test_some.py").write_text(FILLER.replace("[1, 2, 9]", "[1, 2, 3]"))
    done = run(shared, "--preset", "minimal")
    assert done.returncode == 1
    assert "slots__3: is there and was not written by this command" in done.stdout
    assert "1 failed; no archive was written" in done.stdout
    assert THEIRS.items() <= _files(shared).items()
    assert _cases(shared) == ALL - {"slots__9"}


def test_an_archive_of_others_is_not_replaced(run: Run, shared: Path) -> None:
    """What would have to be replaced is found before any case is written."""
    done = run(shared)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: {shared / 'mainnet.tar.gz'}: is there and was not written by this command; "
        "move it, or write elsewhere\n"
    )
    assert _files(shared) == THEIRS


def test_a_skipped_filler_is_a_failure(run: Run, fillers: Path, tmp_path: Path) -> None:
    (fillers / "test_some.py").write_text(FILLER.replace("    assert not", "    pytest.skip()\n#"))
    done = run(tmp_path / "output")
    assert done.returncode == 1
    assert "is skipped, so its case is not written" in done.stdout
    assert _cases(tmp_path / "output") == ALL - {"unsigned"}


CHANGING = """
def test_change(spec, state, vector):
    from pathlib import Path
    run_slots(spec, state, vector, 3)
    with Path(__file__).open("a") as file:
        file.write("# changed\\n")
"""


def test_sources_that_change_during_a_run(run: Run, fillers: Path, tmp_path: Path) -> None:
    """Nobody knows then which cases were made from what: no archive, and all of it once more."""
    filler, output = fillers / "test_some.py", tmp_path / "output"
    filler.write_text(FILLER + CHANGING)
    done = run(output)
    assert done.returncode == 1
    assert "changed while the vectors were written; run it again" in done.stderr
    assert not (output / "minimal.tar.gz").exists()
    written = output / "tests/minimal/fulu/sanity/slots/pyspec_tests/slots__1/pre.ssz_snappy"
    before = written.stat().st_ino
    filler.write_text(FILLER + "# changed\n")
    assert run(output).returncode == 0
    assert _cases(output) == ALL
    assert written.stat().st_ino != before


def test_paths_that_look_like_patterns(tmp_path: Path, fillers: Path) -> None:
    """Brackets, as of a version, are part of a name to pytest, to the bar and to the report."""
    place = tmp_path / "My dir [v1.5] {a,b} *"
    place.mkdir()
    shutil.copytree(fillers, place / "fillers")
    done = run_program(place / "fillers", place / "out[/b]", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"6 cases in {place / 'out[/b]'}\n"
    assert _cases(place / "out[/b]") == ALL


def test_an_output_that_is_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(tmp_path / "file")
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path / 'file'}: is not a folder\n"
