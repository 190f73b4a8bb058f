"""Where a case lies: `tests/<preset>/<fork>/<runner>/<handler>/<suite>/<case>/`; selections."""

import json
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from pathlib import PurePath

from poolspec.vectors.errors import VectorError

ROOT_FOLDER = "tests"
"""The folder under which the layout begins."""

KNOWN_PRESETS = ("general", "mainnet", "minimal")
"""Presets of published archives; `general` holds cases that depend on none."""

KNOWN_FORKS = (
    "phase0",
    "altair",
    "bellatrix",
    "capella",
    "deneb",
    "electra",
    "fulu",
    "gloas",
    "heze",
)
"""Forks with published vectors. Only an unheard-of name is damage; the rest is "not run"."""


@dataclass(frozen=True, order=True)
class CaseId:
    """The six names that identify a case."""

    preset: str
    fork: str
    runner: str
    handler: str
    suite: str
    case: str

    @property
    def folder(self) -> PurePath:
        """The case's folder below the one that holds `tests`."""
        return PurePath(ROOT_FOLDER, *self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The six names, outermost first."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def __str__(self) -> str:
        return "/".join(self.names)

    @classmethod
    def from_text(cls, text: str) -> "CaseId":
        """The case that `str` gave."""
        return cls(*text.split("/"))


DEPTH = len(fields(CaseId))


def case_of(folder: PurePath) -> CaseId | None:
    """The case that lies in a folder, by the last parts of its path; None if it is not one."""
    parts = folder.parts
    if len(parts) <= DEPTH or parts[-DEPTH - 1] != ROOT_FOLDER:
        return None
    return CaseId(*parts[-DEPTH:])


def check_names(case: CaseId, path: object, our_forks: tuple[str, ...]) -> None:
    """Raise `VectorError` for a preset or fork that nobody has published and that is not ours."""
    if case.preset not in KNOWN_PRESETS:
        raise VectorError(str(path), f"unknown preset '{case.preset}'")
    if case.fork not in KNOWN_FORKS and case.fork not in our_forks:
        raise VectorError(str(path), f"unknown fork '{case.fork}'")


@dataclass(frozen=True)
class Selection:
    """Which cases are wanted: shell patterns, one of each tuple must match; an empty one is all."""

    preset: tuple[str, ...] = ()
    fork: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()
    handler: tuple[str, ...] = ()
    case: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The selection as text, to hand it to another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Selection":
        """The selection that `to_json` wrote."""
        return cls(**{name: tuple(patterns) for name, patterns in json.loads(text).items()})

    def may_hold_preset(self, preset: str) -> bool:
        """Whether any case of the preset can be wanted."""
        return _matches(self.preset, preset)

    def may_hold(self, preset: str, fork: str) -> bool:
        """Whether any case of the preset and fork can be wanted."""
        return self.may_hold_preset(preset) and _matches(self.fork, fork)

    def __contains__(self, case: CaseId) -> bool:
        return all(
            _matches(getattr(self, field.name), getattr(case, field.name)) for field in fields(self)
        )


def _matches(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
