"""Writes `docs/dependencies.md`: what is installed to work on the project, and its licences.

`make licences` runs it. Names and versions come from the lock files; the licences of Python
packages from what is installed, by pip-licenses, and those of npm packages from their lock file.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/dependencies.md"
LOCK = ROOT / "requirements.lock"
NPM_LOCK = ROOT / "clients/package-lock.json"

ELSEWHERE = {"colorama": "BSD License"}
"""Licences of packages that are installed on other systems only (Windows)."""

HEAD = """\
# Dependencies and their licences

What the lock files install, for all systems and Python versions. Nothing of it is part of this
project, and nothing is downloaded when the tools run. `make licences` renews this list,
`make audit` asks for known vulnerabilities.
"""


def locked_python() -> dict[str, list[str]]:
    """The versions of each Python package in the lock file."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^(\S+?)==([^\s;]+)", LOCK.read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(name), []).append(version)
    return pins


def locked_npm() -> dict[str, tuple[list[str], str]]:
    """The versions and the licence of each npm package in its lock file."""
    found: dict[str, tuple[list[str], str]] = {}
    for place, entry in json.loads(NPM_LOCK.read_text())["packages"].items():
        if place:
            name = place.rpartition("node_modules/")[2]
            versions, licence = found.get(name, ([], entry.get("license", "")))
            found[name] = (sorted({*versions, entry["version"]}), licence)
    return dict(sorted(found.items()))


def installed_licences() -> dict[str, str]:
    """The licences of what is installed here, by pip-licenses."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed"]
    done = subprocess.run([*command, "--with-system"], check=True, capture_output=True, text=True)
    rows = json.loads(done.stdout)
    return {canonicalize_name(row["Name"]): " ".join(row["License"].split()) for row in rows}


def table(rows: list[tuple[str, str, str]]) -> str:
    """A table of markdown, its columns as wide as they need to be."""
    rows = [("package", "version", "licence"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines) + "\n"


def document() -> str:
    """The text of the document."""
    known = ELSEWHERE | installed_licences()
    python = [(name, ", ".join(v), known[name]) for name, v in sorted(locked_python().items())]
    npm = [(name, ", ".join(v), licence) for name, (v, licence) in locked_npm().items()]
    return (
        f"{HEAD}\n## Python\n\n{table(python)}"
        f"\n## npm, for `make client-check` only\n\n{table(npm)}"
    )


if __name__ == "__main__":
    DOCUMENT.write_text(document())
