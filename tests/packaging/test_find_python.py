"""The search for an interpreter, with interpreters made up: what is chosen, in which order, and
what is said if there is none.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/find-python"

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")


class Machine:
    """A PATH, a home and pyenv's folder of its own, with interpreters that answer as told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.path: list[Path] = []
        tools = self.add_to_path("tools")
        for name in ("env", "grep", "head", "ls", "sh", "sort"):
            (tools / name).symlink_to(shutil.which(name) or name)

    def add_to_path(self, name: str) -> Path:
        """Add a folder at the end of the PATH."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        self.path.append(folder)
        return folder

    def put(self, place: Path, answer: str, status: int = 0) -> Path:
        """Place a program that prints one thing whatever it is asked."""
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"#!/bin/sh\necho '{answer}'\nexit {status}\n")
        place.chmod(0o755)
        return place

    def works(self, place: Path) -> str:
        """An interpreter that the probe finds good, known by its own path."""
        return str(self.put(place, str(place)))

    def refuses(self, place: Path, reason: str) -> None:
        """An interpreter that the probe finds bad, or a shim that does not start."""
        self.put(place, reason, status=1)

    def pyenv(self, version: str) -> Path:
        """Where pyenv keeps the interpreter of a version."""
        minor = version.rsplit(".", 1)[0]
        return self.home / ".pyenv/versions" / version / "bin" / f"python{minor}"

    def search(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run the search on this machine."""
        return subprocess.run(
            [shutil.which("sh") or "sh", SCRIPT, *arguments],
            env={
                "PATH": os.pathsep.join(map(str, self.path)),
                "HOME": str(self.home),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def finds(self, *arguments: str, **environment: str) -> str:
        """The interpreter that the search prints."""
        done = self.search(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.removesuffix("\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without any Python, below a path with a space and a bracket."""
    return Machine(tmp_path / "a machine [1]")


def test_range_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    minors = SpecifierSet(project["requires-python"])
    supported = [str(minor) for minor in range(40) if f"3.{minor}" in minors]
    text = SCRIPT.read_text()
    assert f'MINORS="{" ".join(reversed(supported))}"' in text
    assert f'RANGE="Python 3.{supported[0]} to 3.{supported[-1]}"' in text
    classifiers = [f"Programming Language :: Python :: 3.{minor}" for minor in supported]
    assert [each for each in project["classifiers"] if ":: 3." in each] == classifiers


def test_python3_comes_first(machine: Machine) -> None:
    expected = machine.works(machine.path[0] / "python3")
    machine.works(machine.path[0] / "python3.14")
    assert machine.finds() == expected


def test_old_python3_and_shims_that_do_not_start_are_passed_over(machine: Machine) -> None:
    """The commonest case: pyenv's shims come first on the PATH, and one version is switched on."""
    shims, later = machine.path[0], machine.add_to_path("later")
    machine.refuses(shims / "python3", "Python 3.11.7")
    for minor in (12, 13):
        machine.refuses(shims / f"python3.{minor}", f"pyenv: python3.{minor}: command not found")
    machine.works(machine.pyenv("3.12.1"))
    expected = machine.works(machine.pyenv("3.13.0"))
    assert machine.finds() == expected
    # The same name further down the PATH is tried as well.
    assert machine.works(later / "python3.13") == machine.finds()


def test_newest_minor_version_wins_wherever_it_is(machine: Machine) -> None:
    machine.works(machine.path[0] / "python3.12")
    assert machine.works(machine.pyenv("3.13.9")) == machine.finds()
    assert machine.works(machine.path[0] / "python3.14") == machine.finds()


def test_newest_patch_release_of_pyenv_wins(machine: Machine) -> None:
    for version in ("3.12.2", "3.12.10", "3.12.9", "3.11.99", "3.15.0"):
        machine.works(machine.pyenv(version))
    machine.works(machine.home / ".pyenv/versions/3.13t-dev/bin/python3.13")
    assert machine.finds() == str(machine.pyenv("3.12.10"))


def test_pyenv_root_is_followed(machine: Machine) -> None:
    root = machine.folder / "elsewhere"
    expected = machine.works(root / "versions/3.12.4/bin/python3.12")
    machine.works(machine.pyenv("3.13.0"))
    assert machine.finds(PYENV_ROOT=str(root)) == expected


def test_uv_is_asked(machine: Machine) -> None:
    known = machine.works(machine.folder / "kept by uv/python3.12")
    uv = machine.path[0] / "uv"
    uv.write_text(
        f'#!/bin/sh\n[ "$1 $2" = "python find" ] || exit 2\nfor last; do :; done\n'
        f'[ "$last" = 3.12 ] && echo "{known}"\n'
    )
    uv.chmod(0o755)
    assert machine.finds() == known


def test_all_are_listed_one_of_each_minor_version(machine: Machine) -> None:
    """A `python3` that is good stands for its own version only."""
    expected = [
        machine.works(machine.path[0] / "python3.14"),
        machine.works(machine.pyenv("3.12.10")),
    ]
    machine.works(machine.pyenv("3.12.9"))
    machine.refuses(machine.path[0] / "python3", "Python 3.11.7")
    machine.refuses(machine.path[0] / "python3.13", "pyenv: python3.13: command not found")
    assert machine.finds("--all").splitlines() == expected


def test_nothing_to_list(machine: Machine) -> None:
    done = machine.search("--all")
    assert (done.returncode, done.stdout) == (1, "")


def test_given_interpreter_is_taken_by_name_or_path(machine: Machine) -> None:
    machine.works(machine.path[0] / "python3")
    expected = machine.works(machine.path[0] / "mine")
    assert machine.finds("mine") == machine.finds(expected) == expected
    # Nothing given is what make passes if PYTHON is not set.
    assert machine.finds("") == str(machine.path[0] / "python3")


def test_given_interpreter_is_not_replaced_by_another(machine: Machine) -> None:
    machine.works(machine.path[0] / "python3")
    machine.refuses(machine.path[0] / "old", "Python 3.11.7")
    done = machine.search("old")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "error: Python 3.12 to 3.14 is needed, old is not: Python 3.11.7; "
        "choose another with PYTHON=…\n"
    )
    done = machine.search("python-of-nowhere")
    assert done.returncode == 1
    assert done.stderr == (
        "error: python-of-nowhere not found; Python 3.12 to 3.14 is needed (PYTHON=…)\n"
    )


def test_without_any_the_message_says_where_it_looked(machine: Machine) -> None:
    ending = "no other was found on the PATH, in pyenv or by uv; name one with PYTHON=…\n"
    done = machine.search()
    assert done.returncode == 1
    assert done.stderr == f"error: Python 3.12 to 3.14 is needed; {ending}"
    machine.refuses(machine.path[0] / "python3", "Python 3.11.7")
    done = machine.search()
    assert done.stderr == (
        f"error: Python 3.12 to 3.14 is needed; python3 is not: Python 3.11.7; {ending}"
    )


def test_real_interpreter_passes_the_probe(tmp_path: Path) -> None:
    """And what is printed is not the virtual environment, which make may be about to remove."""
    environment = {**os.environ, "PYTHONHOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        ["sh", SCRIPT, sys.executable], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = Path(done.stdout.removesuffix("\n"))
    assert found.samefile(getattr(sys, "_base_executable", sys.executable))
    assert not found.is_relative_to(Path(sys.prefix)) or sys.prefix == sys.base_prefix


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("sys.version_info = (3, 11, 9); sys.version = '3.11.9 (main)'", "Python 3.11.9"),
        ("sys.version_info = (3, 15, 0); sys.version = '3.15.0 (main)'", "Python 3.15.0"),
        ("sys.implementation.name = 'pypy'", "but not the usual CPython"),
        ("sys.modules['ensurepip'] = None", "without the module ensurepip"),
        ("sys.modules['ssl'] = None", "without the module ssl"),
    ],
)
def test_probe_refuses_what_cannot_be_used(machine: Machine, changed: str, said: str) -> None:
    """A real interpreter that says something else of itself."""
    sham = machine.path[0] / "sham"
    sham.write_text(
        "#!/bin/sh\nshift\nprobe=$1\nshift\n"
        f'exec "{sys.executable}" -c "import sys; {changed}\n$probe" "$@"\n'
    )
    sham.chmod(0o755)
    done = machine.search("sham")
    assert done.returncode == 1
    assert said in done.stderr
