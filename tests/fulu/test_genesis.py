"""The chain that starts in Fulu."""

from typing import Any

import pytest

import poolspec
from tests.fulu.chain import (
    BLOCK_HASH,
    ETH,
    GENESIS_TIME,
    genesis_state,
    genesis_validators,
    propose,
)

pytestmark = pytest.mark.forks("fulu")


def test_all_validators_are_active(spec: Any, state: Any) -> None:
    assert list(spec.get_active_validator_indices(state, spec.GENESIS_EPOCH)) == list(range(64))
    assert spec.get_total_active_balance(state) == 64 * 32 * ETH


def test_the_chain_is_bound_to_registry_and_execution_block(spec: Any, state: Any) -> None:
    assert state.genesis_time == GENESIS_TIME
    assert state.genesis_validators_root == spec.hash_tree_root(state.validators)
    assert state.latest_execution_payload_header.block_hash == BLOCK_HASH
    assert set(state.randao_mixes) == {BLOCK_HASH}
    assert state.fork.current_version == bytes.fromhex("06000001")
    assert state.latest_block_header.body_root == spec.hash_tree_root(spec.BeaconBlockBody())


def test_balances_decide_who_is_active(spec: Any) -> None:
    state = genesis_state(spec, [32 * ETH, 32 * ETH - 1, 2100 * ETH, 40 * ETH + 5])
    assert [v.effective_balance for v in state.validators] == [
        32 * ETH,
        31 * ETH,
        2048 * ETH,
        40 * ETH,
    ]
    assert list(spec.get_active_validator_indices(state, spec.GENESIS_EPOCH)) == [0, 2, 3]
    assert state.validators[1].activation_eligibility_epoch == spec.FAR_FUTURE_EPOCH
    assert list(state.balances) == [32 * ETH, 32 * ETH - 1, 2100 * ETH, 40 * ETH + 5]


def test_no_key_twice(spec: Any) -> None:
    validators = genesis_validators(spec, [32 * ETH, 32 * ETH])
    with pytest.raises(AssertionError):
        spec.initialize_genesis_state(spec.Uint64(0), spec.Hash32(), [*validators, validators[0]])


def test_somebody_must_be_active(spec: Any) -> None:
    with pytest.raises(AssertionError):
        genesis_state(spec, [31 * ETH])


def test_exits_begin_after_the_lookahead(spec: Any, state: Any) -> None:
    assert state.earliest_exit_epoch == state.earliest_consolidation_epoch == 5
    # A 32nd of 2,048 ETH, which is also the least there is; nothing is left for consolidations.
    assert state.exit_balance_to_consume == 64 * ETH
    assert state.consolidation_balance_to_consume == 0


def test_the_lookahead_holds_the_proposers_of_two_epochs(spec: Any, state: Any) -> None:
    assert len(state.proposer_lookahead) == 16
    later = state.copy()
    spec.process_slots(later, spec.Slot(8))
    assert list(later.proposer_lookahead)[:8] == list(state.proposer_lookahead)[8:]
    assert spec.get_beacon_proposer_index(later) == state.proposer_lookahead[8]


def test_sync_committees_are_members_of_the_registry(spec: Any, state: Any) -> None:
    assert state.current_sync_committee == state.next_sync_committee
    keys = {validator.pubkey for validator in state.validators}
    assert set(state.current_sync_committee.pubkeys) <= keys
    assert state.current_sync_committee.aggregate_pubkey == spec.bls.AggregatePKs(
        list(state.current_sync_committee.pubkeys)
    )


def test_blocks_can_be_built_on_it(spec: Any, state: Any) -> None:
    signed_block = propose(spec, state, 1)
    spec.state_transition(state, signed_block)
    assert state.latest_block_header.slot == 1


def test_the_first_deposit_request_comes_after_the_registry(spec: Any, state: Any) -> None:
    assert state.eth1_deposit_index == state.deposit_requests_start_index == 64
    spec.process_deposit_request(state, spec.DepositRequest(index=64, amount=32 * ETH))
    assert state.eth1_deposit_index == state.deposit_requests_start_index == 64
    assert spec.is_pending_deposit_ready(state, state.pending_deposits[0])


def test_a_public_network_needs_time_and_validators(spec: Any, state: Any) -> None:
    assert spec.is_valid_genesis_state(state)
    at_time = poolspec.load("fulu", "minimal", config={"MIN_GENESIS_TIME": GENESIS_TIME + 1})
    assert not at_time.is_valid_genesis_state(state)
    larger = poolspec.load("fulu", "minimal", config={"MIN_GENESIS_ACTIVE_VALIDATOR_COUNT": 65})
    assert not larger.is_valid_genesis_state(state)
