"""What counts as reached, on a toy whose functions have one branch and one assertion."""

import ast
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from poolspec.mutation.bench import BenchMaker
from poolspec.mutation.coverage import Coverage, Subject, collect
from poolspec.mutation.functions import Place, compile_function
from poolspec.mutation.points import Hits, Point, instrument
from poolspec.mutation.reviewed import Reviewed
from tests.conformance.judged import DOCUMENT, PLACES
from tests.conformance.toy import exit_of, state

Writer = Callable[..., Path]
EXIT = "operations/voluntary_exit"
FILE = Path("reviewed.yaml")


@pytest.fixture
def take_some(write_case: Writer) -> None:
    """An ordinary case: something is taken, something is left."""
    write_case(
        f"{EXIT}/some",
        pre=state(balances=(100, 50)),
        voluntary_exit=exit_of(0, 20),
        post=state(balances=(80, 50)),
    )


@pytest.fixture
def take_all(write_case: Writer) -> None:
    """More is taken than there is."""
    write_case(
        f"{EXIT}/all",
        pre=state(balances=(100, 50)),
        voluntary_exit=exit_of(1, 59),
        post=state(balances=(100, 0)),
    )


@pytest.fixture
def take_too_much(write_case: Writer) -> None:
    """The amount is at the limit."""
    write_case(f"{EXIT}/limit", pre=state(balances=(100, 50)), voluntary_exit=exit_of(0, 60))


def measured(module: ModuleType, bench: BenchMaker, cases: int) -> tuple[Subject, Coverage]:
    subject, coverage = Subject.of(module, PLACES), Coverage()
    for reached in collect(bench, subject, cases, jobs=1):
        coverage.add(reached)
    assert not coverage.failures
    return subject, coverage


def missed(subject: Subject, coverage: Coverage) -> list[tuple[str, int, str]]:
    points = [p for place in PLACES for p in coverage.misses(subject.points, place.name)]
    return [(point.function, point.line, str(point)) for point in points]


@pytest.mark.usefixtures("take_some")
def test_what_one_case_leaves_out(judged_toy: ModuleType, toy_bench: BenchMaker) -> None:
    subject, coverage = measured(judged_toy, toy_bench, 1)
    assert missed(subject, coverage) == [
        ("take", 103, "true: amount > balance"),
        ("take", 104, "return Uint64(0)"),
        ("process_voluntary_exit", 103, "false: operation.amount < LIMIT"),
    ]


@pytest.mark.usefixtures("take_some", "take_all", "take_too_much")
def test_three_cases_reach_all(judged_toy: ModuleType, toy_bench: BenchMaker) -> None:
    subject, coverage = measured(judged_toy, toy_bench, 3)
    assert missed(subject, coverage) == []
    by_point = {(p.function, str(p)): coverage.cases[i] for i, p in enumerate(subject.points)}
    # In order of their names: all, limit, some
    assert by_point["take", "return Uint64(0)"] == [0]
    assert by_point["take", "return Uint64(balance - amount)"] == [2]
    assert by_point["process_voluntary_exit", "false: operation.amount < LIMIT"] == [1]


@pytest.mark.usefixtures("take_some")
def test_probes_are_taken_out_again(judged_toy: ModuleType, toy_bench: BenchMaker) -> None:
    before = judged_toy.take.__code__
    measured(judged_toy, toy_bench, 1)
    assert judged_toy.take.__code__ is before


def test_a_case_that_fails_is_said(
    judged_toy: ModuleType, toy_bench: BenchMaker, write_case: Writer
) -> None:
    write_case(f"{EXIT}/a", pre=state(), voluntary_exit=exit_of(0, 20), post=state())
    (reached,) = collect(toy_bench, Subject.of(judged_toy, PLACES), 1, jobs=1)
    coverage = Coverage()
    coverage.add(reached)
    assert "balances[0]: 80, expected 100" in coverage.failures[0]


