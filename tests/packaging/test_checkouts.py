"""`make` in all kinds of checkouts: copied, moved, in odd places, of others, without a network.

The copies have an environment that borrows the packages of ours, so nothing is installed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OFFLINE = Path(__file__).parent / "offline"

ODD = "My dir [v1.5] (copy), é"
SLOTS = "--preset minimal --runner sanity --handler slots --jobs 1"

LEFT_BEHIND = shutil.ignore_patterns(
    *(".git", ".venv", ".venv-*", "node_modules", "build", "simulations", ".studies"),
    *("__pycache__", ".*_cache", ".hypothesis", "*.egg-info", "dist"),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


def make(
    folder: Path, *arguments: str, before: tuple[str, ...] = (), cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run make in a folder from elsewhere, with nothing inherited from a make that runs us."""
    command = [*before, "make", "-C", str(folder), *arguments, "MAKEFLAGS=", "MAKELEVEL=0"]
    return subprocess.run(
        command,
        cwd=cwd or folder.parent,
        env={**os.environ, "POOLSPEC_NOTED": str(folder.parent / "noted")},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def succeeds(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> str:
    """Run make, see that it succeeds, and give what it printed."""
    done = make(folder, *arguments, before=before)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_checkout(folder: Path) -> Path:
    """Copy the checkout with what is compiled in it, but for what tools have left behind."""
    vectors = ROOT / "vectors"

    def ignore(parent: str, names: list[str]) -> set[str]:
        is_output = Path(parent) == ROOT and vectors.name in names
        return {*LEFT_BEHIND(parent, names), *([vectors.name] if is_output else [])}

    shutil.copytree(ROOT, folder, ignore=ignore, symlinks=True)
    return folder


def borrow_environment(checkout: Path) -> None:
    """Give a checkout an environment that make takes for whole; the network is cut off in it."""
    environment = checkout / ".venv"
    site = environment / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    site.mkdir(parents=True)
    (environment / "bin").mkdir()
    (environment / "bin/python").symlink_to(Path(sys.executable).resolve())
    home = Path(sys.executable).resolve().parent
    (environment / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\n"
    )
    # As with an editable installation of another checkout, that one is on the path as well.
    lent = f"{sysconfig.get_path('purelib')}\n{ROOT}\n"
    (site / "lent.pth").write_text(lent, encoding="utf-8")
    shutil.copy(OFFLINE / "sitecustomize.py", site)
    (environment / ".place").write_text(f"{checkout.resolve()}\n", encoding="utf-8")
    for name in (".locked", ".installed"):
        (environment / name).touch()


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in a folder with blanks, brackets and more in its name."""
    checkout = copy_checkout(tmp_path_factory.mktemp("odd") / ODD / "check out")
    borrow_environment(checkout)
    return checkout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A worktree of a clone; its `.git` is a file."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    folder = tmp_path_factory.mktemp("git")
    commands = [
        ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder / "clone")],
        ["git", "-C", str(folder / "clone"), "worktree", "add", "--quiet", str(folder / "tree")],
    ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    borrow_environment(folder / "tree")
    return folder / "tree"


def without_network() -> tuple[str, ...]:
    """What a command is run through to have no network, if there is such a thing here."""
    for through in (("unshare", "--net"), ("unshare", "--map-root-user", "--net")):
        if shutil.which("unshare") and _works(*through):
            return through
    return ()


def _works(*command: str) -> bool:
    return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0


def test_odd_place_from_elsewhere_without_network(odd: Path) -> None:
    """All that the README's first commands do, once everything is set up."""
    through = without_network()
    assert "compiled" not in succeeds(odd, "specs", before=through)
    said = succeeds(odd, "vectors", f"ARGS={SLOTS}", before=through)
    assert " cases in vectors\n" in said
    assert list((odd / "vectors/tests").rglob("pre.ssz_snappy"))
    assert "passed" in succeeds(odd, "conformance", "VECTORS=vectors", "ARGS=--jobs 1")
    succeeds(odd, "vectors", "OUTPUT=out [/b] of *", f"ARGS={SLOTS}", before=through)
    said = succeeds(odd, "conformance", "VECTORS=out [/b] of *", "ARGS=--jobs 1", before=through)
    assert "passed" in said
    said = succeeds(odd, "test", "JOBS=1", "ARGS=tests/test_files.py", before=through)
    assert " passed" in said
    succeeds(odd, "help")
    assert not (odd.parent / "noted").exists()


def test_worktree(clone: Path) -> None:
    """It is compiled from nothing, and cleaned of what git ignores and of nothing else."""
    assert (clone / ".git").is_file()
    assert "compiled" in succeeds(clone, "specs")
    (clone / "poolspec/mine.py").touch()
    # An environment that was made is part of what goes.
    succeeds(clone, "clean")
    ignored = ["git", "-C", str(clone), "status", "--porcelain", "--ignored"]
    left = subprocess.run(ignored, check=True, capture_output=True, text=True).stdout
    assert left == "?? poolspec/mine.py\n"


def test_another_user(odd: Path, tmp_path: Path) -> None:
    """Somebody who is not root, and who may not write into the checkout."""
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    user = (*namespace, "env", f"HOME={tmp_path}", f"TMPDIR={tmp_path}")
    if os.geteuid() == 0 and not _works(*user):
        pytest.skip("root may not become somebody else here")
    through = user if os.geteuid() == 0 else ()
    folders = [odd, *(path for path in odd.rglob("*") if path.is_dir() and not path.is_symlink())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        output = tmp_path / "vectors"
        succeeds(odd, "vectors", f"OUTPUT={output}", f"ARGS={SLOTS}", before=through)
        said = succeeds(odd, "conformance", f"VECTORS={output}", "ARGS=--jobs 1", before=through)
        assert "passed" in said
        done = make(odd, "vectors", "OUTPUT=new", f"ARGS={SLOTS}", before=through)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert f"error: {odd / 'new'}: Permission denied" in done.stderr
    finally:
        for folder in folders:
            folder.chmod(0o755)


RUN_OUR_CODE = [
    ("vectors",),
    ("conformance", "VECTORS=vectors"),
    ("vector-coverage", "VECTORS=vectors"),
    ("mutants", "VECTORS=vectors"),
    ("vectors-check",),
    ("simulate",),
    ("fuzz",),
    ("fuzz-tools",),
    ("faults",),
    ("bench",),
    ("diff",),
    ("reached", "VECTORS=vectors"),
    ("docs",),
    ("studies",),
    ("test", "JOBS=1"),
]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose package says that it is the copy, and ends."""
    checkout = copy_checkout(tmp_path_factory.mktemp("changed") / "copy")
    borrow_environment(checkout)
    (checkout / "poolspec/__init__.py").write_text('raise SystemExit("the copy")\n')
    return checkout


@pytest.mark.parametrize("arguments", RUN_OUR_CODE, ids=lambda arguments: arguments[0])
def test_a_copy_runs_its_own_code(changed: Path, arguments: tuple[str, ...]) -> None:
    """Although another checkout is on the path of its environment."""
    done = make(changed, *arguments, cwd=ROOT)
    assert done.returncode != 0
    assert "the copy" in done.stdout + done.stderr


REBUILT = '"$python" -m venv .venv'


def test_a_copied_or_moved_environment_is_made_again(odd: Path, tmp_path: Path) -> None:
    """Whatever its times say; and so is one whose interpreter has gone."""
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", odd, copy], check=True)
    assert REBUILT not in make(odd, "--dry-run", "test").stdout
    assert REBUILT in make(copy, "--dry-run", "test").stdout
    assert REBUILT in make(copy, "--dry-run", "specs").stdout
    (copy / ".venv/.place").write_text(f"{copy}\n", encoding="utf-8")
    assert REBUILT not in make(copy, "--dry-run", "test").stdout
    copy.rename(tmp_path / "moved")
    assert REBUILT in make(tmp_path / "moved", "--dry-run", "test").stdout
    (tmp_path / "moved/.venv/.place").write_text(f"{tmp_path / 'moved'}\n", encoding="utf-8")
    (tmp_path / "moved/.venv/bin/python").unlink()
    (tmp_path / "moved/.venv/bin/python").symlink_to(tmp_path / "gone")
    assert REBUILT in make(tmp_path / "moved", "--dry-run", "test").stdout


def test_nothing_is_run_through_scripts_with_a_path_in_them() -> None:
    """Programs in `.venv/bin` name the interpreter of the place in which they were installed."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "$(VENV)/bin/python" in text
    assert text.count("$(VENV)/bin/") == text.count("$(VENV)/bin/python")
