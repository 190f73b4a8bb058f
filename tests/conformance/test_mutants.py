"""Mistakes in a toy: which are made, which are caught, when the reviewed list is out of date."""

import ast
from collections.abc import Callable
from math import inf
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from poolspec.mutation.bench import BenchMaker
from poolspec.mutation.coverage import Coverage, Subject, collect
from poolspec.mutation.fields import Containers
from poolspec.mutation.functions import parse_functions
from poolspec.mutation.killing import Fate, Judged, judge, rarity_of_cases, trials
from poolspec.mutation.mutants import DROPPED, Mutant, mutants_of
from poolspec.mutation.points import Point
from poolspec.mutation.reviewed import Reviewed, read_reviewed
from poolspec.vectors.errors import VectorError
from tests.conformance.judged import DOCUMENT, PLACES, load_toy
from tests.conformance.toy import exit_of, state

Writer = Callable[..., Path]
EXIT = "operations/voluntary_exit"
EQUIVALENT = ("take", "if amount > balance:", "if amount >= balance:", 1)


def changes(body: str, module: Any = None) -> set[tuple[str, str]]:
    """Text before and after for all mutants of a function with this body."""
    source = "def f(state, a, b):\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    (tree,) = ast.parse(source).body
    assert isinstance(tree, ast.FunctionDef)
    before = ast.dump(tree)
    found = mutants_of(tree, DOCUMENT, module or SimpleNamespace(), 0)
    assert ast.dump(tree) == before, "the original is left as it was"
    return {(each.before, each.after) for each in found}


@pytest.mark.parametrize(
    ("body", "others"),
    [
        ("return a < b", {"return a <= b", "return a < b - 1", "return a >= b"}),
        ("return a <= b", {"return a < b", "return a <= b + 1", "return a > b"}),
        ("return a == b", {"return a != b"}),
        ("return a is None", {"return a is not None"}),
        ("return a + b", {"return a - b"}),
        ("return a // b", {"return a * b"}),
        ("return a and b", {"return a or b", "return a", "return b"}),
        ("return not a", {"return a"}),
        ("return 7", {"return 8", "return 6"}),
        ("return True", {"return False"}),
        ("return b'\\x00\\x05'", {"return b'\\x01\\x05'"}),
        ("return max(a, b)", {"return min(a, b)"}),
        ("return g(a, b)", {"return g(b, a)"}),
        ("return g(state, a)", set()),
        ("return G(x=a, y=b)", {"return G(x=b, y=a)"}),
        ("return [x for x in a if x]", {"return [x for x in a]", "return [x for x in a if not x]"}),
        ("g(a)", {DROPPED}),
        ("assert a", {DROPPED, "assert not a"}),
        ("a += b", {DROPPED, "a -= b"}),
        ("state.x = a", {DROPPED}),
        ("x = a", set()),
        ("for x in a:\n    g(x)", {DROPPED}),
    ],
)
def test_the_mistakes_that_are_made(body: str, others: set[str]) -> None:
    assert {after for _, after in changes(body)} == others


def test_constants_are_mistaken_for_others() -> None:
    module = SimpleNamespace(ONE=1, MOST=2**64 - 1, RED=b"r", BLUE=b"b", LONG="x")
    assert ("return ONE", "return ONE + 1") in changes("return ONE", module)
    assert ("return MOST", "return MOST - 1") in changes("return MOST", module)
    assert ("return RED", "return BLUE") in changes("return RED", module)
    assert changes("return LONG", module) == set()


def test_only_a_part_of_a_long_statement_is_shown() -> None:
    body = f"return g({', '.join(f'argument_number_{n}' for n in range(9))}, a < b)"
    assert ("a < b", "a <= b") in changes(body)


POINTS = [Point("take", 103, "line", "if amount > balance:")]

FIELDS = """\
def f(state: BeaconState, operation: VoluntaryExit):
    for index, balance in enumerate(state.balances):
        other = operation
    return other.amount, unknown.amount, state.slot
"""


