"""`make client-check` on a slice: it agrees with what is right, and notices what is not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import cramjam
import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "clients"

# Values of a new container, blocks and an operation of both forks, valid and not.
SLICE = [
    *("--preset", "minimal", "--jobs", "1"),
    *("--handler", "Pool", "--handler", "proposer_slashing", "--handler", "blocks"),
    *("--case", "case_0", "--case", "wrong_*", "--case", "empty_block"),
]
POOL = "minimal/poolbonds/ssz_static/Pool/ssz_random/case_0"
VALID = "minimal/fulu/sanity/blocks/pyspec_tests/empty_block"
INVALID = "minimal/fulu/operations/proposer_slashing/pyspec_tests/wrong__slots"


def _why_not() -> str | None:
    """Say what is missing to run JavaScript here; None if nothing is."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    if int(done.stdout.removeprefix("v").split(".")[0]) < 20:
        return f"Node.js 20 or later is needed, this is {done.stdout.strip()}"
    if not (CLIENTS / "node_modules" / ".installed").exists():
        return "the packages of clients/ are not installed; make client-check does that"
    return None


REASON = _why_not()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slice of our own vectors."""
    output = tmp_path_factory.mktemp("vectors")
    command = [sys.executable, "-m", "poolspec", "vectors", "--output", str(output), *SLICE]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return output


@pytest.fixture
def vectors(written: Path, tmp_path: Path) -> Path:
    """A copy of the slice that a test may spoil."""
    return Path(shutil.copytree(written, tmp_path / "vectors"))


def check(vectors: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Let the clients read a folder."""
    return subprocess.run(
        ["node", str(CLIENTS / "check.js"), *arguments, str(vectors)],
        capture_output=True,
        text=True,
        check=False,
    )


def spoil(vectors: Path, case: str, part: str, position: int) -> None:
    """Change one byte of an SSZ part."""
    file = vectors / "tests" / case / f"{part}.ssz_snappy"
    content = bytearray(bytes(cramjam.snappy.decompress_raw(file.read_bytes())))
    content[position] ^= 1
    file.write_bytes(bytes(cramjam.snappy.compress_raw(bytes(content))))


