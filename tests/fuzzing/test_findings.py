"""A rule that is wrong on purpose is found, made small, and written as a vector that tells it."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from poolspec.vectors.conformance import Options, Verdict, replay_all
from poolspec.vectors.layout import Selection
from poolspec.vectors.source import find
from tests.fuzzing.campaign import machine_of
from tests.fuzzing.findings import Finding
from tests.fuzzing.history import History
from tests.fuzzing.machine import OutOfTime
from tests.fuzzing.parties import FORK, Party, Values, assemble_half_plain, load_half_plain
from tests.fuzzing.signatures import marked_signatures
from tests.fuzzing.starts import CONFIGURATIONS
from tests.fuzzing.tally import Tally
from tests.fuzzing.vectors import judge, replay, write_vectors

VALUES = CONFIGURATIONS[-1]
"""The preset's own."""
SHRINKING = 3.0
"""Seconds."""


class Wrong(NamedTuple):
    """Implementations, and the module among them that has a wrong rule."""

    parties: tuple[Party, ...]
    module: Any

    def assemble(self, values: Values) -> Sequence[Party]:
        """The same for every configuration, as there is only one."""
        return self.parties


@cache
def _burn_twice() -> dict[str, Any]:
    """Modules with a wrong rule: a bond pays every penalty of a block twice."""
    modules = load_half_plain(VALUES)
    spec = modules[FORK]
    plain = spec.charge_bond

    def charge_bond(state: Any, pool_index: Any, penalty: Any) -> Any:
        plain(state, pool_index, penalty)
        return plain(state, pool_index, penalty)

    spec.charge_bond = charge_bond
    return modules


def _wrong_documents() -> Wrong:
    """Both forms of the specification are wrong, and only the engine is right."""
    modules = _burn_twice()
    engine = assemble_half_plain(VALUES)[2]
    parties = (Party("fast", modules, is_watched=True), Party("plain", modules), engine)
    return Wrong(parties, modules[FORK])


def _wrong_fast() -> Wrong:
    """Only what stands for the fast specification is wrong, and no invariant is looked at."""
    modules = _burn_twice()
    _, documents, engine = assemble_half_plain(VALUES)
    return Wrong((Party("fast", modules), documents, engine), modules[FORK])


def _break(wrong: Wrong) -> History:
    """Fuzz until something is found, and make it smaller for a while."""
    tally = Tally()
    machine = machine_of(tally, [wrong.assemble], monotonic() + 300)
    machine.configurations, machine.shrinking = (VALUES,), SHRINKING
    chosen = settings(
        max_examples=60,
        stateful_step_count=12,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    with marked_signatures(), pytest.raises((Finding, OutOfTime)):
        run_state_machine_as_test(machine, settings=chosen)
    (history,) = tally.findings.values()
    return history


@pytest.mark.parametrize(
    ("make", "kind"), [(_wrong_documents, "invariant"), (_wrong_fast, "disagreement")]
)
def test_wrong_rule_is_found(make: Any, kind: str, tmp_path: Path) -> None:
    """The vectors fail with the wrong rule and pass with the right one, whoever replays them."""
    wrong: Wrong = make()
    history = _break(wrong)
    assert history.finding is not None
    assert history.finding.kind == kind
    cases = write_vectors(history, wrong.parties, tmp_path, "burns_twice")
    assert [case.case for case in cases] == ["burns_twice", "burns_twice_last_block"]
    for case in cases:
        assert judge(tmp_path / case.folder, case, wrong.module) is not None
    found, _ = find(tmp_path, Selection(), tmp_path)
    assert len(found) == 2
    for options in (Options("spec", True, None), Options("spec", False, None), Options("engine")):
        results = list(replay_all(found, options, 1))
        assert [result.verdict for result in results] == [Verdict.PASSED] * 2, results
    assert replay(tmp_path, assemble_half_plain) is None
    again = replay(tmp_path, wrong.assemble)
    assert again is not None
    assert again.kind == kind
