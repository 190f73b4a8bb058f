"""Compiles the specification when the package is built.

A wheel holds the compiled modules, and the documents they were compiled from, so that tracebacks
show the specification there too. An editable installation compiles in the checkout.
"""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
# The compiler is not part of the package, and build front ends do not put the checkout on the path.
sys.path.insert(0, str(ROOT))

from pysetup.build import PACKAGE, compile_all  # noqa: E402
from pysetup.errors import CompileError  # noqa: E402
from pysetup.forks import FORKS  # noqa: E402


class BuildWithSpecs(build_py):
    """Copies the package, then compiles the specification into it."""

    def run(self) -> None:
        super().run()
        package = ROOT / PACKAGE if self.editable_mode else Path(self.build_lib) / PACKAGE
        try:
            compile_all(ROOT, package)
        except CompileError as error:
            raise SystemExit(f"{error}\nthe specification does not compile") from error
        if not self.editable_mode:
            for fork in FORKS:
                shutil.copytree(ROOT / fork.folder, package / fork.folder, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithSpecs})
