"""The rules for a proposal's sections, code blocks, raw HTML and words of obligation."""

import re

from poolspec.proposal.document import Html, Proposal, Text
from pysetup.errors import Problems

__all__ = ["COPYRIGHT", "ORDER", "check_sections"]

ORDER = (
    "Abstract",
    "Motivation",
    "Specification",
    "Rationale",
    "Backwards Compatibility",
    "Test Cases",
    "Reference Implementation",
    "Security Considerations",
    "Copyright",
)
"""The sections of the second level that there may be, in their order."""

_REQUIRED = ("Abstract", "Specification", "Rationale", "Security Considerations", "Copyright")

COPYRIGHT = "Copyright and related rights waived via [CC0](../LICENSE.md)."

_KEYWORDS = (
    '"MUST", "MUST NOT", "REQUIRED", "SHALL", "SHALL NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED", '
    '"NOT RECOMMENDED", "MAY", and "OPTIONAL"'
)
_BOILERPLATE = (
    f"The key words {_KEYWORDS} in this document are to be interpreted as described in RFC 2119 "
    "and RFC 8174."
)
_KEYWORD = re.compile(r"\b(MUST|REQUIRED|SHALL|SHOULD|RECOMMENDED|MAY|OPTIONAL)\b")


def check_sections(proposal: Proposal, problems: Problems) -> None:
    """Report what is wrong with the outline and the blocks of the text."""
    _check_outline(proposal, problems)
    _check_start(proposal, problems)
    _check_copyright(proposal, problems)
    _check_keywords(proposal, problems)
    for fence in proposal.fences:
        if not fence.info:
            # The span covers the code; its fence stands one line above
            problems.add(proposal.span(fence.span.first - 1), "the code block names no language")
    for piece in proposal.pieces:
        if isinstance(piece, Html):
            kind = "an HTML comment" if piece.content.lstrip().startswith("<!--") else "raw HTML"
            problems.add(proposal.span(piece.line), f"{kind} is not allowed")


def _check_outline(proposal: Proposal, problems: Problems) -> None:
    seen: list[str] = []
    for heading in proposal.headings:
        if heading.level == 1:
            problems.add(heading.span, "a heading of the first level: the title is in the preamble")
        if heading.level != 2:
            continue
        if heading.text not in ORDER:
            problems.add(heading.span, f"unknown section '{heading.text}'")
            continue
        later = [each for each in seen if ORDER.index(each) > ORDER.index(heading.text)]
        if heading.text in seen:
            problems.add(heading.span, f"the section '{heading.text}' stands twice")
        elif later:
            message = f"the section '{heading.text}' must stand before '{later[0]}'"
            problems.add(heading.span, message)
        seen.append(heading.text)
    for name in _REQUIRED:
        if name not in seen:
            problems.add(proposal.span(1), f"the section '{name}' is missing")
    for section in proposal.sections:
        text = proposal.lines[section.first : section.end - 1]
        if section.heading.level == 2 and not any(line.strip() for line in text):
            problems.add(section.heading.span, f"the section '{section.heading.text}' is empty")


def _check_start(proposal: Proposal, problems: Problems) -> None:
    first = proposal.headings[0].span.first if proposal.headings else len(proposal.lines) + 1
    for number in range(proposal.body_start, first):
        if proposal.lines[number - 1].strip():
            message = "nothing may stand between the preamble and the first heading"
            problems.add(proposal.span(number), message)
            return


def _check_copyright(proposal: Proposal, problems: Problems) -> None:
    section = proposal.section("Copyright")
    if section is None:
        return
    text = "\n".join(proposal.lines[section.first : section.end - 1]).strip()
    if text and text != COPYRIGHT:
        problems.add(section.heading.span, f"this section must read: {COPYRIGHT}")


def _check_keywords(proposal: Proposal, problems: Problems) -> None:
    """Report words of obligation in a text that does not say how to read them."""
    section = proposal.section("Specification")
    if section is not None:
        text = " ".join(" ".join(proposal.lines[section.first : section.end - 1]).split())
        if _BOILERPLATE in text:
            return
    for piece in proposal.pieces:
        if isinstance(piece, Text) and (match := _KEYWORD.search(piece.content)):
            message = (
                f"'{match[1]}' is used, but 'Specification' has not the paragraph on RFC 2119 "
                "and RFC 8174"
            )
            problems.add(proposal.span(piece.line), message)
            return