def errors(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """The error lines of a run that must have failed."""
    assert done.returncode == 1
    assert "\n    at " not in done.stderr, "a stack trace"
    return re.findall(r"^error: (.*)$", done.stderr, re.MULTILINE)


def test_others_read_our_vectors(vectors: Path) -> None:
    done = check(vectors, "--preset", "minimal")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    read = {(row[0], *row[2:4]) for row in rows if len(row) == 7 and row[5:] == ["0", "0"]}
    assert read == {
        ("@chainsafe/ssz", "fulu", "operations"),
        ("@chainsafe/ssz", "fulu", "sanity"),
        ("@chainsafe/ssz", "poolbonds", "operations"),
        ("@chainsafe/ssz", "poolbonds", "sanity"),
        ("@chainsafe/ssz", "poolbonds", "ssz_static"),
        ("Lodestar", "fulu", "operations"),
        ("Lodestar", "fulu", "sanity"),
    }


def test_a_value_that_is_not_that_of_the_root(vectors: Path) -> None:
    spoil(vectors, POOL, "serialized", 0)
    [error] = errors(check(vectors, "--check", "ssz", "--handler", "Pool"))
    assert re.fullmatch(rf"{POOL}: @chainsafe/ssz: serialized: root 0x\w+, expected 0x\w+", error)


def test_a_value_that_is_not_the_readable_one(vectors: Path) -> None:
    file = vectors / "tests" / POOL / "value.yaml"
    file.write_text(re.sub(r"bond: (\d+)", "bond: 1", file.read_text()))
    [error] = errors(check(vectors, "--check", "ssz", "--handler", "Pool"))
    assert error == f"{POOL}: @chainsafe/ssz: value.yaml is not the value of serialized"


def test_a_part_that_no_document_knows(vectors: Path) -> None:
    folder = vectors / "tests" / VALID
    shutil.copy(folder / "pre.ssz_snappy", folder / "other.ssz_snappy")
    [error] = errors(check(vectors, "--check", "ssz", "--fork", "fulu", "--handler", "blocks"))
    assert error.endswith("part other is not in the format documents of sanity/blocks")


def test_another_state_after(vectors: Path) -> None:
    spoil(vectors, VALID, "post", 0)
    ssz, lodestar = errors(check(vectors, "--fork", "fulu", "--case", "empty_block"))
    assert f"{VALID}: @chainsafe/ssz: post: root 0x" in ssz
    assert lodestar == f"{VALID}: Lodestar: post differs in genesisTime"


def test_a_valid_input_that_must_be_rejected(vectors: Path) -> None:
    (vectors / "tests" / VALID / "post.ssz_snappy").unlink()
    [error] = errors(check(vectors, "--check", "lodestar", "--case", "empty_block"))
    assert error == f"{VALID}: Lodestar: must be rejected, but Lodestar accepts it"


def test_an_invalid_input_with_a_state_after(vectors: Path) -> None:
    folder = vectors / "tests" / INVALID
    shutil.copy(folder / "pre.ssz_snappy", folder / "post.ssz_snappy")
    [error] = errors(check(vectors, "--check", "lodestar", "--case", "wrong__slots"))
    assert error.startswith(f"{INVALID}: Lodestar: ProposerSlashing slots do not match")


def test_reasons_stand_side_by_side(vectors: Path) -> None:
    done = check(vectors, "--check", "lodestar", "--rejections", "--case", "wrong__slots")
    assert done.returncode == 0
    ours, theirs = re.findall(r"^  \w+: +(.*)$", done.stdout, re.MULTILINE)
    assert ours == "the headers are for different slots"
    assert theirs.startswith("ProposerSlashing slots do not match")


LISTED = f"""
- check: lodestar
  explanation: Because.
  cases: ["{VALID.replace("minimal/", "*/").replace("empty", "*")}"]
"""


def test_explained_disagreements_are_put_up_with(vectors: Path, tmp_path: Path) -> None:
    listed = tmp_path / "listed.yaml"
    listed.write_text(LISTED)
    arguments = ["--divergences", str(listed), "--check", "lodestar", "--handler", "blocks"]
    [error] = errors(check(vectors, *arguments))
    assert error.startswith(f"{listed}: no disagreement about */fulu/sanity/blocks/")

    spoil(vectors, VALID, "post", 0)
    done = check(vectors, *arguments)
    assert done.returncode == 0, done.stderr
    assert "1 disagreements explained, 0 not explained" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b", "not a list of entries"),
        ("a: [", "unexpected end of the stream"),
        ("- check: lodestar\n  cases: [a]", "entry 1: an entry has the keys check, cases and"),
        ("- {check: other, cases: [a], explanation: b}", "entry 1: check is ssz or lodestar"),
        ("- {check: ssz, cases: [], explanation: b}", "entry 1: cases must be a list"),
    ],
)
def test_the_list_is_checked(tmp_path: Path, text: str, message: str) -> None:
    listed = tmp_path / "listed.yaml"
    listed.write_text(text)
    [error] = errors(check(tmp_path, "--divergences", str(listed)))
    assert error.startswith(f"{listed}: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no vectors in '{folder}'"),
        (["--check", "all"], "--check must be ssz or lodestar, not 'all'"),
        (["--jobs", "0"], "--jobs must be an integer of at least 1, not '0'"),
        (["--unknown"], "Unknown option '--unknown'"),
        (["another"], "one folder of vectors is needed"),
    ],
)
def test_the_call_is_checked(tmp_path: Path, arguments: list[str], message: str) -> None:
    [error] = errors(check(tmp_path, *arguments))
    assert error.startswith(message.format(folder=tmp_path))


def test_nothing_selected_is_an_error(vectors: Path) -> None:
    [error] = errors(check(vectors, "--runner", "nothing"))
    assert error == f"no case in '{vectors}' is selected"
