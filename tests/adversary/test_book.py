"""The book and the tests agree: each attack names tests that exist, each test is named."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.adversary.book import BOOK, PARTS, ROOT, attacks

HERE = Path(__file__).parent
VERDICTS = {"stopped", "as under Fulu", "priced"}
LINK = re.compile(r"\]\((\.\./specs/[^)#]+)(?:#([^)]+))?\)")


@cache
def functions_in(path: Path) -> frozenset[str]:
    """The names of a file's test functions."""
    tree = ast.parse(path.read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return frozenset(each.name for each in functions if each.name.startswith("test_"))


@cache
def anchors_of(path: Path) -> frozenset[str]:
    """What links into a document may name: its headings, as forges make anchors of them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings)


def named(title: str) -> list[str]:
    """The tests that an attack is shown by."""
    return re.findall(r"`([^`]+)`", attacks()[title].parts["Shown by"])


@pytest.mark.parametrize("title", attacks())
def test_each_attack_is_told_in_full(title: str) -> None:
    """Story, gainer, bound, rule and tests; a bound has a figure, or says that it is all."""
    attack = attacks()[title]
    assert tuple(attack.parts) == PARTS
    assert not attack.text.startswith("- "), "no story"
    assert re.search(r"\d|all of them", attack.parts["Bound"])


@pytest.mark.parametrize("title", attacks())
def test_rules_are_where_they_are_said_to_be(title: str) -> None:
    links = LINK.findall(attacks()[title].text)
    assert links
    for target, anchor in links:
        document = (BOOK.parent / target).resolve()
        assert document.is_relative_to(ROOT / "specs")
        assert not anchor or anchor in anchors_of(document), f"{target}#{anchor}"


@pytest.mark.parametrize("title", attacks())
def test_named_tests_exist(title: str) -> None:
    """One of them at least stands here, where its figures are checked."""
    tests = named(title)
    for test in tests:
        path, _, function = test.partition("::")
        assert function in functions_in(ROOT / path), test
    assert any(test.startswith("tests/adversary/") for test in tests)


def test_each_test_is_named_once() -> None:
    here = [
        f"tests/adversary/{path.name}::{function}"
        for path in sorted(HERE.glob("test_*.py"))
        if path.name != Path(__file__).name
        for function in sorted(functions_in(path))
    ]
    listed = [test for title in attacks() for test in named(title)]
    assert sorted(test for test in listed if test.startswith("tests/adversary/")) == here


def test_tests_check_the_attack_that_names_them() -> None:
    """Each test compares figures with the bound of its own attack."""
    for path in sorted(HERE.glob("test_*.py")):
        for function in ast.parse(path.read_text()).body:
            if not isinstance(function, ast.FunctionDef) or path.name == Path(__file__).name:
                continue
            if not function.name.startswith("test_"):
                continue
            titles = [
                node.args[0].value
                for node in ast.walk(function)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "states"
                and isinstance(node.args[0], ast.Constant)
            ]
            assert len(titles) == 1, function.name
            assert f"tests/adversary/{path.name}::{function.name}" in named(str(titles[0]))


def test_the_table_lists_all_attacks() -> None:
    """In the order of the book, with a verdict."""
    rows = re.findall(r"^\| \[([^\]]+)\]\(#([^)]+)\) +\| ([\w ]+?) +\|$", BOOK.read_text(), re.M)
    assert [title for title, _, _ in rows] == list(attacks())
    assert {verdict for _, _, verdict in rows} == VERDICTS
    anchors = anchors_of(BOOK)
    assert all(anchor in anchors for _, anchor, _ in rows)
