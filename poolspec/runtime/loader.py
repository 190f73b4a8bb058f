"""Finds compiled modules, and makes copies with other functions or another configuration."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from itertools import count
from types import ModuleType
from typing import Any

from poolspec.runtime import fast as fast_table
from poolspec.runtime.configuration import override
from poolspec.runtime.ssz import View

_copies = count(1)


def load(
    fork: str, preset: str, *, fast: bool = True, config: Mapping[str, Any] | None = None
) -> ModuleType:
    """Return the compiled module of a fork and preset, such as `load("fulu", "minimal")`.

    With `fast=False` or `config`, the module is a copy of its own: with the plain functions of
    the documents, or with some configuration values replaced. Copies share types and constants
    with the ordinary module, so that states can be passed between them.

    Raises ValueError if there is no such fork or preset, ConfigurationError if `config` has a name
    or value that does not fit.
    """
    shared = _shared(fork, preset)
    if fast and config is None:
        return shared
    replaced = override(shared.__dict__["config"], config or {})
    module = _copy(shared)
    fast_table.unbind(module)
    module.__dict__["config"] = replaced
    if fast:
        fast_table.bind(module)
    return module


def _shared(fork: str, preset: str) -> ModuleType:
    """Import the compiled module."""
    name = f"poolspec.{fork}.{preset}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise  # something that the module imports is missing
        raise ValueError(
            f"no compiled fork {fork!r} with preset {preset!r}; `python -m pysetup` compiles"
        ) from error
    if not hasattr(module, "SOURCE_MAP"):
        raise ValueError(f"{name} is not a compiled fork")
    return module


def _copy(shared: ModuleType) -> ModuleType:
    """Execute a compiled module again under a name of its own, with the types of the first."""
    name = f"{shared.__name__}_copy_{next(_copies)}"
    spec = importlib.util.spec_from_file_location(name, shared.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # While it is executed, dataclasses and `finish` look it up by its name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    for defined, *_ in module.SOURCE_MAP:
        if _is_data(getattr(shared, defined, None)):
            setattr(module, defined, getattr(shared, defined))
    return module


def _is_data(value: object) -> bool:
    """Tell whether a definition is a constant or an SSZ type, with no function of the documents."""
    if isinstance(value, type):
        return issubclass(value, View)
    return isinstance(value, View | int | str | bytes | tuple)
