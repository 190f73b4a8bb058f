"""Find cases in a folder, or in a `.tar.gz` archive that is unpacked beside, with suspicion."""

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tarfile import (  # type: ignore[attr-defined]
    EmptyHeaderError,
    EOFHeaderError,
    HeaderError,
    ReadError,
)
from typing import IO, Self

from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import DEPTH, ROOT_FOLDER, CaseId, Selection, case_of
from poolspec.vectors.parts import MAX_FILE_BYTES, SSZ_SUFFIX

MAX_UNPACKED_BYTES = 2**34
"""Most that is unpacked from one archive, 16 GiB; the official releases are well below."""

MAX_PASSED_BYTES = 2**35
"""Most that is read of one archive, cases that are not selected included."""

MAX_PADDING_BYTES = 2**24
"""Most zeros after the end of an archive, 16 MiB; archivers fill up a record of blocks."""

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz")


@dataclass(frozen=True)
class Found:
    """A case and where it lies: its folder, the path to show for it, and the size of its files."""

    id: CaseId
    folder: Path
    shown: str
    size: int


def find(path: Path, selection: Selection, scratch: Path) -> tuple[list[Found], int]:
    """All selected cases under a path, sorted, and the number of those that were not selected.

    An archive is unpacked into `scratch`, the selected cases only.
    """
    if not path.exists():
        raise VectorError(path, "no such file or folder")
    if path.is_dir():
        root = path.resolve()
    elif path.name.endswith(ARCHIVE_SUFFIXES):
        root = scratch.resolve()
        skipped = _unpack(path, selection, root)
        if not root.is_dir():  # nothing was selected, so nothing was written
            return [], skipped
        found, _ = _walk(root, path, selection)
        return found, skipped
    else:
        raise VectorError(path, "neither a folder nor a .tar.gz archive")
    found, skipped = _walk(root, path, selection)
    if not found and not skipped:
        raise VectorError(path, f"no case in it; expected {ROOT_FOLDER}/<preset>/<fork>/<runner>/…")
    return found, skipped


def _walk(root: Path, shown: Path, selection: Selection) -> tuple[list[Found], int]:
    """The selected cases below a folder, and the number of others."""
    found: list[Found] = []
    skipped = 0
    for folder, size in _folders_with_files(root, shown):
        case = case_of(folder)
        if case is None:
            continue
        _check_printable(case, shown / folder.relative_to(root))
        if case in selection:
            found.append(Found(case, folder, str(shown / folder.relative_to(root)), size))
        else:
            skipped += 1
    return sorted(found, key=lambda each: each.id), skipped


def _check_printable(case: CaseId, shown: object) -> None:
    """Names are printed, so they must be text, and none that a terminal would obey."""
    if not str(case).isprintable():
        raise VectorError(str(shown), "the name of a case must be printable text")


def _folders_with_files(root: Path, shown: Path) -> Iterator[tuple[Path, int]]:
    """Every folder that holds files, with their size. Links are refused, and so are lost parts."""
    for parent, folders, files in os.walk(root, onerror=_raise):
        here = Path(parent)
        folders.sort()
        for name in (*folders, *files):
            if (here / name).is_symlink():
                raise VectorError(
                    shown / (here / name).relative_to(root), "is a link; links are not followed"
                )
        if files:
            _check_place(here, sorted(files), root, shown)
            yield here, sum((here / name).stat().st_size for name in files)


def _check_place(folder: Path, files: list[str], root: Path, shown: Path) -> None:
    """An SSZ part that lies in no case's folder is a mistake that would pass for an absent case."""
    lost = [name for name in files if name.endswith(SSZ_SUFFIX)]
    if lost and case_of(folder) is None:
        raise VectorError(
            shown / (folder / lost[0]).relative_to(root),
            f"not in a folder {ROOT_FOLDER}/<preset>/<fork>/<runner>/<handler>/<suite>/<case>",
        )


def _raise(error: OSError) -> None:
    raise VectorError(str(error.filename), error.strerror or str(error)) from error


class _Header(tarfile.TarInfo):
    """A header that must be sound: `tarfile` takes a damaged one for the end of the archive."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """The next header; an error that is not the block of zeros at the end is a damage."""
        try:
            return super().fromtarfile(tarfile)
        except HeaderError as error:
            if isinstance(error, EOFHeaderError):
                raise
            reason = "cut off" if isinstance(error, EmptyHeaderError) else str(error)
            raise ReadError(reason) from error


def _unpack(archive: Path, selection: Selection, target: Path) -> int:
    """Write the files of selected cases below `target`; gives the number of other cases."""
    skipped: set[CaseId] = set()
    origins: dict[CaseId, PurePosixPath] = {}
    total = passed = 0
    try:
        with (
            gzip.open(archive) as stream,
            tarfile.open(fileobj=stream, mode="r:", tarinfo=_Header) as tar,
        ):
            for member in tar:
                # What is skipped is unpacked as well, to get at what comes after it
                passed += member.size
                if passed > MAX_PASSED_BYTES:
                    raise VectorError(f"{archive}/{member.name}", "unpacks to more than is read")
                case = _member_case(archive, member)
                if case is None:
                    continue
                path = PurePosixPath(member.name)
                if origins.setdefault(case, path.parent) != path.parent:
                    raise VectorError(f"{archive}/{path.parent}", f"is the case {case} once more")
                if case not in selection:
                    skipped.add(case)
                    continue
                total += member.size
                if member.size > MAX_FILE_BYTES or total > MAX_UNPACKED_BYTES:
                    raise VectorError(f"{archive}/{member.name}", "unpacks to more than is allowed")
                content = tar.extractfile(member)
                if content is not None:
                    _write(content, target / case.folder / path.name, archive)
            _check_end(stream)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise VectorError(archive, f"damaged archive: {error}") from error
    except OSError as error:
        raise VectorError(archive, error.strerror or str(error)) from error
    if not skipped and not total:
        raise VectorError(
            archive, f"no case in it; expected {ROOT_FOLDER}/<preset>/<fork>/<runner>/…"
        )
    return len(skipped)


def _check_end(stream: gzip.GzipFile) -> None:
    """Read the compressed stream to its end, where its checksum is.

    `tarfile` has read the first of two blocks of zeros; nothing but zeros may follow.
    """
    rest = stream.read(tarfile.BLOCKSIZE)
    if rest != bytes(tarfile.BLOCKSIZE):
        raise ReadError("cut off, or more follows after the end of the archive")
    passed = 0
    while block := stream.read(2**20):
        passed += len(block)
        if block.count(0) != len(block) or passed > MAX_PADDING_BYTES:
            raise ReadError("more follows after the end of the archive")


def _member_case(archive: Path, member: tarfile.TarInfo) -> CaseId | None:
    """The case that a member belongs to; None for folders and for files outside the layout."""
    path = PurePosixPath(member.name)
    shown = f"{archive}/{member.name}"
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise VectorError(shown, "names a path outside the archive")
    if member.isdir():
        return None
    if not member.isfile():
        raise VectorError(shown, "is a link or a device; only files and folders are read")
    case = case_of(path.parent)
    if case is None and path.name.endswith(SSZ_SUFFIX):
        raise VectorError(shown, f"not in a folder of {DEPTH} levels below {ROOT_FOLDER}/")
    if case is not None:
        _check_printable(case, shown)
    return case


def _write(content: IO[bytes], path: Path, archive: Path) -> None:
    """One unpacked file; the second of the same name is an error, not a replacement."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            while block := content.read(2**20):
                file.write(block)
    except FileExistsError as error:
        raise VectorError(f"{archive}/{path.name}", "is in the archive twice") from error