def test_fields_are_mistaken_for_fields_of_the_same_type(judged_toy: ModuleType) -> None:
    (tree,) = ast.parse(FIELDS).body
    assert isinstance(tree, ast.FunctionDef)
    containers = Containers(tree, judged_toy)
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    others = {ast.unparse(node): containers.other_fields(node) for node in attributes}
    assert others == {
        "state.balances": [],  # the only list of balances
        "other.amount": ["index"],
        "unknown.amount": [],
        "state.slot": [],
    }


@pytest.fixture
def cases(write_case: Writer) -> int:
    """Three cases that reach every line and outcome of the toy."""
    before = state(balances=(100, 50))
    write_case(
        f"{EXIT}/some", pre=before, voluntary_exit=exit_of(0, 20), post=state(balances=(80, 50))
    )
    write_case(
        f"{EXIT}/all", pre=before, voluntary_exit=exit_of(1, 59), post=state(balances=(100, 0))
    )
    write_case(f"{EXIT}/limit", pre=before, voluntary_exit=exit_of(0, 60))
    return 3


def mutants(module: ModuleType) -> list[Mutant]:
    subject = Subject.of(module, PLACES)
    trees = parse_functions(module, [place.name for place in PLACES])
    first = len(subject.instrumented["take"].points)
    return [
        *mutants_of(trees["take"], DOCUMENT, module, 0),
        *mutants_of(trees["process_voluntary_exit"], DOCUMENT, module, first),
    ]


@pytest.fixture
def fates(
    judged_toy: ModuleType, toy_bench: BenchMaker, cases: int, monkeypatch: pytest.MonkeyPatch
) -> list[Judged]:
    """All mutants of the toy, judged; none of them is endless, so none may be too slow."""
    monkeypatch.setattr("poolspec.mutation.killing.LIMIT_SECONDS", 10_000.0)
    coverage = Coverage()
    for reached in collect(toy_bench, Subject.of(judged_toy, PLACES), cases, jobs=1):
        coverage.add(reached)
    found = trials(mutants(judged_toy), coverage, Subject.of(judged_toy, PLACES).points)
    return list(judge(toy_bench, found, coverage.seconds, jobs=1))


def fate(fates: list[Judged], after: str) -> Fate:
    (found,) = [each.fate for each in fates if each.mutant.after == after]
    return found


def test_which_mutants_are_caught(fates: list[Judged]) -> None:
    assert fate(fates, "return Uint64(balance + amount)") is Fate.CAUGHT
    assert fate(fates, "if amount <= balance:") is Fate.CAUGHT
    assert fate(fates, "return Uint64(1)") is Fate.CAUGHT
    # With `>=`, a balance that is taken as a whole is 0 as well
    assert fate(fates, "if amount >= balance:") is Fate.SURVIVED
    assert fate(fates, "assert operation.amount < LIMIT - 1") is Fate.CAUGHT
    assert fate(fates, "assert operation.amount <= LIMIT") is Fate.CAUGHT
    assert fate(fates, "assert operation.index < LIMIT") is Fate.CAUGHT


def test_cases_that_go_where_few_go_come_first() -> None:
    points = [Point("take", 1, "line", text) for text in "abc"] + [Point("other", 1, "line", "d")]
    coverage = Coverage(
        cases={0: [0, 1, 2, 3], 1: [3], 2: [1, 3], 3: [0]},
        seconds={0: 0.1, 1: 0.1, 2: 0.2, 3: 0.1},
    )
    assert rarity_of_cases(coverage, points, "take") == {0: 4, 1: 2, 2: 4, 3: 1}
    mutant = Mutant("take", DOCUMENT, 1, 0, "a", "b", 1, "")
    (trial,) = trials([mutant], coverage, points)
    assert trial.cases == (3, 1, 0, 2)
    assert trial.seconds == inf
    (limited,) = trials([mutant], coverage, points, limit=3)
    assert limited.seconds == 3


def test_a_mutant_that_only_crashes_is_not_counted(toy_bench: BenchMaker, cases: int) -> None:
    broken = Mutant(
        "take", DOCUMENT, 1, 0, "x", "y", 1, "def take(balance, amount):\n    return balance.no"
    )
    coverage = Coverage(cases={0: [0, 2]}, seconds={0: 0.1, 2: 0.1})
    (judged,) = judge(toy_bench, trials([broken], coverage, POINTS), coverage.seconds, jobs=1)
    assert judged.fate is Fate.CRASHED


