"""Attacks through deposits and admissions, each tried on the compiled specification."""

from typing import Any

import pytest

import poolspec
from tests.adversary.book import CHURN, EPOCHS_A_DAY, states
from tests.adversary.world import (
    EPOCH,
    FAR,
    ask_for_bond,
    ask_to_leave,
    begin_epoch,
    end_epoch,
    serve_seats,
)
from tests.helpers.deposits import build_deposit_request, build_pending_deposit
from tests.helpers.genesis import execution_address, execution_credentials, genesis_state
from tests.helpers.hooks import hooked
from tests.helpers.keys import POOL_KEYS, pool_public_key, secret_of
from tests.helpers.pools import (
    ETH,
    SEAT,
    add_pool,
    add_waiting,
    bond_credentials,
    build_bond_request,
    build_pool_admission,
    pooled_credentials,
)
from tests.helpers.queues import (
    fill_payouts,
    payouts,
    pending_bond,
    pending_lock,
    queue_deposits,
    refund_of,
)
from tests.helpers.running import expect_rejection

pytestmark = [pytest.mark.forks("poolbonds"), pytest.mark.bls]

KEY = 64
"""The first key that no validator of genesis has."""

STEP = "process_pending_deposits"


def test_front_running_a_deposit(spec: Any, state: Any) -> None:
    """Whoever makes the key its own first, the staker has all of it back."""
    first = add_pool(spec, state, bond=40 * ETH)
    thefts = [
        execution_credentials(999),
        execution_credentials(999, b"\x02"),
        pooled_credentials(first, 999),
        pooled_credentials(first, KEY)[:11] + b"\x01" + execution_address(KEY),
    ]
    for number, credentials in enumerate(thefts):
        after = state.copy()
        stolen = build_pending_deposit(spec, KEY, credentials, SEAT)
        staked = pending_lock(spec, first, KEY, SEAT)
        queue_deposits(after, stolen, staked)
        end_epoch(spec, after, EPOCH, STEP)
        if number < 3:
            assert payouts(after) == [refund_of(staked)]
            assert after.balances[KEY] == SEAT
        else:
            # Malformed, it does not even take the key
            assert payouts(after) == [refund_of(stolen)]
            assert bytes(after.validators[KEY].withdrawal_credentials)[12:] == execution_address(
                KEY
            )
    states("Front-running a stake", "0 ETH")


def test_sniping_a_pool_index(spec: Any, state: Any, mainnet: Any) -> None:
    """A stake that names the next index goes to whoever founds a pool first."""
    greedy = pending_bond(spec, 7, 32 * ETH, commission=10_000)
    chosen = pending_bond(spec, 8, 32 * ETH, commission=500)
    state.deposit_balance_to_consume = 64 * ETH
    queue_deposits(state, greedy, chosen, pending_lock(spec, 0, KEY, SEAT))
    end_epoch(spec, state, EPOCH, STEP)
    assert [int(pool.commission) for pool in state.pools] == [10_000, 500]
    admission = build_pool_admission(spec, state, KEY, secret=secret_of(pool_public_key(7)))
    spec.process_pool_admission(state, admission)
    # Before a seat it can leave at once
    begin_epoch(spec, state, EPOCH + 1)
    out = state.copy()
    ask_to_leave(spec, out, KEY)
    assert out.validators[KEY].withdrawable_epoch == EPOCH + 1 + 5 + 256
    assert mainnet.config.SHARD_COMMITTEE_PERIOD == 256
    # From the seat: five epochs to the activation, 256 of service, five to the exit, 256 to the end
    assert 5 + 256 + 5 + 256 == 522
    states("Sniping a pool's index", "522 epochs", f"{522 / EPOCHS_A_DAY:.1f} days")


