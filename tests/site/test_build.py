"""The site is built strictly, and its names lead to their definitions."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from poolspec.site import building
from poolspec.site.building import SiteError, build, run_sphinx
from poolspec.site.definitions import Specification, document_of, load
from poolspec.site.links import dead_links
from poolspec.site.occurrences import occurrences
from pysetup.model import CodeDefinition, Definition, Status
from tests.docs.checkout import ROOT
from tests.site.conftest import Site

CODE_LINK = re.compile(r'<a class="definition" href="([^"]+)" title="[^"]*">(\w+)</a>')


def everything() -> Iterator[tuple[Specification, Definition]]:
    """Every definition with the fork whose document has it."""
    for fork in load(ROOT).values():
        for definition in fork.resolved.own():
            yield fork, definition


def section(site: Site, definition: Definition) -> str:
    """The HTML of a definition's section."""
    text = (site.pages / f"{document_of(definition)}.html").read_text()
    return text.partition(f'<section id="{definition.name}">')[2].partition("<section")[0]


def code_links(site: Site, fork: str, name: str) -> dict[str, str]:
    """Where the names in a definition's code lead."""
    definition = load(ROOT)[fork].find(name)
    assert definition is not None
    return {text: href for href, text in CODE_LINK.findall(section(site, definition))}


def test_strict_build_passes(site: Site) -> None:
    assert site.problems == ()
    assert (site.pages / "index.html").read_text().count("docs/index.html") == 2


def test_mistakes_fail_the_build(site: Site, tmp_path: Path) -> None:
    """A dead link, an anchor that is not there, a missing picture, a page that nothing leads to."""
    page, orphan = site.checkout / "CONTRIBUTING.md", site.checkout / "docs/orphan.md"
    before = page.read_text()
    lines = before.count("\n")
    mistakes = [
        "[to a document](docs/nowhere.md)",
        "[to a heading](README.md#nowhere)",
        "![a picture](nowhere.png)",
    ]
    try:
        page.write_text(before + "".join(f"\n{mistake}\n" for mistake in mistakes))
        orphan.write_text("# Orphan\n")
        said = sorted(run_sphinx(site.checkout, tmp_path, site.doctrees, builder="dummy"))
    finally:
        page.write_text(before)
        orphan.unlink()
    assert [text.partition(" error: ")[0] for text in said] == [
        f"CONTRIBUTING.md:{lines + 2}:",
        f"CONTRIBUTING.md:{lines + 4}:",
        f"CONTRIBUTING.md:{lines + 6}:",
        "docs/orphan.md:",
    ]
    for text, words in zip(
        said, ("docs/nowhere.md", "nowhere", "nowhere.png", "toctree"), strict=True
    ):
        assert words in text


def test_failed_build_leaves_the_pages_that_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "site"
    output.mkdir()

    def render(root: Path, pages: Path, doctrees: Path) -> list[str]:
        pages.mkdir()
        (pages / "index.html").write_text("after")
        return problems

    monkeypatch.setattr(building, "render", render)
    problems: list[str] = []
    build(ROOT, output)
    (output / "index.html").write_text("before")
    problems = ["README.md:1: error: wrong"]
    with pytest.raises(SiteError, match=r"^README\.md:1: error: wrong$"):
        build(ROOT, output)
    assert (output / "index.html").read_text() == "before"
    problems = []
    build(ROOT, output)
    assert (output / "index.html").read_text() == "after"
    assert [each.name for each in tmp_path.iterdir()] == ["site"]


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(SiteError, match="is there and was not written by this command"):
        build(ROOT, tmp_path)
    with pytest.raises(SiteError, match=r"diary\.txt: error: is there"):
        build(ROOT, tmp_path / "diary.txt")
    assert [each.name for each in tmp_path.iterdir()] == ["diary.txt"]
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one.html").write_text(
        '<p id="here"><a href="#here">1</a> <a href="#there">2</a> <a href="../two.html#x">3</a> '
        '<a href="../three.html">4</a> <a href="https://example.org/#no">5</a> '
        '<img src="none.png"> <script>"<a href=\'no.html\'>"</script>'
    )
    (tmp_path / "two.html").write_text('<a name="x" href="a/one.html#nowhere">1</a>')
    assert sorted(dead_links(tmp_path)) == [
        "a/one.html: error: dead link: ../three.html",
        "a/one.html: error: dead link: none.png",
        "a/one.html: error: no such place in the page: #there",
        "two.html: error: no such place in the page: a/one.html#nowhere",
    ]