def test_an_endless_loop_is_caught(
    toy_bench: BenchMaker, cases: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poolspec.mutation.killing.LIMIT_SECONDS", 0.2)
    source = "def take(balance, amount):\n    while True:\n        amount = balance\n"
    endless = Mutant("take", DOCUMENT, 1, 0, "x", "y", 1, source)
    coverage = Coverage(cases={0: [0]}, seconds={0: 0.0})
    (judged,) = judge(toy_bench, trials([endless], coverage, POINTS), coverage.seconds, jobs=1)
    assert judged.fate is Fate.CAUGHT


@pytest.mark.usefixtures("cases")
def test_a_mutant_that_no_case_reaches(judged_toy: ModuleType, toy_bench: BenchMaker) -> None:
    found = trials(mutants(judged_toy)[:1], Coverage(), [])
    assert [each.fate for each in judge(toy_bench, found, {}, jobs=1)] == [Fate.NOT_REACHED]


@pytest.mark.usefixtures("fates")
def test_the_functions_are_as_before(judged_toy: ModuleType, tmp_path: Path) -> None:
    fresh = load_toy(tmp_path)
    assert judged_toy.take.__code__.co_code == fresh.take.__code__.co_code


def stale(reviewed: Reviewed, fates: list[Judged], *, all_mutants: bool = True) -> list[str]:
    return reviewed.stale_mutants(fates, ["take"], all_mutants=all_mutants)


def test_a_survivor_may_be_listed(fates: list[Judged]) -> None:
    listed = Reviewed(Path("r.yaml"), equivalent={EQUIVALENT: "0 either way"})
    assert stale(listed, fates) == []


def test_a_listed_mutant_that_is_caught_or_not_there_is_an_error(fates: list[Judged]) -> None:
    caught = ("take", "return Uint64(balance - amount)", "return Uint64(balance + amount)", 1)
    gone = ("take", "if amount > balance:", "if amount > 0:", 1)
    elsewhere = ("process_voluntary_exit", "a", "b", 1)
    listed = Reviewed(
        Path("r.yaml"), equivalent=dict.fromkeys((EQUIVALENT, caught, gone, elsewhere), "?")
    )
    assert stale(listed, fates) == [
        f"r.yaml: take: {caught[1]} → {caught[2]}: caught by now",
        f"r.yaml: take: {gone[1]} → {gone[2]}: no such mutant",
    ]
    assert stale(listed, [], all_mutants=False) == []
    assert listed.unknown_functions(PLACES) == []
    assert listed.unknown_functions(PLACES[:1]) == ["r.yaml: no function process_voluntary_exit"]


LIST = """\
excluded documents: {specs/guide.md: a guide}
equivalent:
  - reason: >-
      0
      either way
    mutants:
      - function: take
        before: "if amount > balance:"
        after: "if amount >= balance:"
unreachable:
  - reason: never
    points: [{function: take, point: "return Uint64(0)"}]
"""


def test_the_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.yaml"
    path.write_text(LIST)
    reviewed = read_reviewed(path)
    assert reviewed.equivalent == {EQUIVALENT: "0 either way"}
    assert reviewed.unreachable == {("take", "return Uint64(0)"): "never"}
    assert reviewed.documents == {"specs/guide.md": "a guide"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("other: 1\n", "unknown section 'other'"),
        ("equivalent: [{reason: x}]\n", "each entry of 'equivalent' needs 'reason' and 'mutants'"),
        ("unreachable: [{reason: x, points: [{function: f}]}]\n", "an entry needs function, point"),
        ("excluded documents: [a]\n", "must be a mapping of names to reasons"),
        (
            "unreachable: [{reason: x, points: [{function: f, point: p}]}, "
            "{reason: y, points: [{function: f, point: p}]}]",
            "listed twice",
        ),
    ],
)
def test_a_list_that_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "reviewed.yaml"
    path.write_text(text)
    with pytest.raises(VectorError, match=r"reviewed\.yaml") as caught:
        read_reviewed(path)
    assert message in str(caught.value)
