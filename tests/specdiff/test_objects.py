"""Every kind of change in a small fork, and that nothing is missing of the real one."""

import re

import pytest

from poolspec.specdiff.fields import Field, FieldChange, compare_fields
from poolspec.specdiff.objects import Change, compare
from poolspec.specdiff.report import Report
from poolspec.specdiff.sides import field_rows, row_cells
from pysetup.model import Kind
from tests.pysetup.conftest import Checkout

M, N, R = Change.MODIFIED, Change.NEW, Change.REMOVED


def test_entries_of_a_small_fork(small_report: Report) -> None:
    """By kind, then modified, new and removed, then as the documents have them."""
    assert [(each.kind, each.change, each.name) for each in small_report.diff.entries] == [
        (Kind.CONSTANT, M, "LIMIT"),
        (Kind.PRESET, M, "SLOTS"),
        (Kind.CONFIGURATION, N, "SHARE"),
        (Kind.TYPE, M, "Coin"),
        (Kind.TYPE, R, "Bits"),
        (Kind.CONTAINER, M, "Box"),
        (Kind.FUNCTION, M, "take"),
        (Kind.FUNCTION, M, "fill"),
        (Kind.FUNCTION, N, "share"),
        (Kind.FUNCTION, R, "empty"),
    ]


def test_users_are_those_of_the_fork_or_of_the_parent(small_report: Report) -> None:
    users = {each.name: [user.name for user in each.users] for each in small_report.diff.entries}
    assert users == {
        "LIMIT": ["take", "fill"],
        "SLOTS": [],
        "SHARE": ["share"],
        "Coin": ["LIMIT", "Box"],
        "Bits": [],
        "Box": ["take", "fill"],
        "take": [],  # `empty`, which called it, is gone
        "fill": [],
        "share": ["take"],
        "empty": ["fill"],  # in the parent
    }


def test_cells_before_and_after(small_report: Report) -> None:
    cells = {
        each.name: row_cells(each)
        for each in small_report.diff.entries
        if each.kind not in (Kind.CONTAINER, Kind.FUNCTION)
    }
    assert cells == {
        "LIMIT": [("Gwei", "Coin"), ("32", "64")],
        "SLOTS": [("Uint64", "Uint64"), ("8", "8"), ("32", "64")],
        "SHARE": [("", "Gwei"), ("", "3"), ("", "5")],
        "Coin": [("Uint8", "Uint64")],
        "Bits": [("List[Uint64, 2**4]", "")],
    }


def test_fields_of_a_container(small_report: Report) -> None:
    (box,) = small_report.diff.of(Kind.CONTAINER)
    rows = [
        (row.change, row.field.name, row.field.type, row.field.comment) for row in field_rows(box)
    ]
    assert rows == [
        (FieldChange.SAME, "coins", "Coin", ""),
        (FieldChange.CHANGED, "amount", "Coin", "In Gwei"),
        (FieldChange.SAME, "label", "Uint64", ""),
        (FieldChange.ADDED, "owner", "Uint64", ""),
    ]
    before = field_rows(box)[1].before
    assert before is not None
    assert before.type == "Gwei"


def test_removed_and_moved_fields() -> None:
    """The compiler forbids both in a container that is modified, the comparison tells them."""

    def fields(names: str) -> list[Field]:
        return [Field(name, "Uint64", "") for name in names]

    rows = compare_fields(fields("abcd"), fields("adb"))
    assert [(row.change.value, row.field.name) for row in rows] == [
        ("unchanged", "a"),
        ("added", "d"),
        ("unchanged", "b"),
        ("removed", "c"),
        ("removed", "d"),
    ]


def test_a_fork_without_a_parent_has_no_changes(small: Checkout) -> None:
    with pytest.raises(ValueError, match="fulu has no parent"):
        compare(small.resolve("fulu"))


def test_sections_that_state_and_sections_that_only_name(small_report: Report) -> None:
    sections = {}
    for entry in small_report.diff.entries:
        words, found = small_report.sections(entry)
        sections[entry.name] = (words, [(each.name, each.link) for each in found])
    eip = "../eip/eip-draft_pool_bonds.md"
    functions = ("Functions", f"{eip}#functions")
    nowhere: tuple[str, list[tuple[str, str]]] = ("Stated in no section", [])
    assert sections == {
        "LIMIT": ("Stated in", [functions]),
        "SLOTS": nowhere,
        "SHARE": nowhere,
        "Coin": nowhere,
        "Bits": nowhere,
        "Box": ("Stated in", [("What is kept: Box", f"{eip}#what-is-kept-box")]),
        "take": ("Stated in", [functions]),
        "fill": ("Only mentioned in", [("Abstract", f"{eip}#abstract")]),
        "share": ("Stated in", [functions]),
        "empty": nowhere,
    }


def test_vectors_or_the_reason_why_there_are_none(small_report: Report) -> None:
    reached = {each.name: small_report.reached(each) for each in small_report.diff.entries}
    take, fill, share = reached["take"], reached["fill"], reached["share"]
    assert take is not None
    assert [(group.handler, group.cases) for group in take.groups] == [
        ("operations/taking", 12),
        ("sanity/blocks", 1),
    ]
    assert take.cases == 13
    assert fill is not None
    assert (fill.cases, fill.reason) == (0, "nobody fills")
    assert share is not None
    assert (share.cases, share.reason) == (0, "")
    assert reached["empty"] is None  # it is no function any more
    assert reached["LIMIT"] is None


def test_every_change_of_the_fork_is_there_once(real_report: Report) -> None:
    """Against the headings and tables of the documents, read without the compiler."""
    fork = real_report.diff.fork.fork
    texts = [real_report.places.outline(f"{fork.folder}/{name}").text for name in fork.documents]
    listed: list[tuple[str, str]] = []
    for text in texts:
        for heading in re.split(r"^#+ ", text, flags=re.MULTILINE):
            title, _, body = heading.partition("\n")
            if named := re.fullmatch(r"(New|Modified|Removed) `(\w+)`", title):
                listed.append((named[1], named[2]))
            elif table := re.match(r"(New|Modified|Removed)\b", title):
                names = re.findall(r"^\| `(\w+)` ", body, re.MULTILINE)
                listed += [(table[0], name) for name in names]
    entries = [(each.change.value, each.name) for each in real_report.diff.entries]
    assert sorted(entries) == sorted(listed)
    assert len(set(entries)) == len(entries)
    assert len(entries) > 150
