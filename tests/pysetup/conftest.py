"""A small checkout to compile, whose documents a test writes itself."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

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
