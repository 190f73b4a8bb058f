"""One case: its identity, its files, and the settings in its `meta.yaml` and `config.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from poolspec.vectors.errors import VectorError, shown
from poolspec.vectors.layout import CaseId
from poolspec.vectors.parts import (
    SSZ_SUFFIX,
    YAML_SUFFIX,
    decode,
    read_bytes,
    read_mapping,
    read_yaml,
    unpack_snappy,
)


class BlsSetting(IntEnum):
    """What `bls_setting` asks for."""

    EITHER = 0
    REQUIRED = 1
    IGNORED = 2


@dataclass(frozen=True)
class Case:
    """A case that has been found. Parts are read when asked for."""

    id: CaseId
    folder: Path
    names: frozenset[str]
    meta: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    bls: BlsSetting = BlsSetting.EITHER

    def has_ssz(self, part: str) -> bool:
        """Whether the case has this SSZ part."""
        return part + SSZ_SUFFIX in self.names

    def has_yaml(self, part: str) -> bool:
        """Whether the case has this YAML part."""
        return part + YAML_SUFFIX in self.names

    def path(self, part: str) -> Path:
        """The file of an SSZ part."""
        return self.folder / (part + SSZ_SUFFIX)

    def content(self, part: str) -> bytes:
        """The bytes of an SSZ part, which must be there, unpacked but not decoded."""
        return unpack_snappy(read_bytes(self.path(part)), self.path(part))

    def ssz(self, part: str, value_type: Any) -> Any:
        """The value of an SSZ part, which must be there."""
        return decode(value_type, self.content(part), self.path(part))

    def yaml(self, part: str) -> Any:
        """The value of a YAML part, which must be there."""
        return read_yaml(self.folder / (part + YAML_SUFFIX))

    def count(self, name: str, default: int | None = None) -> int:
        """A non-negative integer of `meta.yaml`; it must be there if it has no default."""
        path = self.folder / "meta.yaml"
        value = self.meta.get(name, default)
        if value is None:
            raise VectorError(path, f"'{name}' is missing")
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise VectorError(path, f"'{name}' must be a non-negative integer, not {shown(value)}")
        return value


def read_case(case_id: CaseId, folder: Path) -> Case:
    """The case in a folder, with its settings but without its parts."""
    try:
        names = frozenset(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise VectorError(folder, error.strerror or str(error)) from error
    meta_path = folder / "meta.yaml"
    meta = read_mapping(meta_path) if "meta.yaml" in names else {}
    config = read_mapping(folder / "config.yaml") if "config.yaml" in names else None
    setting = meta.get("bls_setting", 0)
    if isinstance(setting, bool) or setting not in list(BlsSetting):
        raise VectorError(meta_path, f"'bls_setting' must be 0, 1 or 2, not {shown(setting)}")
    return Case(case_id, folder, names, meta, config, BlsSetting(setting))
