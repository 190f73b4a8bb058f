"""Replay a case of Fulu under pool bonds, and compare what the two forks share."""

from typing import Any

from poolspec.vectors.case import BlsSetting, Case
from poolspec.vectors.checks import signatures_set
from poolspec.vectors.rejection import is_protocol_rejection
from poolspec.vectors.replaying import block_count, blocks_of
from poolspec.vectors.runners import FLAG_DELTAS, OPERATIONS, AnsweringEngine

ROOTED = (
    # The state's own root, and what holds it
    "state_roots",
    "historical_summaries",
    # Roots of blocks: compared through the map of roots
    "latest_block_header",
    "block_roots",
    "previous_justified_checkpoint",
    "current_justified_checkpoint",
    "finalized_checkpoint",
)
"""Fields that hold roots of states or blocks, which must differ as soon as slots pass."""

NEW = (
    "pools",
    "pending_payouts",
    "pending_pool_penalties",
    "unbonding_balance_to_consume",
    "earliest_unbonding_epoch",
)
"""Fields that stay as they are while there is no pool."""

Rejected = type("Rejected", (), {})
"""In the place of a state that a function does not give."""


class Twins:
    """Fulu and pool bonds, each with a state of its own; the second begins as the first upgraded.

    The upgraded state keeps Fulu's fork version, so that signatures are valid in both.
    """

    def __init__(self, fulu: Any, spec: Any) -> None:
        self.fulu = fulu
        self.spec = spec
        self.roots: dict[bytes, bytes] = {}

    def upgraded(self, state: Any) -> Any:
        """The state after the fork."""
        after = self.spec.upgrade_to_poolbonds(state)
        after.fork = self.converted(state.fork)
        return after

    def converted(self, value: Any) -> Any:
        """The same value as the other fork's type; types that are not containers are shared."""
        name = type(value).__name__
        return getattr(self.spec, name).decode_bytes(value.encode_bytes())

    def differences(self, old: Any, new: Any, *, slots_passed: bool = False) -> list[str]:
        """The fields in which the states differ and should not; Fulu's comes first."""
        found = [
            name
            for name in self.fulu.BeaconState.fields()
            if not (slots_passed and name in ROOTED)
            and getattr(old, name).hash_tree_root() != getattr(new, name).hash_tree_root()
        ]
        if slots_passed:
            found += self._differences_of_roots(old, new)
        empty = self.spec.BeaconState()
        found += [name for name in NEW if getattr(new, name) != getattr(empty, name)]
        if list(new.validator_pools) != [self.spec.NO_POOL] * len(new.validators):
            found.append("validator_pools")
        return found

    def _differences_of_roots(self, old: Any, new: Any) -> list[str]:
        """Compare roots of blocks through the map, and epochs and slots as they are."""
        found = []
        if [self.root(root) for root in old.block_roots] != [bytes(r) for r in new.block_roots]:
            found.append("block_roots")
        for name in ROOTED[-3:]:
            before, after = getattr(old, name), getattr(new, name)
            if (before.epoch, self.root(before.root)) != (after.epoch, bytes(after.root)):
                found.append(name)
        header, other = old.latest_block_header, new.latest_block_header
        if (header.slot, header.proposer_index, self.root(header.parent_root)) != (
            other.slot,
            other.proposer_index,
            bytes(other.parent_root),
        ):
            found.append("latest_block_header")
        if len(old.historical_summaries) != len(new.historical_summaries):
            found.append("historical_summaries")
        return found

    def root(self, root: Any) -> bytes:
        """The root that stands for a block of Fulu's chain in the other one."""
        return self.roots.get(bytes(root), bytes(root))

    def pass_slots(self, old: Any, new: Any, slot: int) -> None:
        """Let both go to a slot, and note which roots stand for the same blocks."""
        first, length = int(old.slot), int(self.fulu.SLOTS_PER_HISTORICAL_ROOT)
        self.fulu.process_slots(old, self.fulu.Slot(slot))
        self.spec.process_slots(new, self.spec.Slot(slot))
        for passed in range(max(first, slot - length), slot):
            root = bytes(old.block_roots[passed % length])
            self.roots[root] = bytes(new.block_roots[passed % length])

    def block(self, old: Any) -> Any:
        """A block of Fulu's chain, for the other one: roots of that, and no admissions."""
        body = {name: getattr(old.body, name) for name in self.fulu.BeaconBlockBody.fields()}
        block = self.spec.BeaconBlock(
            slot=old.slot,
            proposer_index=old.proposer_index,
            parent_root=self.spec.Root(self.root(old.parent_root)),
            body=self.spec.BeaconBlockBody(
                **{
                    name: getattr(self.spec.BeaconBlockBody(), name).__class__.decode_bytes(
                        value.encode_bytes()
                    )
                    for name, value in body.items()
                }
            ),
        )
        for attestation in block.body.attestations:
            data = attestation.data
            for holder, name in (
                (data, "beacon_block_root"),
                (data.source, "root"),
                (data.target, "root"),
            ):
                setattr(holder, name, self.spec.Root(self.root(getattr(holder, name))))
        return block


