"""The invariants themselves: that breaking a rule is noticed, by the check that it is for.

`watched` runs around the stories of all vectors with blocks. Here the specification is changed in
one place at a time, and a short life must fail; unchanged it must pass.
"""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import pytest

import poolspec
from poolspec.runtime import bls
from tests.helpers.genesis import genesis_state
from tests.helpers.invariants import watched
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    build_bond_request,
    build_lock_request,
    build_unbonding_request,
    make_pooled,
)
from tests.helpers.scenarios import FAR, Chain, everyone_but
from tests.helpers.slashings import build_attester_slashing

CONFIG = {"SHARD_COMMITTEE_PERIOD": 1, "MIN_VALIDATOR_WITHDRAWABILITY_DELAY": 4}


@pytest.fixture
def rules() -> ModuleType:
    """A copy of the specification, to be changed."""
    return poolspec.load("poolbonds", "minimal", config=CONFIG)


@pytest.fixture(autouse=True)
def _no_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bls, "bls_active", False)


def _live(spec: Any) -> Chain:
    """A life with a bit of everything, checked."""
    state = genesis_state(spec)
    for commission, bond in ((500, 40 * ETH), (0, 6 * SEAT_BOND)):
        add_pool(spec, state, bond=bond, commission=commission)
    make_pooled(spec, state, 0, range(0, 12, 2))
    make_pooled(spec, state, 1, range(1, 17, 2))
    chain = Chain(spec, state)
    with watched(spec):
        requests = [
            build_bond_request(spec, 2, 32 * ETH),
            build_bond_request(spec, 0, ETH, 7),
            build_lock_request(spec, 0, 64),
            build_lock_request(spec, 9, 65, 33 * ETH),
            build_bond_request(spec, 0, ETH, 500),
        ]
        chain.block(deposits=requests)
        chain.voters = everyone_but([1])
        chain.epochs(4)
        chain.admit(range(64, len(state.validators)))
        chain.leave(0)
        chain.block(
            attester_slashings=[build_attester_slashing(spec, state, [2, 3, 20])],
            withdrawals=[build_unbonding_request(spec, state, 1, 0)],
        )
        chain.voters = everyone_but([1])
        chain.epochs(6)
    return chain


def test_nothing_is_noticed(rules: ModuleType) -> None:
    """The specification as it is."""
    chain = _live(rules)
    state = chain.state
    assert len(state.pools) == 3
    assert state.validator_pools[64] == 0
    assert state.validators[64].activation_epoch != FAR
    assert state.validators[0].exit_epoch != FAR
    assert len(state.pending_pool_penalties) == 2
    assert sum(chain.paid().values()) > 33 * ETH + ETH


Break = Callable[[Any], None]


def _without(name: str) -> Break:
    """A step that does nothing."""

    def change(spec: Any) -> None:
        setattr(spec, name, lambda *_arguments: None)

    return change


def _after(name: str, damage: Callable[[Any, Any], None]) -> Break:
    """A function after which something is done to the state."""

    def change(spec: Any) -> None:
        plain = getattr(spec, name)

        @wraps(plain)
        def damaged(state: Any, *arguments: Any) -> Any:
            result = plain(state, *arguments)
            damage(spec, state)
            return result

        setattr(spec, name, damaged)

    return change


def _instead(name: str, value: Any) -> Break:
    """A function that always gives the same."""

    def change(spec: Any) -> None:
        setattr(spec, name, lambda *_arguments: value)

    return change


def _take_from_balance(spec: Any, state: Any) -> None:
    if state.validators[4].withdrawal_credentials[0] == 0xB4:
        state.balances[4] -= 1
        state.pools[0].bond += 1


def _redirect(spec: Any, state: Any) -> None:
    state.validators[4].withdrawal_credentials = spec.Bytes32(b"\xb4" + bytes(31))


def _hold_back(spec: Any, state: Any) -> None:
    for validator in state.validators:
        if validator.exit_epoch != FAR:
            validator.withdrawable_epoch = FAR - 1


def _admit_anybody(spec: Any, state: Any) -> None:
    for index, validator in enumerate(state.validators):
        if validator.withdrawal_credentials[0] == 0xB4:
            state.validator_pools[index] = 0


def _raise_commission(spec: Any, state: Any) -> None:
    state.pools[0].commission = 501


def _shorten_lock(spec: Any, state: Any) -> None:
    for pool in state.pools:
        pool.withdrawable_epoch = 0


def _issue(spec: Any, state: Any) -> None:
    state.pools[0].bond += 1


def _drop_refund(spec: Any, state: Any) -> None:
    state.pending_payouts = spec.PendingPayouts([])


def _seat_the_last(spec: Any, state: Any) -> None:
    """Let the lowest index of a pool stand up for the highest."""
    for index, validator in enumerate(state.validators):
        if state.validator_pools[index] == 1 and validator.effective_balance > 0:
            spec.stand_up(state, index)
            state.pools[1].seated_balance -= SEAT
            break


BREAKS: dict[str, tuple[str, Break]] = {
    "balances_pay_bonds": ("I1", _after("process_pool_seats", _take_from_balance)),
    "credentials_change": ("I1", _after("process_pool_seats", _redirect)),
    "exits_are_ignored": ("I2", _without("process_staker_exit_request")),
    "exits_are_delayed": ("I2", _after("process_operations", _hold_back)),
    "admitted_without_consent": ("I3", _after("process_pool_unbonding", _admit_anybody)),
    "commission_rises": ("I3", _after("process_pool_unbonding", _raise_commission)),
    "seats_are_never_lost": ("I4", _without("stand_up")),
    "leverage_is_doubled": ("I4", lambda spec: _double_leverage(spec)),
    "lowest_stands_up": ("I5", _after("process_pool_seats", _seat_the_last)),
    "line_is_not_served": ("I5", _without("sit_down")),
    "line_is_served_early": ("I5", lambda spec: _ignore_finality(spec)),
    "bond_leaves_at_once": ("I6", _after("process_withdrawal_request", _shorten_lock)),
    "lock_is_shortened": ("I6", _after("process_pending_deposits", _shorten_lock)),
    "refunds_are_dropped": ("I7", _after("process_pending_deposits", _drop_refund)),
    "locks_are_swallowed": ("I7", _without("add_validator_to_registry")),
    "money_from_nothing": ("money", _after("process_registry_updates", _issue)),
    "penalties_are_not_taken": ("slash_validator", _instead("charge_bond", 0)),
    "commission_is_lost": ("process_attestation", _instead("get_commission", 0)),
    "top_ups_are_lost": ("money", _without("process_deposit_request")),
    "payouts_are_paid_twice": ("money", _without("update_pending_payouts")),
    "withdrawals_are_not_taken": ("money", _without("apply_withdrawals")),
}


def _double_leverage(spec: Any) -> None:
    plain = spec.compute_kept_balance
    spec.compute_kept_balance = lambda bond: plain(spec.Gwei(2 * bond))


def _ignore_finality(spec: Any) -> None:
    plain = spec.get_seat_line

    def everybody(state: Any) -> Any:
        advanced = state.copy()
        advanced.finalized_checkpoint.epoch = 2**62
        return plain(advanced)

    spec.get_seat_line = everybody


@pytest.mark.parametrize("name", BREAKS)
def test_broken_rules_are_noticed(rules: ModuleType, name: str) -> None:
    """By the check whose invariant it is."""
    words, change = BREAKS[name]
    change(rules)
    with pytest.raises(AssertionError, match=words):
        _live(rules)
