"""A rule that is wrong on purpose is found, made small, and written as a vector that tells it."""

from collections.abc import Sequence
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from poolspec.vectors.conformance import Options, Verdict, replay_all
from poolspec.vectors.layout import CaseId, Selection
from poolspec.vectors.source import find
from tests.fuzzing import campaign
from tests.fuzzing.attendance import Attendance
from tests.fuzzing.campaign import Campaign, Plan, machine_of
from tests.fuzzing.findings import Finding
from tests.fuzzing.history import History
from tests.fuzzing.machine import OutOfTime
from tests.fuzzing.parties import FORK, Party, Values, assemble_half_plain, load_half_plain
from tests.fuzzing.signatures import marked_signatures
from tests.fuzzing.starts import CONFIGURATIONS, Start
from tests.fuzzing.tally import Tally
from tests.fuzzing.vectors import judge, replay, write_vectors
from tests.fuzzing.world import World
from tests.helpers.pools import SEAT

VALUES = CONFIGURATIONS[-1]
"""The preset's own."""
SHRINKING = 3.0
"""Seconds."""


class Wrong(NamedTuple):
    """Implementations, and the module among them that has a wrong rule."""

    parties: tuple[Party, ...]
    module: Any

    def assemble(self, values: Values) -> Sequence[Party]:
        """The same for every configuration, as there is only one."""
        return self.parties


@cache
def _burn_twice() -> dict[str, Any]:
    """Modules with a wrong rule: a bond pays every penalty of a block twice."""
    modules = load_half_plain(VALUES)
    spec = modules[FORK]
    plain = spec.charge_bond

    def charge_bond(state: Any, pool_index: Any, penalty: Any) -> Any:
        plain(state, pool_index, penalty)
        return plain(state, pool_index, penalty)

    spec.charge_bond = charge_bond
    return modules


def _wrong_documents() -> Wrong:
    """Both forms of the specification pay a gwei too much, and only the engine is right."""
    modules = load_half_plain(VALUES)
    spec = modules[FORK]
    plain = spec.apply_reward

    def apply_reward(state: Any, index: Any, amount: Any) -> None:
        plain(state, index, amount + 1)

    spec.apply_reward = apply_reward
    engine = assemble_half_plain(VALUES)[2]
    parties = (Party("fast", modules, is_watched=True), Party("plain", modules), engine)
    return Wrong(parties, modules[FORK])


def _wrong_fast() -> Wrong:
    """Only what stands for the fast specification is wrong, and no invariant is looked at."""
    modules = _burn_twice()
    _, documents, engine = assemble_half_plain(VALUES)
    return Wrong((Party("fast", modules), documents, engine), modules[FORK])


