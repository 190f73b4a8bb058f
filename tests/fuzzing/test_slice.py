"""A bounded part of the fuzzing, the same in every run."""

from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzzing.machine import ChainMachine
from tests.fuzzing.operations import FAULTS
from tests.fuzzing.parties import assemble_half_plain
from tests.fuzzing.signatures import marked_signatures
from tests.fuzzing.starts import CONFIGURATIONS, Start
from tests.fuzzing.tally import Tally
from tests.fuzzing.world import World

CHAINS = 7
STEPS = 10


class Slice(ChainMachine):
    """One configuration, which takes less time to load than all."""

    tally: ClassVar[Tally] = Tally()
    configurations = CONFIGURATIONS[1:2]
    assemblies = (assemble_half_plain,)


def test_nothing_breaks() -> None:
    """Whatever is drawn, all implementations agree and every invariant holds."""
    with marked_signatures():
        run_state_machine_as_test(
            Slice,
            settings=settings(
                max_examples=CHAINS,
                stateful_step_count=STEPS,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    counts = Slice.tally.counts
    assert counts["chains"] >= CHAINS
    assert counts["blocks"] > 2 * CHAINS
    assert counts["blocks followed by a twin"] > 0
    assert Slice.tally.states > counts["blocks"] // 2


def test_every_fault_is_made() -> None:
    """In a chain where stake is swept and nobody has been admitted yet, each makes a block invalid.

    `as_it_is` stands under the name of the operation that does not apply.
    """
    tally = Tally()
    values = CONFIGURATIONS[1]
    kinds = ["rich"] * 8 + ["stranger"] * 8
    start = Start(values, kinds=kinds, pools=[(0, 0)])
    world = World(start, assemble_half_plain(values), tally)
    with marked_signatures():
        world.propose()
        for fault in FAULTS:
            world.spoil(fault, "pool_admission", [0 if fault == "as_it_is" else 8])
        world.propose()
    expected = {"rejected: pool_admission", *(f"rejected: {fault}" for fault in FAULTS[1:])}
    found = {name for name, count in tally.counts.items() if name.startswith("rejected") and count}
    assert found == expected - {"rejected: payload_extra"}
    assert tally.counts["blocks"] == 2
