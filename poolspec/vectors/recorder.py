"""Collect the parts of a case while a test hands them over.

A part is serialised at once, because the test goes on changing the state. Where no vectors are
wanted nothing is serialised, but the rules on parts are checked all the same, so that a filler that
would write an incomplete case fails in the ordinary test run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from poolspec.vectors.encoding import FieldEncodings
from poolspec.vectors.layout import CaseId
from poolspec.vectors.parts import SSZ_SUFFIX, YAML_SUFFIX, pack_snappy, write_yaml

NO_VERDICT_RUNNERS = ("rewards", "shuffling", "ssz_static")
"""Runners whose cases compare values; those of all others end in a state or in a rejection."""

RESERVED_PARTS = ("manifest", "meta", "config")
"""Files that the recorder writes by itself."""


_encodings = FieldEncodings()


class RecordingError(Exception):
    """A test has recorded something that is not a case."""


class Recorder:
    """The `vector` of a test."""

    def __init__(self, case: CaseId, writing: bool) -> None:
        """A recorder for one case; `writing` says whether the parts are kept."""
        self.case = case
        self.writing = writing
        self.reason: str | None = None
        self._parts: dict[str, bytes] = {}
        self._meta: dict[str, Any] = {}
        self._config: dict[str, Any] | None = None

    def pre(self, state: Any) -> None:
        """The state before."""
        self.ssz("pre", state)

    def post(self, state: Any | None) -> None:
        """The state after; None is left out, and `invalid` has to say why there is none."""
        if state is not None:
            self.ssz("post", state)

    def operation(self, name: str, value: Any) -> None:
        """The operation, under the name of its part."""
        self.ssz(name, value)

    def blocks(self, signed_blocks: Sequence[Any]) -> None:
        """All blocks of the case, in order."""
        self.meta(blocks_count=len(signed_blocks))
        for index, signed_block in enumerate(signed_blocks):
            self.ssz(f"blocks_{index}", signed_block)

    def ssz(self, name: str, value: Any) -> None:
        """An SSZ part."""
        self._add(name + SSZ_SUFFIX, pack_snappy(_encodings.encode(value)) if self.writing else b"")

    def yaml(self, name: str, value: Any) -> None:
        """A YAML part."""
        self._add(name + YAML_SUFFIX, write_yaml(value) if self.writing else b"")

    def raw(self, file_name: str, content: bytes) -> None:
        """A part whose bytes the test has made itself."""
        self._add(file_name, content)

    def meta(self, **values: Any) -> None:
        """Entries of `meta.yaml`."""
        for name, value in values.items():
            if self._meta.setdefault(name, value) != value:
                raise RecordingError(f"{self.case}: '{name}' is {self._meta[name]}, then {value}")

    def config(self, values: Mapping[str, Any]) -> None:
        """The configuration, where it is not the preset's."""
        self._config = dict(values)

    def invalid(self, reason: str) -> None:
        """There is no state after, for this reason and no other."""
        if self.reason is not None or not reason.strip():
            raise RecordingError(f"{self.case}: an invalid case has exactly one reason")
        self.reason = reason

    def _add(self, file_name: str, content: bytes) -> None:
        if file_name in self._parts or file_name.partition(".")[0] in RESERVED_PARTS:
            raise RecordingError(f"{self.case}: a second {file_name}")
        self._parts[file_name] = content

    def finish(self) -> dict[str, bytes]:
        """Check that the parts make a case; gives its files by name."""
        if not self._parts:
            raise RecordingError(f"{self.case}: nothing was recorded")
        has_post = "post" + SSZ_SUFFIX in self._parts
        if self.case.runner not in NO_VERDICT_RUNNERS and has_post == (self.reason is not None):
            raise RecordingError(f"{self.case}: needs either `post` or `invalid`, not both")
        files = dict(self._parts)
        manifest = dict(zip(CaseId.__dataclass_fields__, self.case.names, strict=True))
        if self.reason is not None:
            manifest["reason"] = self.reason
        files["manifest.yaml"] = write_yaml(manifest)
        if self._meta:
            files["meta.yaml"] = write_yaml(dict(sorted(self._meta.items())))
        if self._config is not None:
            files["config.yaml"] = write_yaml(self._config)
        return files