def run_instrumented(source: str, *arguments: object) -> tuple[object, list[str], list[str]]:
    """The value of a function with probes, the points that were reached, and the others."""
    (tree,) = ast.parse(source).body
    assert isinstance(tree, ast.FunctionDef)
    result = instrument(tree, 0)
    hits = Hits(len(result.points))
    namespace = dict(hits.probes())
    exec(compile(source, "toy", "exec"), namespace)
    function = namespace[result.tree.name]
    function.__code__ = compile_function(result.tree, DOCUMENT)
    value = function(*arguments)
    texts = [str(point) for point in result.points if point.is_branch]
    reached = {str(result.points[index]) for index in hits.reached()}
    return value, [t for t in texts if t in reached], [t for t in texts if t not in reached]


@pytest.mark.parametrize(
    ("arguments", "value", "reached"),
    [
        ((3, 0), False, ["true: a > 1", "false: b > 1"]),
        ((0, 3), False, ["false: a > 1"]),
        ((3, 3), True, ["true: a > 1", "true: b > 1"]),
    ],
)
def test_operands_are_conditions(
    arguments: tuple[int, int], value: bool, reached: list[str]
) -> None:
    source = "def f(a: int, b: int) -> bool:\n    return a > 1 and b > 1\n"
    assert run_instrumented(source, *arguments)[:2] == (value, reached)


@pytest.mark.parametrize(
    ("values", "value", "reached"),
    [([], 0, "skipped"), ([1, 2, 3], 6, "entered")],
)
def test_loops_are_entered_or_skipped(values: list[int], value: int, reached: str) -> None:
    source = (
        "def f(v):\n    total = 0\n    for each in v:\n        total += each\n    return total\n"
    )
    assert run_instrumented(source, values)[:2] == (value, [f"{reached}: for each in v:"])


def test_comprehensions_are_loops_with_conditions() -> None:
    source = "def f(v):\n    return [x for x in v if x % 2]\n"
    value, reached, missed = run_instrumented(source, [1, 3])
    assert value == [1, 3]
    assert reached == ["entered: v", "true: x % 2"]
    assert missed == ["skipped: v", "false: x % 2"]


def test_else_and_negation() -> None:
    source = "def f(a):\n    if not a:\n        return 1\n    elif a == 2:\n        return 2\n"
    assert run_instrumented(source, 0)[1] == ["false: a"]
    assert run_instrumented(source, 2)[1] == ["true: a", "true: a == 2"]


MISS = Point("take", 104, "line", "return Uint64(0)")


def test_a_miss_that_is_listed_is_excused() -> None:
    reviewed = Reviewed(FILE, unreachable={("take", "return Uint64(0)"): "because"})
    assert reviewed.unlisted([MISS]) == []
    assert reviewed.stale_points([MISS], [MISS]) == []
    assert Reviewed(FILE).unlisted([MISS]) == [MISS]


def test_an_entry_for_what_is_reached_or_is_not_there_is_an_error() -> None:
    reviewed = Reviewed(FILE, unreachable={("take", "return Uint64(0)"): "because"})
    assert reviewed.stale_points([MISS], []) == [
        "reviewed.yaml: take: reached by now: return Uint64(0)"
    ]
    assert reviewed.stale_points([], []) == ["reviewed.yaml: take: no such point: return Uint64(0)"]


def test_exclusions_are_checked() -> None:
    places = [*PLACES, Place("helper", "new", "specs/guide.md")]
    reviewed = Reviewed(
        FILE, documents={"specs/guide.md": "a guide", "specs/x.md": "?"}, functions={"gone": "?"}
    )
    assert reviewed.judged(places) == list(PLACES)
    reached = [Point("helper", 7, "line", "pass"), MISS]
    assert reviewed.stale_exclusions(places, reached) == [
        "reviewed.yaml: no functions in specs/x.md",
        "reviewed.yaml: no function gone",
        "reviewed.yaml: helper is excluded, but vectors reach it",
    ]
