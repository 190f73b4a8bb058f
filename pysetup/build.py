"""Writes compiled modules, and only those whose inputs changed.

The first lines of a module hold a digest of everything it was made from (documents, values, the
prelude's names, the compiler) and one of its own text. So a module that is out of date, cut short
or edited by hand is written again, and no other file has to be kept in step with it. Modules are
written beside their place and moved there: an interrupted run, or two at once, leave no half one.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pysetup.errors import Problem
from pysetup.forks import FORKS, PRESETS

PACKAGE = "poolspec"
MARK = "# Compiled by pysetup; do not edit."
_HEADER_LINES = 4
_ALL = tuple(fork.name for fork in FORKS)


@dataclass(frozen=True)
class Result:
    """What a run did: the modules it wrote, those it found up to date, and tolerated problems."""

    written: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    tolerated: tuple[Problem, ...]


def module_path(package: Path, fork: str, preset: str) -> Path:
    """Return the file of a compiled module in the folder of the package."""
    return package / fork / f"{preset}.py"


def compile_all(
    root: Path,
    output: Path | None = None,
    *,
    forks: Sequence[str] = _ALL,
    presets: Sequence[str] = PRESETS,
    draft: bool = False,
) -> Result:
    """Compile the specs of the checkout `root` into the package folder `output`.

    `output` is `<root>/poolspec` if not given; modules go to `<output>/<fork>/<preset>.py`. Raises
    CompileError with every problem, and writes nothing then. A `draft` puts up with missing
    documents and with unknown names in the bodies of functions.
    """
    package = output if output is not None else root / PACKAGE
    digest = _digest(root, draft)
    paths = [module_path(package, fork, preset) for fork in forks for preset in presets]
    if all(_is_current(path, digest) for path in paths):
        return Result((), tuple(paths), ())
    # The phases need libraries whose import alone takes longer than finding nothing to do.
    from pysetup.compiler import compile_modules

    modules, tolerated = compile_modules(
        root, forks, presets, draft=draft, first_line=_HEADER_LINES + 1
    )
    titles = {fork.name: fork.title for fork in FORKS}
    for name in forks:
        init = f'"""{titles[name]}, one module for each preset."""\n'
        _write(package / name / "__init__.py", init)
    for module in modules:
        _write(module_path(package, module.fork, module.preset), _with_header(module.text, digest))
    return Result(tuple(paths), (), tuple(tolerated))


def _inputs(root: Path) -> Iterator[Path]:
    """Yield every file that a compiled module depends on, whether it exists or not."""
    yield from sorted(Path(__file__).parent.glob("*.py"))
    for fork in FORKS:
        for document in fork.documents:
            yield root / fork.folder / document
        for preset in PRESETS:
            yield root / "presets" / preset / f"{fork.name}.yaml"
    for preset in PRESETS:
        yield root / "configs" / f"{preset}.yaml"
    yield root / PACKAGE / "runtime" / "prelude.py"


def _digest(root: Path, draft: bool) -> str:
    """Return a digest of all inputs; where the checkout lies does not matter."""
    found = hashlib.sha256(b"draft" if draft else b"")
    for path in _inputs(root):
        try:
            content = hashlib.sha256(path.read_bytes()).digest()
        except OSError:
            content = b"missing"
        found.update(path.name.encode() + b"\0" + content)
    return found.hexdigest()


def _with_header(text: str, digest: str) -> str:
    own = hashlib.sha256(text.encode()).hexdigest()
    return f"{MARK}\n# inputs: {digest}\n# text: {own}\n\n{text}"


def _is_current(path: Path, digest: str) -> bool:
    """Tell whether a module is whole and made from these inputs."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    text = "".join(content.splitlines(keepends=True)[_HEADER_LINES:])
    package = path.parent / "__init__.py"
    return content == _with_header(text, digest) and package.is_file()


def _write(path: Path, content: str) -> None:
    """Write a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_abandoned(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(content)
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _clear_abandoned(path: Path) -> None:
    """Remove what runs that were killed have left beside a file."""
    for other in path.parent.glob(f".{path.name}.*"):
        owner = other.name.rpartition(".")[2]
        if not (owner.isdecimal() and _is_running(int(owner))):
            other.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    """Tell whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
