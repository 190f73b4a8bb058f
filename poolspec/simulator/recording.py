"""What is written down of a chain: columns with a row for each sample, and what happened when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.numbers import U64_MAX, Mask, total
from poolspec.simulator.scenario import PoolGroup, Scenario
from poolspec.simulator.world import SEAT, START, World

__all__ = ["CHAIN_COLUMNS", "POOL_COLUMNS", "SOLO_COLUMNS", "Milestone", "Recorder", "Series"]

CHAIN_COLUMNS = {
    "epoch": "epochs since the start",
    "finalized_epoch": "epoch of the finalized checkpoint, on the same count",
    "active_weight": "active effective balance (Gwei)",
    "voting_weight": "the part of it that is online and not slashed (Gwei)",
    "pooled_weight": "the part of it that sits in pools (Gwei)",
    "stake_at_risk": "the most that slashing everybody could burn (Gwei)",
    "issued": "rewards since the start (Gwei)",
    "burned": "penalties since the start (Gwei)",
    "deposited": "deposits and bonds that have come since the start (Gwei)",
    "withdrawn": "payments to addresses since the start (Gwei)",
    "deposits_queued": "pending deposits (Gwei)",
    "payouts_queued": "pending payouts of bonds and refunds (Gwei)",
}
POOL_COLUMNS = {
    "bond": "bonds of the group's pools (Gwei)",
    "seats": "seats that are taken",
    "waiting": "admitted validators without a seat that are not leaving",
    "weight": "active effective balance (Gwei)",
    "staker_income": "rewards of the stakers since the start (Gwei)",
    "operator_income": "commissions less penalties since the start (Gwei)",
    "commission": "commissions since the start (Gwei)",
    "penalties": "penalties paid from bonds since the start (Gwei)",
    "bond_paid_out": "bond that was unbonded and paid since the start (Gwei)",
}
SOLO_COLUMNS = {
    "validators": "active validators",
    "weight": "active effective balance (Gwei)",
    "staker_income": "rewards less penalties since the start (Gwei)",
    "penalties": "penalties since the start (Gwei)",
}

_LEAK = 4
"""Epochs without finality after which a leak begins."""

_FAR = np.uint64(U64_MAX)


class Milestone(NamedTuple):
    """Something that happened: `kind` is for programs, `text` for readers."""

    epoch: int
    kind: str
    text: str


@dataclass(frozen=True)
class Series:
    """What was recorded of one chain: int64 columns of equal length, and milestones in order."""

    columns: dict[str, NDArray[np.int64]]
    milestones: tuple[Milestone, ...] = ()

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        return self.columns[name]

    def when(self, kind: str) -> list[int]:
        """Return the epochs of a kind of milestones."""
        return [each.epoch for each in self.milestones if each.kind == kind]


@dataclass
class Recorder:
    """Takes samples of a world, and notices what changes from one epoch to the next."""

    scenario: Scenario
    rows: list[dict[str, int]] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    _is_stuck: bool = False
    _finalized: int | None = None

    def series(self) -> Series:
        """Return what has been recorded."""
        names = self.rows[0] if self.rows else {}
        columns = {name: np.array([row[name] for row in self.rows], np.int64) for name in names}
        return Series(columns, tuple(self.milestones))

    def note(self, epoch: int, kind: str, text: str) -> None:
        """Write a milestone down."""
        self.milestones.append(Milestone(epoch, kind, text))

    def watch(self, world: World) -> None:
        """Notice when finality stops and when it comes back."""
        epoch, finalized = world.epoch, world.chain.finalized_epoch
        is_stuck = world.chain.epoch - 1 - finalized > _LEAK
        if is_stuck != self._is_stuck:
            if is_stuck:
                last = finalized - START
                self.note(epoch, "finality lost", f"nothing final since epoch {last}")
            else:
                self.note(epoch, "finality back", "the chain finalizes again")
            self._is_stuck = is_stuck

    def sample(self, world: World) -> None:
        """Add a row, unless the last one is of the same epoch."""
        if not self.rows or self.rows[-1]["epoch"] != world.epoch:
            self.rows.append(_row(world))


def _row(world: World) -> dict[str, int]:
    """Return all columns of the present."""
    scale, chain = world.scenario.scale, world.chain
    registry, books = chain.state.registry, chain.books
    assert books is not None
    books.make_room(chain.state)
    active: Mask = chain.rules.active_mask(chain.state, chain.epoch)
    weights = np.where(active, registry.effective_balance, np.uint64(0))
    is_present = (world.down == 0) & ~world.cut & ~registry.slashed
    pooled = _is_member(world)
    row = {
        "epoch": world.epoch,
        "finalized_epoch": chain.finalized_epoch - START,
        "active_weight": total(weights) * scale,
        "voting_weight": total(weights[is_present]) * scale,
        "pooled_weight": total(weights[pooled]) * scale,
        "stake_at_risk": _at_risk(world, weights, pooled) * scale,
        "issued": books.issued * scale,
        "burned": books.burned * scale,
        "deposited": books.deposited * scale,
        "withdrawn": books.withdrawn * scale,
        "deposits_queued": sum(each.amount for each in chain.state.pending_deposits) * scale,
        "payouts_queued": sum(each.amount for each in chain.state.pending_payouts) * scale,
    }
    incomes = chain.balances.astype(np.int64) + books.paid_out - world.put_in
    for number, group in enumerate(world.scenario.groups()):
        rows = world.rows(number)
        is_pool = isinstance(group, PoolGroup) and not world.is_twin
        figures = {
            "validators": int(np.count_nonzero(active[rows])) * scale,
            "weight": total(weights[rows]) * scale,
            "staker_income": int(incomes[rows].sum()) * scale,
            "penalties": int(books.losses[rows].sum()) * scale,
        }
        if is_pool:
            figures |= _pool_figures(world, number, books)
        names = POOL_COLUMNS if is_pool else SOLO_COLUMNS
        row |= {f"{group.name}.{name}": figures[name] for name in names}
    return row


def _is_member(world: World) -> Mask:
    """Return who is admitted to a pool, (n,)."""
    is_member: Mask = world.chain.state.registry.pool != _FAR
    return is_member


def _at_risk(world: World, weights: Any, pooled: Mask) -> int:
    """Return what could be burned: solo weight, and of pools what their bonds have for it."""
    pools = world.chain.state.pools
    seated = np.zeros(len(pools), np.int64)
    members = np.flatnonzero(pooled & (weights > 0))
    np.add.at(seated, world.chain.state.registry.pool[members].view(np.int64), SEAT)
    return total(weights[~pooled]) + int(np.minimum(pools.bond.astype(np.int64), seated).sum())


def _pool_figures(world: World, group: int, books: Any) -> dict[str, int]:
    """Return what is known of a group's pools."""
    chain, scale = world.chain, world.scenario.scale
    pools = np.array(world.pools_of(group), np.int64)
    registry, rows = chain.state.registry, world.rows(group)
    stays = (registry.exit_epoch[rows] == _FAR) & (registry.pool[rows] != _FAR)
    waits = stays & (registry.effective_balance[rows] == 0)
    bond = int(chain.bonds[pools].astype(np.int64).sum())
    paid = int(books.taken_out[pools].sum())
    added = int(books.put_in[pools].sum()) + int(world.first_bonds[pools].sum())
    return {
        "bond": bond * scale,
        "seats": int(chain.seats[pools].sum()) * scale,
        "waiting": int(np.count_nonzero(waits)) * scale,
        "operator_income": (bond + paid + pending_bond(world, pools) - added) * scale,
        "commission": int(books.commissions[pools].sum()) * scale,
        "penalties": int(books.bond_losses[pools].sum()) * scale,
        "bond_paid_out": paid * scale,
    }


def pending_bond(world: World, pools: NDArray[np.int64]) -> int:
    """Return the bond (Gwei) that has left some pools and waits in the queue of payouts."""
    flag = int(world.chain.rules.p.POOL_INDEX_FLAG)
    sources = {flag | pool for pool in pools.tolist()}
    queue = world.chain.state.pending_payouts
    return sum(payout.amount for payout in queue if payout.source in sources)
