"""The lock file: everything declared is in it, pinned and hashed, and no address."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
# A package has several versions if the newest needs a newer Python than ours may be.
PINS = [
    (canonicalize_name(name), version)
    for name, version in re.findall(r"^(\S+?)==([^\s;]+)", LOCK, re.MULTILINE)
]


def declared() -> list[Requirement]:
    """What pyproject.toml asks for, with all extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    requirements = [Requirement(text) for group in groups for text in group]
    return [requirement for requirement in requirements if requirement.name != project["name"]]


def test_every_declared_package_is_locked_within_its_bounds() -> None:
    requirements = declared()
    assert len(requirements) >= 15
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        versions = [version for pinned, version in PINS if pinned == name]
        assert versions, name
        assert all(requirement.specifier.contains(version) for version in versions), name


def test_every_package_has_hashes() -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(PINS)
    for entry in entries:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_no_address_is_written_down() -> None:
    """Where packages come from is for whoever installs them to say."""
    assert "://" not in LOCK
    assert not re.search(r"^\s*--(?!hash=)", LOCK, re.MULTILINE)
