"""A broken chain as a test vector, and a test vector as a chain that is judged again."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from poolspec.vectors.case import Case, read_case
from poolspec.vectors.errors import VectorError
from poolspec.vectors.forking import transition_checks
from poolspec.vectors.layout import CaseId, Selection
from poolspec.vectors.recorder import Recorder
from poolspec.vectors.replaying import block_count, blocks_of
from poolspec.vectors.runners import blocks as sanity_checks
from poolspec.vectors.source import find
from poolspec.vectors.store import Store, content_hash
from tests.fuzzing.findings import Finding
from tests.fuzzing.history import History
from tests.fuzzing.parties import FORK, PARENT, PRESET, Assembly, Party, assemble
from tests.fuzzing.signatures import marked_signatures
from tests.fuzzing.starts import Start
from tests.fuzzing.tally import Tally
from tests.fuzzing.world import World

SUITE = "fuzz"
BLS_IGNORED = 2
"""`bls_setting`: the signatures are stubs."""


def expected_post(history: History, parties: Sequence[Party]) -> bytes | None:
    """The state that should come out, as far as anybody knows; None if the block is to be rejected.

    The documents say what is right, unless an invariant is broken and the engine, which shares no
    rule with them, comes to another state.
    """
    if history.must_reject:
        return None
    assert history.finding is not None
    documents = history.posts.get(parties[1].name)
    if history.finding.kind == "disagreement":
        return documents
    others = [history.posts.get(party.name) for party in parties[2:]]
    return next((post for post in others if post not in (None, documents)), documents)


def _with_root(history: History, block: Any, post: bytes | None, fork: Any) -> Any:
    """The last block, with the root of the state that is expected."""
    if post is None:
        return block
    block = block.copy()
    block.message.state_root = fork.BeaconState.decode_bytes(post).hash_tree_root()
    return block


def write_vectors(
    history: History, parties: Sequence[Party], root: Path, name: str
) -> list[CaseId]:
    """Write the whole chain as a case, and its last block unless the upgrade is part of it."""
    modules = parties[0].modules
    fork = modules[history.last_fork]
    post = expected_post(history, parties)
    last = _with_root(history, history.blocks[-1], post, fork)
    whole = _case(history, name, "transition" if history.has_crossed else "sanity")
    cases = [(whole, history.pre, [*history.blocks[:-1], last])]
    if len(history.blocks) > history.blocks_before_fork + 1 or not history.has_crossed:
        alone = _case(history, f"{name}_last_block", "sanity")
        cases.append((alone, history.before_last, [last]))
    store = Store(root)
    for case, pre, signed_blocks in cases:
        recorder = Recorder(case, writing=True)
        recorder.pre(pre)
        recorder.blocks(signed_blocks)
        recorder.meta(bls_setting=BLS_IGNORED)
        if case.runner == "transition":
            _tell_fork(recorder, history, int(fork.SLOTS_PER_EPOCH))
        if history.start.values:
            recorder.config(dict(history.start.values))
        if post is None:
            recorder.invalid(str(history.finding))
        else:
            recorder.post(fork.BeaconState.decode_bytes(post))
        files = recorder.finish()
        store.write(case, files, content_hash(files))
    store.clear_partial()
    return [case for case, _, _ in cases]


def _case(history: History, name: str, runner: str) -> CaseId:
    handler = "core" if runner == "transition" else "blocks"
    return CaseId(PRESET, history.last_fork, runner, handler, SUITE, name)


def _tell_fork(recorder: Recorder, history: History, slots_per_epoch: int) -> None:
    """When the fork takes place, as cases of transitions say it."""
    start = history.start
    assert start.fork_epoch is not None
    epoch = start.first_epoch + start.fork_epoch
    recorder.meta(post_fork=FORK, fork_epoch=epoch)
    if history.blocks_before_fork:
        recorder.meta(fork_block=history.blocks_before_fork - 1)


def replay(folder: Path, assembly: Assembly = assemble) -> Finding | None:
    """Let all implementations follow a case again, invariants checked; gives what breaks."""
    with TemporaryDirectory(prefix="poolspec-fuzz-") as scratch, marked_signatures():
        cases, _ = find(folder, Selection(), Path(scratch))
        if not cases:
            raise VectorError(folder, "no case")
        for found in cases:
            finding = _replay_case(read_case(found.id, found.folder), assembly)
            if finding is not None:
                return finding
    return None


def _replay_case(case: Case, assembly: Assembly) -> Finding | None:
    values = tuple(sorted((case.config or {}).items()))
    parties = assembly(values)
    is_transition = case.id.runner == "transition"
    fork_epoch = case.count("fork_epoch") if is_transition else None
    modules = parties[0].modules
    first = modules[PARENT if is_transition else case.id.fork]
    pre = case.ssz("pre", first.BeaconState)
    count = block_count(case)
    early = case.count("fork_block", -1) + 1 if is_transition and "fork_block" in case.meta else 0
    if not is_transition:
        early = count
    types = [first.SignedBeaconBlock] * early
    types += [modules[case.id.fork].SignedBeaconBlock] * (count - early)
    signed_blocks = blocks_of(case, types)
    world = World(Start(values, fork_epoch), parties, Tally(), pre=pre, fork=first.fork)
    try:
        for number, signed in enumerate(signed_blocks):
            if number == early:
                world.cross()
            is_last = number == count - 1
            world.follow(signed, must_reject=is_last and not case.has_ssz("post"))
    except Finding as finding:
        return finding
    return None


def judge(case_folder: Path, case: CaseId, spec: Any) -> str | None:
    """What a module makes of a case, as `poolspec conformance` would see it; None if it passes."""
    read = read_case(case, case_folder)
    checks = transition_checks if case.runner == "transition" else sanity_checks
    with marked_signatures():
        failures = [check.failure() for check in checks(spec, read)]
    return next((failure for failure in failures if failure is not None), None)
