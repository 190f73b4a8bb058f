"""What a written case depends on, as a hash: when it changes, the case is made again."""

from functools import cache
from importlib.metadata import version
from pathlib import Path

import poolspec
from poolspec.vectors.layout import CaseId
from poolspec.vectors.store import source_hash

LIBRARIES = ("cramjam", "eth-remerkleable", "py_arkworks_bls12381", "ruamel.yaml")

TESTS = Path(__file__).resolve().parents[1]
PACKAGE = Path(poolspec.__file__).resolve().parent


@cache
def _shared_inputs() -> str:
    """Everything but the filler itself and its fork: runtime, recorder, helpers, libraries."""
    fillers = (path for path in (TESTS / "vectors").rglob("*.py") if not _is_filler(path))
    return source_hash(
        [
            *(PACKAGE / "runtime").rglob("*.py"),
            *(PACKAGE / "vectors").rglob("*.py"),
            *(TESTS / "helpers").rglob("*.py"),
            TESTS / "conftest.py",
            *fillers,
        ],
        *(f"{name} {version(name)}" for name in LIBRARIES),
    )


def _is_filler(path: Path) -> bool:
    return path.name.startswith("test_")


@cache
def _fork_inputs(preset: str) -> str:
    """All compiled forks of a preset: a fork may call its parent's functions."""
    return source_hash(PACKAGE.glob(f"*/{preset}.py"))


def case_inputs(case: CaseId, filler: Path) -> str:
    """A hash of all that the bytes of a case depend on."""
    return source_hash([filler], str(case), _shared_inputs(), _fork_inputs(case.preset))
