"""Where packages come from: pinned and hashed, with known licences, and asked after."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.packaging import audit, licences

LOCK = licences.LOCK.read_text()


def test_requirements_are_pinned_hashed_and_from_an_index() -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) > 80
    for entry in entries:
        first, *rest = entry.splitlines()
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [^@]+)? \\", first), first
        hashes = [line for line in rest if not line.lstrip().startswith("#")]
        assert hashes
        for line in hashes:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
    for form in ("git+", "file:", "-e ", "://", " @ "):
        assert form not in LOCK


def test_npm_packages_are_pinned_and_hashed() -> None:
    packages = json.loads(licences.NPM_LOCK.read_text())["packages"]
    declared = packages.pop("")["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in declared.values())
    assert len(packages) > 30
    for place, entry in packages.items():
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", entry["integrity"]), place
        assert "resolved" not in entry
        assert not entry.get("link")


def listed() -> dict[str, dict[str, tuple[str, str]]]:
    """Versions and licences in the document, by section and name."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for section in licences.DOCUMENT.read_text().split("\n## ")[1:]:
        rows = re.findall(r"^\| (\S+) +\| (.+?) +\| (.+?) +\|$", section, re.MULTILINE)
        cells = {name: (version, licence) for name, version, licence in rows[2:]}
        found[section.split()[0].strip(",")] = cells
    return found


def test_the_list_of_licences_names_what_is_locked() -> None:
    tables = listed()
    python = {name: ", ".join(versions) for name, versions in licences.locked_python().items()}
    assert {name: version for name, (version, _) in tables["Python"].items()} == python
    npm = {name: ", ".join(versions) for name, (versions, _) in licences.locked_npm().items()}
    assert {name: version for name, (version, _) in tables["npm"].items()} == npm


FREE = re.compile(r"MIT|BSD|Apache|Python|PSF|Mozilla|MPL|GPL|Zlib|CC0|ISC|Unlicense|Public Domain")


def test_every_licence_is_known_and_free() -> None:
    for section in listed().values():
        for name, (_, licence) in section.items():
            assert FREE.search(licence), f"{name}: {licence}"


# The audit, with answers made up

SOUND = {"dependencies": [{"name": "a", "version": "1", "vulns": []}]}
BAD = {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]}]}
UNREACHED = {"dependencies": [{"name": "a", "skip_reason": "could not be audited"}]}
NPM_SOUND = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 3}}}
NPM_BAD = {"vulnerabilities": {"b": {"severity": "high"}}}


@pytest.mark.parametrize(
    ("python", "npm", "status", "strict", "said"),
    [
        (SOUND, NPM_SOUND, 0, 0, "1 audited, no known vulnerability"),
        (BAD, NPM_SOUND, 1, 1, "a 1: CVE-1"),
        (SOUND, NPM_BAD, 1, 1, "b: high"),
        (UNREACHED, NPM_SOUND, 0, 1, "of 1 packages, 1 could not be looked up"),
        (SOUND, {"error": {"code": "ENOTFOUND"}}, 0, 1, "npm gave no answer"),
        ("", "", 0, 1, "pip-audit gave no answer"),
        ("not JSON", "[]", 0, 1, "not audited"),
    ],
)
def test_audit(
    capsys: pytest.CaptureFixture[str],
    python: object,
    npm: object,
    status: int,
    strict: int,
    said: str,
) -> None:
    """What is vulnerable fails; what could not be asked is said, and fails only when strict."""

    def answer(command: Sequence[str], folder: Path) -> str:
        given = npm if command[0] == "npm" else python
        return given if isinstance(given, str) else json.dumps(given)

    assert audit.main([], answer) == status
    assert said in "".join(capsys.readouterr())
    assert audit.main(["--strict"], answer) == strict


def test_a_tool_that_hangs_or_is_missing_gives_no_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(audit, "SECONDS", 0.2)
    assert audit.run(["sleep", "60"], tmp_path) == ""
    assert audit.run(["no-such-tool"], tmp_path) == ""
