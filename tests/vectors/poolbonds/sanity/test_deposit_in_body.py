"""A deposit of the former bridge beside what is new in a block's body."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import build_empty_block_for_next_slot
from tests.helpers.pools import ETH, add_pool, add_waiting, build_pool_admission
from tests.helpers.running import run_blocks

pytestmark = pytest.mark.vectors(runner="sanity", handler="blocks", forks=["poolbonds"])


def test_deposit_beside_admission(spec: Any, state: Any, vector: Recorder) -> None:
    """The new operation does not make up for it."""
    add_pool(spec, state, bond=32 * ETH)
    (index,) = add_waiting(spec, state, 0, admitted=False)
    block = build_empty_block_for_next_slot(spec, state)
    block.body.pool_admissions.append(build_pool_admission(spec, state, index))
    block.body.deposits.append(spec.Deposit())
    reason = "the block carries a deposit of the former bridge"
    run_blocks(spec, state, vector, [block], valid=False, reason=reason)
