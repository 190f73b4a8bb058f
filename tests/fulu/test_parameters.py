"""What parameters promise about containers and configuration."""

from types import ModuleType
from typing import Any

import pytest

import poolspec
from poolspec.fulu import mainnet, minimal

pytestmark = pytest.mark.forks("fulu")

MAINNET_GENESIS = "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"


def generalized_index(container: Any, field: str) -> int:
    """The place of a field's root in its container's tree, from the number of fields."""
    fields = list(container.fields())
    leaves = 1
    while leaves < len(fields):
        leaves *= 2
    return leaves + fields.index(field)


@pytest.mark.parametrize("compiled", [minimal, mainnet], ids=["minimal", "mainnet"])
def test_generalized_indices(compiled: ModuleType) -> None:
    state, body = compiled.BeaconState, compiled.BeaconBlockBody
    # The root is the second of a checkpoint's two fields.
    finalized_root = generalized_index(state, "finalized_checkpoint") * 2 + 1
    assert finalized_root == compiled.FINALIZED_ROOT_GINDEX_ELECTRA
    current = generalized_index(state, "current_sync_committee")
    assert current == compiled.CURRENT_SYNC_COMMITTEE_GINDEX_ELECTRA
    following = generalized_index(state, "next_sync_committee")
    assert following == compiled.NEXT_SYNC_COMMITTEE_GINDEX_ELECTRA
    assert generalized_index(body, "execution_payload") == compiled.EXECUTION_PAYLOAD_GINDEX


@pytest.mark.parametrize("compiled", [minimal, mainnet], ids=["minimal", "mainnet"])
def test_reward_shares_make_a_whole(compiled: ModuleType) -> None:
    shares = (
        sum(compiled.PARTICIPATION_FLAG_WEIGHTS)
        + compiled.SYNC_REWARD_WEIGHT
        + compiled.PROPOSER_WEIGHT
    )
    assert shares == compiled.WEIGHT_DENOMINATOR


@pytest.mark.parametrize(
    ("epoch", "limit", "since"),
    [
        (364032, 9, 364032),
        (412671, 9, 364032),
        (412672, 15, 412672),
        (419071, 15, 412672),
        (419072, 21, 419072),
        (2**64 - 1, 21, 419072),
    ],
)
def test_blob_schedule_of_mainnet(epoch: int, limit: int, since: int) -> None:
    found = mainnet.get_blob_parameters(mainnet.Epoch(epoch))
    assert (found.epoch, found.max_blobs_per_block) == (since, limit)


def test_blob_schedule_in_any_order() -> None:
    schedule = [{"EPOCH": epoch, "MAX_BLOBS_PER_BLOCK": blobs} for epoch, blobs in ((9, 4), (5, 7))]
    spec = poolspec.load("fulu", "minimal", config={"BLOB_SCHEDULE": schedule})
    limits = [spec.get_blob_parameters(spec.Epoch(epoch))[1] for epoch in (4, 5, 8, 9, 10)]
    # 9 is the limit of Electra, in force before the schedule begins.
    assert limits == [9, 7, 7, 4, 4]


@pytest.mark.parametrize(
    ("epoch", "digest"),
    [(364032, "ad532ceb"), (411392, "cc2c5cdb"), (419072, "8c9f62fe")],
    ids=["electra", "fulu", "second_limit"],
)
def test_fork_digests_that_are_live_on_mainnet(epoch: int, digest: str) -> None:
    root = mainnet.Root(MAINNET_GENESIS)
    assert mainnet.compute_fork_digest(root, mainnet.Epoch(epoch)).hex() == digest


@pytest.mark.parametrize(
    ("epoch", "version"),
    [(0, "00000000"), (74239, "00000000"), (74240, "01000000"), (194048, "03000000")],
)
def test_versions_of_past_forks(epoch: int, version: str) -> None:
    assert mainnet.compute_fork_version(mainnet.Epoch(epoch)).hex() == version
