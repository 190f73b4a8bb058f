"""Links to headings, and what the proposal says under which."""

from poolspec.specdiff.mentions import mentions_of
from poolspec.specdiff.places import SITE, Outline, Places, Target
from pysetup.errors import Span
from tests.pysetup.conftest import Checkout

DOCUMENT = """\
# Title

## Words: a `first_one`!

text

## The same

## The same

### Below
"""


def test_lines_lead_to_the_heading_above(checkout: Checkout) -> None:
    checkout.write("specs/a.md", DOCUMENT)
    places = Places(checkout.root, Target("../.."))
    anchors = [places.span(Span("specs/a.md", line, line)) for line in (1, 5, 7, 9, 11)]
    assert anchors == [
        f"../../specs/a.md#{anchor}"
        for anchor in ("title", "words-a-first_one", "the-same", "the-same-1", "below")
    ]
    below = places.outline("specs/a.md").sections[-1]
    assert below.above == ("Title", "The same")


def test_links_of_prose_are_turned(checkout: Checkout) -> None:
    places = Places(checkout.root, Target("https://example.org/tree"))
    prose = "[a](seats.md#new-x) [b](../fulu/c.md) [c](#here) [d](https://eips.ethereum.org)"
    anchors = {"specs/p/seats.md#new-x": "#x"}
    assert places.rebased(prose, "specs/p/d.md", anchors) == (
        "[a](#x) [b](https://example.org/tree/specs/fulu/c.md) "
        "[c](https://example.org/tree/specs/p/d.md#here) [d](https://eips.ethereum.org)"
    )


def test_links_into_the_site_have_its_ending(checkout: Checkout) -> None:
    places = Places(checkout.root, SITE)
    assert places.rebased("[a](b.md#c)", "specs/p/d.md", {}) == "[a](../specs/p/b.html#c)"
    assert places.file("tests/vectors") == "../tests/vectors"


def test_names_count_only_in_code() -> None:
    text = (
        "---\ntitle: `one`\n---\n\n## Specification\n\n### A\n\none ``two `three` ``\n\n"
        "### B\n\n~~~python\nfour(five)\n~~~\n\n`four_` x`\n\n## Rationale\n\n`five`\n"
    )
    names = ("one", "two", "three", "four", "five")
    mentions = mentions_of(Outline("eip.md", text), names)
    stated = {name: [each.title for each in mentions[name].stated] for name in names}
    assert stated == {"one": [], "two": ["A"], "three": ["A"], "four": ["B"], "five": ["B"]}
    named = {name: [each.title for each in mentions[name].named] for name in names}
    assert named == {"one": [], "two": [], "three": [], "four": [], "five": ["Rationale"]}


def test_rows_of_tables_refer_to_sections() -> None:
    text = (
        "## Specification\n\n### Seats\n\nWho sits.\n\n### Functions\n\n"
        "| Function | Rule |\n| --- | --- |\n"
        "| [`one`](a.md#one) | [Seats](#seats) |\n| `two` | [?](#nowhere) |\n"
    )
    mentions = mentions_of(Outline("eip.md", text), ("one", "two"))
    stated = {name: [each.title for each in mentions[name].stated] for name in mentions}
    assert stated == {"one": ["Seats"], "two": ["Functions"]}
