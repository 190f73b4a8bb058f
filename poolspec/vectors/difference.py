"""Where two values differ, in a line."""

from typing import Any

MAX_PLACES = 4
"""Places named before the rest is only counted."""

MAX_TEXT = 80
"""Characters of a value that are shown."""


def difference(expected: Any, found: Any) -> str:
    """The first places where `found` is not `expected`, and how many more there are."""
    places: list[str] = []
    _collect(expected, found, "", places)
    shown = "; ".join(places[:MAX_PLACES])
    more = len(places) - MAX_PLACES
    return shown + (f"; and {more} more" if more > 0 else "")


def _root(value: Any) -> Any:
    """What two values are compared by: the root if they have one, else the value."""
    return value.hash_tree_root() if hasattr(value, "hash_tree_root") else value


def _collect(expected: Any, found: Any, path: str, places: list[str]) -> None:
    if _root(expected) == _root(found):
        return
    expected_fields = _fields(expected)
    if expected_fields and expected_fields == _fields(found):
        for name in expected_fields:
            _collect(
                getattr(expected, name),
                getattr(found, name),
                f"{path}.{name}" if path else name,
                places,
            )
    elif _is_sequence(expected) and _is_sequence(found):
        if len(expected) != len(found):
            places.append(f"{path}: length {len(found)}, expected {len(expected)}")
        for index, (left, right) in enumerate(zip(expected, found, strict=False)):
            _collect(left, right, f"{path}[{index}]", places)
    else:
        places.append(f"{path or 'value'}: {_text(found)}, expected {_text(expected)}")


def _fields(value: Any) -> tuple[str, ...]:
    """The field names of a container; empty for anything else."""
    fields = getattr(type(value), "fields", None)
    return tuple(fields()) if callable(fields) else ()


def _is_sequence(value: Any) -> bool:
    return (
        hasattr(value, "__getitem__")
        and hasattr(value, "__len__")
        and not isinstance(value, (bytes, str))
    )


def _text(value: Any) -> str:
    text = "0x" + value.hex() if isinstance(value, bytes) else " ".join(str(value).split())
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
