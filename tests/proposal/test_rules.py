"""Every rule of the editors has a text that breaks it and nothing else."""

from pathlib import Path

import pytest

from tests.proposal.examples import VALID, reported

HASH = "0123456789abcdef0123456789abcdef01234567"

PREAMBLE = [
    ("eip: 9999\n", "eip: <to be assigned>\n", "2: 'eip' must be a number"),
    ("eip: 9999\n", "eip: 9998\n", "2: the file must be named eip-9998.md"),
    ("title: A Small Thing\n", "title: X\n", "3: 'title' must have 2 to 44 characters, not 1"),
    (
        "title: A Small Thing\n",
        f"title: {'T' * 45}\n",
        "3: 'title' must have 2 to 44 characters, not 45",
    ),
    (
        "title: A Small Thing\n",
        "title: A Standardized Thing\n",
        "3: 'title' must not contain the word 'standard' or one like it",
    ),
    (
        "description: Makes",
        f"description: {'D' * 100} makes",
        "4: 'description' must have 2 to 140 characters, not 149",
    ),
    (
        "description: Makes",
        "description: By a standard, makes",
        "4: 'description' must not contain the word 'standard' or one like it",
    ),
    (
        "description: Makes",
        "description: A small thing makes",
        "4: 'description' repeats the title",
    ),
    (
        "description: Makes",
        "description: Like EIP-1559, makes",
        "4: 'description' names EIP-1559, which 'requires' does not list",
    ),
    (
        "description: Makes",
        "description: Like EIP 7002, makes",
        "4: 'description' must name proposals as in EIP-1, with a dash",
    ),
    (
        "Ada Lovelace (@ada)",
        "Ada Lovelace @ada",
        "5: the author 'Ada Lovelace @ada' must be 'Name (@handle)' or 'Name <address>'",
    ),
    (
        "Ada Lovelace (@ada), ",
        "",
        "5: at least one author must have a handle, as in 'Name (@handle)'",
    ),
    (
        "ethereum-magicians.org/t/a-small-thing/12345",
        "ethereum-magicians.org/t/12345",
        "6: 'discussions-to' must be a thread of ethereum-magicians.org",
    ),
    (
        "status: Draft",
        "status: Drafted",
        "7: 'status' must be one of: Draft, Review, Last Call, Final, Stagnant, Withdrawn, Living",
    ),
    ("status: Draft", "status: Last Call", "7: 'status: Last Call' needs 'last-call-deadline'"),
    ("status: Draft", "status: Withdrawn", "7: 'status: Withdrawn' needs 'withdrawal-reason'"),
    ("type: Standards Track", "type: Meta", "9: 'category' is for 'type: Standards Track' only"),
    (
        "category: Core",
        "category: Kernel",
        "9: 'category' must be one of: Core, Networking, Interface, ERC",
    ),
    ("category: Core\n", "", "8: 'type: Standards Track' needs 'category'"),
    ("created: 2026-11-22", "created: 2026-11-31", "10: 'created' must be a date, YYYY-MM-DD"),
    ("created: 2026-11-22", "created: 20261122", "10: 'created' must be a date, YYYY-MM-DD"),
    ("requires: 6110, 7002", "requires: 7002, 6110", "11: 'requires' must be ascending"),
    ("requires: 6110, 7002", "requires: 6110, 6110, 7002", "11: 'requires' must be ascending"),
    (
        "requires: 6110, 7002",
        "requires: 6110,7002",
        "11: 'requires' must be numbers, each after a comma and a space",
    ),
    ("status: Draft\n", "", "1: the field 'status' is missing"),
    ("status: Draft\n", "status: Draft\nstatus: Draft\n", "8: the field 'status' stands twice"),
    ("status: Draft\n", "status: Draft\nmood: good\n", "8: unknown field 'mood'"),
    ("status: Draft\n", "status: Draft\nDraft\n", "8: the preamble has only lines 'name: value'"),
    (
        "created: 2026-11-22\nrequires: 6110, 7002\n",
        "requires: 6110, 7002\ncreated: 2026-11-22\n",
        "11: the field 'created' must stand before 'requires'",
    ),
    (
        "status: Draft",
        "status:  Draft",
        "7: 'status:' must be followed by one space and a value, and nothing else",
    ),
    (
        "status: Draft\n",
        "status: Draft \n",
        "7: 'status:' must be followed by one space and a value, and nothing else",
    ),
]

