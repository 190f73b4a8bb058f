"""The package under `python -W error`: no module and no ordinary use of it warns of anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from poolspec.vectors.implementations import compiled

ROOT = Path(__file__).parents[2]

IMPORT = """
import importlib, pkgutil, poolspec
names = [each.name for each in pkgutil.walk_packages(poolspec.__path__, "poolspec.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""

USE = """
import sys, poolspec
for fork in sys.argv[1:]:
    roots = set()
    for fast in (True, False):
        spec = poolspec.load(fork, "minimal", fast=fast, config={"GENESIS_DELAY": 7})
        assert spec.config.GENESIS_DELAY == 7
        state = spec.BeaconState()
        encoded = state.encode_bytes()
        assert spec.BeaconState.decode_bytes(encoded) == state
        roots.add(bytes(spec.hash_tree_root(state)))
    assert len(roots) == 1
    assert spec.hash_tree_root(poolspec.load(fork, "minimal").BeaconState()) in roots
print("used")
"""


def run(code: str, *arguments: str) -> str:
    """Run code in a process in which every warning is an error; gives what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.slow
def test_every_module_can_be_imported() -> None:
    assert int(run(IMPORT)) > 100


def test_specifications_can_be_used() -> None:
    forks = [fork for fork, presets in compiled().items() if "minimal" in presets]
    assert len(forks) >= 2
    assert run(USE, *forks) == "used\n"
