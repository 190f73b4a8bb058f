"""Scenarios of simulations, damaged: a message with a line for each mistake, and nothing else."""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolspec.simulator.errors import ScenarioError
from poolspec.simulator.reading import built_in, built_in_names, read_scenario, with_overrides
from tests.helpers.pace import within
from tests.hostile.fuzzing import damaged, examples

PLACE = re.compile(r"[^\n]+:\d+: error: \S")
SETTING = re.compile(r"--set .*: error: \S", re.DOTALL)


@cache
def texts() -> list[bytes]:
    """The scenarios that come with the package."""
    folder = resources.files("poolspec.simulator") / "scenarios"
    return [(folder / f"{name}.yaml").read_bytes() for name in built_in_names()]


def found_by(read: Callable[[], object]) -> list[str]:
    """What is found to be wrong; an error without anything that is wrong is a mistake."""
    try:
        read()
    except ScenarioError as error:
        return [str(each) for each in error.problems] or ["nothing"]
    return []


WORDS = [
    b"1e309",
    b"-1",
    b"nan",
    b".inf",
    b"100%",
    b"1000000 %",
    b"99999999999999999999 ETH",
    b"1/0",
    b"&a [*a]",
    b"*a",
    b"!!python/name:os.system",
    b"{}",
    b"[]",
    b"null",
    b"'\\0'",
    b"10 years",
    b"2026-99-99",
    b"0x" + b"f" * 5000,
]


@st.composite
def changed(draw: st.DrawFn, text: bytes) -> bytes:
    """A scenario with bytes damaged, or with other words for values."""
    if draw(st.booleans()):
        return draw(damaged(text))
    lines = text.split(b"\n")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        key, colon, _ = lines[place].partition(b":")
        if colon:
            lines[place] = key + b": " + draw(st.sampled_from(WORDS))
        else:
            lines[place] = draw(st.sampled_from(lines))
    return b"\n".join(lines)


@examples(40)
@given(st.data())
def test_damaged_scenarios(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "scenario.yaml"
    path.write_bytes(data.draw(changed(data.draw(st.sampled_from(texts())))))
    with within(20):
        problems = found_by(lambda: read_scenario(path))
    assert all(PLACE.match(each) for each in problems), problems


@examples(40)
@given(st.data())
def test_wrong_settings(data: st.DataObject) -> None:
    scenario = built_in(built_in_names()[0])
    path = data.draw(
        st.sampled_from(
            [
                "scale",
                "seed",
                "registry.pools.0.bond",
                "config.POOL_LEVERAGE",
                "a.b",
                "",
                "events.9",
            ]
        )
    )
    value = data.draw(st.sampled_from(WORDS).map(bytes.decode) | st.text(max_size=20))
    with within(20):
        problems = found_by(lambda: with_overrides(scenario, [f"{path}={value}"]))
    assert all(SETTING.match(each) for each in problems), problems


def test_aliases_do_not_multiply(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A billion laughs."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 10)]
    path = tmp_path_factory.getbasetemp() / "laughs.yaml"
    path.write_text("\n".join(lines))
    with within(20), pytest.raises(ScenarioError, match="error: "):
        read_scenario(path)