SECTIONS = [
    ("## Rationale\n", "## Notes\n\nA few.\n\n## Rationale\n", "34: unknown section 'Notes'"),
    (
        "Things are large.\n",
        "Things are large.\n\n# Things\n",
        "22: a heading of the first level: the title is in the preamble",
    ),
    (
        "## Motivation\n\nThings are large.\n",
        "## Motivation\n\nThings are large.\n\n## Motivation\n\nVery.\n",
        "22: the section 'Motivation' stands twice",
    ),
    (
        "## Rationale\n\nSmall is good: ![a plot](assets/plot.svg).\n\n"
        "## Security Considerations\n\nNone are known.\n",
        "## Security Considerations\n\nNone are known.\n\n"
        "## Rationale\n\nSmall is good: ![a plot](assets/plot.svg).\n",
        "38: the section 'Rationale' must stand before 'Security Considerations'",
    ),
    ("None are known.\n", "", "38: the section 'Security Considerations' is empty"),
    (
        "## Security Considerations\n\nNone are known.\n\n",
        "",
        "1: the section 'Security Considerations' is missing",
    ),
    (
        "---\n\n## Abstract",
        "---\n\nHello.\n\n## Abstract",
        "14: nothing may stand between the preamble and the first heading",
    ),
    (
        "rights waived",
        "rights reserved, or waived,",
        "42: this section must read: Copyright and related rights waived via [CC0](../LICENSE.md).",
    ),
    (
        "RFC 2119 and",
        "RFC 2118 and",
        "24: 'MUST' is used, but 'Specification' has not the paragraph on RFC 2119 and RFC 8174",
    ),
    ("```python\n", "```\n", "30: the code block names no language"),
    ("Things are large.\n", "<!-- small? -->\n", "20: an HTML comment is not allowed"),
    ("Things are large.\n", "Things are <b>large</b>.\n", "20: raw HTML is not allowed"),
]

LINKS = [
    (
        "[EIP-7002](./eip-7002.md). EIP-7002",
        "EIP-7002. [EIP-7002](./eip-7002.md)",
        "16: the first mention of EIP-7002 must be a link to ./eip-7002.md",
    ),
    (
        "Things are large.",
        "Things are large, by [ERC-20](./eip-20.md),\nor [the same](./eip-20.md).",
        "21: a link to ./eip-20.md must begin 'EIP-20'",
    ),
    (
        "EIP-7002 is older",
        "EIP 7002 is older",
        "16: 'EIP 7002' must be written with a dash, as in EIP-1",
    ),
    ("EIP-7002 is older", "`EIP-7002` is older", "16: 'EIP-7002' must not stand in backticks"),
    ("(#motivation)", "(#motives)", "28: there is no heading '#motives' here"),
    ("small.md#a-rule", "small.md#a-law", "28: specs/small.md has no heading '#a-law'"),
    ("small.md#a-rule", "tiny.md", "28: there is no file specs/tiny.md"),
    ("assets/plot.svg", "assets/map.svg", "36: there is no file eip/assets/map.svg"),
    (
        "assets/plot.svg",
        "../README.md",
        "36: ../README.md cannot go along: "
        "only docs/adversary.md, eip/assets/, eip/notes.md, specs/ become assets",
    ),
    (
        "assets/plot.svg",
        "../../specs/small.md",
        "36: ../../specs/small.md cannot go along: "
        "only docs/adversary.md, eip/assets/, eip/notes.md, specs/ become assets",
    ),
    (
        "assets/plot.svg",
        "../../../specs/small.md",
        "36: ../../../specs/small.md cannot go along: "
        "only docs/adversary.md, eip/assets/, eip/notes.md, specs/ become assets",
    ),
    (
        "Things are large",
        "Things are [large](https://example.org/)",
        "20: the external link https://example.org/ is none that is accepted",
    ),
    (
        "Things are large",
        "Things are [large](https://github.com/ethereum/consensus-specs/blob/master/README.md)",
        "20: the external link https://github.com/ethereum/consensus-specs/blob/master/README.md "
        "is none that is accepted",
    ),
    (
        "Things are large",
        "Things are <https://example.org/>",
        "20: the external link https://example.org/ is none that is accepted",
    ),
    (
        "Things are large",
        "See https://example.org/a",
        "20: 'https://example.org/a.' is a bare link",
    ),
]


