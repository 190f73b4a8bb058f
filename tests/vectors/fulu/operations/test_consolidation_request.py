"""Consolidation requests: one validator is to merge into another.

Under the smallest churn limit there is nothing left for consolidations, so in these cases some
validators are large; mainnet's limits need more stake than a test can hold.
"""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_address
from tests.helpers.keys import public_key
from tests.helpers.requests import build_consolidation_request
from tests.helpers.running import run_operation
from tests.helpers.solo import ETH, depart, let_all_serve, make_compounding, make_keyed, total_eth
from tests.helpers.verdicts import run_ignored

HANDLER = "consolidation_request"

pytestmark = pytest.mark.vectors(
    runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"], presets=["minimal"]
)

SOURCE, TARGET = 3, 5

SERVICE = 64
"""Epochs that everybody has served, and that leaving needs."""

FIRST_EPOCH = SERVICE + 1 + 4
"""The first in which a source may leave."""

LARGE = (10, 11, 12, 13)
"""Validators that make the limit large, by what they have above 32 ETH."""

QUEUE_LIMIT = 64


def _stand(spec: Any, state: Any, limit: int = 125) -> None:
    """Let there be so many ETH of churn for consolidations, and a target that compounds.

    A 32nd of all stake is churn; exits may use 128 ETH of it, consolidations have the rest. Without
    the large ones, 64 validators have 2,048 ETH.
    """
    let_all_serve(spec, state)
    make_compounding(spec, state, TARGET)
    missing = (128 + limit) * 32 - total_eth(state)
    for index in LARGE:
        more = min(missing, 2016)
        make_compounding(spec, state, index, (32 + more) * ETH)
        missing -= more
    assert missing == 0


def _merge(
    spec: Any, state: Any, vector: Recorder, epoch: int = FIRST_EPOCH, source: int = SOURCE
) -> None:
    """The source leaves in `epoch`, and joins the queue; no money moves yet."""
    before = state.copy()
    request = build_consolidation_request(spec, state, source, TARGET)
    run_operation(spec, state, vector, HANDLER, request)
    expected = before.validators[source].copy()
    expected.exit_epoch, expected.withdrawable_epoch = epoch, epoch + 256
    assert state.validators[source] == expected
    assert state.validators[TARGET] == before.validators[TARGET]
    assert list(state.balances) == list(before.balances)
    assert list(state.pending_consolidations) == [
        *before.pending_consolidations,
        spec.PendingConsolidation(source_index=source, target_index=TARGET),
    ]
    assert state.earliest_consolidation_epoch == epoch


def test_consolidation(spec: Any, state: Any, vector: Recorder) -> None:
    """It uses churn of its own, not that of exits."""
    _stand(spec, state)
    exits = (int(state.earliest_exit_epoch), int(state.exit_balance_to_consume))
    _merge(spec, state, vector)
    assert state.consolidation_balance_to_consume == (125 - 32) * ETH
    assert (state.earliest_exit_epoch, state.exit_balance_to_consume) == exits


def test_compounding_source(spec: Any, state: Any, vector: Recorder) -> None:
    """The churn takes its effective balance."""
    _stand(spec, state)
    make_compounding(spec, state, SOURCE)
    state.balances[SOURCE] = 40 * ETH
    _merge(spec, state, vector)
    assert state.consolidation_balance_to_consume == (125 - 32) * ETH


@pytest.mark.parametrize(
    ("ahead", "room", "epochs", "left"),
    [(0, 32, 0, 0), (0, 31, 1, 125 - 1), (0, 0, 1, 125 - 32), (9, 33, 9, 1), (9, 0, 10, 125 - 32)],
    ids=["just_room", "no_room", "nothing_left", "later_epoch", "after_a_later_epoch"],
)
def test_queue(
    spec: Any, state: Any, vector: Recorder, ahead: int, room: int, epochs: int, left: int
) -> None:
    """Others are in the queue: `room` ETH are left in an epoch `ahead` of the first possible."""
    _stand(spec, state)
    state.earliest_consolidation_epoch = FIRST_EPOCH + ahead
    state.consolidation_balance_to_consume = room * ETH
    _merge(spec, state, vector, FIRST_EPOCH + epochs)
    assert state.consolidation_balance_to_consume == left * ETH


@pytest.mark.parametrize(
    ("limit", "epochs", "left"), [(128, 15, 0), (127, 16, 17 * 127 - 2048)], ids=["fits", "reaches"]
)
def test_source_larger_than_the_churn(
    spec: Any, state: Any, vector: Recorder, limit: int, epochs: int, left: int
) -> None:
    """2,048 ETH take 16 epochs of 128, or a part of the 17th of 127."""
    _stand(spec, state, limit)
    source = LARGE[0]
    assert state.validators[source].effective_balance == 2048 * ETH
    _merge(spec, state, vector, FIRST_EPOCH + epochs, source)
    assert state.consolidation_balance_to_consume == left * ETH


