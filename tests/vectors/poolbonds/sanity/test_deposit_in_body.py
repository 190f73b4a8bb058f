"""A block that is right, state root included, in everything but a deposit of the former bridge.

Whoever passes over the deposit instead of rejecting the block comes to the very state that the
block names.
"""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import build_empty_block_for_next_slot, state_transition_and_sign_block
from tests.helpers.pools import ETH, add_pool, add_waiting, build_pool_admission
from tests.helpers.running import run_blocks

pytestmark = pytest.mark.vectors(runner="sanity", handler="blocks", forks=["poolbonds"])


def _block_over_deposit(spec: Any, state: Any, block: Any, patch: pytest.MonkeyPatch) -> Any:
    """The block, signed, with the state root of one that has everything but the deposit."""
    plain = spec.process_operations

    def passing_over(inner: Any, body: Any) -> None:
        rest = body.copy()
        rest.deposits = spec.Deposits()
        plain(inner, rest)

    with patch.context() as patched:
        patched.setattr(spec, "process_operations", passing_over)
        return state_transition_and_sign_block(spec, state.copy(), block)


def test_deposit_beside_right_state_root(
    spec: Any, state: Any, vector: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    block.body.deposits.append(spec.Deposit())
    signed = _block_over_deposit(spec, state, block, monkeypatch)
    reason = "the block carries a deposit of the former bridge"
    run_blocks(spec, state, vector, [signed], valid=False, reason=reason)


def test_deposit_beside_admission(
    spec: Any, state: Any, vector: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new operation does not make up for it."""
    add_pool(spec, state, bond=32 * ETH)
    (index,) = add_waiting(spec, state, 0, admitted=False)
    block = build_empty_block_for_next_slot(spec, state)
    block.body.pool_admissions.append(build_pool_admission(spec, state, index))
    block.body.deposits.append(spec.Deposit())
    signed = _block_over_deposit(spec, state, block, monkeypatch)
    reason = "the block carries a deposit of the former bridge"
    run_blocks(spec, state, vector, [signed], valid=False, reason=reason)
