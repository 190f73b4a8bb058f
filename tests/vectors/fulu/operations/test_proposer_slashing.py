"""Proposer slashings: two blocks of one proposer for one slot."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epochs import next_epoch, next_slots
from tests.helpers.keys import secret_key, sign
from tests.helpers.running import run_operation
from tests.helpers.slashings import build_proposer_slashing, sign_header
from tests.helpers.solo import ETH, bystander, depart, proposer_of, set_stake
from tests.helpers.verdicts import run_rejected

HANDLER = "proposer_slashing"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

SLASHINGS_PERIOD = {"minimal": 64, "mainnet": 8192}
"""Epochs for which a slashed validator stays."""

PART = 4096
"""The initial penalty, and the reward, are one in so many of the effective balance."""


def _slash(spec: Any, state: Any, vector: Recorder, slashing: Any, stake: int = 32 * ETH) -> None:
    """Slash a bystander with that effective balance (Gwei), and check all that it does."""
    epoch = int(spec.get_current_epoch(state))
    index = int(slashing.signed_header_1.message.proposer_index)
    proposer = proposer_of(spec, state)
    assert proposer != index
    balances = [int(state.balances[each]) for each in (index, proposer)]
    run_operation(spec, state, vector, HANDLER, slashing)
    validator = state.validators[index]
    assert validator.slashed
    assert validator.exit_epoch == epoch + 5
    period = SLASHINGS_PERIOD[spec.preset]
    assert validator.withdrawable_epoch == max(epoch + period, epoch + 5 + 256)
    assert state.slashings[epoch % period] == stake
    assert state.balances[index] == balances[0] - stake // PART
    assert state.balances[proposer] == balances[1] + stake // PART


def test_slashing(spec: Any, state: Any, vector: Recorder) -> None:
    index = bystander(spec, state)
    _slash(spec, state, vector, build_proposer_slashing(spec, state, index))


def test_penalty_goes_by_effective_balance(spec: Any, state: Any, vector: Recorder) -> None:
    index = bystander(spec, state)
    set_stake(spec, state, index, 21 * ETH + 5)
    slashing = build_proposer_slashing(spec, state, index)
    _slash(spec, state, vector, slashing, stake=21 * ETH)


def test_balance_below_the_penalty(spec: Any, state: Any, vector: Recorder) -> None:
    """The penalty takes what there is; the reward is paid in full."""
    index = bystander(spec, state)
    state.balances[index] = 32 * ETH // PART - 1
    proposer = proposer_of(spec, state)
    slashing = build_proposer_slashing(spec, state, index)
    run_operation(spec, state, vector, HANDLER, slashing)
    assert state.balances[index] == 0
    assert state.balances[proposer] == 32 * ETH + 32 * ETH // PART


def test_proposer_slashes_itself(spec: Any, state: Any, vector: Recorder) -> None:
    """What it pays as a culprit it earns as the one who reports."""
    index = proposer_of(spec, state)
    slashing = build_proposer_slashing(spec, state, index)
    run_operation(spec, state, vector, HANDLER, slashing)
    assert state.validators[index].slashed
    assert state.balances[index] == 32 * ETH


def test_slot_of_an_earlier_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    next_epoch(spec, state, 2)
    index = bystander(spec, state)
    _slash(spec, state, vector, build_proposer_slashing(spec, state, index, slot=1))


def test_slot_to_come(spec: Any, state: Any, vector: Recorder) -> None:
    """Blocks for a slot that has not come are evidence as well."""
    next_slots(spec, state)
    index = bystander(spec, state)
    slot = 100 * int(spec.SLOTS_PER_EPOCH)
    _slash(spec, state, vector, build_proposer_slashing(spec, state, index, slot=slot))


@pytest.mark.parametrize("field", ["parent_root", "state_root", "body_root"])
def test_one_field_differs(spec: Any, state: Any, vector: Recorder, field: str) -> None:
    index = bystander(spec, state)
    slashing = build_proposer_slashing(spec, state, index)
    header = slashing.signed_header_1.message.copy()
    setattr(header, field, spec.Root(b"\x99" * 32))
    slashing.signed_header_2 = sign_header(spec, state, header)
    _slash(spec, state, vector, slashing)


def test_added_to_what_was_slashed_before(spec: Any, state: Any, vector: Recorder) -> None:
    """The sum of an epoch grows; those of other epochs stay."""
    next_epoch(spec, state)
    state.slashings[0] = 7 * ETH
    state.slashings[1] = 9 * ETH
    slashing = build_proposer_slashing(spec, state, bystander(spec, state))
    run_operation(spec, state, vector, HANDLER, slashing)
    assert [int(amount) for amount in state.slashings[:3]] == [7 * ETH, 41 * ETH, 0]


EPOCH = 10


@pytest.mark.parametrize("withdrawable_in", [1, 0], ids=["before", "at"])
def test_around_withdrawability(
    spec: Any, state: Any, vector: Recorder, withdrawable_in: int
) -> None:
    """Who has left can be slashed until its money may go."""
    state.slot = EPOCH * int(spec.SLOTS_PER_EPOCH)
    index = bystander(spec, state)
    depart(state, index, 5, EPOCH + withdrawable_in)
    slashing = build_proposer_slashing(spec, state, index)
    if withdrawable_in == 0:
        reason = "the proposer is withdrawable"
        run_rejected(spec, state, vector, HANDLER, slashing, reason)
        return
    run_operation(spec, state, vector, HANDLER, slashing)
    assert state.validators[index].slashed
    assert state.validators[index].exit_epoch == 5
    assert state.validators[index].withdrawable_epoch == EPOCH + SLASHINGS_PERIOD[spec.preset]


@pytest.mark.parametrize("active_in", [0, 1], ids=["at", "before"])
def test_around_activation(spec: Any, state: Any, vector: Recorder, active_in: int) -> None:
    """It can be slashed from the epoch in which it is activated."""
    state.slot = EPOCH * int(spec.SLOTS_PER_EPOCH)
    index = bystander(spec, state)
    state.validators[index].activation_epoch = EPOCH + active_in
    slashing = build_proposer_slashing(spec, state, index)
    if active_in == 1:
        run_rejected(spec, state, vector, HANDLER, slashing, "the proposer was never active")
    else:
        _slash(spec, state, vector, slashing)


def test_slashed_before(spec: Any, state: Any, vector: Recorder) -> None:
    index = bystander(spec, state)
    state.validators[index].slashed = True
    slashing = build_proposer_slashing(spec, state, index)
    run_rejected(spec, state, vector, HANDLER, slashing, "the proposer is slashed already")


def _same_header(spec: Any, state: Any, slashing: Any) -> None:
    slashing.signed_header_2 = slashing.signed_header_1


def _other_slot(spec: Any, state: Any, slashing: Any) -> None:
    slashing.signed_header_2.message.slot += 1


def _other_proposer(spec: Any, state: Any, slashing: Any) -> None:
    slashing.signed_header_2.message.proposer_index += 1


FAULTS: dict[str, tuple[Callable[[Any, Any, Any], None], str]] = {
    "same_header": (_same_header, "both headers are the same"),
    "slots": (_other_slot, "the headers are for different slots"),
    "proposers": (_other_proposer, "the headers are of different proposers"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    """Signed as they are by the first one's proposer, so that nothing else is wrong with them."""
    change, reason = FAULTS[fault]
    index = bystander(spec, state)
    slashing = build_proposer_slashing(spec, state, index)
    change(spec, state, slashing)
    second = sign_header(spec, state, slashing.signed_header_2.message, signer=index)
    slashing.signed_header_2 = second
    run_rejected(spec, state, vector, HANDLER, slashing, reason)


