"""A bounded part of the fuzzing, the same in every run."""

from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzzing.machine import ChainMachine
from tests.fuzzing.parties import assemble_half_plain
from tests.fuzzing.signatures import marked_signatures
from tests.fuzzing.starts import CONFIGURATIONS
from tests.fuzzing.tally import Tally

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
    assert Slice.tally.states > counts["blocks"] // 2
