"""Values that tell networks apart, and how they are replaced at run time."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

EPOCH = "EPOCH"
"""From when on an entry of a schedule holds; no two entries have the same."""

SCHEDULES: dict[str, tuple[str, ...]] = {
    "BLOB_SCHEDULE": (EPOCH, "MAX_BLOBS_PER_BLOCK"),
    "GAS_LIMIT_SCHEDULE": (EPOCH, "GAS_LIMIT"),
}
"""The names in each entry of values that are empty by default, so that none shows its form."""


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
    if isinstance(current, tuple):
        return _schedule(name, current, given)
    if isinstance(current, bytes) and not isinstance(given, bytes | str):
        raise ConfigurationError(f"{name}: bytes in hex are needed, not {given!r}")
    if isinstance(current, int) and isinstance(given, bool | float):
        raise ConfigurationError(f"{name}: a whole number is needed, not {given!r}")
    if isinstance(current, str) and not isinstance(given, str):
        raise ConfigurationError(f"{name}: text is needed, not {given!r}")
    try:
        if isinstance(current, int) and isinstance(given, str):
            return type(current)(int(given))
        return type(current)(given)
    except Exception as error:  # each SSZ type has its own ways to refuse
        raise ConfigurationError(f"{name}: {given!r} does not fit: {error}") from error


def _schedule(name: str, current: tuple[Any, ...], given: Any) -> tuple[Any, ...]:
    """Return a value that changes at certain epochs: entries with numbers of the same names."""
    if not isinstance(given, list | tuple):
        raise ConfigurationError(f"{name}: a sequence is needed, not {given!r}")
    names = SCHEDULES.get(name, ())
    epochs: dict[int, int] = {}
    for index, entry in enumerate(given):
        place = f"{name}[{index}]"
        if not isinstance(entry, Mapping):
            raise ConfigurationError(f"{place}: names with values are needed, not {entry!r}")
        names = names or _names((*current, entry))
        _check_entry(place, entry, names)
        if (epoch := entry.get(EPOCH)) is not None:
            if epoch in epochs:
                raise ConfigurationError(
                    f"{place}.{EPOCH}: {epoch} is that of {name}[{epochs[epoch]}] already"
                )
            epochs[epoch] = index
    schedule: tuple[Any, ...] = frozen(given)
    return schedule


def _names(entries: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the names that the first of some entries has."""
    return tuple(map(str, entries[0]))


def _check_entry(place: str, entry: Mapping[Any, Any], names: tuple[str, ...]) -> None:
    """Raise ConfigurationError unless an entry has exactly these names, each with a number."""
    for missing in (name for name in names if name not in entry):
        raise ConfigurationError(f"{place}: {missing} is missing")
    for name, value in entry.items():
        if name not in names:
            raise ConfigurationError(f"{place}: unknown name {name!r}")
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
            raise ConfigurationError(
                f"{place}.{name}: a whole number below 2**64 is needed, not {value!r}"
            )
