"""An installed wheel holds the compiled specs and needs no checkout.

The chain is the one a release goes through: source archive, wheel built from it, installation. So
whatever the source archive lacks, the wheel cannot be built.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pysetup.forks import FORKS, PRESETS

ROOT = Path(__file__).parents[2]

# Says, of every compiled module, where it lies and whether its first function has its source line.
LOOK = """
import importlib, inspect, linecache, sys
for name in sys.argv[1:]:
    spec = importlib.import_module(name)
    code = spec.get_current_epoch.__code__
    line = linecache.getline(code.co_filename, code.co_firstlineno)
    print(name, spec.__file__, spec.fork, spec.preset, spec.SLOTS_PER_EPOCH, line.strip(), sep="|")
"""


def run(*command: str | Path, folder: Path) -> str:
    """Run a program outside the checkout, without its environment variables for Python."""
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_of_checkout(folder: Path) -> Path:
    """What git would commit now, without anything compiled or built."""
    copy = folder / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the source archive of the checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    run(sys.executable, "-c", build, folder, folder=copy_of_checkout(folder))
    [archive] = folder.glob("*.tar.gz")
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "wheel", *offline, "-w", folder, archive, folder=folder)
    [built] = folder.glob("*.whl")
    return built


def test_wheel_holds_specs_and_no_tools(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for fork in FORKS:
        for preset in PRESETS:
            assert f"poolspec/{fork.name}/{preset}.py" in names
    packages = {name.split("/")[0] for name in names}
    assert {name for name in packages if not name.endswith(".dist-info")} == {"poolspec"}


def test_installed_wheel_works_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """Beside nothing but our dependencies, every fork and preset loads and shows its source."""
    place = tmp_path / "installed"
    options = ["--no-index", "--no-deps", "--disable-pip-version-check", "--target", str(place)]
    run(sys.executable, "-m", "pip", "install", *options, wheel, folder=tmp_path)
    path = f"import sys; sys.path.insert(0, {str(place)!r})"
    modules = [f"poolspec.{fork.name}.{preset}" for fork in FORKS for preset in PRESETS]
    output = run(sys.executable, "-c", path + LOOK, *modules, folder=tmp_path)
    rows = [line.split("|") for line in output.splitlines()]
    assert [row[0] for row in rows] == modules
    for name, file, fork, preset, slots, source in rows:
        assert Path(file).is_relative_to(place), name
        assert name == f"poolspec.{fork}.{preset}"
        assert slots == {"minimal": "8", "mainnet": "32"}[preset]
        assert source.startswith("def get_current_epoch(")
