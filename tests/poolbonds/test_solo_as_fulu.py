"""Without pools, everything is as under Fulu (invariant I9).

Each reference case of Fulu's state transition is replayed under pool bonds, its states upgraded
and without pools. The fields that the forks share must come out equal, and the new ones stay empty;
what Fulu rejects must be rejected. There is no exception.

Some values cannot be equal where slots pass: roots of states, since a state has more fields; roots
of blocks, since a block's body has one more and its header holds a state's root; and so what holds
such roots: `latest_block_header`, `block_roots`, `state_roots`, `historical_summaries`, the roots
of the three checkpoints. Votes for blocks name such roots, so the blocks of a case are built again
with the roots of this chain in the place of the others. Roots of blocks are then compared through
the map from one chain's to the other's, checkpoints by epoch and such a root. A block that is
rejected for its own state root or signature shows nothing here.

The archives lie beside the checkout. A part of them is replayed in an ordinary run; all with
`POOLSPEC_ALL_REFERENCES=1` in the environment.
"""

import os
from pathlib import Path

import pytest

import poolspec
from poolspec.vectors.case import read_case
from poolspec.vectors.layout import Selection
from poolspec.vectors.source import Found, find
from tests.poolbonds.upgraded import replay

REFERENCES = Path(__file__).resolve().parents[3] / "shared" / "reference-vectors"
RUNNERS = ("operations", "epoch_processing", "rewards", "sanity", "finality", "random")
SAMPLE = {
    "minimal": {
        "operations": "*[aeiou]",
        "epoch_processing": "*[aeiou]",
        "sanity": "*[aeiou]",
        "finality": "*_[12]",
        "random": "*_[13]",
    },
    "mainnet": {"operations": "*[aeiou]_[st]*", "epoch_processing": "*[ab]", "rewards": "*_leak"},
}
"""Shell patterns on the cases of an ordinary run; all those of a runner that is not named here, but
none of it under the mainnet preset."""


def _pattern(preset: str, runner: str) -> str | None:
    """Which cases to replay now; None for none."""
    if os.environ.get("POOLSPEC_ALL_REFERENCES"):
        return "*"
    return SAMPLE[preset].get(runner, "*" if preset == "minimal" else None)


def _replay(found: Found) -> list[str]:
    """The differences of one case."""
    case = read_case(found.id, found.folder)
    fulu, spec = (poolspec.load(fork, case.id.preset) for fork in ("fulu", "poolbonds"))
    return replay(fulu, spec, case)


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("preset", ["minimal", "mainnet"])
def test_reference_vectors(preset: str, runner: str, tmp_path: Path) -> None:
    """Nothing differs, whatever the case is about."""
    archive = REFERENCES / f"fulu-{preset}.tar.gz"
    pattern = _pattern(preset, runner)
    if not archive.is_file():
        pytest.skip(f"no reference vectors beside the checkout (shared/{archive.name})")
    if pattern is None:
        pytest.skip("only with POOLSPEC_ALL_REFERENCES=1")
    selection = Selection(fork=("fulu",), runner=(runner,), case=(pattern,))
    cases, _ = find(archive, selection, tmp_path)
    differing = {str(found.id): differences for found in cases if (differences := _replay(found))}
    assert not differing


def test_differences_are_found(tmp_path: Path) -> None:
    """With another configuration on one side, the cases that depend on it differ."""
    archive = REFERENCES / "fulu-minimal.tar.gz"
    if not archive.is_file():
        pytest.skip(f"no reference vectors beside the checkout (shared/{archive.name})")
    handlers = ("inactivity_updates", "blocks")
    cases, _ = find(archive, Selection(handler=handlers, case=("*random*",)), tmp_path)
    fulu = poolspec.load("fulu", "minimal")
    other = poolspec.load("poolbonds", "minimal", config={"INACTIVITY_SCORE_BIAS": 5})
    found = [replay(fulu, other, read_case(each.id, each.folder)) for each in cases]
    assert any("inactivity_scores" in differences for differences in found)
