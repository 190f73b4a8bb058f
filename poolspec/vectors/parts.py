"""The files of a case: raw snappy blocks of SSZ, and YAML. Everything read is bounded in size."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import cramjam
from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.error import YAMLError

from poolspec.vectors.errors import VectorError

SSZ_SUFFIX = ".ssz_snappy"
YAML_SUFFIX = ".yaml"

MAX_FILE_BYTES = 2**28
"""Largest file read, 256 MiB; a mainnet state of a million validators packs into about 100."""

MAX_SSZ_BYTES = 2**29
"""Largest SSZ value, 512 MiB."""

MAX_YAML_BYTES = 2**24
"""Largest YAML file that is read, 16 MiB: long lists of numbers, which are parsed quickly."""

MAX_PARSED_BYTES = 2**18
"""Largest YAML file of any other form, 256 KiB, at which the parser works for some seconds."""

MAX_SNAPPY_RATIO = 22
"""No snappy block unpacks to more per byte: its densest element gives 64 bytes for 3."""

MAX_YAML_DEPTH = 64
"""Most levels of lists and mappings within each other."""

_INTEGER_LIST = re.compile(r"\[[0-9, ]*\]")
_QUOTED_HEX = re.compile(r"'(0x[0-9a-f]*)'")
_INTEGER = re.compile(r"0|[1-9][0-9]*")


def read_bytes(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a regular file of at most `limit` bytes."""
    try:
        if path.is_symlink() or not path.is_file():
            raise VectorError(path, "not a regular file" if path.exists() else "missing part")
        if path.stat().st_size > limit:
            raise VectorError(path, f"larger than {limit} bytes")
        return path.read_bytes()
    except OSError as error:
        raise VectorError(path, error.strerror or str(error)) from error


def unpack_snappy(packed: bytes, path: Path) -> bytes:
    """The content of a raw snappy block. The declared length is judged before memory is taken."""
    try:
        length = cramjam.snappy.decompress_raw_len(packed)
        if length > MAX_SSZ_BYTES or length > MAX_SNAPPY_RATIO * len(packed):
            raise VectorError(path, f"snappy block claims {length} bytes, which it cannot hold")
        content = bytes(cramjam.snappy.decompress_raw(packed))
    except cramjam.DecompressionError as error:
        raise VectorError(path, f"damaged snappy block: {error}") from error
    if len(content) != length:
        raise VectorError(path, f"snappy block claims {length} bytes and holds {len(content)}")
    return content


def pack_snappy(content: bytes) -> bytes:
    """A raw snappy block; the same input gives the same bytes."""
    return bytes(cramjam.snappy.compress_raw(content))


def decode(value_type: Any, content: bytes, path: Path) -> Any:
    """The SSZ value that these bytes are the one canonical encoding of."""
    try:
        return value_type.decode_bytes(content)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise VectorError(path, f"not a valid {value_type.__name__}: {reason}") from error


def _plain_lines(text: str) -> dict[str, Any] | None:
    """A flat mapping of integers, quoted hex strings and integer lists; None if it is more.

    Shuffling cases hold lists of thousands of numbers, on which a YAML parser in Python spends
    nearly all the time of a replay.
    """
    values: dict[str, Any] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(": ")
        if not colon or not key.isidentifier() or key in values:
            return None
        if quoted := _QUOTED_HEX.fullmatch(value):
            values[key] = quoted[1]
        elif _INTEGER.fullmatch(value):
            values[key] = int(value)
        elif _INTEGER_LIST.fullmatch(value):
            try:
                values[key] = json.loads(value)
            except ValueError:
                return None
        else:
            return None
    return values or None


class _Composer(Composer):
    """Refuses aliases: with them a few lines stand for more values than any memory can hold."""

    def return_alias(self, a: Any) -> Any:
        raise ComposerError(None, None, "aliases are not read", a.start_mark)


def _parse(text: str) -> Any:
    """The value of any YAML text, of plain types only."""
    if len(text) > MAX_PARSED_BYTES:
        raise ValueError(f"more than {MAX_PARSED_BYTES} characters to parse")
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _Composer
    yaml.max_depth = MAX_YAML_DEPTH
    return yaml.load(text)


def read_yaml(path: Path) -> Any:
    """The value in a YAML file, of plain types only."""
    content = read_bytes(path, MAX_YAML_BYTES)
    try:
        text = content.decode()
        return _plain_lines(text) or _parse(text)
    except (YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        raise VectorError(path, f"damaged YAML: {reason}") from error


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file."""
    value = read_yaml(path)
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise VectorError(path, "must be a mapping of names to values")
    return value


def write_yaml(value: Any) -> bytes:
    """YAML in the style of the published vectors: mappings in block style, leaves in one line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 2**31
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().encode()
