"""Which fast functions a module gets, and that they can be taken out again."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import poolspec
from poolspec.runtime import fast
from poolspec.runtime.fast.table import documents_of


def _rows(name: str) -> list[fast.Row]:
    return [row for row in fast.TABLE if row.name == name]


def test_fulu_has_them_all(fast_spec: Any, plain_spec: Any) -> None:
    names = {row.name for row in fast.TABLE if row.fits(documents_of(fast_spec))}
    for name in names:
        assert getattr(fast_spec, name).plain.__name__ == name
        assert not hasattr(getattr(plain_spec, name), "plain")
    assert "process_rewards_and_penalties" in names


def test_binding_and_unbinding() -> None:
    module = poolspec.load("fulu", "minimal", config={"EJECTION_BALANCE": 1})
    bound = module.process_slashings
    fast.bind(module)
    assert module.process_slashings is bound
    fast.unbind(module)
    assert module.process_slashings is bound.plain
    fast.unbind(module)
    assert module.process_slashings is bound.plain
    fast.bind(module)
    assert module.process_slashings.plain is bound.plain


def test_a_copy_has_its_own_configuration(fast_spec: Any) -> None:
    module = poolspec.load("fulu", "minimal", config={"INACTIVITY_SCORE_BIAS": 9})
    assert module.config.INACTIVITY_SCORE_BIAS == 9
    assert fast_spec.config.INACTIVITY_SCORE_BIAS == 4
    state = fast_spec.BeaconState(
        slot=3 * fast_spec.SLOTS_PER_EPOCH,
        validators=[fast_spec.Validator(exit_epoch=fast_spec.FAR_FUTURE_EPOCH)],
        inactivity_scores=[100],
        previous_epoch_participation=[0],
        current_epoch_participation=[0],
    )
    # Absent while the chain finalizes: the bias is added, then the recovery rate of 16 taken off.
    for spec, score in ((fast_spec, 100 + 4 - 16), (module, 100 + 9 - 16)):
        copy = state.copy()
        spec.process_inactivity_updates(copy)
        assert list(copy.inactivity_scores) == [score]


@pytest.mark.parametrize("changed", ["process_slashings", "is_slashing_penalty_due"])
def test_a_row_needs_what_it_relies_on(fast_spec: Any, changed: str) -> None:
    documents = documents_of(fast_spec)
    (row,) = [row for row in _rows("process_slashings") if row.fits(documents)]
    assert not row.fits({**documents, changed: "specs/elsewhere/beacon-chain.md"})
    del documents[changed]
    assert not row.fits(documents)


def test_modules_of_other_origin_are_left_alone() -> None:
    module = ModuleType("somewhere")
    function = test_modules_of_other_origin_are_left_alone
    module.process_slashings = function  # type: ignore[attr-defined]
    fast.bind(module)
    assert module.process_slashings is function
