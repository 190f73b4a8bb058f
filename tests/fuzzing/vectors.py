"""A broken chain as a test vector, and a test vector as a chain that is judged again."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from poolspec.vectors.case import Case, read_case
from poolspec.vectors.errors import VectorError
from poolspec.vectors.forking import fork_checks, transition_checks
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


def _with_root(block: Any, history: History, post: bytes | None, fork: Any) -> Any:
    """The last block, with the root of the state that is expected.

    One that must be rejected gets the root that whoever accepts it comes to: otherwise the root
    would be wrong as well, and those who forget the rule would reject it for that.
    """
    if history.must_reject:
        post = next(iter(history.posts.values()), None)
    if post is None:
        return block
    block = block.copy()
    block.message.state_root = fork.BeaconState.decode_bytes(post).hash_tree_root()
    return block


def write_vectors(
    history: History, parties: Sequence[Party], root: Path, name: str
) -> list[CaseId]:
    """Write the whole chain as a case, and its last block unless the upgrade is part of it.

    Where the upgrade itself is what breaks, it alone is the case.
    """
    modules = parties[0].modules
    post = expected_post(history, parties)
    if history.is_upgrade:
        cases = [_recorded(history, CaseId(PRESET, FORK, "fork", "fork", SUITE, name))]
    else:
        last = _with_root(history.blocks[-1], history, post, modules[history.last_fork])
        whole = _case(history, name, "transition" if history.has_crossed else "sanity")
        cases = [_recorded(history, whole, history.pre, [*history.blocks[:-1], last])]
        if len(history.blocks) > history.blocks_before_fork + 1 or not history.has_crossed:
            alone = _case(history, f"{name}_last_block", "sanity")
            cases.append(_recorded(history, alone, history.before_last, [last]))
    store = Store(root)
    for recorder in cases:
        if post is None:
            recorder.invalid(str(history.finding))
        else:
            recorder.post(modules[recorder.case.fork].BeaconState.decode_bytes(post))
        files = recorder.finish()
        store.write(recorder.case, files, content_hash(files))
    store.clear_partial()
    return [recorder.case for recorder in cases]


def _case(history: History, name: str, runner: str) -> CaseId:
    handler = "core" if runner == "transition" else "blocks"
    return CaseId(PRESET, history.last_fork, runner, handler, SUITE, name)


def _recorded(
    history: History, case: CaseId, pre: Any | None = None, signed_blocks: Sequence[Any] = ()
) -> Recorder:
    """All of a case but what is expected; of the upgrade if nothing else is given."""
    recorder = Recorder(case, writing=True)
    recorder.pre(history.before_last if pre is None else pre)
    recorder.meta(bls_setting=BLS_IGNORED)
    if case.runner == "fork":
        recorder.meta(fork=FORK)
    else:
        recorder.blocks(signed_blocks)
    if case.runner == "transition":
        _tell_fork(recorder, history)
    if history.start.values:
        recorder.config(dict(history.start.values))
    return recorder


def _tell_fork(recorder: Recorder, history: History) -> None:
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
    """Follow a case's blocks, and the upgrade where it belongs to them."""
    values = tuple(sorted((case.config or {}).items()))
    parties = assembly(values)
    crosses = case.id.runner in ("fork", "transition")
    modules = parties[0].modules
    first = modules[PARENT if crosses else case.id.fork]
    pre = case.ssz("pre", first.BeaconState)
    count = 0 if case.id.runner == "fork" else block_count(case)
    early = case.count("fork_block", -1) + 1 if "fork_block" in case.meta else 0
    early = early if crosses else count
    types = [first.SignedBeaconBlock] * early
    types += [modules[case.id.fork].SignedBeaconBlock] * (count - early)
    signed_blocks = blocks_of(case, types)
    slots_per_epoch = int(first.SLOTS_PER_EPOCH)
    here = int(pre.slot) // slots_per_epoch
    fork_epoch = case.count("fork_epoch") if case.id.runner == "transition" else here
    start = Start(values, fork_epoch if crosses else None)
    world = World(start, parties, Tally(), pre=pre, fork=first.fork)
    try:
        for number, signed in enumerate(signed_blocks):
            if crosses and number == early:
                world.cross()
            is_bad = number == count - 1 and not case.has_ssz("post")
            world.follow(signed, must_reject=is_bad, with_root=is_bad)
        if crosses and early == count:
            world.cross()
    except Finding as finding:
        return finding
    return None


def judge(case_folder: Path, case: CaseId, spec: Any) -> str | None:
    """What a module makes of a case, as `poolspec conformance` would see it; None if it passes."""
    read = read_case(case, case_folder)
    checks = {"fork": fork_checks, "transition": transition_checks, "sanity": sanity_checks}
    with marked_signatures():
        failures = [check.failure() for check in checks[case.runner](spec, read)]
    return next((failure for failure in failures if failure is not None), None)
