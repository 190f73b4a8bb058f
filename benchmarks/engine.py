"""The columnar engine: seconds of CPU for epochs and blocks, by the size of the registry.

    python -m benchmarks.engine

An epoch is a whole `process_epoch` of PoolBonds on the mainnet preset, hashing excluded. Half of
the validators are members of 1,000 pools, with a bond for just their seats and a commission of 5%;
one in a hundred is offline. Beside the seconds stands what they would be on the machine of the
published figures, by the same calibration loop.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.official import CALIBRATION_SECONDS, calibrate
from poolspec.engine.simulation import Description, PoolDescription, Simulation
from poolspec.output import plain_console, run
from poolspec.runtime import bls

__all__ = ["block_seconds", "build", "epoch_seconds", "shuffling_seconds"]

SIZES = (10_000, 100_000, 1_000_000, 4_000_000)
POOLS = 1000
SEAT_BOND = 32 * 10**9 // 100
COMMISSION = 500
OFFLINE = 100
REPEATS = 5

TARGETS = {"epoch": 0.2, "with shuffling": 0.45, "block": 0.05}
"""Seconds at a million validators."""


def build(count: int, compounding: int = 0, fork: str = "poolbonds") -> Simulation:
    """Return a chain of `count` validators, half of them pooled, after some epochs."""
    pools = [PoolDescription(count // 2 // POOLS, count // 2 // POOLS * SEAT_BOND, COMMISSION)]
    pools = pools * POOLS if fork == "poolbonds" else []
    pooled = sum(pool.members for pool in pools)
    solo = count - pooled - compounding
    simulation = Simulation(Description(solo=solo, compounding=compounding, pools=pools), fork=fork)
    generator = np.random.default_rng(count)
    simulation.set_offline(generator.choice(count, count // OFFLINE, replace=False))
    simulation.step(3)
    return simulation


def _least(run: Callable[[], None], prepare: Callable[[], None], repeats: int) -> float:
    """Return the least CPU seconds of some runs, each prepared for outside the clock."""
    seconds = []
    for _ in range(repeats):
        prepare()
        gc.collect()
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def epoch_seconds(simulation: Simulation, repeats: int = REPEATS) -> float:
    """Return the CPU seconds of `process_epoch`."""
    state, rules = simulation.state, simulation.rules

    def run() -> None:
        rules.process_epoch(state)
        state.slot += int(rules.p.SLOTS_PER_EPOCH)

    return _least(run, simulation.vote, repeats)


def shuffling_seconds(simulation: Simulation, repeats: int = 3) -> float:
    """Return the CPU seconds of finding the committees of the current epoch."""
    state, rules = simulation.state, simulation.rules
    return _least(
        lambda: rules.committees(state, simulation.epoch), state.memo.committees.clear, repeats
    )


def _attestations(rules: Any, state: Any, count: int) -> list[Any]:
    """Return votes of all committees of the latest slots, everybody taking part."""
    spec, epoch, size = rules.spec, rules.current_epoch(state), rules.p.MAX_COMMITTEES_PER_SLOT
    committees = rules.committees(state, epoch)
    attestations = []
    for slot in range(state.slot - count, state.slot):
        members = sum(
            len(committees.committee(slot, index)) for index in range(committees.per_slot)
        )
        source = state.current_justified_checkpoint
        data = spec.AttestationData(
            slot=slot,
            beacon_block_root=rules.block_root_at_slot(state, slot),
            source=spec.Checkpoint(**source._asdict()),
            target=spec.Checkpoint(epoch=epoch, root=rules.block_root(state, epoch)),
        )
        attestations.append(
            spec.Attestation(
                aggregation_bits=[True] * members,
                committee_bits=[index < committees.per_slot for index in range(size)],
                data=data,
            )
        )
    return attestations


def _block(rules: Any, state: Any) -> Any:
    """Return a block with as many attestations as there may be, and all that a block must have."""
    spec, epoch = rules.spec, rules.current_epoch(state)
    withdrawals = [
        spec.Withdrawal(
            index=each.number,
            validator_index=each.validator_index,
            address=each.address,
            amount=each.amount,
        )
        for each in rules.expected_withdrawals(state).withdrawals
    ]
    payload = spec.ExecutionPayload(
        parent_hash=state.latest_execution_payload_header.block_hash,
        prev_randao=rules.randao_mix(state, epoch),
        timestamp=state.genesis_time + state.slot * int(rules.p.SLOT_DURATION_MS) // 1000,
        withdrawals=withdrawals,
    )
    body = spec.BeaconBlockBody(
        attestations=_attestations(rules, state, int(rules.p.MAX_ATTESTATIONS_ELECTRA)),
        sync_aggregate=spec.SyncAggregate(
            sync_committee_bits=[True] * int(rules.p.SYNC_COMMITTEE_SIZE)
        ),
        execution_payload=payload,
    )
    header = spec.BeaconBlockHeader(**state.latest_block_header._asdict())
    return spec.BeaconBlock(
        slot=state.slot,
        proposer_index=rules.proposer(state),
        parent_root=header.hash_tree_root(),
        body=body,
    )


def block_seconds(simulation: Simulation, repeats: int = 3) -> float:
    """Return the CPU seconds of `process_block` with full attestations and no signatures.

    The committees and the index of keys are known, as they are when a chain is followed, and the
    block is decoded but not hashed.
    """
    rules, last = simulation.rules, simulation.state
    work: list[Any] = []

    def prepare() -> None:
        state = last.copy()
        rules.committees(state, simulation.epoch)
        rules.validator_index(state, bytes(48))
        block_type = rules.spec.BeaconBlock
        work[:] = [state, block_type.decode_bytes(_block(rules, state).encode_bytes())]

    bls.bls_active = False
    try:
        return _least(lambda: rules.process_block(*work), prepare, repeats)
    finally:
        bls.bls_active = True


def _megabytes() -> int:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
        1 if sys.platform == "darwin" else 1024
    )


def main(arguments: Sequence[str]) -> int:
    """Measure and print; exit status 1 if a target at a million validators is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, metavar="COUNT")
    options = parser.parse_args(arguments)
    console = plain_console()
    scale = CALIBRATION_SECONDS / calibrate()
    console.print(f"1 s here is {scale:.2f} s on the machine of the published figures")
    table = Table(title="columnar engine, PoolBonds, mainnet preset: CPU seconds (scaled)")
    for heading in ("validators", "epoch", "with shuffling", "block", "memory so far"):
        table.add_column(heading, justify="right")
    is_met = True
    for size in options.sizes:
        simulation = build(size)
        epoch = epoch_seconds(simulation)
        figures = {
            "epoch": epoch,
            "with shuffling": epoch + shuffling_seconds(simulation),
            "block": block_seconds(simulation),
        }
        if size == 1_000_000:
            is_met = all(figures[name] * scale <= TARGETS[name] for name in TARGETS)
        cells = [f"{value:.3f} ({value * scale:.3f})" for value in figures.values()]
        table.add_row(f"{size:,}", *cells, f"{_megabytes():,} MB")
    console.print(table)
    console.print("targets at 1,000,000 are met" if is_met else "a target at 1,000,000 is missed")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
