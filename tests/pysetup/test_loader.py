"""`poolspec.load`: the shared module, and copies with plain functions or other values."""

import sys
from typing import Any

import pytest

import poolspec
from poolspec.runtime.configuration import ConfigurationError, frozen, override


def test_without_options_the_module_is_shared() -> None:
    from poolspec.fulu import minimal

    assert poolspec.load("fulu", "minimal") is minimal
    assert poolspec.load("fulu", "mainnet") is not minimal


def test_plain_copy_has_the_functions_of_the_documents() -> None:
    shared = poolspec.load("fulu", "minimal")
    plain = poolspec.load("fulu", "minimal", fast=False)
    assert plain is not shared
    names = [name for name, *_ in plain.SOURCE_MAP]
    functions = [vars(plain)[n] for n in names if hasattr(vars(plain).get(n), "__code__")]
    assert len(functions) > 100
    for function in functions:
        assert function.__globals__ is vars(plain)
        assert function.__code__.co_filename.endswith(".md")


def test_copies_share_types_but_not_functions() -> None:
    shared = poolspec.load("fulu", "minimal")
    plain: Any = poolspec.load("fulu", "minimal", fast=False)
    assert plain.BeaconState is shared.BeaconState
    assert plain.FAR_FUTURE_EPOCH is shared.FAR_FUTURE_EPOCH
    assert plain.process_slots is not shared.process_slots
    plain.compute_epoch_at_slot = lambda slot: plain.Epoch(5)
    state = shared.BeaconState()
    assert plain.get_current_epoch(state) == 5
    assert shared.get_current_epoch(state) == 0


def test_configuration_is_the_copy_s_own() -> None:
    shared = poolspec.load("fulu", "minimal")
    assert shared.config.EJECTION_BALANCE > 7
    other = poolspec.load(
        "fulu",
        "minimal",
        config={
            "EJECTION_BALANCE": 7,
            "GENESIS_FORK_VERSION": "0x0a0b0c0d",
            "BLOB_SCHEDULE": [{"EPOCH": 1, "MAX_BLOBS_PER_BLOCK": 2}],
        },
    )
    assert other.config.EJECTION_BALANCE == 7
    assert type(other.config.EJECTION_BALANCE) is shared.Gwei
    assert other.config.GENESIS_FORK_VERSION.hex() == "0a0b0c0d"
    assert other.config.BLOB_SCHEDULE[0]["MAX_BLOBS_PER_BLOCK"] == 2
    assert other.config.GENESIS_DELAY == shared.config.GENESIS_DELAY
    assert shared.config.EJECTION_BALANCE > 7
    assert other.get_current_epoch.__globals__["config"] is other.config


def test_copies_are_not_left_in_the_list_of_modules() -> None:
    before = set(sys.modules)
    poolspec.load("fulu", "minimal", fast=False)
    assert {name for name in set(sys.modules) - before if "copy" in name} == set()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"EJECTION_BALANCES": 1}, "unknown configuration value: EJECTION_BALANCES"),
        ({"EJECTION_BALANCE": -1}, "EJECTION_BALANCE: -1 does not fit"),
        ({"EJECTION_BALANCE": 2**64}, "EJECTION_BALANCE: 18446744073709551616 does not fit"),
        ({"EJECTION_BALANCE": 1.5}, "EJECTION_BALANCE: a whole number is needed, not 1.5"),
        ({"EJECTION_BALANCE": "many"}, "EJECTION_BALANCE: 'many' does not fit"),
        ({"GENESIS_FORK_VERSION": "0x01"}, "GENESIS_FORK_VERSION: '0x01' does not fit"),
        ({"BLOB_SCHEDULE": 3}, "BLOB_SCHEDULE: a sequence is needed, not 3"),
    ],
)
def test_configuration_that_does_not_fit(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        poolspec.load("fulu", "minimal", config=values)


@pytest.mark.parametrize(
    ("fork", "preset"),
    [("phase", "minimal"), ("fulu", "medium"), ("runtime", "ssz"), ("", ""), ("fulu", "a.b")],
)
def test_unknown_fork_or_preset(fork: str, preset: str) -> None:
    with pytest.raises(ValueError, match="compiled fork"):
        poolspec.load(fork, preset)


def test_override_leaves_the_original_alone() -> None:
    config = poolspec.load("fulu", "minimal").config
    changed = override(config, {"GENESIS_DELAY": 1})
    assert (changed.GENESIS_DELAY, config.GENESIS_DELAY) == (1, 300)
    assert type(changed) is type(config)


def test_frozen_values_are_read_only_all_the_way_down() -> None:
    given = [{"A": [1, {"B": 2}]}]
    value = frozen(given)
    given[0]["A"].clear()
    assert value[0]["A"][1]["B"] == 2
    with pytest.raises(TypeError):
        value[0]["A"][1]["B"] = 3
