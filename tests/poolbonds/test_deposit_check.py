"""What a wallet finds wrong with a deposit, and what would become of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.helpers.keys import pool_public_key, public_key
from tests.poolbonds.guide import (
    ETH,
    OPERATOR,
    SEAT,
    STAKER,
    close,
    deposit_data,
    found_pool,
    pending,
)

pytestmark = [pytest.mark.forks("poolbonds"), pytest.mark.bls]

KEY = 700
OTHER = b"\x66" * 20


@pytest.fixture
def pool(spec: Any, state: Any) -> int:
    """A pool that takes 5%; a second one with the same price stands after it."""
    index = found_pool(spec, state, 64 * ETH, commission=500)
    found_pool(spec, state, 32 * ETH, commission=500, key=1)
    return index


def names(problems: Any) -> list[str]:
    return [problem.name for problem in problems]


def check_lock(spec: Any, state: Any, deposit: Any, commission: int = 500) -> list[str]:
    terms = spec.LockTerms(STAKER, spec.PoolIndex(0), spec.Uint64(commission))
    return names(spec.find_lock_problems(state, deposit, terms))


def lock_deposit(
    spec: Any, *, pool_index: int = 0, address: bytes = STAKER, amount: int = SEAT
) -> Any:
    credentials = spec.build_pooled_credentials(pool_index, address)
    return deposit_data(spec, public_key(KEY), credentials, amount)


def solo_deposit(spec: Any, amount: int = ETH, prefix: bytes = b"\x01") -> Any:
    return deposit_data(spec, public_key(KEY), prefix + bytes(11) + OTHER, amount)


def is_refunded(spec: Any, state: Any, deposit: Any) -> bool:
    """Fund the deposit, let it and all before it leave the queue, and see where the money is."""
    state = state.copy()
    state.pending_deposits.append(pending(spec, deposit))
    state.deposit_balance_to_consume = 10_000 * ETH
    spec.process_pending_deposits(state)
    assert len(state.pending_deposits) == 0
    address = spec.get_credentials_address(deposit.withdrawal_credentials)
    refund = spec.Payout(source=spec.REFUND_INDEX, address=address, amount=deposit.amount)
    return refund in list(state.pending_payouts)


def test_a_good_deposit_makes_a_validator(spec: Any, state: Any, pool: int) -> None:
    deposit = lock_deposit(spec)
    assert check_lock(spec, state, deposit) == []
    assert not is_refunded(spec, state, deposit)


# Stake: one thing wrong at a time. The last column: is it refunded?


def with_padding(spec: Any) -> Any:
    credentials = bytearray(spec.build_pooled_credentials(0, STAKER))
    credentials[9] = 1
    return deposit_data(spec, public_key(KEY), bytes(credentials), SEAT)


def with_invalid_key(spec: Any) -> Any:
    deposit = lock_deposit(spec)
    deposit.pubkey = b"\xff" * 48
    return deposit


def with_changed_amount(spec: Any) -> Any:
    deposit = lock_deposit(spec, amount=33 * ETH)
    deposit.amount = SEAT
    return deposit


@pytest.mark.parametrize(
    ("make", "problems", "refunded"),
    [
        (with_padding, ["WRONG_PADDING"], True),
        (with_invalid_key, ["INVALID_KEY"], True),
        (with_changed_amount, ["WRONG_SIGNATURE"], True),
        (lambda spec: solo_deposit(spec, SEAT), ["WRONG_PREFIX"], False),
        (lambda spec: lock_deposit(spec, address=OTHER), ["WRONG_ADDRESS"], False),
        (lambda spec: lock_deposit(spec, pool_index=1), ["WRONG_POOL"], False),
        (lambda spec: lock_deposit(spec, pool_index=2), ["WRONG_POOL", "UNKNOWN_POOL"], True),
        (lambda spec: lock_deposit(spec, amount=SEAT - 1), ["TOO_LITTLE"], True),
        (lambda spec: lock_deposit(spec, amount=SEAT + 1), ["TOO_MUCH"], False),
    ],
)
def test_what_is_wrong_with_the_deposit_itself(
    spec: Any,
    state: Any,
    pool: int,
    make: Callable[[Any], Any],
    problems: list[str],
    refunded: bool,
) -> None:
    deposit = make(spec)
    assert check_lock(spec, state, deposit) == problems
    assert is_refunded(spec, state, deposit) == refunded


def test_another_commission_than_agreed(spec: Any, state: Any, pool: int) -> None:
    for commission in (0, 499, 501):
        assert check_lock(spec, state, lock_deposit(spec), commission) == ["WRONG_COMMISSION"]


def test_a_pool_that_does_not_exist_yet(spec: Any, state: Any) -> None:
    assert check_lock(spec, state, lock_deposit(spec)) == ["UNKNOWN_POOL"]
    assert is_refunded(spec, state, lock_deposit(spec))


def test_a_closing_pool(spec: Any, state: Any, pool: int) -> None:
    close(spec, state, pool)
    assert check_lock(spec, state, lock_deposit(spec)) == ["CLOSING_POOL"]
    # It is closed from the next epoch on, and takes no stake that comes then.
    assert not is_refunded(spec, state, lock_deposit(spec))
    state.pools[pool].unbonding_epoch = 0
    assert check_lock(spec, state, lock_deposit(spec)) == ["CLOSING_POOL"]
    assert is_refunded(spec, state, lock_deposit(spec))


def test_all_problems_are_named_at_once(spec: Any, state: Any, pool: int) -> None:
    deposit = with_padding(spec)
    deposit.amount = ETH
    found = check_lock(spec, state, deposit, commission=1)
    assert found == ["WRONG_PADDING", "WRONG_COMMISSION", "WRONG_SIGNATURE", "TOO_LITTLE"]


# Front-running


@pytest.mark.parametrize("prefix", [b"\x00", b"\x01", b"\x02", b"\xb4"])
def test_a_validator_with_the_key_and_other_credentials(
    spec: Any, state: Any, pool: int, prefix: bytes
) -> None:
    front = solo_deposit(spec, SEAT, prefix)
    spec.apply_pending_deposit(state, pending(spec, front))
    assert spec.get_validator_index_by_pubkey(state, front.pubkey) is not None
    assert check_lock(spec, state, lock_deposit(spec)) == ["KEY_TAKEN"]
    assert is_refunded(spec, state, lock_deposit(spec))


@pytest.mark.parametrize("prefix", [b"\x00", b"\x01", b"\x02"])
def test_an_earlier_deposit_in_the_queue_with_other_credentials(
    spec: Any, state: Any, pool: int, prefix: bytes
) -> None:
    state.pending_deposits.append(pending(spec, solo_deposit(spec, ETH, prefix)))
    assert check_lock(spec, state, lock_deposit(spec)) == ["KEY_PENDING"]
    assert is_refunded(spec, state, lock_deposit(spec))


def test_an_earlier_deposit_for_the_same_pool_and_another_address(
    spec: Any, state: Any, pool: int
) -> None:
    state.pending_deposits.append(pending(spec, lock_deposit(spec, address=OTHER)))
    assert check_lock(spec, state, lock_deposit(spec)) == ["KEY_PENDING"]
    assert is_refunded(spec, state, lock_deposit(spec))


def test_an_earlier_deposit_without_the_keys_signature_is_no_threat(
    spec: Any, state: Any, pool: int
) -> None:
    front = solo_deposit(spec)
    front.signature = solo_deposit(spec, 2 * ETH).signature
    state.pending_deposits.append(pending(spec, front))
    assert check_lock(spec, state, lock_deposit(spec)) == []
    assert not is_refunded(spec, state, lock_deposit(spec))


def test_deposits_for_other_keys_and_of_bond_are_no_threat(
    spec: Any, state: Any, pool: int
) -> None:
    credentials = b"\x01" + bytes(11) + OTHER
    other_key = deposit_data(spec, public_key(KEY + 1), credentials, SEAT)
    bond_credentials = spec.build_pool_bond_credentials(0, OTHER)
    bond = deposit_data(spec, public_key(KEY), bond_credentials, 32 * ETH)
    for deposit in (other_key, bond):
        state.pending_deposits.append(pending(spec, deposit))
    assert check_lock(spec, state, lock_deposit(spec)) == []
    assert not is_refunded(spec, state, lock_deposit(spec))


def test_the_same_deposit_twice(spec: Any, state: Any, pool: int) -> None:
    deposit = lock_deposit(spec)
    state.pending_deposits.append(pending(spec, deposit))
    assert check_lock(spec, state, deposit) == ["ALREADY_FUNDED"]
    spec.process_pending_deposits(state)
    assert spec.get_validator_index_by_pubkey(state, deposit.pubkey) is not None
    assert check_lock(spec, state, deposit) == ["ALREADY_FUNDED"]
    assert not is_refunded(spec, state, deposit)


# Bond


def bond_deposit(spec: Any, *, commission: int = 500, amount: int = 32 * ETH, key: int = 2) -> Any:
    credentials = spec.build_pool_bond_credentials(commission, OPERATOR)
    return deposit_data(spec, pool_public_key(key), credentials, amount)


def check_bond(spec: Any, state: Any, deposit: Any) -> list[str]:
    return names(spec.find_bond_problems(state, deposit))


def test_a_good_deposit_founds_a_pool(spec: Any, state: Any, pool: int) -> None:
    assert check_bond(spec, state, bond_deposit(spec)) == []
    assert not is_refunded(spec, state, bond_deposit(spec))


def with_bond_padding(spec: Any) -> Any:
    credentials = bytearray(spec.build_pool_bond_credentials(500, OPERATOR))
    credentials[11] = 1
    return deposit_data(spec, pool_public_key(2), bytes(credentials), 32 * ETH)


def with_commission_over_everything(spec: Any) -> Any:
    credentials = b"\xb5\x11\x27" + bytes(9) + OPERATOR
    return deposit_data(spec, pool_public_key(2), credentials, 32 * ETH)


def with_another_signature(spec: Any) -> Any:
    deposit = bond_deposit(spec)
    deposit.signature = bond_deposit(spec, commission=0).signature
    return deposit


def with_invalid_pool_key(spec: Any) -> Any:
    deposit = bond_deposit(spec)
    deposit.pubkey = bytes(48)
    return deposit


@pytest.mark.parametrize(
    ("make", "problems", "refunded"),
    [
        (with_bond_padding, ["WRONG_PADDING"], True),
        (with_commission_over_everything, ["WRONG_COMMISSION"], True),
        (with_another_signature, ["WRONG_SIGNATURE"], True),
        (with_invalid_pool_key, ["INVALID_KEY"], True),
        (lambda spec: bond_deposit(spec, amount=32 * ETH - 1), ["TOO_LITTLE"], True),
        (lambda spec: solo_deposit(spec, SEAT), ["WRONG_PREFIX"], False),
    ],
)
def test_what_is_wrong_with_a_founding(
    spec: Any,
    state: Any,
    pool: int,
    make: Callable[[Any], Any],
    problems: list[str],
    refunded: bool,
) -> None:
    deposit = make(spec)
    assert check_bond(spec, state, deposit) == problems
    assert is_refunded(spec, state, deposit) == refunded


def test_an_earlier_founding_in_the_queue(spec: Any, state: Any, pool: int) -> None:
    state.pending_deposits.append(pending(spec, bond_deposit(spec, commission=0)))
    assert check_bond(spec, state, bond_deposit(spec)) == ["KEY_PENDING"]
    assert is_refunded(spec, state, bond_deposit(spec))


def test_two_foundings_with_the_same_credentials_add_up(spec: Any, state: Any, pool: int) -> None:
    state.pending_deposits.append(pending(spec, bond_deposit(spec)))
    assert check_bond(spec, state, bond_deposit(spec)) == []
    assert not is_refunded(spec, state, bond_deposit(spec))


def test_a_validator_with_the_pools_key_does_not_matter(spec: Any, state: Any, pool: int) -> None:
    credentials = b"\x01" + bytes(11) + OTHER
    solo = deposit_data(spec, pool_public_key(2), credentials, SEAT)
    state.pending_deposits.append(pending(spec, solo))
    assert check_bond(spec, state, bond_deposit(spec)) == []
    spec.process_pending_deposits(state)
    assert check_bond(spec, state, bond_deposit(spec)) == []
    assert not is_refunded(spec, state, bond_deposit(spec))


def test_topping_up_needs_the_credentials_and_no_more(spec: Any, state: Any, pool: int) -> None:
    unsigned = bond_deposit(spec, key=0, amount=1)
    unsigned.signature = bytes(96)
    assert check_bond(spec, state, unsigned) == []
    assert not is_refunded(spec, state, unsigned)
    other = bond_deposit(spec, key=0, commission=501)
    assert check_bond(spec, state, other) == ["KEY_TAKEN"]
    assert is_refunded(spec, state, other)


def test_topping_up_beyond_64_bits(spec: Any, state: Any, pool: int) -> None:
    state.pools[pool].bond = 2**64 - 5
    assert check_bond(spec, state, bond_deposit(spec, key=0, amount=4)) == []
    assert check_bond(spec, state, bond_deposit(spec, key=0, amount=5)) == ["TOO_MUCH"]


def test_topping_up_a_closing_pool(spec: Any, state: Any, pool: int) -> None:
    close(spec, state, pool)
    assert check_bond(spec, state, bond_deposit(spec, key=0)) == ["CLOSING_POOL"]
    assert is_refunded(spec, state, bond_deposit(spec, key=0))