def _break(wrong: Wrong) -> History:
    """Fuzz until something is found, and make it smaller for a while."""
    tally = Tally()
    machine = machine_of(tally, [wrong.assemble], inf)
    machine.configurations, machine.shrinking = (VALUES,), SHRINKING
    chosen = settings(
        max_examples=20,
        stateful_step_count=5,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    with marked_signatures(), pytest.raises((Finding, OutOfTime)):
        run_state_machine_as_test(machine, settings=chosen)
    # While it is made smaller, other kinds may turn up; how many, depends on the time it takes
    history, *_ = tally.findings.values()
    return history


def _judge_again(wrong: Wrong, history: History, folder: Path) -> list[CaseId]:
    """The vectors fail with the wrong rule and pass with the right one, whoever replays them."""
    assert history.finding is not None
    cases = write_vectors(history, wrong.parties, folder, "wrong_rule")
    for case in cases:
        assert judge(folder / case.folder, case, wrong.module) is not None
    found, _ = find(folder, Selection(), folder)
    assert len(found) == len(cases)
    for options in (Options("spec"), Options("engine")):
        results = list(replay_all(found, options, 1))
        assert {result.verdict for result in results} == {Verdict.PASSED}, results
    assert replay(folder, assemble_half_plain) is None
    again = replay(folder, wrong.assemble)
    assert again is not None
    assert again.kind == history.finding.kind
    return cases


def test_wrong_documents_are_found(tmp_path: Path) -> None:
    """The machine finds a chain whose books do not close, and the engine knows better."""
    wrong = _wrong_documents()
    history = _break(wrong)
    assert history.finding is not None
    assert history.finding.kind == "invariant"
    cases = _judge_again(wrong, history, tmp_path)
    assert [case.case for case in cases] == ["wrong_rule", "wrong_rule_last_block"]
    assert {(case.runner, case.handler) for case in cases} == {("sanity", "blocks")}


def _failure(world: World) -> History:
    """Go on without anybody's votes until the chain breaks."""
    world.attendance = Attendance(voting=0, signing=0)
    with marked_signatures(), pytest.raises(Finding):
        _propose(world, 8)
    return world.history


def _propose(world: World, blocks: int, distance: int = 1) -> None:
    for _ in range(blocks):
        world.propose(int(world.state.slot) + distance)


def test_wrong_fast_function_is_found(tmp_path: Path) -> None:
    """The documents say what is right."""
    wrong = _wrong_fast()
    start = Start((), kinds=["seated"] * 16, pools=[(SEAT, 0)])
    history = _failure(World(start, wrong.parties, Tally()))
    assert history.finding is not None
    assert history.finding.kind == "disagreement"
    assert len(history.blocks) == 1
    _judge_again(wrong, history, tmp_path)


def test_wrong_upgrade_is_found(tmp_path: Path) -> None:
    """Then the upgrade alone is the vector."""
    wrong = _wrong_fast()
    plain = wrong.module.upgrade_to_poolbonds

    def upgrade_to_poolbonds(pre: Any) -> Any:
        state = plain(pre)
        state.earliest_unbonding_epoch = 1
        return state

    wrong.module.upgrade_to_poolbonds = upgrade_to_poolbonds
    try:
        history = _failure(
            World(Start((), fork_epoch=1, kinds=["stranger"]), wrong.parties, Tally())
        )
        (case,) = _judge_again(wrong, history, tmp_path)
    finally:
        wrong.module.upgrade_to_poolbonds = plain
    assert (case.runner, case.handler) == ("fork", "fork")
    assert len(history.blocks) == 7


def test_block_after_the_upgrade_is_found(tmp_path: Path) -> None:
    """With the upgrade in it, the whole chain is a vector of the transition."""
    wrong = _wrong_fast()
    start = Start((), fork_epoch=1, kinds=["seated"] * 16)
    world = World(start, wrong.parties, Tally())
    wrong.module.process_unadmitted_validators, plain = (
        lambda state: None,
        wrong.module.process_unadmitted_validators,
    )
    try:
        with marked_signatures(), pytest.raises(Finding):
            _propose(world, 3, distance=7)
        cases = _judge_again(wrong, world.history, tmp_path)
    finally:
        wrong.module.process_unadmitted_validators = plain
    assert cases[0].runner == "transition"


def test_invalid_block_that_is_accepted(tmp_path: Path) -> None:
    """All agree, and all are wrong: the vector asks for a rejection."""
    parties = assemble_half_plain(VALUES)
    honest, world = (World(Start(()), parties, Tally()) for _ in range(2))
    with marked_signatures():
        honest.propose()
        with pytest.raises(Finding):
            world.follow(honest.history.blocks[0], must_reject=True)
    assert world.history.finding is not None
    assert world.history.finding.kind == "accepted"
    cases = write_vectors(world.history, parties, tmp_path, "accepted")
    for case in cases:
        reason = judge(tmp_path / case.folder, case, parties[1].modules[FORK])
        assert reason == "state_transition accepted what must be rejected"


def test_forgotten_rule_is_found(tmp_path: Path) -> None:
    """Nothing else is wrong with the block: who forgets the rule accepts it, state root and all."""
    wrong = _wrong_fast()
    wrong.module.process_randao, plain = lambda state, body: None, wrong.module.process_randao
    try:
        world = World(Start(()), wrong.parties, Tally())
        with marked_signatures(), pytest.raises(Finding):
            world.spoil("randao", "voluntary_exit", [0])
        assert world.history.finding is not None
        assert world.history.finding.kind == "disagreement"
        _judge_again(wrong, world.history, tmp_path)
    finally:
        wrong.module.process_randao = plain


def test_interrupted_campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been found until then is written and reported."""
    start = Start((), kinds=["seated"] * 16, pools=[(SEAT, 0)])
    history = _failure(World(start, _wrong_fast().parties, Tally()))
    running = Campaign(Plan(tmp_path, 7, 600))

    def interrupted(_machine: Any, settings: Any) -> None:
        running.tally.keep(history)
        raise KeyboardInterrupt

    monkeypatch.setattr(campaign, "run_state_machine_as_test", interrupted)
    monkeypatch.setattr(campaign, "assemble", assemble_half_plain)
    with pytest.raises(KeyboardInterrupt):
        running.run()
    report = running.report()
    assert running.seconds > 0
    assert report["seeds"] == [7, 7]
    (failure,) = report["failures"]
    assert (failure["kind"], failure["seed"], failure["blocks"]) == ("disagreement", 7, 1)
    found, _ = find(tmp_path / "disagreement_7", Selection(), tmp_path)
    assert [str(each.folder) for each in found] == sorted(failure["vectors"])


def test_solo_validators_that_fare_otherwise(tmp_path: Path) -> None:
    """Before the fork, the same blocks under its rules must do the same (I9)."""
    wrong = _wrong_documents()
    world = World(Start((), fork_epoch=4), wrong.parties, Tally())
    with marked_signatures(), pytest.raises(Finding, match="as under Fulu"):
        _propose(world, 2)
    history = world.history
    write_vectors(history, wrong.parties, tmp_path, "solo")
    again = replay(tmp_path, wrong.assemble)
    assert again is not None
    assert again.kind == "solo"
    assert replay(tmp_path, assemble_half_plain) is None
