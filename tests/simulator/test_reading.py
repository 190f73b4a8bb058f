"""Scenarios in YAML: what is read, and what is wrong with it, with the line."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from poolspec.simulator import (
    Scenario,
    ScenarioError,
    built_in,
    built_in_names,
    read_scenario,
    variants,
    with_overrides,
)
from poolspec.simulator.schema import schema_text
from poolspec.simulator.units import Duration, as_amount, parse_amount, parse_duration, parse_share

ETH = 10**9

GOOD = """\
name: small
title: A small one
duration: 2 days
config:
  POOL_LEVERAGE: 50
registry:
  solo:
    - {name: solo, validators: 100}
  pools:
    - name: pools
      pools: 2
      members: 10
      bond: 33 ETH
events:
  - {at: 1 day, do: offline, who: pools, lasts: 6 hours}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is wrong with a file, without its folder."""
    file = tmp_path / "file.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        read_scenario(file)
    return [str(each).removeprefix(f"{tmp_path}/") for each in caught.value.problems]


def test_a_scenario_is_read(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(GOOD)
    scenario = read_scenario(file)
    assert scenario.registry.pools[0].bond == 33 * ETH
    assert scenario.registry.solo[0].balance == 32 * ETH
    assert scenario.config == {"POOL_LEVERAGE": 50}
    assert scenario.duration.in_epochs(384) == 450
    assert scenario.events[0].do == "offline"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("duration:", "durations:", "3: error: unknown key 'durations'"),
        ("bond: 33 ETH", "bond: -33 ETH", "13: error: bond: the amount '-33 ETH' is negative"),
        (
            "bond: 33 ETH",
            "bond: 33",
            "13: error: bond: '33' is no amount: write it as '32 ETH' or '5 Gwei'",
        ),
        (
            "bond: 33 ETH",
            "bond: 33 Wei",
            "13: error: bond: '33 Wei' is no amount: write it as '32 ETH' or '5 Gwei'",
        ),
        (
            "bond: 33 ETH",
            "bond: 0.1 Gwei",
            "13: error: bond: the amount '0.1 Gwei' is not a whole number of Gwei",
        ),
        (
            "at: 1 day",
            "at: 31 days",
            "15: error: the event is at 31 days, and the scenario ends at 450 epochs",
        ),
        (
            "lasts: 6 hours",
            "lasts: 6 yards",
            "15: error: lasts: '6 yards' is no length of time: write it as '5 days', '6 hours' or "
            "'12 epochs'",
        ),
        ("lasts: 6 hours", "lasts: 2 days", "15: error: 2 days from 1 day on are past"),
        ("do: offline", "do: sleep", "15: error: there is no event 'sleep', only 'offline'"),
        ("who: pools", "who: nobody", "15: error: there is no group 'nobody'"),
        ("who: pools, ", "", "15: error: the key 'who' is missing"),
        ("POOL_LEVERAGE: 50", "POOL_LEVER: 50", "5: error: there is no configuration value"),
        ("POOL_LEVERAGE: 50", "POOL_LEVERAGE: 0", "5: error: POOL_LEVERAGE must not be 0"),
        ("POOL_LEVERAGE: 50", f"POOL_LEVERAGE: {2**64}", "5: error: POOL_LEVERAGE: '18446"),
        ("validators: 100", "validators: many", "8: error: validators: 'many' does not fit"),
        ("name: pools\n", "name: solo\n", "8: error: the name 'solo' is used 2 times"),
        (
            "      bond: 33 ETH\n",
            "",
            "10: error: the pools 'pools' need either 'bond' or 'backing'",
        ),
        ("duration: 2 days", "duration: 2 days\nscale: 3", "9: error: 100 validators cannot be"),
        ("duration: 2 days", "duration: 101 years", "3: error: duration: '101 years' is no"),
        ("duration: 2 days", "duration: 60000 days", "3: error: duration: the time '60000 days'"),
        ("title: A small one", "name: small", '2: error: found duplicate key "name"'),
        ("title: A small one", "title: [", "4: error: expected"),
    ],
)
def test_mistakes_have_their_lines(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new))
    assert any(each.startswith(f"file.yaml:{expected}") for each in found), found


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("33 ETH", "x").replace("validators: 100", "validators: -1")
    found = problems(tmp_path, text.replace("6 hours", "y"))
    assert [each.split(":")[1] for each in found] == ["8", "13", "15"]
    text = GOOD.replace("who: pools", "who: nobody").replace("POOL_LEVERAGE", "LEVERAGE")
    assert [each.split(":")[1] for each in problems(tmp_path, text)] == ["5", "15"]


def test_mistakes_of_form_do_not_hide_those_of_sense(tmp_path: Path) -> None:
    text = GOOD.replace("33 ETH", "-33 ETH").replace("at: 1 day", "at: 9 days")
    text = text.replace("duration: 2 days", "duration: 2 days\nscal: 3")
    assert problems(tmp_path, text.replace("POOL_LEVERAGE", "LEVERAGE")) == [
        "file.yaml:4: error: unknown key 'scal'",
        "file.yaml:6: error: there is no configuration value LEVERAGE",
        "file.yaml:14: error: bond: the amount '-33 ETH' is negative",
        "file.yaml:16: error: the event is at 9 days, and the scenario ends at 450 epochs",
    ]
    # Nothing is made up about what cannot be read.
    text = GOOD.replace("2 days", "two days").replace("who: pools", "who: {}")
    assert [each.split(":")[1] for each in problems(tmp_path, text)] == ["3", "15"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "file.yaml:1: error: the scenario is empty"),
        ("- 1\n- 2\n", "file.yaml:1: error: the scenario must be a mapping of keys to values"),
        ("text", "file.yaml:1: error: the scenario must be a mapping of keys to values"),
        ("a: *b\n", "file.yaml:1: error: found undefined alias 'b'"),
        ("\ta: 1\n", "file.yaml:1: error: found character '\\t' that cannot start any token"),
        (GOOD.replace("100", "9" * 5000), "file.yaml:1: error: cannot be read as YAML: "),
        (GOOD.replace("100", "9" * 30), "file.yaml:6: error: "),
        ("[" * 5000, "file.yaml:1: error: too many open brackets"),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(tmp_path, text)
    assert any(each.startswith(expected) for each in found), [each[:200] for each in found]


def test_aliases_do_not_multiply(tmp_path: Path) -> None:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "too large" in problems(tmp_path, "\n".join(lines))[0]


def test_bytes_that_are_no_text_have_their_line(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_bytes(b"name: x\ntitle: \xff\n")
    with pytest.raises(ScenarioError, match=r"file.yaml:2: error: the file is not UTF-8"):
        read_scenario(file)


def test_variants_are_checked_when_they_are_read(tmp_path: Path) -> None:
    text = GOOD + "variants:\n  - {name: one}\n  - {name: two, set: {events.0.who: nobody}}\n"
    expected = "file.yaml:18: error: variant 'two': there is no group 'nobody'"
    assert problems(tmp_path, text) == [expected]
    text = GOOD + "variants:\n  - {name: one, set: {events.7.who: solo}}\n"
    assert "there is no 'events.7.who'" in problems(tmp_path, text)[0]


def test_settings_replace_values(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(GOOD)
    changed = with_overrides(
        read_scenario(file),
        ["registry.pools.pools.backing=150%", "config.POOL_LEVERAGE=20", "events.0.who=[solo]"],
    )
    assert changed.registry.pools[0].bond is None
    assert changed.registry.pools[0].backing == Fraction(3, 2)
    assert changed.config == {"POOL_LEVERAGE": 20}
    assert changed.events[0].model_dump()["who"] == ("solo",)
    with pytest.raises(ScenarioError, match=r"--set duration=x: error: duration: 'x' is no length"):
        with_overrides(changed, ["duration=x"])
    with pytest.raises(ScenarioError, match="write it as key=value"):
        with_overrides(changed, ["duration"])
    with pytest.raises(ScenarioError, match=r"there is no 'registry.nobody.x'"):
        with_overrides(changed, ["registry.nobody.x=1"])


def test_a_written_scenario_is_read_as_the_same() -> None:
    for name in built_in_names():
        scenario = built_in(name)
        again = Scenario.model_validate(json.loads(scenario.model_dump_json()))
        assert again == scenario
        assert variants(scenario)
        assert {variant.name for variant in scenario.variants} <= {
            name for name, _ in variants(scenario)
        }


def test_built_in_scenarios_are_those_of_the_documents() -> None:
    assert built_in_names() == [
        "bank-run",
        "client-bug",
        "country-offline",
        "flapping",
        "growth",
        "hacked-pool",
        "operator-down",
        "partition",
        "solo-becomes-pool",
        "worked-example",
    ]
    assert all(built_in(name).compare == "solo" for name in built_in_names())
    with pytest.raises(ScenarioError, match="there is no such scenario"):
        built_in("nothing")


def test_units() -> None:
    assert parse_amount("0.32 ETH") == 320_000_000
    assert parse_amount("1,000.5 ETH") == 1_000_500_000_000
    assert parse_amount("5 Gwei") == 5
    assert as_amount(320_000_000) == "0.32 ETH"
    assert as_amount(32 * ETH) == "32 ETH"
    assert parse_duration("1 day").in_epochs(384) == 225
    assert parse_duration("6 hours").in_epochs(384) == 57
    assert parse_duration("12 epochs") == Duration(epochs=12)
    assert [parse_share(text) for text in ("40%", "2/5", "0.4")] == [Fraction(2, 5)] * 3
    with pytest.raises(ValueError, match="not a whole number of epochs"):
        parse_duration("1.5 epochs")


def test_the_schema_is_that_of_the_models() -> None:
    file = Path(__file__).parents[2] / "poolspec/simulator/schema.json"
    assert file.read_text() == schema_text(), "poolspec simulate --schema writes it"
    schema = json.loads(schema_text())
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["name", "title", "duration", "registry"]
