"""A campaign: chains from one seed after another until the time is up, and the report of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzzing.findings import Finding
from tests.fuzzing.machine import ChainMachine, OutOfTime
from tests.fuzzing.parties import Assembly, assemble, assemble_half_plain
from tests.fuzzing.reach import Reach
from tests.fuzzing.signatures import marked_signatures
from tests.fuzzing.tally import Tally
from tests.fuzzing.vectors import write_vectors

CHAINS = 9
"""Chains from one seed. From ten on, hypothesis spends the first ones on mostly empty chains."""

STEPS = 20
"""Rules of a chain, at most."""


@dataclass(frozen=True)
class Plan:
    """What a campaign is to do."""

    output: Path
    first_seed: int
    seconds: float
    chains: int = CHAINS
    steps: int = STEPS


def machine_of(tally: Tally, assemblies: Sequence[Assembly], until: float) -> type[ChainMachine]:
    """A machine that counts into a tally."""
    members = {"tally": tally, "assemblies": tuple(assemblies), "until": until}
    return type("Chain", (ChainMachine,), members)


def settings_for(plan: Plan, phases: Sequence[Phase]) -> settings:
    """What hypothesis is told: no limits but ours, and breaking examples are kept."""
    return settings(
        max_examples=plan.chains,
        stateful_step_count=plan.steps,
        database=DirectoryBasedExampleDatabase(plan.output / "examples"),
        phases=tuple(phases),
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )


class Campaign:
    """Runs a plan; `failures` has what was found, with the seed and the vectors of each."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = Tally()
        self.reach = Reach.begin()
        self.seeds: list[int] = []
        self.failures: list[dict[str, Any]] = []
        self.seconds = 0.0

    def run(self) -> None:
        """Seed after seed until the time is up. What broke earlier is tried again first."""
        start = time.monotonic()
        until = start + self.plan.seconds
        assemblies = [self.reach.probing(each) for each in (assemble_half_plain, assemble)]
        phases = [Phase.reuse, Phase.generate, Phase.shrink]
        number = self.plan.first_seed
        try:
            with marked_signatures():
                while time.monotonic() < until:
                    self.seeds.append(number)
                    machine = machine_of(self.tally, assemblies, until)
                    self._run_seed(machine, number, phases)
                    number += 1
                    phases = [Phase.generate, Phase.shrink]
        finally:
            self.seconds = time.monotonic() - start

    def _run_seed(self, machine: type[ChainMachine], number: int, phases: list[Phase]) -> None:
        self.tally.findings = {}
        try:
            run_state_machine_as_test(
                seed(number)(machine), settings=settings_for(self.plan, phases)
            )
        except OutOfTime:
            pass
        except Exception as error:
            # Hypothesis raises what the smallest chain raises; anything else is our own mistake
            if not isinstance(error, Finding) and not self.tally.findings:
                raise
        finally:
            # Also if somebody has interrupted it while it was made smaller
            for kind in self.tally.findings:
                self._write(kind, number)

    def _write(self, kind: str, number: int) -> None:
        """Write a finding as vectors."""
        history = self.tally.findings[kind]
        name = f"{kind}_{number}"
        parties = assemble(history.start.values)
        cases = write_vectors(history, parties, self.plan.output / name, name)
        self.failures.append(
            {
                "kind": kind,
                "seed": number,
                "what": str(history.finding),
                "blocks": len(history.blocks),
                "start": repr(history.start),
                "vectors": [str(self.plan.output / name / case.folder) for case in cases],
                "replay": replay_command(self.plan.output / name),
                "replay_with_invariants": f"make fuzz REPLAY={self.plan.output / name}",
            }
        )

    def report(self) -> dict[str, Any]:
        """Everything, for `report.json`."""
        counts = self.tally.counts
        return {
            "seconds": round(self.seconds, 1),
            "seeds": [self.seeds[0], self.seeds[-1]] if self.seeds else [],
            "chains": counts["chains"],
            "steps": sum(n for name, n in self.tally.rules.items() if ": " not in name),
            "blocks": counts["blocks"],
            "slots": counts["slots"],
            "epochs": counts["epochs"],
            "states": self.tally.states,
            "rules": dict(self.tally.rules.most_common()),
            "accepted": _under("accepted: ", counts),
            "rejected": _under("rejected: ", counts),
            "other": {name: count for name, count in sorted(counts.items()) if ": " not in name},
            "coverage": self.reach.report(),
            "failures": self.failures,
        }


def _under(prefix: str, counts: dict[str, int]) -> dict[str, int]:
    return {
        name.removeprefix(prefix): count
        for name, count in sorted(counts.items())
        if name.startswith(prefix)
    }


def replay_command(folder: Path) -> str:
    """How to replay what was written, on any implementation."""
    return f"make conformance VECTORS={folder}"
