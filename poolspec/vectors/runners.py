"""How each runner's cases are decoded into checks. Nothing here runs a transition.

The functions take the compiled fork (or anything with the same names) and a case, and give the
checks. `NotRunError` says that the fork has nothing to run the case with.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

from poolspec.vectors.case import Case
from poolspec.vectors.checks import Check, Equality, transition
from poolspec.vectors.errors import NotRunError, VectorError
from poolspec.vectors.forking import fork_checks, transition_checks
from poolspec.vectors.parts import decode
from poolspec.vectors.replaying import (
    apply_blocks,
    block_count,
    blocks_of,
    check_blocks,
    check_slots,
    expected_state,
    member,
)

Preparer = Callable[[Any, Case], tuple[Check, ...]]


class Operation(NamedTuple):
    """The part that holds an operation, and its type; the function is `process_<handler>`."""

    part: str
    type_name: str


OPERATIONS = {
    "attestation": Operation("attestation", "Attestation"),
    "attester_slashing": Operation("attester_slashing", "AttesterSlashing"),
    "block_header": Operation("block", "BeaconBlock"),
    "bls_to_execution_change": Operation("address_change", "SignedBLSToExecutionChange"),
    "consolidation_request": Operation("consolidation_request", "ConsolidationRequest"),
    "deposit_request": Operation("deposit_request", "DepositRequest"),
    "execution_payload": Operation("body", "BeaconBlockBody"),
    "pool_admission": Operation("pool_admission", "SignedPoolAdmission"),
    "proposer_slashing": Operation("proposer_slashing", "ProposerSlashing"),
    "sync_aggregate": Operation("sync_aggregate", "SyncAggregate"),
    "voluntary_exit": Operation("voluntary_exit", "SignedVoluntaryExit"),
    "withdrawal_request": Operation("withdrawal_request", "WithdrawalRequest"),
    "withdrawals": Operation("execution_payload", "ExecutionPayload"),
}

FLAG_DELTAS = {
    "source_deltas": "TIMELY_SOURCE_FLAG_INDEX",
    "target_deltas": "TIMELY_TARGET_FLAG_INDEX",
    "head_deltas": "TIMELY_HEAD_FLAG_INDEX",
}

POOL_DELTAS = "pool_deltas"
"""The part that holds what each pool earns and owes, in forks that have pools."""


class AnsweringEngine:
    """An execution engine that gives one answer to everything that it is asked about a payload."""

    def __init__(self, valid: bool) -> None:
        self.valid = valid

    def __getattr__(self, name: str) -> Callable[..., bool]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_args, **_kwargs: self.valid


def _execution_engine(case: Case) -> AnsweringEngine:
    """The engine whose verdict `execution.yaml` holds."""
    answer = case.yaml("execution")
    valid = answer.get("execution_valid") if isinstance(answer, dict) else None
    if not isinstance(valid, bool):
        raise VectorError(case.folder / "execution.yaml", "'execution_valid' must be true or false")
    return AnsweringEngine(valid)


def operations(spec: Any, case: Case) -> tuple[Check, ...]:
    """`process_<handler>(state, operation)`."""
    handler = case.id.handler
    if handler not in OPERATIONS:
        raise NotRunError(f"no operation '{handler}' in {case.id.fork}")
    part, type_name = OPERATIONS[handler]
    name = f"process_{handler}"
    function = member(spec, name, case)
    before = case.ssz("pre", spec.BeaconState)
    value = case.ssz(part, member(spec, type_name, case))
    further = (_execution_engine(case),) if handler == "execution_payload" else ()

    def apply(state: Any) -> Any:
        function(state, value, *further)
        return state

    return (transition(name, before, apply, expected_state(spec, case)),)


def epoch_processing(spec: Any, case: Case) -> tuple[Check, ...]:
    """One step of an epoch's end and, where the case has both parts, the whole of it."""
    checks = []
    for name, before, after in (
        (f"process_{case.id.handler}", "pre", "post"),
        ("process_epoch", "pre_epoch", "post_epoch"),
    ):
        if before == "pre_epoch" and not (case.has_ssz(before) or case.has_ssz(after)):
            continue
        if before == "pre_epoch" and case.has_ssz("post") and not case.has_ssz(after):
            raise VectorError(case.folder / f"{after}.ssz_snappy", "missing part")
        function = member(spec, name, case)

        def apply(state: Any, function: Callable[[Any], None] = function) -> Any:
            function(state)
            return state

        checks.append(
            transition(
                name,
                case.ssz(before, spec.BeaconState),
                apply,
                expected_state(spec, case, after),
            )
        )
    return tuple(checks)


def blocks(spec: Any, case: Case) -> tuple[Check, ...]:
    """`state_transition(state, signed_block)` for all blocks."""
    before = case.ssz("pre", spec.BeaconState)
    signed_blocks = blocks_of(case, [spec.SignedBeaconBlock] * block_count(case))
    check_blocks(case, before, signed_blocks)

    def apply(state: Any) -> Any:
        return apply_blocks(spec, state, signed_blocks)

    return (transition("state_transition", before, apply, expected_state(spec, case)),)


