"""Operations in blocks: each kind in its list, several in one block, and how they meet."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import build_attestation
from tests.helpers.blocks import build_empty_block_for_next_slot
from tests.helpers.deposits import build_deposit_request
from tests.helpers.epochs import next_slots
from tests.helpers.execution import build_empty_payload
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.requests import (
    build_bls_to_execution_change,
    build_consolidation_request,
    build_voluntary_exit,
    build_withdrawal_request,
)
from tests.helpers.running import run_blocks
from tests.helpers.slashings import build_attester_slashing, build_proposer_slashing
from tests.helpers.solo import ETH, depart, let_all_serve, make_compounding, make_keyed

pytestmark = pytest.mark.vectors(runner="sanity", handler="blocks", forks=["fulu", "poolbonds"])

SERVICE = {"minimal": 64, "mainnet": 256}
"""Epochs that everybody has served."""


def _stand(spec: Any, state: Any) -> list[int]:
    """Stand where everybody may leave; gives validators that no block pays or charges.

    They neither propose in this epoch and the next, nor are they in the sync committee.
    """
    let_all_serve(spec, state)
    epoch = SERVICE[spec.preset]
    state.finalized_checkpoint.epoch = epoch - 2
    busy = {int(index) for index in state.proposer_lookahead}
    members = {bytes(pubkey) for pubkey in state.current_sync_committee.pubkeys}
    return [
        index
        for index, validator in enumerate(state.validators)
        if index not in busy and bytes(validator.pubkey) not in members
    ]


def _leaves_in(spec: Any) -> int:
    return SERVICE[spec.preset] + 1 + 4


def _block(spec: Any, state: Any, **body: list[Any]) -> Any:
    """A block for the next slot with these operations; requests go by their own names."""
    block = build_empty_block_for_next_slot(spec, state)
    for name, operations in body.items():
        is_request = name in ("deposits", "withdrawals", "consolidations")
        for operation in operations:
            place = block.body.execution_requests if is_request else block.body
            getattr(place, name).append(operation)
    return block


def _accept(spec: Any, state: Any, vector: Recorder, **body: list[Any]) -> None:
    run_blocks(spec, state, vector, [_block(spec, state, **body)])


def _reject(spec: Any, state: Any, vector: Recorder, reason: str, **body: list[Any]) -> None:
    block = _block(spec, state, **body)
    run_blocks(spec, state, vector, [block], valid=False, reason=reason)


def test_attestation(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state)
    attestation = build_attestation(spec, state)
    voters = spec.get_attesting_indices(state, attestation)
    _accept(spec, state, vector, attestations=[attestation])
    assert {int(state.current_epoch_participation[index]) for index in voters} == {0b111}


@pytest.mark.vectors(presets=["minimal"])
def test_most_attestations(spec: Any, state: Any, vector: Recorder) -> None:
    """Eight: every slot of an epoch, the latest first."""
    next_slots(spec, state, 7)
    votes = [build_attestation(spec, state, slot) for slot in range(7, -1, -1)]
    _accept(spec, state, vector, attestations=votes)
    assert all(state.previous_epoch_participation)


def test_proposer_slashing(spec: Any, state: Any, vector: Recorder) -> None:
    index = _stand(spec, state)[0]
    slashing = build_proposer_slashing(spec, state, index)
    _accept(spec, state, vector, proposer_slashings=[slashing])
    assert state.validators[index].slashed


def test_most_proposer_slashings(spec: Any, state: Any, vector: Recorder) -> None:
    slashed = _stand(spec, state)[:16]
    slashings = [build_proposer_slashing(spec, state, index) for index in slashed]
    _accept(spec, state, vector, proposer_slashings=slashings)
    assert all(state.validators[index].slashed for index in slashed)
    assert sum(state.slashings) == 16 * 32 * ETH


def test_attester_slashing(spec: Any, state: Any, vector: Recorder) -> None:
    culprits = _stand(spec, state)[:3]
    slashing = build_attester_slashing(spec, state, culprits)
    _accept(spec, state, vector, attester_slashings=[slashing])
    assert all(state.validators[index].slashed for index in culprits)


def test_most_exits(spec: Any, state: Any, vector: Recorder) -> None:
    """Sixteen, through the churn in the order of the block."""
    leaving = _stand(spec, state)[:16][::-1]
    exits = [build_voluntary_exit(spec, state, index) for index in leaving]
    _accept(spec, state, vector, voluntary_exits=exits)
    in_an_epoch = {"minimal": 2, "mainnet": 4}[spec.preset]
    assert [int(state.validators[index].exit_epoch) for index in leaving] == [
        _leaves_in(spec) + place // in_an_epoch for place in range(16)
    ]


def test_changes_of_credentials(spec: Any, state: Any, vector: Recorder) -> None:
    chosen = _stand(spec, state)[:16]
    for index in chosen:
        make_keyed(spec, state, index)
    changes = [build_bls_to_execution_change(spec, state, index) for index in chosen]
    _accept(spec, state, vector, bls_to_execution_changes=changes)
    for index in chosen:
        credentials = bytes(state.validators[index].withdrawal_credentials)
        assert credentials == execution_credentials(index)


def test_requests(spec: Any, state: Any, vector: Recorder) -> None:
    """One of each kind."""
    leaving, switching, *_ = _stand(spec, state)
    key = len(state.validators)
    state.balances[switching] = 33 * ETH
    # Otherwise the sweep would pay the excess out before the request is looked at.
    state.validators[switching].effective_balance = 31 * ETH
    deposit = build_deposit_request(spec, key, execution_credentials(key), 32 * ETH, index=9)
    _accept(
        spec,
        state,
        vector,
        deposits=[deposit],
        withdrawals=[build_withdrawal_request(spec, state, leaving)],
        consolidations=[build_consolidation_request(spec, state, switching, switching)],
    )
    assert [int(pending.amount) for pending in state.pending_deposits] == [32 * ETH, ETH]
    assert state.validators[leaving].exit_epoch == _leaves_in(spec)
    assert bytes(state.validators[switching].withdrawal_credentials)[:1] == b"\x02"


def test_requests_that_do_not_apply(spec: Any, state: Any, vector: Recorder) -> None:
    """They are no fault of the block."""
    index = _stand(spec, state)[0]
    request = build_withdrawal_request(spec, state, index, address=execution_address(index + 1))
    before = list(state.copy().validators)
    _accept(spec, state, vector, withdrawals=[request])
    assert list(state.validators) == before


def test_withdrawals(spec: Any, state: Any, vector: Recorder) -> None:
    """A whole balance, an excess, and a part that was asked for: it is the first."""
    gone, rich, partial, *_ = _stand(spec, state)
    state.next_withdrawal_validator_index = gone
    depart(state, gone, 5, 10)
    state.balances[rich] = 32 * ETH + 7
    make_compounding(spec, state, partial, 40 * ETH)
    state.pending_partial_withdrawals.append(
        spec.PendingPartialWithdrawal(validator_index=partial, amount=ETH, withdrawable_epoch=9)
    )
    block = _block(spec, state)
    paid = block.body.execution_payload.withdrawals
    assert {int(each.validator_index): int(each.amount) for each in paid} == {
        partial: ETH,
        gone: 32 * ETH,
        rich: 7,
    }
    assert paid[0].validator_index == partial
    run_blocks(spec, state, vector, [block])
    assert [int(state.balances[index]) for index in (gone, rich, partial)] == [
        0,
        32 * ETH,
        39 * ETH,
    ]


def test_withdrawals_before_operations(spec: Any, state: Any, vector: Recorder) -> None:
    """A change of credentials in the same block comes too late for its payload."""
    index = _stand(spec, state)[0]
    make_keyed(spec, state, index)
    state.balances[index] = 33 * ETH
    state.next_withdrawal_validator_index = index
    change = build_bls_to_execution_change(spec, state, index)
    block = _block(spec, state, bls_to_execution_changes=[change])
    assert len(block.body.execution_payload.withdrawals) == 0
    run_blocks(spec, state, vector, [block])
    assert state.balances[index] == 33 * ETH
    state.next_withdrawal_validator_index = index
    assert len(build_empty_payload(spec, state).withdrawals) == 1


def test_exit_after_slashing_of_another(spec: Any, state: Any, vector: Recorder) -> None:
    """Slashings come first and take their places in the queue of exits."""
    leaving, *slashed = _stand(spec, state)[:5]
    slashings = [build_proposer_slashing(spec, state, index) for index in slashed]
    exits = [build_voluntary_exit(spec, state, leaving)]
    _accept(spec, state, vector, proposer_slashings=slashings, voluntary_exits=exits)
    in_an_epoch = {"minimal": 2, "mainnet": 4}[spec.preset]
    assert state.validators[leaving].exit_epoch == _leaves_in(spec) + 4 // in_an_epoch


def test_change_and_exit(spec: Any, state: Any, vector: Recorder) -> None:
    """With new credentials a validator can ask by its address in the same block."""
    index = _stand(spec, state)[0]
    make_keyed(spec, state, index)
    request = build_withdrawal_request(spec, state, index, address=execution_address(index))
    change = build_bls_to_execution_change(spec, state, index)
    _accept(spec, state, vector, bls_to_execution_changes=[change], withdrawals=[request])
    assert state.validators[index].exit_epoch == _leaves_in(spec)


def test_exit_and_request(spec: Any, state: Any, vector: Recorder) -> None:
    """The second way out finds the validator leaving and is ignored."""
    index = _stand(spec, state)[0]
    signed_exit = build_voluntary_exit(spec, state, index)
    request = build_withdrawal_request(spec, state, index)
    _accept(spec, state, vector, voluntary_exits=[signed_exit], withdrawals=[request])
    assert state.validators[index].exit_epoch == _leaves_in(spec)
    limit = {"minimal": 64, "mainnet": 128}[spec.preset] * ETH
    assert state.exit_balance_to_consume == limit - 32 * ETH


def test_withdrawal_before_consolidation(spec: Any, state: Any, vector: Recorder) -> None:
    """Requests go kind by kind: one that has asked for its exit can switch no more."""
    index = _stand(spec, state)[0]
    request = build_withdrawal_request(spec, state, index)
    switch = build_consolidation_request(spec, state, index, index)
    _accept(spec, state, vector, withdrawals=[request], consolidations=[switch])
    assert bytes(state.validators[index].withdrawal_credentials)[:1] == b"\x01"


def test_everything(spec: Any, state: Any, vector: Recorder) -> None:
    """A block with operations of every kind, on different validators."""
    slashed, culprit, leaving, keyed, asking, switching, *_ = _stand(spec, state)
    make_keyed(spec, state, keyed)
    key = len(state.validators)
    _accept(
        spec,
        state,
        vector,
        proposer_slashings=[build_proposer_slashing(spec, state, slashed)],
        attester_slashings=[build_attester_slashing(spec, state, [culprit])],
        attestations=[build_attestation(spec, state)],
        voluntary_exits=[build_voluntary_exit(spec, state, leaving)],
        bls_to_execution_changes=[build_bls_to_execution_change(spec, state, keyed)],
        deposits=[build_deposit_request(spec, key, execution_credentials(key), 32 * ETH)],
        withdrawals=[build_withdrawal_request(spec, state, asking)],
        consolidations=[build_consolidation_request(spec, state, switching, switching)],
    )
    order = [slashed, culprit, leaving, asking]
    in_an_epoch = {"minimal": 2, "mainnet": 4}[spec.preset]
    assert [int(state.validators[index].exit_epoch) for index in order] == [
        _leaves_in(spec) + place // in_an_epoch for place in range(4)
    ]


def _two_proposer_slashings(spec: Any, state: Any, index: int) -> dict[str, list[Any]]:
    return {"proposer_slashings": [build_proposer_slashing(spec, state, index)] * 2}


def _both_slashings(spec: Any, state: Any, index: int) -> dict[str, list[Any]]:
    return {
        "proposer_slashings": [build_proposer_slashing(spec, state, index)],
        "attester_slashings": [build_attester_slashing(spec, state, [index])],
    }


def _two_exits(spec: Any, state: Any, index: int) -> dict[str, list[Any]]:
    return {"voluntary_exits": [build_voluntary_exit(spec, state, index)] * 2}


def _slashing_and_exit(spec: Any, state: Any, index: int) -> dict[str, list[Any]]:
    return {
        "proposer_slashings": [build_proposer_slashing(spec, state, index)],
        "voluntary_exits": [build_voluntary_exit(spec, state, index)],
    }


def _two_changes(spec: Any, state: Any, index: int) -> dict[str, list[Any]]:
    make_keyed(spec, state, index)
    return {"bls_to_execution_changes": [build_bls_to_execution_change(spec, state, index)] * 2}


FAULTS: dict[str, tuple[Callable[[Any, Any, int], dict[str, list[Any]]], str]] = {
    "proposer_slashings": (_two_proposer_slashings, "the proposer is slashed twice"),
    "slashings_of_both_kinds": (_both_slashings, "the only culprit has just been slashed"),
    "exits": (_two_exits, "the validator leaves twice"),
    "slashing_and_exit": (_slashing_and_exit, "the validator has just been slashed, and so leaves"),
    "changes": (_two_changes, "the credentials have just been changed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_twice(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    """Each operation alone would be right."""
    index = _stand(spec, state)[0]
    build, reason = FAULTS[fault]
    block = _block(spec, state, **build(spec, state, index))
    # Of credentials that have been changed, neither the prefix nor the rest is right any more.
    faults = 2 if fault == "changes" else 1
    run_blocks(spec, state, vector, [block], valid=False, reason=reason, faults=faults)


def test_one_wrong_among_right_ones(spec: Any, state: Any, vector: Recorder) -> None:
    """The last of several exits is for an epoch that has not come."""
    indices = _stand(spec, state)[:3]
    exits = [build_voluntary_exit(spec, state, index) for index in indices]
    epoch = spec.Epoch(SERVICE[spec.preset] + 1)
    exits[-1] = build_voluntary_exit(spec, state, indices[-1], epoch)
    reason = "the last exit's epoch has not come"
    _reject(spec, state, vector, reason, voluntary_exits=exits)
