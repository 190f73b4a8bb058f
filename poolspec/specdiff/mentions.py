"""Which sections of the proposal state what.

Those that name it in backticks or in code, and those that a table's row about it refers to.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from poolspec.specdiff.places import Outline, Section

PROPOSAL = "eip/eip-draft_pool_bonds.md"
NORMATIVE = "Specification"
"""The chapter whose words bind; a name in any other is only mentioned there."""

_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_FENCE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
_REFERENCE = re.compile(r"\]\(#([^)\s]+)\)")
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Mentions:
    """The sections that state a definition, and the others that only name it, in order."""

    stated: tuple[Section, ...] = ()
    named: tuple[Section, ...] = ()


def mentions_of(outline: Outline, names: Iterable[str]) -> Mapping[str, Mentions]:
    """Find names in the sections of a document; a name that is nowhere has empty mentions."""
    wanted = dict.fromkeys(names)
    found: dict[str, list[Section]] = {name: [] for name in wanted}
    by_anchor = {section.anchor: section for section in outline.sections}
    for section, text in _texts(outline):
        for place, part in _referred(section, text, by_anchor):
            for name in dict.fromkeys(_names_in_code(part)):
                if name in wanted and place not in found[name]:
                    found[name].append(place)
    return {
        name: Mentions(
            tuple(each for each in sections if _is_normative(each)),
            tuple(each for each in sections if not _is_normative(each)),
        )
        for name, sections in found.items()
    }


def _is_normative(section: Section) -> bool:
    return NORMATIVE in (section.title, *section.above)


def _texts(outline: Outline) -> Iterable[tuple[Section, str]]:
    """Each section with its heading and the text up to the next one."""
    lines = outline.text.splitlines()
    starts = [each.heading.span.first for each in outline.sections]
    for section, start, end in zip(
        outline.sections, starts, [*starts[1:], len(lines) + 1], strict=True
    ):
        yield section, "\n".join(lines[start - 1 : end - 1])


def _referred(
    section: Section, text: str, by_anchor: Mapping[str, Section]
) -> Iterable[tuple[Section, str]]:
    """The text of a section in parts: a row of a table that refers to another one is about that."""
    own = []
    for line in text.splitlines():
        target = _REFERENCE.search(line) if line.startswith("|") else None
        place = by_anchor.get(target[1]) if target else None
        if place is None:
            own.append(line)
        else:
            yield place, line
    yield section, "\n".join(own)


def _names_in_code(text: str) -> Iterable[str]:
    for fence in _FENCE.finditer(text):
        yield from _NAME.findall(fence[2])
    for span in _CODE_SPAN.finditer(_FENCE.sub("", text)):
        yield from _NAME.findall(span[2])