@pytest.mark.parametrize("limit", [32, 33])
def test_least_limit(spec: Any, state: Any, vector: Recorder, limit: int) -> None:
    """There must be churn for more than one validator of 32 ETH."""
    _stand(spec, state, limit)
    if limit == 32:
        request = build_consolidation_request(spec, state, SOURCE, TARGET)
        run_ignored(spec, state, vector, HANDLER, request)
    else:
        _merge(spec, state, vector)
        assert state.consolidation_balance_to_consume == ETH


@pytest.mark.parametrize("waiting", [QUEUE_LIMIT - 1, QUEUE_LIMIT], ids=["last_place", "full"])
def test_room_in_the_queue(spec: Any, state: Any, vector: Recorder, waiting: int) -> None:
    _stand(spec, state)
    for _ in range(waiting):
        pending = spec.PendingConsolidation(source_index=20, target_index=21)
        state.pending_consolidations.append(pending)
    if waiting == QUEUE_LIMIT:
        request = build_consolidation_request(spec, state, SOURCE, TARGET)
        run_ignored(spec, state, vector, HANDLER, request)
    else:
        _merge(spec, state, vector)


def test_partial_withdrawal_of_the_target(spec: Any, state: Any, vector: Recorder) -> None:
    """Only one of the source would stand in the way."""
    _stand(spec, state)
    pending = spec.PendingPartialWithdrawal(validator_index=TARGET, amount=1)
    state.pending_partial_withdrawals.append(pending)
    _merge(spec, state, vector)


def test_young_target(spec: Any, state: Any, vector: Recorder) -> None:
    """The target needs no time of service, and may have become active just now."""
    _stand(spec, state)
    state.validators[TARGET].activation_epoch = SERVICE
    _merge(spec, state, vector)
    assert state.consolidation_balance_to_consume == (125 - 32) * ETH


def _unknown_source(spec: Any, state: Any, request: Any) -> None:
    request.source_pubkey = spec.BLSPubkey(public_key(len(state.validators)))


def _unknown_target(spec: Any, state: Any, request: Any) -> None:
    request.target_pubkey = spec.BLSPubkey(public_key(len(state.validators)))


def _itself(spec: Any, state: Any, request: Any) -> None:
    """A validator that compounds already has nothing to switch to, nor to merge into."""
    make_compounding(spec, state, SOURCE)
    request.target_pubkey = request.source_pubkey


def _other_address(spec: Any, state: Any, request: Any) -> None:
    request.source_address = spec.ExecutionAddress(execution_address(TARGET))


def _source_without_address(spec: Any, state: Any, request: Any) -> None:
    make_keyed(spec, state, SOURCE)
    credentials = bytes(state.validators[SOURCE].withdrawal_credentials)
    request.source_address = spec.ExecutionAddress(credentials[12:])


def _target_not_compounding(spec: Any, state: Any, request: Any) -> None:
    credentials = b"\x01" + bytes(state.validators[TARGET].withdrawal_credentials)[1:]
    state.validators[TARGET].withdrawal_credentials = spec.Bytes32(credentials)


def _target_without_address(spec: Any, state: Any, request: Any) -> None:
    make_keyed(spec, state, TARGET)


def _inactive_source(spec: Any, state: Any, request: Any) -> None:
    state.validators[SOURCE].activation_epoch = spec.FAR_FUTURE_EPOCH


def _inactive_target(spec: Any, state: Any, request: Any) -> None:
    state.validators[TARGET].activation_epoch = SERVICE + 1


def _leaving_source(spec: Any, state: Any, request: Any) -> None:
    depart(state, SOURCE, 1000)


def _leaving_target(spec: Any, state: Any, request: Any) -> None:
    depart(state, TARGET, 1000)


def _young_source(spec: Any, state: Any, request: Any) -> None:
    state.validators[SOURCE].activation_epoch = 1


def _source_with_a_withdrawal(spec: Any, state: Any, request: Any) -> None:
    pending = spec.PendingPartialWithdrawal(validator_index=SOURCE, amount=1)
    state.pending_partial_withdrawals.append(pending)


INAPPLICABLE: dict[str, Callable[[Any, Any, Any], None]] = {
    "unknown_source": _unknown_source,
    "unknown_target": _unknown_target,
    "itself": _itself,
    "another_address": _other_address,
    "source_without_address": _source_without_address,
    "target_not_compounding": _target_not_compounding,
    "target_without_address": _target_without_address,
    "inactive_source": _inactive_source,
    "inactive_target": _inactive_target,
    "leaving_source": _leaving_source,
    "leaving_target": _leaving_target,
    "young_source": _young_source,
    "withdrawal_waits": _source_with_a_withdrawal,
}


@pytest.mark.parametrize("why", INAPPLICABLE)
def test_ignored(spec: Any, state: Any, vector: Recorder, why: str) -> None:
    _stand(spec, state)
    request = build_consolidation_request(spec, state, SOURCE, TARGET)
    INAPPLICABLE[why](spec, state, request)
    run_ignored(spec, state, vector, HANDLER, request)