@pytest.mark.bls
def test_same_header_with_different_signatures(spec: Any, state: Any, vector: Recorder) -> None:
    """The signature is no part of what was proposed."""
    slashing = build_proposer_slashing(spec, state, bystander(spec, state))
    slashing.signed_header_2.message = slashing.signed_header_1.message
    reason = "both headers are the same"
    # Only one of two signatures of a message can be right.
    run_rejected(spec, state, vector, HANDLER, slashing, reason, faults=2)


def test_index_outside_the_registry(spec: Any, state: Any, vector: Recorder) -> None:
    slashing = build_proposer_slashing(spec, state, 0)
    for signed in (slashing.signed_header_1, slashing.signed_header_2):
        signed.message.proposer_index = len(state.validators)
    run_rejected(spec, state, vector, HANDLER, slashing, "there is no such validator")


@pytest.mark.bls
@pytest.mark.parametrize("place", [1, 2])
def test_signed_by_another(spec: Any, state: Any, vector: Recorder, place: int) -> None:
    index = bystander(spec, state)
    slashing = build_proposer_slashing(spec, state, index)
    signed = getattr(slashing, f"signed_header_{place}")
    domain = spec.get_domain(state, spec.DOMAIN_BEACON_PROPOSER)
    signed.signature = sign(spec, secret_key(index + 1), signed.message, domain)
    reason = f"header {place} is not signed by the proposer"
    run_rejected(spec, state, vector, HANDLER, slashing, reason)


@pytest.mark.bls
def test_signed_in_another_domain(spec: Any, state: Any, vector: Recorder) -> None:
    index = bystander(spec, state)
    slashing = build_proposer_slashing(spec, state, index)
    signed = slashing.signed_header_2
    domain = spec.get_domain(state, spec.DOMAIN_BEACON_ATTESTER)
    signed.signature = sign(spec, secret_key(index), signed.message, domain)
    reason = "header 2 is signed as something else"
    run_rejected(spec, state, vector, HANDLER, slashing, reason)


@pytest.mark.bls
@pytest.mark.config(FULU_FORK_EPOCH=0, POOLBONDS_FORK_EPOCH=EPOCH)
@pytest.mark.vectors(forks=["poolbonds"])
def test_signature_of_the_headers_own_fork(spec: Any, state: Any, vector: Recorder) -> None:
    """A header is signed under the fork of its slot, which may be the one before the state's."""
    state.slot = EPOCH * int(spec.SLOTS_PER_EPOCH)
    state.fork.epoch = EPOCH
    state.fork.previous_version = spec.config.FULU_FORK_VERSION
    slot = int(state.slot) - 1
    slashing = build_proposer_slashing(spec, state, bystander(spec, state), slot=slot)
    _slash(spec, state, vector, slashing)
