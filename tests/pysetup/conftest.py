"""A small checkout to compile, whose documents a test writes itself."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from poolspec.runtime import module as runtime_module
from pysetup import FORKS, PRESETS, CompileError, compile_all, resolve_fork
from pysetup.model import ResolvedFork

PRELUDE = '''\
"""Names known without a definition."""

__all__ = ["Bytes1", "Bytes4", "Container", "List", "Uint8", "Uint64", "hash_tree_root"]
'''


class Checkout:
    """A folder laid out like the project: documents, values and the prelude.

    The documents are empty but for those that `fulu`, `helpers` and `poolbonds` write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.output = root / "poolspec"
        for fork in FORKS:
            for document in fork.documents:
                self.write(f"{fork.folder}/{document}", "")
            for preset in PRESETS:
                self.write(f"presets/{preset}/{fork.name}.yaml", "")
        for preset in PRESETS:
            self.write(f"configs/{preset}.yaml", "")
        self.write("poolspec/runtime/prelude.py", PRELUDE)

    def write(self, path: str, text: str) -> str:
        """Write a file and return its path, relative to the root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        return path

    def fulu(self, text: str) -> str:
        """Write the first document of the root fork."""
        return self.write(f"specs/fulu/{FORKS[0].documents[0]}", text)

    def helpers(self, text: str) -> str:
        """Write the second document of the root fork."""
        return self.write(f"specs/fulu/{FORKS[0].documents[1]}", text)

    def poolbonds(self, text: str) -> str:
        """Write the first document of the overlay."""
        return self.write(f"specs/poolbonds/{FORKS[1].documents[0]}", text)

    def values(self, folder: str, values: Mapping[str, str], name: str = "") -> None:
        """Write the same YAML for every preset: `presets` of a fork, or `configs`."""
        text = "".join(f"{key}: {value}\n" for key, value in values.items())
        for preset in PRESETS:
            path = f"{folder}/{preset}/{name}.yaml" if name else f"{folder}/{preset}.yaml"
            self.write(path, text)

    def compile(self) -> dict[str, str]:
        """Compile everything and return the text of each module by `fork/preset`."""
        compile_all(self.root)
        return {
            f"{fork.name}/{preset}": (self.output / fork.name / f"{preset}.py").read_text()
            for fork in FORKS
            for preset in PRESETS
        }

    def errors(self) -> list[str]:
        """Compile and return the messages; a checkout without errors fails the test."""
        with pytest.raises(CompileError) as caught:
            compile_all(self.root)
        assert not list(self.output.glob("*/minimal.py")), "something was written all the same"
        return [str(problem) for problem in caught.value.problems]

    def resolve(self, fork: str) -> ResolvedFork:
        """Return a fork as tools see it."""
        return resolve_fork(self.root, fork)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return an empty checkout that compiles."""
    return Checkout(tmp_path)


@pytest.fixture
def execute(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., ModuleType]]:
    """Return a function that compiles the checkout and imports a module of it."""
    imported: list[str] = []
    # The documents of this project have the same names.
    monkeypatch.setattr(runtime_module, "_ROOTS", [])

    def run(fork: str = "fulu", preset: str = "minimal") -> ModuleType:
        checkout.compile()
        name = f"compiled_{fork}_{preset}_{len(imported)}"
        path = checkout.output / fork / f"{preset}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        imported.append(name)
        spec.loader.exec_module(module)
        return module

    yield run
    for name in imported:
        del sys.modules[name]
