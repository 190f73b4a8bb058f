"""Values that tell networks apart, and how they are replaced at run time."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class ConfigurationError(ValueError):
    """A configuration names a value that does not exist, or gives one that does not fit."""


def frozen(value: Any) -> Any:
    """Return `value` with every list turned into a tuple and every mapping made read-only."""
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, Mapping):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    return value


def override[C: NamedTuple](configuration: C, overrides: Mapping[str, Any]) -> C:
    """Return the configuration with some values replaced, each brought to the type it had.

    Numbers may be given as `int` or as decimal text, bytes as hex text. Raises ConfigurationError
    for a name that the configuration does not have and for a value that its type cannot hold.
    """
    unknown = sorted(set(overrides) - set(configuration._fields))
    if unknown:
        raise ConfigurationError(f"unknown configuration value: {', '.join(unknown)}")
    replaced = {
        name: _converted(name, getattr(configuration, name), given)
        for name, given in overrides.items()
    }
    return configuration._replace(**replaced)


def _converted(name: str, current: Any, given: Any) -> Any:
    """Return `given` as the type of `current`."""
    if isinstance(current, tuple | Mapping):
        if not isinstance(given, list | tuple | Mapping):
            raise ConfigurationError(f"{name}: a sequence is needed, not {given!r}")
        return frozen(given)
    if isinstance(current, int) and isinstance(given, bool | float):
        raise ConfigurationError(f"{name}: a whole number is needed, not {given!r}")
    try:
        return type(current)(given)
    except Exception as error:  # each SSZ type has its own ways to refuse
        raise ConfigurationError(f"{name}: {given!r} does not fit: {error}") from error