def test_every_definition_has_an_anchor_and_a_list_of_users(site: Site) -> None:
    anchors: dict[str, set[str]] = {}
    for fork, definition in everything():
        for document in (document_of(definition), f"docs/names/{fork.name}"):
            if document not in anchors:
                text = (site.pages / f"{document}.html").read_text()
                anchors[document] = set(re.findall(r' id="([^"]+)"', text))
            assert definition.name in anchors[document], document


def test_every_use_in_code_is_a_link() -> None:
    """A name that the compiler says is used, and that a document defines, leads there."""
    uses = 0
    for fork, definition in everything():
        if not isinstance(definition, CodeDefinition):
            continue
        led = {
            each.text: each.target.anchor
            for each in occurrences(definition, fork)
            if each.target is not None and "." not in each.target.anchor
        }
        used = {name for name in definition.names.all() if fork.find(name) is not None}
        assert used - {definition.name} <= led.keys(), definition.name
        assert all(text == anchor for text, anchor in led.items())
        uses += len(used)
    assert uses > 1000


def test_links_in_code(site: Site) -> None:
    """To a new definition, to one of Fulu, to a field, and past the fork to its parent."""
    links = code_links(site, "poolbonds", "process_pool_seats")
    assert links["keep_seats"] == "#keep_seats"
    assert links["is_in_inactivity_leak"] == "../fulu/accessors.html#is_in_inactivity_leak"
    assert links["BeaconState"] == "beacon-chain.html#BeaconState"
    assert code_links(site, "fulu", "process_epoch")["BeaconState"] == "containers.html#BeaconState"
    standing = code_links(site, "poolbonds", "stand_up")
    assert standing["validators"] == "beacon-chain.html#BeaconState.validators"
    upgrade = load(ROOT)["poolbonds"].find("upgrade_to_poolbonds")
    assert upgrade is not None
    assert '>fulu</span><span class="o">.</span><a class="definition" href="../fulu/' in section(
        site, upgrade
    )


def test_modified_definitions_lead_to_what_they_modify(site: Site) -> None:
    modified = 0
    for fork, definition in everything():
        if definition.status is Status.MODIFIED and isinstance(definition, CodeDefinition):
            before = fork.before(definition.name)
            assert before is not None
            text = section(site, definition)
            way = document_of(before).removeprefix("specs/")
            assert f'href="../{way}.html#{definition.name}"' in text, definition.name
            assert f'href="../../diff/poolbonds.html#{definition.name}"' in text
            assert ">Modified</span>" in text
            there = document_of(definition).removeprefix("specs/")
            assert f'href="../{there}.html#{definition.name}"' in section(site, before)
            modified += 1
    assert modified >= 38


def test_users_are_listed(site: Site) -> None:
    definition = load(ROOT)["poolbonds"].find("keep_seats")
    assert definition is not None
    users = section(site, definition).partition("Used by ")[2]
    assert re.findall(r'href="([^"]+)"', users.partition("</p>")[0]) == [
        "#process_pool_seats",
        "validator.html#preview_line",
    ]


def test_preamble_of_the_eip_is_told(site: Site) -> None:
    text = (site.pages / "eip/eip-draft_pool_bonds.html").read_text()
    shown = re.search(r'<p class="preamble">(.*)</p>', text)
    assert shown is not None
    assert shown[1].startswith("Draft · Standards Track: Core · ")
    assert "requires EIP-4895, EIP-6110" in shown[1]


def test_names_in_prose_are_links(site: Site) -> None:
    """In the fork's own pages, and in pages of no fork."""
    text = (site.pages / "specs/poolbonds/beacon-chain.html").read_text()
    words = text.partition('<section id="words">')[2].partition("</section>")[0]
    assert 'href="../fulu/parameters.html#MIN_ACTIVATION_BALANCE"' in words
    assert 'href="#BeaconState.pools"' in words
    page = (site.pages / "docs/what-changes.html").read_text()
    assert 'href="../specs/poolbonds/validator.html#estimate_seated_epoch"' in page