def test_founding_in_anothers_name(spec: Any, state: Any) -> None:
    """Strangers cannot found a pool with somebody's key on terms of their own, nor change terms."""
    add_pool(spec, state, bond=40 * ETH)
    key = POOL_KEYS + 5
    forged = build_pending_deposit(spec, key, bond_credentials(9, 10_000), 32 * ETH, signed=False)
    queue_deposits(state, forged)
    end_epoch(spec, state, EPOCH, STEP)
    assert len(state.pools) == 1
    assert payouts(state) == [refund_of(forged)]
    request = build_bond_request(spec, 0, ETH, commission=1)
    spec.process_deposit_request(state, request)
    assert state.pools[0].bond == 40 * ETH
    assert state.pools[0].commission == 0
    states("Founding in another's name", "0 ETH")


def test_refund_spam(spec: Any, state: Any, mainnet: Any) -> None:
    """Refunds cost others places in the queue, but none of the churn, which is 64 ETH an epoch."""
    add_pool(spec, state, bond=40 * ETH)
    count = 40
    spam = [
        build_pending_deposit(spec, 500 + n, pooled_credentials(9, n), SEAT, signed=False)
        for n in range(count)
    ]
    honest = pending_lock(spec, 0, KEY, SEAT)
    queue_deposits(state, *spam, honest)
    needed = 0
    while len(state.validators) == KEY:
        state.pending_payouts = spec.PendingPayouts()
        end_epoch(spec, state, EPOCH + needed, STEP)
        needed += 1
    # 16, 16, then 8 and the honest one
    assert needed == 3
    assert int(mainnet.MAX_PENDING_DEPOSITS_PER_EPOCH) == 16
    seconds = 32 * int(mainnet.config.SLOT_DURATION_MS) // 1000 / 16
    assert seconds == 24
    states("Refund spam", "24 s", f"{16 * EPOCHS_A_DAY:,} ETH")


def test_refunds_held_up_by_a_full_queue(spec: Any, state: Any, mainnet: Any) -> None:
    """A full queue of payouts holds the next refund and what is behind it, and loses nothing."""
    add_pool(spec, state, bond=40 * ETH)
    limit = int(spec.PENDING_PAYOUTS_LIMIT)
    fill_payouts(spec, state, limit)
    bad = build_pending_deposit(spec, 500, pooled_credentials(9, 1), ETH, signed=False)
    queue_deposits(state, bad, pending_lock(spec, 0, KEY, SEAT))
    end_epoch(spec, state, EPOCH, STEP)
    assert len(state.pending_deposits) == 2
    state.pending_payouts = spec.PendingPayouts()
    end_epoch(spec, state, EPOCH + 1, STEP)
    assert len(state.pending_deposits) == 0
    # On mainnet 16 refunds may come in an epoch and 4 * 32 payouts go
    leaving = int(mainnet.MAX_PAYOUTS_PER_PAYLOAD) * int(mainnet.SLOTS_PER_EPOCH)
    assert leaving == 128
    assert int(mainnet.PENDING_PAYOUTS_LIMIT) == 134_217_728
    pools = (leaving - 16) * 257
    states(
        "Filling the queue of payouts",
        "16",
        "128",
        "134,217,728",
        f"{pools:,} pools",
        f"{pools * 32:,} ETH",
    )


def test_signature_checks(spec: Any, state: Any) -> None:
    """However many deposits are refused or wait, an epoch's end checks one signature for each."""
    add_pool(spec, state, bond=40 * ETH)
    bad = [
        build_pending_deposit(spec, 500 + n, pooled_credentials(0, n), SEAT, signed=False)
        for n in range(40)
    ]
    queue_deposits(state, *bad)
    checks: list[str] = []

    def count(name: str, plain: Any, *arguments: Any) -> Any:
        checks.append(name)
        return plain(*arguments)

    with hooked(spec, ["has_valid_signature"], count):
        end_epoch(spec, state, EPOCH, STEP)
    assert len(checks) == len(payouts(state)) == 16
    # One that waits for churn, 64 ETH an epoch, is checked once more in each, before 15 others
    waiting = state.copy()
    large = pending_lock(spec, 0, KEY, 130 * ETH)
    waiting.pending_deposits = spec.PendingDeposits([*bad[:15], large, *bad[15:]])
    counts = []
    for number in range(1, 4):
        waiting.pending_payouts = spec.PendingPayouts()
        checks.clear()
        with hooked(spec, ["has_valid_signature"], count):
            end_epoch(spec, waiting, EPOCH + number, STEP)
        counts.append((len(checks), len(waiting.validators) - KEY))
    assert counts == [(16, 0), (1, 0), (16, 1)]
    states("Making nodes check signatures", "16 signatures", "15 others")


