"""What cases are replayed with: the compiled specification, or the columnar engine.

An implementation gives, for a fork, preset and configuration, an object with the names that the
runners use: the containers to decode with, the functions to run (`state_transition`, `process_*`
and so on), and `bls.bls_active`. The compiled modules are such objects; another implementation adds
a row to `IMPLEMENTATIONS`.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import poolspec
from poolspec.vectors.case import Case
from poolspec.vectors.errors import NotRunError, VectorError
from poolspec.vectors.layout import KNOWN_PRESETS

Loader = Callable[[str, str, bool, Mapping[str, Any] | None], Any]
"""(fork, preset, fast, configuration overrides) -> the object that runs cases."""

FORK_FREE_RUNNERS = ("shuffling",)
"""Runners whose cases are the same for every fork, and lie under the fork that began them."""


def _load_spec(fork: str, preset: str, fast: bool, config: Mapping[str, Any] | None) -> Any:
    if fast and config is None:
        return poolspec.load(fork, preset)
    return poolspec.load(fork, preset, fast=fast, config=config)


def _load_engine(fork: str, preset: str, fast: bool, config: Mapping[str, Any] | None) -> Any:
    from poolspec.engine import facade  # only who asks for the engine waits for it to be imported

    return facade.load(fork, preset, config)


IMPLEMENTATIONS: dict[str, Loader] = {"engine": _load_engine, "spec": _load_spec}

WITHOUT_FUNCTIONS = {"engine": ("shuffling", "ssz_static")}
"""Runners that an implementation has no functions for: SSZ and shuffling are part of its steps."""


@cache
def compiled() -> dict[str, tuple[str, ...]]:
    """The compiled forks, each with its presets, as they lie in the package."""
    modules = sorted(
        path
        for name in KNOWN_PRESETS
        for path in Path(poolspec.__file__).parent.glob(f"*/{name}.py")
    )
    forks: dict[str, tuple[str, ...]] = {}
    for path in modules:
        forks[path.parent.name] = (*forks.get(path.parent.name, ()), path.stem)
    return forks


def overrides(case: Case, known: frozenset[str]) -> dict[str, Any] | None:
    """The configuration that a case asks for, None if it asks for none.

    A `config.yaml` of the published vectors is a whole configuration, so it also holds values of
    other forks and of the network; what this fork does not know cannot matter to it.
    """
    values = dict(case.config or {})
    if case.id.runner == "transition":
        values[f"{case.id.fork.upper()}_FORK_EPOCH"] = case.count("fork_epoch")
    values = {name: value for name, value in values.items() if name in known}
    return values or None


@lru_cache(maxsize=8)
def _cached(implementation: str, fork: str, preset: str, fast: bool, config: str) -> Any:
    return IMPLEMENTATIONS[implementation](fork, preset, fast, json.loads(config) or None)


def implementation_for(case: Case, implementation: str = "spec", *, fast: bool = True) -> Any:
    """What runs a case, loaded once per process for each configuration."""
    forks = compiled()
    fork, preset = case.id.fork, case.id.preset
    if case.id.runner in WITHOUT_FUNCTIONS.get(implementation, ()):
        raise NotRunError(f"the {implementation} has no function for {case.id.runner} alone")
    if case.id.runner in FORK_FREE_RUNNERS:
        fork = next((name for name in forks if preset in forks[name]), fork)
    if fork not in forks:
        raise NotRunError(f"the fork {fork} is not specified here")
    if preset not in forks[fork]:
        raise NotRunError(f"{fork} is not compiled for the preset {preset}")
    shared = _cached(implementation, fork, preset, fast, "{}")
    config = overrides(case, frozenset(shared.config._fields))
    if config is None:
        return shared
    try:
        return _cached(
            implementation, fork, preset, fast, json.dumps(config, default=str, sort_keys=True)
        )
    except (ValueError, TypeError, KeyError) as error:
        raise VectorError(case.folder / "config.yaml", f"cannot be used: {error}") from error
