"""What wallets and operators reckon, checked by hand and against what then happens."""

from typing import Any

import pytest

from tests.helpers.blocks import propose
from tests.helpers.epochs import next_epoch, set_participation
from tests.helpers.keys import POOL_KEYS, secret_key
from tests.helpers.requests import build_withdrawal_request
from tests.helpers.running import expect_rejection
from tests.helpers.slashings import build_attester_slashing, build_proposer_slashing
from tests.poolbonds.guide import (
    ETH,
    OPERATOR,
    SEAT,
    STAKER,
    close,
    found_pool,
    lock,
    lock_many,
    seat,
)

pytestmark = pytest.mark.forks("poolbonds")


# Credentials


def test_pooled_credentials_byte_by_byte(spec: Any) -> None:
    credentials = spec.build_pooled_credentials(0x0102, STAKER)
    assert bytes(credentials) == b"\xb4" + b"\x02\x01" + bytes(6) + bytes(3) + STAKER
    assert spec.read_pooled_credentials(credentials) == (0x0102, STAKER)
    assert spec.get_named_pool_index(credentials) == 0x0102


def test_pool_credentials_byte_by_byte(spec: Any) -> None:
    # 12.34% are 1,234 basis points: 0x04d2.
    credentials = spec.build_pool_bond_credentials(1234, OPERATOR)
    assert bytes(credentials) == b"\xb5" + b"\xd2\x04" + bytes(9) + OPERATOR
    assert spec.read_pool_bond_credentials(credentials) == (1234, OPERATOR)


@pytest.mark.parametrize("pool_index", [0, 1, 2**40, 2**64 - 1])
def test_pooled_credentials_are_read_as_they_were_built(spec: Any, pool_index: int) -> None:
    read = spec.read_pooled_credentials(spec.build_pooled_credentials(pool_index, STAKER))
    assert read == (pool_index, STAKER)


def test_commission_may_be_everything_and_no_more(spec: Any) -> None:
    credentials = spec.build_pool_bond_credentials(10_000, OPERATOR)
    assert spec.read_pool_bond_credentials(credentials).commission == 10_000
    expect_rejection(lambda: spec.build_pool_bond_credentials(10_001, OPERATOR))
    # 10,001 is 0x2711.
    too_much = spec.Bytes32(b"\xb5\x11\x27" + bytes(9) + OPERATOR)
    expect_rejection(lambda: spec.read_pool_bond_credentials(too_much))


@pytest.mark.parametrize("place", [0, 9, 10, 11])
def test_malformed_pooled_credentials_are_not_read(spec: Any, place: int) -> None:
    spoilt = bytearray(spec.build_pooled_credentials(7, STAKER))
    spoilt[place] ^= 1
    expect_rejection(lambda: spec.read_pooled_credentials(spec.Bytes32(bytes(spoilt))))


@pytest.mark.parametrize("place", [0, *range(3, 12)])
def test_malformed_pool_credentials_are_not_read(spec: Any, place: int) -> None:
    spoilt = bytearray(spec.build_pool_bond_credentials(500, OPERATOR))
    spoilt[place] ^= 1
    expect_rejection(lambda: spec.read_pool_bond_credentials(spec.Bytes32(bytes(spoilt))))


# Bond and seats