def slots(spec: Any, case: Case) -> tuple[Check, ...]:
    """`process_slots(state, state.slot + n)`."""
    before = case.ssz("pre", spec.BeaconState)
    count = case.yaml("slots")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise VectorError(case.folder / "slots.yaml", "must be a number of slots")
    check_slots(case.folder / "slots.yaml", before, int(before.slot) + count)

    def apply(state: Any) -> Any:
        spec.process_slots(state, state.slot + count)
        return state

    return (transition("process_slots", before, apply, expected_state(spec, case)),)


def sanity(spec: Any, case: Case) -> tuple[Check, ...]:
    """Whole blocks, or empty slots."""
    kinds: dict[str, Preparer] = {"blocks": blocks, "slots": slots}
    if case.id.handler not in kinds:
        raise NotRunError(f"no sanity handler '{case.id.handler}'")
    return kinds[case.id.handler](spec, case)


def has_pools(spec: Any) -> bool:
    """Whether rewards and penalties of some validators are settled with pools."""
    return hasattr(spec, "get_pool_deltas")


@cache
def deltas_type(spec: Any) -> Any:
    """The container of a rewards part: two lists of Gwei, by validator or by pool."""
    columns = {"rewards": spec.Balances, "penalties": spec.Balances}
    return type("Deltas", (spec.Container,), {"__annotations__": columns})


def rewards(spec: Any, case: Case) -> tuple[Check, ...]:
    """Rewards and penalties by flag, of the inactivity leak and of the pools, in Gwei."""
    state = case.ssz("pre", spec.BeaconState)
    state.hash_tree_root()
    deltas = deltas_type(spec)

    def check(part: str, compute: Callable[[], Any]) -> Equality:
        expected = case.ssz(part, deltas)
        columns = (list(expected.rewards), list(expected.penalties))
        return Equality(part, lambda: tuple(list(column) for column in compute()), columns)

    checks = [
        check(
            part,
            partial(spec.get_flag_index_deltas, state, getattr(spec, flag)),
        )
        for part, flag in FLAG_DELTAS.items()
    ]
    checks.append(
        check("inactivity_penalty_deltas", lambda: spec.get_inactivity_penalty_deltas(state))
    )
    if has_pools(spec):
        checks.append(
            check(
                POOL_DELTAS,
                lambda: spec.get_pool_deltas(state, spec.get_attestation_deltas(state)),
            )
        )
    return tuple(checks)


def ssz_static(spec: Any, case: Case) -> tuple[Check, ...]:
    """A container has the given root, and encodes back to the bytes it was decoded from."""
    container = getattr(spec, case.id.handler, None)
    if not isinstance(container, type) or not hasattr(container, "fields"):
        raise NotRunError(f"no container '{case.id.handler}' in {case.id.fork}")
    content = case.content("serialized")
    value = decode(container, content, case.path("serialized"))
    roots = case.yaml("roots")
    expected = _hex(roots.get("root") if isinstance(roots, dict) else None)
    if expected is None or len(expected) != 32:
        raise VectorError(case.folder / "roots.yaml", "'root' must be 32 bytes in hex")
    return (
        Equality("hash_tree_root", lambda: bytes(spec.hash_tree_root(value)), expected),
        Equality("serialize", lambda: bytes(spec.serialize(value)), content),
    )


def shuffling(spec: Any, case: Case) -> tuple[Check, ...]:
    """`compute_shuffled_index` of every index."""
    path = case.folder / "mapping.yaml"
    content = case.yaml("mapping")
    if not isinstance(content, dict):
        raise VectorError(path, "must be a mapping of names to values")
    seed, count, mapping = (content.get(name) for name in ("seed", "count", "mapping"))
    seed_bytes = _hex(seed)
    if seed_bytes is None or len(seed_bytes) != 32:
        raise VectorError(path, "'seed' must be 32 bytes in hex")
    if not isinstance(mapping, list) or count != len(mapping):
        raise VectorError(path, "'mapping' must be a list of 'count' indices")

    def compute() -> list[int]:
        return [
            int(spec.compute_shuffled_index(spec.Uint64(i), spec.Uint64(count), seed_bytes))
            for i in range(len(mapping))
        ]

    return (Equality("compute_shuffled_index", compute, mapping),)


def _hex(text: Any) -> bytes | None:
    """The bytes of a `0x…` string, None if it is none."""
    if not isinstance(text, str) or not text.startswith("0x"):
        return None
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        return None


RUNNERS: dict[str, Preparer] = {
    "epoch_processing": epoch_processing,
    "finality": blocks,
    "fork": fork_checks,
    "operations": operations,
    "random": blocks,
    "rewards": rewards,
    "sanity": sanity,
    "shuffling": shuffling,
    "ssz_static": ssz_static,
    "transition": transition_checks,
}
"""Every runner that is replayed."""
