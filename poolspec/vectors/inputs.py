"""What a written case depends on, as a hash: when it changes, the case is made again."""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import poolspec
from poolspec.vectors.layout import KNOWN_PRESETS, CaseId
from poolspec.vectors.store import source_hash

LIBRARIES = ("cramjam", "eth-remerkleable", "py_arkworks_bls12381", "ruamel.yaml")

PACKAGE = Path(poolspec.__file__).resolve().parent
TESTS = PACKAGE.parent / "tests"
FILLERS = TESTS / "vectors"


def _shared_files() -> Iterator[Path]:
    """What all cases depend on: runtime, recorder, helpers."""
    for folder in (PACKAGE / "runtime", PACKAGE / "fast", PACKAGE / "vectors", TESTS / "helpers"):
        yield from folder.rglob("*.py")
    yield from (path for path in FILLERS.rglob("*.py") if not path.name.startswith("test_"))
    yield TESTS / "conftest.py"


def _compiled_files(preset: str) -> Iterator[Path]:
    """All compiled forks of a preset: a fork may call the functions of those before it."""
    return PACKAGE.rglob(f"{preset}.py")


@cache
def _shared_inputs() -> str:
    return source_hash(_shared_files(), *(f"{name} {version(name)}" for name in LIBRARIES))


@cache
def _compiled_inputs(preset: str) -> str:
    return source_hash(_compiled_files(preset))


@cache
def _filler_inputs(filler: Path) -> str:
    return source_hash([filler])


def note_inputs(*fillers: Path) -> None:
    """Hash what is about to be imported; `case_inputs` then gives the hashes of this moment.

    Where a file changes between this call and its import, the hash is that of the older text, and
    the next run makes the case again. The other way round it would keep what nothing makes.
    """
    _shared_inputs()
    for preset in KNOWN_PRESETS:
        _compiled_inputs(preset)
    for filler in fillers:
        _filler_inputs(filler)


def case_inputs(case: CaseId, filler: Path) -> str:
    """A hash of all that the bytes of a case depend on."""
    inputs = (_filler_inputs(filler), _shared_inputs(), _compiled_inputs(case.preset))
    return source_hash((), str(case), *inputs)


def all_inputs(fillers: Path) -> str:
    """A hash of everything that any case can depend on, as it is now."""
    compiled = (path for preset in KNOWN_PRESETS for path in _compiled_files(preset))
    return source_hash({*_shared_files(), *compiled, *fillers.rglob("*.py")})