@pytest.mark.parametrize(
    ("seats", "bond"), [(0, 0), (1, 32 * ETH // 100), (1000, 320 * ETH), (1250, 400 * ETH)]
)
def test_bond_and_seats(spec: Any, seats: int, bond: int) -> None:
    assert spec.compute_bond_for_seats(seats) == bond
    assert spec.compute_seats(bond) == seats
    assert spec.compute_seats(bond + 1) == seats
    if seats:
        assert spec.compute_seats(bond - 1) == seats - 1


@pytest.mark.config(POOL_LEVERAGE=3)
def test_bond_for_seats_is_rounded_up(spec: Any) -> None:
    # 32 ETH / 3 is 10.666666666 ETH and two thirds of a Gwei.
    assert spec.compute_bond_for_seats(1) == 10_666_666_667
    assert spec.compute_seats(10_666_666_667) == 1
    assert spec.compute_seats(10_666_666_666) == 0


def test_seats_of_huge_numbers(spec: Any) -> None:
    assert spec.compute_seats(2**64 - 1) == (2**64 - 1) // SEAT
    assert spec.compute_bond_for_seats(2**64 - 1) == (2**64 - 1) // 100 + 1


def test_free_bond_leaves_out_what_leaves_and_what_is_forfeit(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 200 * ETH)
    found_pool(spec, state, 50 * ETH, key=1)
    assert spec.get_free_bond(state, pool) == 200 * ETH
    assert check_unbonding(spec, state, pool, 30 * ETH) == (0, 1, 257)
    penalty = spec.PendingPoolPenalty(pool_index=pool, penalty_epoch=9)
    state.pending_pool_penalties.append(penalty)
    state.pending_pool_penalties.append(penalty)
    assert spec.get_free_bond(state, pool) == (200 - 30 - 64) * ETH
    assert spec.get_free_bond(state, 1) == 50 * ETH
    close(spec, state, pool)
    assert spec.get_free_bond(state, pool) == 0


def test_order_and_place(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 200 * ETH)
    found_pool(spec, state, 200 * ETH, key=1)
    first, second, third, fourth, fifth, sixth = lock_many(spec, state, 6)
    stranger = lock(spec, state, 900, pool_index=1)
    unadmitted = lock(spec, state, 901, admitted=False)
    seat(spec, state, second, fifth)
    state.validators[fourth].activation_eligibility_epoch = 3
    state.validators[third].activation_eligibility_epoch = 4
    # One that has left the line for good, another that is absent
    spec.initiate_validator_exit(state, sixth)
    assert spec.get_seat_order(state, pool) == [second, fifth, fourth, third, first]
    places = [spec.get_place(state, index) for index in (first, second, third, fourth, fifth)]
    assert places == [4, 0, 3, 2, 1]
    assert spec.get_place(state, sixth) is None
    assert spec.get_place(state, unadmitted) is None
    assert spec.get_place(state, stranger) == 0
    assert spec.get_place(state, 0) is None
    state.inactivity_scores[first] = spec.config.SEAT_INACTIVITY_LIMIT
    assert spec.get_place(state, first) is None


def test_a_slashed_validator_has_no_place(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 200 * ETH)
    index, other = lock_many(spec, state, 2)
    seat(spec, state, index, other)
    spec.slash_validator(state, index)
    assert spec.get_seat_order(state, pool) == [other]


def test_free_capacity(spec: Any, state: Any) -> None:
    # 32 ETH cover 100 seats.
    pool = found_pool(spec, state, 32 * ETH)
    assert spec.get_free_capacity(state, pool) == 100
    first, *_ = lock_many(spec, state, 3)
    seat(spec, state, first)
    assert spec.get_free_capacity(state, pool) == 97
    state.pools[pool].bond = ETH
    # 100 ETH of stake: three seats
    assert spec.get_free_capacity(state, pool) == 0
    state.pools[pool].bond = 96 * ETH // 100 - 1
    assert spec.get_free_capacity(state, pool) == 0
    state.pools[pool].bond = 128 * ETH // 100
    assert spec.get_free_capacity(state, pool) == 1
    close(spec, state, pool)
    assert spec.get_free_capacity(state, pool) == 0


# Until seated


def observe_seating(spec: Any, state: Any, indices: list[int], epochs: int) -> dict[int, int]:
    """Let a chain go on on which everyone votes; give the first epoch in which each has weight."""
    seen: dict[int, int] = {}
    for _ in range(epochs):
        epoch = spec.get_current_epoch(state)
        for index in indices:
            validator = state.validators[index]
            if validator.effective_balance > 0 and spec.is_active_validator(validator, epoch):
                seen.setdefault(index, int(epoch))
        set_participation(spec, state)
        next_epoch(spec, state)
    return seen


def finalizing(spec: Any, state: Any) -> None:
    """Bring the state to an epoch in which the chain finalizes as usual."""
    for _ in range(4):
        set_participation(spec, state)
        next_epoch(spec, state)
    assert state.finalized_checkpoint.epoch == spec.get_current_epoch(state) - 2


def test_estimates_come_true(spec: Any, state: Any) -> None:
    """Two pools of which one has bond for two seats only; two seats are served an epoch."""
    finalizing(spec, state)
    rich, poor = found_pool(spec, state, 32 * ETH), found_pool(spec, state, 32 * ETH, key=1)
    state.pools[poor].bond = 64 * ETH // 100
    in_poor = lock_many(spec, state, 3, poor)
    in_rich = lock_many(spec, state, 4, rich)
    former = in_rich[3]
    state.validators[former].activation_epoch = 0
    members = [*in_poor, *in_rich]

    estimates = {index: spec.estimate_seated_epoch(state, index) for index in members}
    # Now is epoch 4. All come to the line at its end, dated 5, final at the end of 6. Then the poor
    # pool's two are served, and the rich one's at the ends of 7 and 8. A first activation takes
    # effect five epochs after it; who comes back has weight in the next.
    assert list(estimates.values()) == [11, 11, None, 12, 12, 13, 9]
    seen = observe_seating(spec, state, members, 10)
    assert seen == {index: epoch for index, epoch in estimates.items() if epoch is not None}


def test_estimates_come_true_for_those_in_line(spec: Any, state: Any) -> None:
    finalizing(spec, state)
    pool = found_pool(spec, state, 32 * ETH)
    early = lock_many(spec, state, 3, pool)
    set_participation(spec, state)
    next_epoch(spec, state)
    late = lock_many(spec, state, 2, pool)
    members = [*early, *late]
    estimates = {index: spec.estimate_seated_epoch(state, index) for index in members}
    # Those of epoch 5 are served at the ends of 6 and 7, one place of which is left for those of 6.
    assert list(estimates.values()) == [11, 11, 12, 12, 13]
    assert observe_seating(spec, state, members, 10) == estimates


def test_who_has_a_seat_has_weight_from_its_activation_on(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 32 * ETH)
    seated, coming = lock_many(spec, state, 2, pool)
    seat(spec, state, seated, coming)
    state.validators[coming].activation_epoch = 3
    assert spec.estimate_seated_epoch(state, seated) == 0
    assert spec.estimate_seated_epoch(state, coming) == 3


def test_who_can_get_no_seat_has_no_estimate(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 32 * ETH)
    leaving, absent, standing = lock_many(spec, state, 3, pool)
    unadmitted = lock(spec, state, 901, admitted=False)
    spec.initiate_validator_exit(state, leaving)
    state.inactivity_scores[absent] = spec.config.SEAT_INACTIVITY_LIMIT
    for index in (0, leaving, absent, unadmitted):
        assert spec.estimate_seated_epoch(state, index) is None
    # A bond that has been lost in this very epoch
    seat(spec, state, standing)
    assert spec.estimate_seated_epoch(state, standing) == 0
    state.pools[pool].bond = 0
    assert spec.estimate_seated_epoch(state, standing) is None


def test_estimates_leave_the_state_alone(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 32 * ETH)
    index = lock(spec, state, 900, pool)
    root = state.hash_tree_root()
    assert spec.estimate_seated_epoch(state, index) == 2 + 5
    spec.preview_staker_exit(state, index)
    spec.preview_unbonding(state, pool, 0)
    assert state.hash_tree_root() == root


# Admissions


@pytest.mark.bls
def test_a_proposer_includes_what_fits_and_is_valid(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 64 * ETH)
    members = [lock(spec, state, 500 + number, pool, admitted=False) for number in range(20)]
    twice, attester, proposer, wrong = members[:4]
    for index in (attester, proposer):
        state.validators[index].activation_epoch = 0
    signed = {
        index: spec.sign_pool_admission(state, index, secret_key(POOL_KEYS)) for index in members
    }
    signed[wrong].signature = signed[twice].signature
    candidates = [signed[twice], signed[twice], *signed.values()]

    def change(block: Any) -> None:
        proof = build_proposer_slashing(spec, state, proposer)
        block.body.proposer_slashings.append(proof)
        block.body.attester_slashings.append(build_attester_slashing(spec, state, [attester]))
        spec.include_pool_admissions(state, block.body, candidates)
        included = [each.message.validator_index for each in block.body.pool_admissions]
        assert included == [twice, *members[4:19]]

    propose(spec, state, change)
    admitted = [index for index in members if state.validator_pools[index] == pool]
    assert admitted == [twice, *members[4:19]]


@pytest.mark.bls
def test_a_proposer_without_candidates_includes_none(spec: Any, state: Any) -> None:
    body = spec.BeaconBlockBody()
    spec.include_pool_admissions(state, body, [])
    assert len(body.pool_admissions) == 0


# Leaving


def check_exit(spec: Any, state: Any, index: int) -> Any:
    """Compare the preview of an exit with the exit, which cannot come an epoch earlier."""
    preview = spec.preview_staker_exit(state, index)
    request = build_withdrawal_request(spec, state, index)
    if preview.request_epoch > spec.get_current_epoch(state):
        early = state.copy()
        early.slot = spec.compute_start_slot_at_epoch(spec.Epoch(preview.request_epoch - 1))
        spec.process_withdrawal_request(early, request)
        assert early.validators[index].exit_epoch == spec.FAR_FUTURE_EPOCH
        state.slot = spec.compute_start_slot_at_epoch(preview.request_epoch)
    spec.process_withdrawal_request(state, request)
    validator = state.validators[index]
    assert validator.exit_epoch == preview.exit_epoch
    assert validator.withdrawable_epoch == preview.withdrawable_epoch
    return preview


def test_preview_of_staker_exits(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 32 * ETH)
    new, first, second, third, waiting = lock_many(spec, state, 5, pool)
    seat(spec, state, first, second, third, waiting)
    spec.stand_up(state, waiting)
    # Never activated: at once. Activated: after 64 epochs, two seats' worth an epoch.
    assert check_exit(spec, state, new) == (0, 5, 5 + 256)
    assert check_exit(spec, state, first) == (64, 69, 69 + 256)
    assert check_exit(spec, state, second) == (64, 69, 69 + 256)
    assert check_exit(spec, state, third) == (64, 70, 70 + 256)
    # Without weight it does not queue.
    assert check_exit(spec, state, waiting) == (64, 69, 69 + 256)
    # Whoever is leaving already
    assert spec.preview_staker_exit(state, third) == (64, 70, 70 + 256)
    assert spec.preview_staker_exit(state, new) == (64, 5, 5 + 256)


def check_unbonding(spec: Any, state: Any, pool_index: int, amount: int) -> Any:
    """Compare the preview of an unbonding with the request."""
    preview = spec.preview_unbonding(state, pool_index, amount)
    pool = state.pools[pool_index]
    request = spec.WithdrawalRequest(
        source_address=pool.execution_address, validator_pubkey=pool.pubkey, amount=amount
    )
    spec.process_withdrawal_request(state, request)
    after = state.pools[pool_index]
    if preview is not None:
        assert after.unbonding_epoch == preview.exit_epoch
        assert after.withdrawable_epoch == preview.withdrawable_epoch
    return preview


def test_unbondable_amount_is_exact(spec: Any, state: Any) -> None:
    found_pool(spec, state, 40 * ETH)
    state.pools[0].seated_balance = 110 * SEAT
    # 110 seats are 3,520 ETH; without a quarter of the last, 3,512 ETH or 35.12 of bond.
    amount = spec.get_unbondable_amount(state, 0)
    assert amount == 488 * ETH // 100
    more = state.copy()
    assert check_unbonding(spec, state, 0, amount) == (0, 1, 257)
    # A Gwei more costs a seat, and waits for the churn.
    assert check_unbonding(spec, more, 0, amount + 1) == (0, 5, 261)


def test_unbondable_amount_leaves_the_minimum(spec: Any, state: Any) -> None:
    found_pool(spec, state, 40 * ETH)
    state.pools[0].seated_balance = 10 * SEAT
    assert spec.get_unbondable_amount(state, 0) == 8 * ETH
    assert check_unbonding(spec, state, 0, 8 * ETH) == (0, 1, 257)
    # One at a time
    assert spec.get_unbondable_amount(state, 0) == 0
    assert check_unbonding(spec, state, 0, 1) is None
    # Closing replaces it, waits for the 10 seats at two an epoch, and is for good.
    assert check_unbonding(spec, state, 0, 0) == (0, 9, 265)
    assert check_unbonding(spec, state, 0, 0) is None
    assert spec.get_unbondable_amount(state, 0) == 0


def test_nothing_is_unbondable_of_the_minimum_or_less(spec: Any, state: Any) -> None:
    for bond in (32 * ETH, 5 * ETH, 0):
        state.pools = spec.Pools()
        found_pool(spec, state, bond)
        assert spec.get_unbondable_amount(state, 0) == 0
        assert check_unbonding(spec, state, 0, 1) is None


def test_surplus_is_beyond_every_claim(spec: Any, state: Any) -> None:
    pool = found_pool(spec, state, 200 * ETH)
    assert spec.get_surplus_bond(state, pool) == 168 * ETH
    seated, *_ = lock_many(spec, state, 3)
    seat(spec, state, seated)
    # What three seats need is within the 32 ETH that have to stay ...
    assert spec.get_surplus_bond(state, pool) == 168 * ETH
    penalty = spec.PendingPoolPenalty(pool_index=pool, penalty_epoch=9)
    for _ in range(3):
        state.pending_pool_penalties.append(penalty)
    # ... and with 96 ETH of penalties to come it is not: 0.96 for the seats.
    assert spec.get_surplus_bond(state, pool) == (200 - 96) * ETH - 96 * ETH // 100
    for _ in range(9):
        state.pending_pool_penalties.append(penalty)
    assert spec.get_surplus_bond(state, pool) == 0
