"""Copies of the checkout, for tests that change documents."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What tools leave in the top folder; some of it is large.
_WRITTEN = {"build", "dist", "simulations", "vectors"}
_ANYWHERE = {"node_modules", "__pycache__"}


def copy_checkout(target: Path) -> None:
    """Copy the documents, the code and the compiled modules, and nothing that was written since."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        written = _WRITTEN if Path(folder) == ROOT else set()
        hidden = {name for name in names if name.startswith(".") or name.endswith(".egg-info")}
        return hidden | (set(names) & (written | _ANYWHERE))

    shutil.copytree(ROOT, target, ignore=left_out)