def test_registry_bloat(spec: Any, state: Any, mainnet: Any) -> None:
    """Each record of a pool pays 32 ETH of deposit churn, like a validator's of so much."""
    queue_deposits(state, *(pending_bond(spec, n, 32 * ETH) for n in range(6)))
    counts = []
    for number in range(3):
        end_epoch(spec, state, EPOCH + number, STEP)
        counts.append(len(state.pools))
    # 64 ETH an epoch
    assert counts == [2, 4, 6]
    size = len(spec.Pool().encode_bytes())
    assert size == 48 + 20 + 6 * 8
    a_day = CHURN // 32 * EPOCHS_A_DAY
    assert int(mainnet.config.MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT) == CHURN * ETH
    states(
        "Bloat of the registry of pools",
        f"{a_day:,} pools",
        f"{a_day * size / 1e6:.2f} MB",
        f"{size} bytes",
    )


@pytest.mark.parametrize("fork", ["fulu", "poolbonds"])
def test_saving_churn_for_a_burst(fork: str) -> None:
    """A large deposit saves churn, drops out of the queue, and leaves what it saved to others.

    Under Fulu by the exit of its validator, here by a closing as well.
    """
    spec = poolspec.load(fork, "minimal")
    state = genesis_state(spec)
    if fork == "fulu":
        large = build_pending_deposit(spec, 3, execution_credentials(3), 640 * ETH)
    else:
        add_pool(spec, state, bond=40 * ETH)
        large = pending_bond(spec, 0, 640 * ETH)
    others = [
        build_pending_deposit(spec, KEY + n, execution_credentials(KEY + n, b"\x02"), 100 * ETH)
        for n in range(6)
    ]
    queue_deposits(state, large, *others)
    for number in range(8):
        end_epoch(spec, state, EPOCH + number, STEP)
    assert state.deposit_balance_to_consume == 8 * 64 * ETH
    assert len(state.validators) == KEY
    begin_epoch(spec, state, EPOCH + 8)
    if fork == "fulu":
        spec.initiate_validator_exit(state, 3)
    else:
        ask_for_bond(spec, state, 0)
    end_epoch(spec, state, EPOCH + 8, STEP)
    # 9 epochs of 64 ETH are enough for five at once
    assert len(state.validators) == KEY + 5
    assert 15 * 2048 == 30_720
    states("Saving deposit churn for a burst", "30,720 ETH", f"{30_720 // CHURN} epochs")


def test_numbers_too_large(spec: Any, state: Any) -> None:
    """Gifts near 2**64 are refunded or clamped; nothing raises."""
    pool = add_pool(spec, state, bond=40 * ETH)
    add_waiting(spec, state, pool)
    huge = [
        build_deposit_request(spec, POOL_KEYS, bond_credentials(0), FAR),
        build_deposit_request(spec, KEY, pooled_credentials(0, KEY), FAR),
        build_deposit_request(spec, KEY, b"\0" * 32, FAR),
    ]
    for request in huge:
        spec.process_deposit_request(state, request)
    for deposit in list(state.pending_deposits):
        deposit.slot = spec.Slot(0)
    state.deposit_balance_to_consume = FAR
    end_epoch(spec, state, EPOCH, STEP)
    assert state.pools[pool].bond == 40 * ETH
    assert [amount for _, _, amount in payouts(state)] == [FAR, FAR]
    assert state.balances[KEY] == FAR
    states("Numbers too large", "0 blocks")