def test_valid(root: Path) -> None:
    assert reported(root, VALID) == []


@pytest.mark.parametrize(("old", "new", "expected"), [*PREAMBLE, *SECTIONS, *LINKS])
def test_broken(root: Path, old: str, new: str, expected: str) -> None:
    assert VALID.count(old) == 1, "the case must change one place"
    assert reported(root, VALID.replace(old, new)) == [expected]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "Things are large.",
            f"See [a rule](https://github.com/ethereum/consensus-specs/blob/{HASH}/a.md).",
        ),
        ("Things are large.", "See [RFC 2119](https://www.rfc-editor.org/rfc/rfc2119)."),
        ("Things are large.", "See [a fault](https://nvd.nist.gov/vuln/detail/CVE-2020-1234)."),
        ("Things are large.", "See [ERC-20](./eip-20.md) and `https://example.org/`."),
        ("status: Draft\n", "status: Last Call\nlast-call-deadline: 2026-12-24\n"),
        ("type: Standards Track\ncategory: Core\n", "type: Meta\n"),
        ("title: A Small Thing", "title: Fix EIP-7002"),
        ("description: Makes", f"description: {'D' * 90} makes"),
        ("## Motivation\n\nThings are large.\n\n", ""),
        (", and [above](#motivation)", ""),
        ("requires: 6110, 7002\n", ""),
    ],
)
def test_still_valid(root: Path, old: str, new: str) -> None:
    text = VALID.replace(" and [above](#motivation)", "") if "Motivation" in old else VALID
    assert reported(root, text.replace(old, new)) == []


@pytest.mark.parametrize(
    ("field", "placeholder"),
    [
        ("eip: 9999", "eip: <to be assigned>"),
        (
            "author: Ada Lovelace (@ada), Charles Babbage <charles@example.org>",
            "author: <name (@handle)>",
        ),
        (
            "discussions-to: https://ethereum-magicians.org/t/a-small-thing/12345",
            "discussions-to: <URL>",
        ),
    ],
)
def test_placeholders_only_in_drafts(root: Path, field: str, placeholder: str) -> None:
    text = VALID.replace("eip: 9999", "eip: <to be assigned>").replace(field, placeholder)
    assert reported(root, text, "eip-draft_small.md") == []
    assert len(reported(root, text)) == (1 if placeholder.startswith("eip") else 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Abstract\n", "1: a preamble is missing: the first line must be '---'"),
        ("", "1: a preamble is missing: the first line must be '---'"),
        ("---\neip: 1\n", "1: the preamble is not closed: a second line '---' is missing"),
    ],
)
def test_no_preamble(root: Path, text: str, expected: str) -> None:
    assert expected in reported(root, text)


def test_all_at_once(root: Path) -> None:
    """Nothing hides what comes later."""
    text = VALID.replace("eip: 9999", "eip: x").replace("## Motivation", "## Motives")
    assert reported(root, text) == [
        "2: 'eip' must be a number",
        "18: unknown section 'Motives'",
        "28: there is no heading '#motivation' here",
    ]
