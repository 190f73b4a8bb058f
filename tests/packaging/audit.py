"""Asks for known vulnerabilities of the locked packages; `make audit` runs it.

The answers come over the network. Where the services cannot be reached, or do not know the
packages, it says so and passes, as nothing is known then; with `--strict` it fails. What is known
to be vulnerable fails it.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SECONDS = 120
"""Most that one tool may take."""

Run = Callable[[Sequence[str], Path], str]
"""Runs a command in a folder and gives what it printed; nothing if it could not be run."""


class Verdict(NamedTuple):
    """What is known: vulnerabilities, or in `unknown` why there is no answer."""

    vulnerable: tuple[str, ...] = ()
    unknown: str = ""
    asked: int = 0


def run(command: Sequence[str], folder: Path) -> str:
    """Run a command for a bounded time."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _mapping(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def judge_python(text: str) -> Verdict:
    """What pip-audit's JSON says. A package that the service does not know has not been audited."""
    entries = _mapping(text).get("dependencies")
    if not isinstance(entries, list) or not entries:
        return Verdict(unknown="pip-audit gave no answer: no network, or not installed")
    asked = [entry for entry in entries if "skip_reason" not in entry]
    found = tuple(
        f"{entry['name']} {entry['version']}: {each['id']}"
        for entry in asked
        for each in entry.get("vulns", [])
    )
    if not found and len(asked) < len(entries):
        unknown = f"of {len(entries)} packages, {len(entries) - len(asked)} could not be looked up"
        return Verdict(unknown=unknown, asked=len(asked))
    return Verdict(found, asked=len(asked))


def judge_npm(text: str) -> Verdict:
    """What `npm audit --json` says."""
    answer = _mapping(text)
    found = answer.get("vulnerabilities")
    if not isinstance(found, dict):
        return Verdict(unknown="npm gave no answer: no network, or no advisory service, or no npm")
    metadata = answer.get("metadata")
    counts = metadata.get("dependencies", {}) if isinstance(metadata, dict) else {}
    asked = int(counts.get("total", 0)) if isinstance(counts, dict) else 0
    return Verdict(tuple(f"{name}: {each['severity']}" for name, each in found.items()), "", asked)


def main(arguments: Sequence[str] | None = None, run: Run = run) -> int:
    """Ask for both kinds of packages, report, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.packaging.audit", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail if there is no answer")
    strict = parser.parse_args(arguments).strict
    pip_audit = [sys.executable, "-m", "pip_audit", "-r", "requirements.lock", "--require-hashes"]
    pip_audit += ["--disable-pip", "--progress-spinner=off", "--timeout=5", "--format=json"]
    npm = ["npm", "audit", "--package-lock-only", "--json"]
    verdicts = {
        "Python packages": judge_python(run(pip_audit, ROOT)),
        "npm packages": judge_npm(run(npm, ROOT / "clients")),
    }
    for kind, verdict in verdicts.items():
        if verdict.unknown:
            print(f"{kind}: not audited: {verdict.unknown}")
        elif not verdict.vulnerable:
            print(f"{kind}: {verdict.asked} audited, no known vulnerability")
        for each in verdict.vulnerable:
            print(f"{kind}: error: {each}", file=sys.stderr)
    is_unknown = any(verdict.unknown for verdict in verdicts.values())
    return int(any(verdict.vulnerable for verdict in verdicts.values()) or (strict and is_unknown))


if __name__ == "__main__":
    sys.exit(main())