def test_gifts_to_a_bond(spec: Any, state: Any) -> None:
    """Bond that a stranger adds is the operator's; the weight it brings was admitted by it."""
    pool = add_pool(spec, state, bond=32 * ETH)
    admitted = add_waiting(spec, state, pool, 1)
    stranger = add_waiting(spec, state, pool, 1, admitted=False)
    spec.process_deposit_request(state, build_bond_request(spec, pool, 7 * ETH))
    assert state.pools[pool].bond == 39 * ETH
    serve_seats(spec, state)
    serve_seats(spec, state, EPOCH + 3)
    weight = [int(state.validators[index].effective_balance) for index in admitted + stranger]
    assert weight == [SEAT, 0]
    states("Gifts to somebody's bond", "0 ETH")


def test_a_key_in_both_registries(spec: Any, state: Any) -> None:
    """Neither lookup hides the other, and each address is asked in its own registry only."""
    pool = add_pool(spec, state, bond=40 * ETH)
    queue_deposits(state, pending_lock(spec, pool, POOL_KEYS, SEAT, staker=77))
    end_epoch(spec, state, EPOCH, STEP)
    assert state.validators[KEY].pubkey == state.pools[pool].pubkey
    begin_epoch(spec, state, EPOCH + 1)
    ask_to_leave(spec, state, KEY)
    assert state.validators[KEY].exit_epoch == EPOCH + 6
    assert state.pools[pool].unbonding_amount == 0
    states("One key in both registries", "0 ETH")


def test_a_strangers_validator(spec: Any, state: Any) -> None:
    """Without the pool's signature there is no admission, and without that no liability."""
    pool = add_pool(spec, state, bond=40 * ETH)
    (trojan,) = add_waiting(spec, state, pool, 1, admitted=False)
    begin_epoch(spec, state, EPOCH)
    forged = build_pool_admission(spec, state, trojan, secret=trojan + 1)
    expect_rejection(lambda: spec.process_pool_admission(state, forged))
    state.validators[trojan].activation_epoch = 0
    spec.slash_validator(state, trojan)
    assert state.pools[pool].bond == 40 * ETH
    assert len(state.pending_pool_penalties) == 0
    # An operator that admits a key which it does not hold answers for it like for its own
    (admitted,) = add_waiting(spec, state, pool, 1)
    state.validators[admitted].activation_epoch = 0
    spec.slash_validator(state, admitted)
    assert state.pools[pool].bond == 40 * ETH - SEAT // 4096
    states("A key that the operator does not hold", "0 ETH", "0.0078125 ETH", "32 ETH")


def test_an_admission_of_another_chain(spec: Any, state: Any) -> None:
    """The chain's genesis is signed along; on one chain it works once."""
    pool = add_pool(spec, state, bond=40 * ETH)
    (index,) = add_waiting(spec, state, pool, 1, admitted=False)
    begin_epoch(spec, state, EPOCH)
    other = state.copy()
    other.genesis_validators_root = spec.Root(b"\x99" * 32)
    elsewhere = build_pool_admission(spec, other, index)
    expect_rejection(lambda: spec.process_pool_admission(state.copy(), elsewhere))
    own = build_pool_admission(spec, state, index)
    spec.process_pool_admission(state, own)
    expect_rejection(lambda: spec.process_pool_admission(state, own))
    states("Replaying an admission", "0 ETH")


@pytest.mark.parametrize("share", ["a tenth", "a third"])
def test_censoring_admissions(spec: Any, mainnet: Any, share: str) -> None:
    """Held back by a share of the proposers for a whole epoch, 32 blocks in a row."""
    chance = {"a tenth": 10, "a third": 3}[share] ** -32
    assert chance < {"a tenth": 1e-31, "a third": 1e-15}[share]
    room = int(mainnet.MAX_POOL_ADMISSIONS) * int(mainnet.SLOTS_PER_EPOCH)
    # For each seat that can be given in an epoch there are 64 places for admissions
    assert room == 512 == 64 * (CHURN // 32)
    states("Censoring admissions", "512", f"{3**-32:.0e}")
