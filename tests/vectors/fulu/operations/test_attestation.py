"""Attestations: which votes a block may hold, and what they do."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import build_attestation, fraction, sign_attestation
from tests.helpers.epochs import next_slots
from tests.helpers.running import run_operation

HANDLER = "attestation"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

ALL_FLAGS = 0b111


def test_all_committees_of_a_slot(spec: Any, state: Any, vector: Recorder) -> None:
    """Included in the next slot, a right vote is timely in all three respects."""
    attestation = build_attestation(spec, state)
    voters = spec.get_attesting_indices(state, attestation)
    next_slots(spec, state)
    run_operation(spec, state, vector, HANDLER, attestation)
    assert len(voters) == len(state.validators) // spec.SLOTS_PER_EPOCH
    for index in range(len(state.validators)):
        expected = ALL_FLAGS if index in voters else 0
        assert state.current_epoch_participation[index] == expected


def test_half_of_one_committee(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = build_attestation(spec, state, committees=[0], voters=fraction(1, 2))
    next_slots(spec, state)
    run_operation(spec, state, vector, HANDLER, attestation)
    seen = sum(1 for flags in state.current_epoch_participation if flags == ALL_FLAGS)
    assert seen == sum(1 for bit in attestation.aggregation_bits if bit) > 0


def test_in_its_own_slot(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state)
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        build_attestation(spec, state),
        valid=False,
        reason="included before the inclusion delay",
    )


def test_another_source(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = build_attestation(spec, state, signed=False)
    attestation.data.source.root = spec.Root(b"\x01" * 32)
    sign_attestation(spec, state, attestation)
    next_slots(spec, state)
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        attestation,
        valid=False,
        reason="the source is not the justified checkpoint",
    )


@pytest.mark.bls
def test_signature_of_too_few(spec: Any, state: Any, vector: Recorder) -> None:
    """All bits are set, and all but one have signed."""
    attestation = build_attestation(spec, state, signed=False)
    some = build_attestation(spec, state, voters=lambda members: members[1:])
    attestation.signature = some.signature
    next_slots(spec, state)
    run_operation(
        spec, state, vector, HANDLER, attestation, valid=False, reason="not signed by all voters"
    )
