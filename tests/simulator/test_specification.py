"""The simulator's chain is the specification's: the same votes and events, the same state."""

from typing import Any

import numpy as np
import pytest

import poolspec
from poolspec.simulator.acting import Agenda
from poolspec.simulator.recording import Recorder
from poolspec.simulator.scenario import Scenario
from poolspec.simulator.world import World
from poolspec.vectors.difference import difference
from tests.engine.side_by_side import view_of

FAR = 2**64 - 1

SCENARIO = Scenario.model_validate(
    {
        "name": "small",
        "title": "Everything at once, in small",
        "preset": "minimal",
        "seed": 3,
        "duration": "60 epochs",
        # The literal reading of the leak, so that it is felt within sixty epochs.
        "config": {"POOL_INACTIVITY_PENALTY_DIVISOR": 1},
        "registry": {
            "solo": [{"name": "solo", "validators": 60, "uptime": "90%"}],
            "pools": [
                {
                    "name": "tight",
                    "pools": 3,
                    "members": 10,
                    "bond": "3.2 ETH",
                    "commission": "10%",
                },
                {"name": "rich", "members": 6, "bond": "100 ETH", "commission": "2.5%"},
            ],
        },
        "events": [
            {"at": "2 epochs", "do": "slash", "who": "tight", "validators": 1, "share": "1/3"},
            {"at": "3 epochs", "do": "slash", "who": "solo", "validators": 2},
            {"at": "4 epochs", "do": "offline", "who": "all", "share": "50%", "lasts": "20 epochs"},
            {"at": "6 epochs", "do": "exit", "who": "rich", "validators": 1},
            {"at": "7 epochs", "do": "deposit", "who": "rich", "validators": 3},
            {"at": "30 epochs", "do": "top-up", "who": "tight", "amount": "5 ETH"},
            {"at": "33 epochs", "do": "unbond", "who": "rich", "amount": "40 ETH"},
        ],
    }
)


@pytest.fixture
def documents() -> Any:
    """The compiled documents, without the two rules that need real keys."""
    module = poolspec.load("poolbonds", "minimal", config=SCENARIO.config)
    module.__dict__["process_sync_committee_updates"] = lambda state: None
    module.__dict__["is_valid_deposit_signature"] = lambda *deposit: True
    return module


def small_world() -> World:
    """The scenario's chain with proposers drawn as in the specification, and without payouts."""
    world = World(SCENARIO)
    rules = world.chain.rules
    rules.draws_duties, rules.lottery = True, None
    rules.process_sync_committee_updates = lambda state: None
    world.chain.pays = False
    return world


def apply_events(spec: Any, state: Any, world: World, agenda: Agenda) -> None:
    """Let the world act, and do to the specification's state what it meant to do."""
    registry = world.chain.state.registry
    slashed, leaving = registry.slashed.copy(), registry.exit_epoch != np.uint64(FAR)
    bonds, queued = world.chain.bonds.copy(), len(world.chain.state.pending_deposits)
    unbonding = world.chain.state.pools.unbonding_amount.copy()
    agenda.act(world)
    columns = world.chain.state
    newly_slashed = np.flatnonzero(registry.slashed & ~slashed).tolist()
    for index in newly_slashed:
        spec.slash_validator(state, index)
    now_leaving = (registry.exit_epoch != np.uint64(FAR)) & ~leaving & ~registry.slashed
    for index in np.flatnonzero(now_leaving).tolist():
        spec.initiate_validator_exit(state, index)
    for deposit in columns.pending_deposits[queued:]:
        state.pending_deposits.append(spec.PendingDeposit(**deposit._asdict()))
    if not newly_slashed:
        for pool in np.flatnonzero(columns.pools.bond != bonds).tolist():
            state.pools[pool].bond += int(columns.pools.bond[pool] - bonds[pool])
    for pool in np.flatnonzero(columns.pools.unbonding_amount != unbonding).tolist():
        request = spec.WithdrawalRequest(
            source_address=state.pools[pool].execution_address,
            validator_pubkey=state.pools[pool].pubkey,
            amount=int(columns.pools.unbonding_amount[pool]),
        )
        spec.process_withdrawal_request(state, request)


def vote(state: Any, offline: Any, active: Any) -> None:
    """Let all who are online and active cast every vote."""
    kind = type(state.current_epoch_participation)
    flags = (active & ~offline) * 0b111
    state.current_epoch_participation = kind(flags.tolist())


def test_every_epoch_is_the_specifications(documents: Any) -> None:
    spec, world, agenda = documents, small_world(), Agenda(SCENARIO)
    recorder = Recorder(SCENARIO)
    state = view_of(spec, world.chain.state)
    fewest, was_leaking = 30, False
    for _ in range(60):
        apply_events(spec, state, world, agenda)
        absent = world.absent()
        vote(state, absent, world.chain.rules.active_mask(world.chain.state, world.chain.epoch))
        spec.process_epoch(state)
        before = len(world.group)
        world.step(absent)
        for index in range(before, len(state.validators)):
            # The pools admit newcomers at once; in the specification, blocks carry that.
            state.validator_pools[index] = 3
        state.slot += spec.SLOTS_PER_EPOCH
        found = view_of(spec, world.chain.state)
        assert found.hash_tree_root() == state.hash_tree_root(), difference(state, found)
        recorder.sample(world)
        row = recorder.rows[-1]
        compare_row(spec, state, row)
        fewest = min(fewest, row["tight.seats"])
        was_leaking = was_leaking or world.epoch - row["finalized_epoch"] > 5
    assert was_leaking
    assert fewest < 29
    assert recorder.rows[-1]["rich.seats"] == 8
    assert recorder.rows[-1]["epoch"] - recorder.rows[-1]["finalized_epoch"] == 2


def compare_row(spec: Any, state: Any, row: dict[str, int]) -> None:
    """The columns say of the specification's state what they should."""
    pools = state.pools
    assert row["tight.bond"] == sum(int(pools[index].bond) for index in range(3))
    assert row["rich.bond"] == int(pools[3].bond)
    seat = 32 * 10**9
    assert row["tight.seats"] == sum(int(pools[n].seated_balance) for n in range(3)) // seat
    assert row["finalized_epoch"] == int(state.finalized_checkpoint.epoch) - 1000
    assert row["active_weight"] == int(spec.get_total_active_balance(state))
    solo = sum(int(state.balances[index]) for index in range(60)) - 60 * seat
    assert row["solo.staker_income"] == solo
    members = sum(int(state.balances[index]) for index in range(60, 90)) - 30 * seat
    assert row["tight.staker_income"] == members
