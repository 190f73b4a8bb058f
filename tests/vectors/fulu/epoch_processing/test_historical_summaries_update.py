"""History: a summary of all block and state roots whenever their rings have been filled anew."""

from hashlib import sha256
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="historical_summaries_update", forks=["fulu", "poolbonds"]
)

EPOCHS_OF_A_RING = {"minimal": 8, "mainnet": 256}


def _tree_root(roots: list[bytes]) -> bytes:
    """The Merkle root of so many roots, a power of two of them."""
    while len(roots) > 1:
        pairs = zip(roots[::2], roots[1::2], strict=True)
        roots = [sha256(left + right).digest() for left, right in pairs]
    return roots[0]


def _stand(spec: Any, state: Any, epoch: int) -> None:
    """Stand in the epoch's last slot, with other roots in every place of the rings."""
    state.slot = (epoch + 1) * int(spec.SLOTS_PER_EPOCH) - 1
    state.finalized_checkpoint.epoch = epoch - 1
    length = int(spec.SLOTS_PER_HISTORICAL_ROOT)
    state.block_roots = spec.BlockRoots([spec.Root(i.to_bytes(32, "big")) for i in range(length)])
    state.state_roots = spec.StateRoots(
        [spec.Root(i.to_bytes(32, "little")) for i in range(length)]
    )
    state.historical_summaries.append(spec.HistoricalSummary())


def test_full_ring(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state, 2 * EPOCHS_OF_A_RING[spec.preset] - 1)
    run_epoch_step(spec, state, vector, "process_historical_summaries_update")
    assert list(state.historical_summaries) == [
        spec.HistoricalSummary(),
        spec.HistoricalSummary(
            block_summary_root=_tree_root([bytes(root) for root in state.block_roots]),
            state_summary_root=_tree_root([bytes(root) for root in state.state_roots]),
        ),
    ]


@pytest.mark.parametrize("from_end", [-1, 1], ids=["before", "after"])
def test_ring_not_full(spec: Any, state: Any, vector: Recorder, from_end: int) -> None:
    _stand(spec, state, 2 * EPOCHS_OF_A_RING[spec.preset] - 1 + from_end)
    run_epoch_step(spec, state, vector, "process_historical_summaries_update")
    assert list(state.historical_summaries) == [spec.HistoricalSummary()]
