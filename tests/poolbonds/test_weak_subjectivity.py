"""The period of weak subjectivity with pools, its values reckoned by hand."""

import re
from pathlib import Path
from typing import Any

import pytest

import poolspec
from tests.poolbonds.guide import ETH, SEAT, close, found_pool, lock, lock_many, seat

pytestmark = pytest.mark.forks("poolbonds")

DOCUMENT = Path(__file__).parents[2] / "specs/poolbonds/weak-subjectivity.md"
DELAY = 256


@pytest.fixture(scope="module")
def mainnet() -> Any:
    """PoolBonds in the mainnet preset; its states here need no signatures."""
    return poolspec.load("poolbonds", "mainnet")


def registry_of(spec: Any, total_eth: int, waiting: int = 0) -> Any:
    """A state of active solo validators with 2,048 ETH each, and of pooled ones that wait."""
    solo = spec.Validator(
        effective_balance=2048 * ETH,
        exit_epoch=spec.FAR_FUTURE_EPOCH,
        withdrawable_epoch=spec.FAR_FUTURE_EPOCH,
    )
    waiter = spec.Validator(
        withdrawal_credentials=spec.Bytes32(b"\xb4" + bytes(31)),
        activation_epoch=spec.FAR_FUTURE_EPOCH,
        exit_epoch=spec.FAR_FUTURE_EPOCH,
        withdrawable_epoch=spec.FAR_FUTURE_EPOCH,
    )
    registry = spec.Validators([solo] * (total_eth // 2048) + [waiter] * waiting)
    return spec.BeaconState(validators=registry)


def add_seats(spec: Any, state: Any, seats: int, bond: int | None = None) -> None:
    """Add a pool with so many of the seats, by default with just the bond that covers them."""
    bond = seats * SEAT // 100 if bond is None else bond
    pool = found_pool(spec, state, bond, key=len(state.pools))
    state.pools[pool].seated_balance = seats * SEAT


def add_penalties(spec: Any, state: Any, count: int, epoch: int, pool_index: int = 0) -> None:
    """Add correlation penalties that are still to come."""
    entry = spec.PendingPoolPenalty(pool_index=pool_index, penalty_epoch=epoch)
    for _ in range(count):
        state.pending_pool_penalties.append(entry)


# The period


@pytest.mark.parametrize("total_eth", [2048, 1_048_576, 9_999_360, 16_777_216, 33_554_432])
def test_without_pools_the_period_is_fulus(mainnet: Any, total_eth: int) -> None:
    fulu = poolspec.load("fulu", "mainnet")
    period = fulu.compute_weak_subjectivity_period(registry_of(fulu, total_eth))
    state = registry_of(mainnet, total_eth)
    assert mainnet.compute_weak_subjectivity_period(state) == period
    # A pool without seats changes nothing.
    add_seats(mainnet, state, 0, bond=SEAT)
    assert mainnet.compute_weak_subjectivity_period(state) == period


def test_period_with_churn_of_every_kind(mainnet: Any) -> None:
    state = registry_of(mainnet, 33_554_432, waiting=60_000)
    add_seats(mainnet, state, 314_572)
    # In each epoch and on two chains: 2 * 512 ETH enter, and as much leaves, for all but pools;
    # 2 * 256 ETH sit down, and 2 * 256 ETH stand up by unbonding. What leaves counts twice.
    by_churn = 2 * 512 + 2 * 256 + 2 * (2 * 512 + 2 * 256)
    # A seat absent for an epoch: 32 * 349 Gwei of base reward, 42/64 of it.
    absence = 32 * 349 * 42 // 64
    # Per seat 1/4096 of 32 ETH at once, and absence over the period with its delay; all times 100.
    at_once = 100 * 314_572 * (SEAT // 4096 + DELAY * absence)
    per_epoch = by_churn * ETH + 2 * 100 * 314_572 * absence
    epochs = (3 * 33_554_432 * ETH // 10 - 2 * at_once) // per_epoch
    assert epochs == 1865
    assert mainnet.compute_weak_subjectivity_period(state) == DELAY + 1865


def test_period_ends_with_the_last_epoch_within_the_bound(mainnet: Any) -> None:
    state = registry_of(mainnet, 8_388_608, waiting=5_000)
    add_seats(mainnet, state, 40_000)
    waiting = mainnet.get_waiting_balance(state)
    epochs = mainnet.compute_weak_subjectivity_period(state) - DELAY
    allowed = 3 * 8_388_608 * ETH // 10
    assert mainnet.get_turnover(state, waiting, epochs) <= allowed
    assert mainnet.get_turnover(state, waiting, mainnet.Uint64(epochs + 1)) > allowed


def test_only_the_delay_is_left_where_bonds_may_let_go_of_too_much(mainnet: Any) -> None:
    # What leaves counts twice, so 15% of the stake is as much as 3 times 10%.
    total_eth = 1_048_576
    state = registry_of(mainnet, total_eth)
    add_seats(mainnet, state, total_eth * 16 // 100 // 32)
    add_penalties(mainnet, state, 1000, epoch=1)
    assert mainnet.compute_weak_subjectivity_period(state) == DELAY


def test_a_small_pool_can_do_no_more_than_leave(mainnet: Any) -> None:
    total_eth = 1_048_576
    state = registry_of(mainnet, total_eth)
    seats = total_eth // 100 // 32
    add_seats(mainnet, state, seats)
    add_penalties(mainnet, state, 1000, epoch=1)
    epochs = (3 * total_eth // 10 - 2 * 32 * seats) // (6 * 128)
    assert epochs == 382
    assert mainnet.compute_weak_subjectivity_period(state) == DELAY + 382


def test_no_period_outlasts_the_notice_of_a_correlation_penalty(mainnet: Any) -> None:
    longest = mainnet.compute_weak_subjectivity_period(registry_of(mainnet, 67_108_864))
    assert longest == DELAY + 3276
    assert longest < mainnet.EPOCHS_PER_SLASHINGS_VECTOR // 2


# The table


def table() -> list[list[str]]:
    """The rows of the document's table of periods, without head and ruler."""
    rows = [line for line in DOCUMENT.read_text().splitlines() if re.match(r"\| +\d+ %", line)]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_table_has_every_row() -> None:
    assert len(table()) == 6


@pytest.mark.parametrize("row", table(), ids=lambda row: "-".join(row[:3]).replace(" ", ""))
def test_the_table_is_what_the_function_gives(mainnet: Any, row: list[str]) -> None:
    share, line, penalties = int(row[0].split()[0]), row[1], int(row[2].replace(",", ""))
    for total_eth, cell in zip((1_048_576, 8_388_608, 33_554_432), row[3:], strict=True):
        # What sits down on two chains, at 8 seats an epoch at most, within the longest period
        enough = 2 * 8 * (3276 if total_eth > 2**20 else 409)
        state = registry_of(mainnet, total_eth, {"nobody": 0, "full": enough}[line])
        if share:
            add_seats(mainnet, state, total_eth * share // 100 // 32)
        add_penalties(mainnet, state, penalties, epoch=1)
        period = mainnet.compute_weak_subjectivity_period(state)
        assert cell == f"{period:,} ({period * 6.4 / 60 / 24:.1f})"


# What bonds may lose


@pytest.mark.parametrize(
    ("seats", "bond"),
    [(0, 0), (1, 24 * ETH // 100), (10, 312 * ETH // 100), (100, 3192 * ETH // 100)],
)
def test_least_bond(spec: Any, seats: int, bond: int) -> None:
    seated = spec.Gwei(seats * SEAT)
    assert spec.compute_least_bond(seated) == bond
    assert spec.compute_kept_balance(spec.Gwei(bond)) == seated
    if bond:
        assert spec.compute_kept_balance(spec.Gwei(bond - 1)) == seated - SEAT


def test_absence_costs_source_target_and_a_share_of_the_sync_committee(
    spec: Any, state: Any
) -> None:
    # 64 * 10^9 / sqrt(2048 * 10^9) = 44,721 Gwei for each of 32 increments; 14, 26 and 2 of 64.
    assert spec.get_absence_penalty(state) == 313_047 + 581_373 + 44_721


def test_losses_of_a_pool(mainnet: Any) -> None:
    state = registry_of(mainnet, 1_048_576)
    add_seats(mainnet, state, 10)
    add_seats(mainnet, state, 3)
    add_penalties(mainnet, state, 2, epoch=50, pool_index=1)
    add_penalties(mainnet, state, 1, epoch=51, pool_index=1)
    initial, absence = SEAT // 4096, int(mainnet.get_absence_penalty(state))
    # 64 * 10^9 / sqrt(1,048,576 * 10^9) is 1,976 Gwei.
    assert absence == 32 * 1976 * 42 // 64
    assert list(mainnet.get_bond_losses(state, 0)) == [10 * initial, 3 * initial]
    assert mainnet.get_bond_losses(state, 49)[1] == 3 * (initial + 49 * absence)
    assert list(mainnet.get_bond_losses(state, 50)) == [
        10 * (initial + 50 * absence),
        3 * (initial + 50 * absence) + 2 * SEAT,
    ]
    # What is slashed after the checkpoint is charged half a vector of 8,192 epochs later.
    assert mainnet.get_bond_losses(state, 4095)[0] == 10 * (initial + 4095 * absence)
    assert mainnet.get_bond_losses(state, 4096)[0] == 10 * (initial + 4096 * absence + SEAT)


def test_a_penalty_costs_a_hundred_seats_of_its_own_pool(mainnet: Any) -> None:
    state = registry_of(mainnet, 1_048_576)
    add_seats(mainnet, state, 2000)
    add_seats(mainnet, state, 2000)
    # 2000 initial penalties are 48.8 seats' worth, and the quarter of a seat is let go of first.
    before = mainnet.get_loose_balance(state, 0)
    assert before == 2 * 49 * SEAT
    add_penalties(mainnet, state, 3, epoch=0, pool_index=1)
    assert mainnet.get_loose_balance(state, 0) == before + 300 * SEAT
    # No more than there is: the other pool's seats are not touched.
    add_penalties(mainnet, state, 50, epoch=0, pool_index=1)
    assert mainnet.get_loose_balance(state, 0) == (49 + 2000) * SEAT


def test_surplus_is_no_help_but_the_minimum_is(mainnet: Any) -> None:
    # 200 seats need 64 ETH, so surplus can leave; 50 need 16, and of surplus 16 have to stay.
    for seats, bond, loose in ((200, 64, 5), (200, 640, 5), (50, 16, 1), (50, 640, 0)):
        state = registry_of(mainnet, 1_048_576)
        add_seats(mainnet, state, seats, bond * ETH)
        # 200 initial penalties are 4.9 seats' worth, 50 are 1.2; a quarter may be missing where
        # nothing can be let go of.
        assert mainnet.get_loose_balance(state, 0) == loose * SEAT


def test_booked_unbonding_counts_from_its_epoch_on(spec: Any, state: Any) -> None:
    found_pool(spec, state, 64 * ETH)
    state.pools[0].seated_balance = 200 * SEAT
    # Two seats an epoch: 200 take a hundred, the first of them epoch 5.
    close(spec, state, 0)
    assert state.pools[0].unbonding_epoch == 104
    few = spec.get_loose_balance(state, 31)
    assert 0 < few < 200 * SEAT
    # Under the minimal preset correlation penalties come after 32 epochs.
    state.pools[0].unbonding_epoch = 31
    assert spec.get_loose_balance(state, 30) < 200 * SEAT
    assert spec.get_loose_balance(state, 31) == 200 * SEAT


def test_unbonding_of_a_part_lets_go_of_what_the_rest_does_not_cover(spec: Any, state: Any) -> None:
    found_pool(spec, state, 64 * ETH)
    state.pools[0].seated_balance = 200 * SEAT
    request = spec.WithdrawalRequest(
        source_address=state.pools[0].execution_address,
        validator_pubkey=state.pools[0].pubkey,
        amount=3 * ETH,
    )
    spec.process_withdrawal_request(state, request)
    state.pools[0].unbonding_epoch = 7
    # 61 ETH carry 190.6 seats, less the penalties.
    initial = 200 * SEAT // int(spec.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)
    absence = 200 * 7 * int(spec.get_absence_penalty(state))
    kept = (100 * (61 * ETH - initial - absence) + 8 * ETH) // SEAT
    assert spec.get_loose_balance(state, 7) == (200 - kept) * SEAT


# Who waits


def test_waiting_balance(spec: Any, state: Any) -> None:
    found_pool(spec, state, 64 * ETH)
    seated, _waiting, leaving = lock_many(spec, state, 3)
    lock(spec, state, 500, admitted=False)
    seat(spec, state, seated)
    assert spec.get_waiting_balance(state) == 3 * SEAT
    spec.initiate_validator_exit(state, leaving)
    assert spec.get_waiting_balance(state) == 2 * SEAT


def test_seats_let_in_no_more_than_wait(spec: Any, state: Any) -> None:
    # 64 ETH of churn is two seats, on two chains, an epoch: 128 ETH; solo stake 6 * 64 ETH.
    turnover = [
        spec.get_turnover(state, spec.Gwei(5 * SEAT), spec.Uint64(epochs)) for epochs in (0, 1, 2)
    ]
    assert turnover == [0, (6 * 64 + 128) * ETH, (2 * 6 * 64 + 5 * 32) * ETH]