def replay(fulu: Any, spec: Any, case: Case) -> list[str]:
    """Run a case under both forks; gives the fields that differ, or how the verdicts do."""
    kinds = {
        "operations": _operation,
        "epoch_processing": _epoch,
        "rewards": _rewards,
    }
    with signatures_set(spec, case.bls is BlsSetting.REQUIRED):
        if case.id.runner in kinds:
            return kinds[case.id.runner](Twins(fulu, spec), case)
    # What is signed is the root of the block, which has another one now
    with signatures_set(spec, False):
        return (
            _slots(Twins(fulu, spec), case)
            if case.id.handler == "slots"
            else _blocks(Twins(fulu, spec), case)
        )


def _outcome(function: Any, state: Any, *arguments: Any) -> Any:
    """The state after a function, or `Rejected`."""
    try:
        function(state, *arguments)
    except Exception as error:
        if not is_protocol_rejection(error):
            raise
        return Rejected
    return state


def _compare(twins: Twins, old: Any, new: Any) -> list[str]:
    """Verdicts first, then fields."""
    if old is Rejected or new is Rejected:
        return [] if old is new else [f"rejected only by {'Fulu' if old is Rejected else 'us'}"]
    return twins.differences(old, new)


def _operation(twins: Twins, case: Case) -> list[str]:
    part, type_name = OPERATIONS[case.id.handler]
    state = case.ssz("pre", twins.fulu.BeaconState)
    value = case.ssz(part, getattr(twins.fulu, type_name))
    other = twins.upgraded(state)
    if type_name == "BeaconBlock":
        converted = twins.block(value)
    elif type_name == "BeaconBlockBody":
        converted = twins.block(twins.fulu.BeaconBlock(body=value)).body
    else:
        converted = twins.converted(value)
    further: tuple[Any, ...] = ()
    if case.id.handler == "execution_payload":
        further = (AnsweringEngine(case.yaml("execution")["execution_valid"]),)
    name = f"process_{case.id.handler}"
    old = _outcome(getattr(twins.fulu, name), state, value, *further)
    new = _outcome(getattr(twins.spec, name), other, converted, *further)
    if type_name == "BeaconBlock" and old is not Rejected and new is not Rejected:
        # The header holds the root of the body, which has one more field
        new.latest_block_header.body_root = old.latest_block_header.body_root
    return _compare(twins, old, new)


def _epoch(twins: Twins, case: Case) -> list[str]:
    found = []
    for name, part in ((f"process_{case.id.handler}", "pre"), ("process_epoch", "pre_epoch")):
        if case.has_ssz(part):
            state = case.ssz(part, twins.fulu.BeaconState)
            other = twins.upgraded(state)
            old = _outcome(getattr(twins.fulu, name), state)
            found += _compare(twins, old, _outcome(getattr(twins.spec, name), other))
    return found


def _rewards(twins: Twins, case: Case) -> list[str]:
    state = case.ssz("pre", twins.fulu.BeaconState)
    other = twins.upgraded(state)
    found = [
        part
        for part, flag in FLAG_DELTAS.items()
        if twins.fulu.get_flag_index_deltas(state, getattr(twins.fulu, flag))
        != twins.spec.get_flag_index_deltas(other, getattr(twins.spec, flag))
    ]
    old, new = (
        fork.get_inactivity_penalty_deltas(at)
        for fork, at in ((twins.fulu, state), (twins.spec, other))
    )
    return found + (["inactivity_penalty_deltas"] if old != new else [])


def _slots(twins: Twins, case: Case) -> list[str]:
    old = case.ssz("pre", twins.fulu.BeaconState)
    new = twins.upgraded(old)
    twins.pass_slots(old, new, int(old.slot) + int(case.yaml("slots")))
    return _fulus_own(twins, case, old) + twins.differences(old, new, slots_passed=True)


def _fulus_own(twins: Twins, case: Case, old: Any) -> list[str]:
    """Whether Fulu's side of the comparison is what the case says."""
    expected = case.ssz("post", twins.fulu.BeaconState)
    return [] if expected.hash_tree_root() == old.hash_tree_root() else ["Fulu itself"]


def _blocks(twins: Twins, case: Case) -> list[str]:
    """Block by block in both chains, until one is rejected."""
    old = case.ssz("pre", twins.fulu.BeaconState)
    new = twins.upgraded(old)
    types = [twins.fulu.SignedBeaconBlock] * block_count(case)
    for signed in blocks_of(case, types):
        block = signed.message
        if block.slot <= old.slot:
            # Both refuse to go back
            return [] if not case.has_ssz("post") else ["a block of the past"]
        twins.pass_slots(old, new, int(block.slot))
        other = twins.block(block)
        verdicts = [
            _outcome(twins.fulu.process_block, old, block),
            _outcome(twins.spec.process_block, new, other),
        ]
        if Rejected in verdicts:
            return [] if verdicts[0] is verdicts[1] else ["another verdict on a block"]
    if not case.has_ssz("post"):
        # Rejected for its state root or its signature, which have no counterpart
        return []
    return _fulus_own(twins, case, old) + twins.differences(old, new, slots_passed=True)
