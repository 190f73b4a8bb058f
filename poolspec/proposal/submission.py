"""The proposal as it is handed in: one file, and the folder of its assets.

In the editors' repository a proposal is `EIPS/eip-N.md`, and its assets lie in `assets/eip-N/`.
There the assets keep the paths that they have in this checkout, so links between them go on
working, and only the proposal's own links are rewritten.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from poolspec.proposal.document import Proposal
from poolspec.proposal.links import ASSETS, LICENCE, file_target

__all__ = ["SubmissionError", "fill", "rewrite_links", "write_submission"]

_RELATIVE = re.compile(r"\]\((?P<target>(?!#|\./eip-|\./erc-|[a-z]+:)[^)\s]+)\)")


class SubmissionError(Exception):
    """The proposal cannot be handed in; the text says why."""


def fill(proposal: Proposal, values: Mapping[str, str]) -> str:
    """Return the text with other values in the preamble.

    Raises SubmissionError for a field that is not there.
    """
    lines = list(proposal.lines)
    for name, value in values.items():
        field = proposal.field(name)
        if field is None:
            raise SubmissionError(f"{proposal.path}: error: the preamble has no field '{name}'")
        lines[field.line - 1] = f"{name}: {value}"
    return "\n".join(lines)


def rewrite_links(text: str, folder: str) -> str:
    """Return the text with links to the checkout's files leading to the folder of assets."""

    def rewritten(match: re.Match[str]) -> str:
        target = match["target"]
        if target == LICENCE:
            return match[0]
        path, anchor = file_target(target)
        return f"](../assets/{folder}/{path}{'#' if anchor else ''}{anchor})"

    return _RELATIVE.sub(rewritten, text)


def write_submission(text: str, name: str, root: Path, target: Path) -> None:
    """Write `EIPS/<name>` and its assets into a folder, which must not exist yet.

    Raises SubmissionError if it exists, OSError if it cannot be written.
    """
    if target.exists():
        raise SubmissionError(f"{target}: error: this exists already")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = name.removesuffix(".md")
    with TemporaryDirectory(dir=target.parent, prefix=".submission-") as temporary:
        whole = Path(temporary) / "whole"
        (whole / "EIPS").mkdir(parents=True)
        (whole / "EIPS" / name).write_text(rewrite_links(text, folder), encoding="utf-8")
        for asset in ASSETS:
            source, copy = root / asset, whole / "assets" / folder / asset
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy)
            elif source.is_file():
                shutil.copyfile(source, copy)
        whole.replace(target)
