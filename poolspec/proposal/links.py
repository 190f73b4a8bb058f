"""The rules for links and for naming other proposals.

Links to files of this checkout are relative, so that they work where the proposal is read. In the
editors' repository the same files are the proposal's assets: `submission` puts them there and
rewrites the links. Only what can become an asset may be linked.
"""

import posixpath
import re
from functools import cache
from pathlib import Path

from poolspec.anchors import anchors_of
from poolspec.proposal.document import Code, Link, Proposal, Text, anchors
from pysetup.errors import Problems

__all__ = ["ASSETS", "LICENCE", "MENTION", "UNDASHED", "check_links", "file_target"]

ASSETS = ("docs/adversary.md", "eip/assets/", "eip/notes.md", "specs/")
"""What of the checkout goes along with the proposal."""

LICENCE = "../LICENSE.md"
"""The editors' own file, which every proposal links."""

_HASH = r"[0-9a-f]{40}"
_EXTERNAL = tuple(
    re.compile(pattern)
    for pattern in (
        rf"https://github\.com/ethereum/(consensus-specs|execution-specs|execution-apis|devp2p)/"
        rf"(blob|tree)/{_HASH}/.+",
        rf"https://github\.com/ethereum/(consensus-specs|execution-specs|execution-apis|devp2p)/"
        rf"commit/{_HASH}",
        rf"https://github\.com/bitcoin/bips/blob/{_HASH}/bip-\d+\.mediawiki",
        r"https://www\.rfc-editor\.org/rfc/.+",
        r"https://www\.w3\.org/TR/\d{4}/.+",
        rf"https://[a-z]+\.spec\.whatwg\.org/commit-snapshots/{_HASH}/.*",
        r"https://nvd\.nist\.gov/vuln/detail/CVE-\d{4}-\d+",
    )
)
"""External links that editors accept: what is pinned, or does not change."""

MENTION = re.compile(r"(?i)\b(?:eip|erc)-(?P<number>\d+)")
UNDASHED = re.compile(r"(?i)\b(?:eip|erc)\s*\d+")
"""How proposals are named, and how they must not be."""

_PROPOSAL_FILE = re.compile(r"\./(?:eip|erc)-(\d+)\.md(#.*)?")
_BARE = re.compile(r"(?:https?://|www\.)\S+")


def check_links(proposal: Proposal, root: Path, problems: Problems) -> None:
    """Report links that editors refuse, that lead nowhere, and careless mentions of proposals."""
    own = set(anchors_of(heading.text for heading in proposal.headings))
    for link in proposal.links():
        message = _judge_link(link, own, root)
        if message:
            problems.add(proposal.span(link.line), message)
    _check_mentions(proposal, problems)
    for piece in proposal.pieces:
        if (
            isinstance(piece, Text)
            and piece.target is None
            and (bare := _BARE.search(piece.content))
        ):
            problems.add(proposal.span(piece.line), f"'{bare[0]}' is a bare link")
        if isinstance(piece, Code) and (match := MENTION.fullmatch(piece.content)):
            problems.add(proposal.span(piece.line), f"'{match[0]}' must not stand in backticks")


def _check_mentions(proposal: Proposal, problems: Problems) -> None:
    """Report proposals whose first mention is no link, and mentions without the dash."""
    linked: set[int] = set()
    for piece in proposal.pieces:
        if not isinstance(piece, Text):
            continue
        for match in MENTION.finditer(piece.content):
            number = int(match["number"])
            target = _PROPOSAL_FILE.fullmatch(piece.target or "")
            if number not in linked and (target is None or int(target[1]) != number):
                message = f"the first mention of EIP-{number} must be a link to ./eip-{number}.md"
                problems.add(proposal.span(piece.line), message)
            linked.add(number)
        if undashed := UNDASHED.search(piece.content):
            message = f"'{undashed[0]}' must be written with a dash, as in EIP-1"
            problems.add(proposal.span(piece.line), message)


def _judge_link(link: Link, own: set[str], root: Path) -> str | None:
    """Return what is wrong with a link, or None."""
    if link.target.startswith("#"):
        return None if link.target[1:] in own else f"there is no heading '{link.target}' here"
    if link.target == LICENCE:
        return None
    if re.match(r"[a-z][a-z0-9+.-]*:|//", link.target):
        is_accepted = any(pattern.fullmatch(link.target) for pattern in _EXTERNAL)
        return None if is_accepted else f"the external link {link.target} is none that is accepted"
    if proposal_file := _PROPOSAL_FILE.fullmatch(link.target):
        number = proposal_file[1]
        is_named = re.match(rf"(?:EIP|ERC)-{number}(?!\d)", link.text)
        return None if is_named else f"a link to ./eip-{number}.md must begin 'EIP-{number}'"
    return _judge_file(link.target, root)


def file_target(target: str) -> tuple[str, str]:
    """Return the file, by its path in the checkout, and the anchor that a relative link names."""
    path, _, anchor = target.partition("#")
    return posixpath.normpath(posixpath.join("eip", path)), anchor


def _judge_file(target: str, root: Path) -> str | None:
    """Return what is wrong with a link to a file of the checkout, or None."""
    path, anchor = file_target(target)
    if not any(path.startswith(asset) for asset in ASSETS):
        return f"{target} cannot go along: only {', '.join(ASSETS)} become assets"
    file = root / path
    if not file.is_file():
        return f"there is no file {path}"
    if anchor and (file.suffix != ".md" or anchor not in _anchors_of(file)):
        return f"{path} has no heading '#{anchor}'"
    return None


@cache
def _anchors_of(file: Path) -> set[str]:
    return anchors(file.read_text(encoding="utf-8"))
