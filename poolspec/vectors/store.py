"""The output folder: cases are put there whole or not at all, and are known again by their hashes.

Beside `tests/` the folder `.generated/` keeps, for each case, a hash of what it was made from and
one of its files. A case is kept if both still hold; so an interrupted run resumes where it was.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from poolspec.vectors.layout import ROOT_FOLDER, CaseId, case_of

RECORDS = ".generated"
PARTIAL = ".partial"


def content_hash(files: Mapping[str, bytes]) -> str:
    """A hash over names and contents of files."""
    total = sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def source_hash(paths: Iterable[Path], *further: str) -> str:
    """A hash over source files, and whatever else decides what is made from them."""
    total = sha256("\0".join(further).encode())
    for path in sorted(paths):
        total.update(sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Store:
    """The output folder of a generation."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, case: CaseId, files: Mapping[str, bytes], inputs: str) -> None:
        """Put a case in place: its files are written beside and moved in as a folder."""
        partial = self.root / PARTIAL / f"{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, content in files.items():
            (partial / name).write_bytes(content)
        self.remove(case)
        target = self.root / case.folder
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(target)
        self._write_record(case, {"inputs": inputs, "content": content_hash(files)})

    def _write_record(self, case: CaseId, record: Mapping[str, str]) -> None:
        path = self._record(case)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(record))
        beside.replace(path)

    def has(self, case: CaseId, inputs: str) -> bool:
        """Whether the case is there, made from the same inputs, and its files are as they were."""
        try:
            record = json.loads(self._record(case).read_text())
            if record["inputs"] != inputs:
                return False
            files = {path.name: path.read_bytes() for path in (self.root / case.folder).iterdir()}
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return bool(record["content"] == content_hash(files))

    def remove(self, case: CaseId) -> None:
        """Remove a case; first its record, so that half a case is never taken for a whole one."""
        self._record(case).unlink(missing_ok=True)
        shutil.rmtree(self.root / case.folder, ignore_errors=True)

    def cases(self) -> list[CaseId]:
        """All cases that are there."""
        folders = {path.parent for path in (self.root / ROOT_FOLDER).rglob("*") if path.is_file()}
        return sorted(case for case in map(case_of, folders) if case is not None)

    def clear_partial(self) -> None:
        """Remove what an interrupted run has left behind, and folders without cases."""
        shutil.rmtree(self.root / PARTIAL, ignore_errors=True)
        for top in (ROOT_FOLDER, RECORDS):
            for folder, _, _ in os.walk(self.root / top, topdown=False):
                if not any(Path(folder).iterdir()):
                    Path(folder).rmdir()

    def _record(self, case: CaseId) -> Path:
        return self.root / RECORDS / Path(*case.names[:-1]) / f"{case.case}.json"
