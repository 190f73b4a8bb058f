"""Other configuration values: what is taken, and an error that names what does not fit."""

from typing import Any, NamedTuple

import pytest

from poolspec.runtime.configuration import ConfigurationError, override


class Number(int):
    """A whole number of 64 bits, as SSZ types are integers of Python too."""

    def __new__(cls, value: int) -> "Number":
        if not isinstance(value, int) or not 0 <= value < 2**64:
            raise ValueError("out of range")
        return super().__new__(cls, value)


class Version(bytes):
    """Four bytes, also from hex."""

    def __new__(cls, value: bytes | str) -> "Version":
        content = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else value
        if len(content) != 4:
            raise ValueError("of another length")
        return super().__new__(cls, content)


class Configuration(NamedTuple):
    """A value of each kind."""

    CONFIG_NAME: str = "minimal"
    GENESIS_DELAY: Any = Number(300)
    GENESIS_FORK_VERSION: Any = Version("0x00000001")
    BLOB_SCHEDULE: tuple[Any, ...] = ()
    GAS_LIMIT_SCHEDULE: tuple[Any, ...] = ()
    OTHER_SCHEDULE: tuple[Any, ...] = ({"EPOCH": 5, "LIMIT": 6},)


BLOBS = [{"EPOCH": 7, "MAX_BLOBS_PER_BLOCK": 15}, {"EPOCH": 3, "MAX_BLOBS_PER_BLOCK": 9}]


def changed(**values: Any) -> Configuration:
    """The configuration with other values."""
    return override(Configuration(), values)


def test_values_of_each_kind() -> None:
    config = changed(
        CONFIG_NAME="other",
        GENESIS_DELAY="7",
        GENESIS_FORK_VERSION="0x0a000001",
        BLOB_SCHEDULE=BLOBS,
        GAS_LIMIT_SCHEDULE=[{"EPOCH": 2**64 - 1, "GAS_LIMIT": 0}],
        OTHER_SCHEDULE=[{"LIMIT": 1, "EPOCH": 2}],
    )
    assert config.CONFIG_NAME == "other"
    assert (type(config.GENESIS_DELAY), int(config.GENESIS_DELAY)) == (Number, 7)
    assert bytes(config.GENESIS_FORK_VERSION) == b"\n\0\0\1"
    assert [dict(entry) for entry in config.BLOB_SCHEDULE] == BLOBS
    assert dict(config.GAS_LIMIT_SCHEDULE[0]) == {"EPOCH": 2**64 - 1, "GAS_LIMIT": 0}
    assert changed(BLOB_SCHEDULE=[], OTHER_SCHEDULE=()).OTHER_SCHEDULE == ()


def test_what_was_given_may_be_changed_afterwards() -> None:
    given = [{"EPOCH": 7, "MAX_BLOBS_PER_BLOCK": 15}]
    config = changed(BLOB_SCHEDULE=given)
    given[0]["EPOCH"] = 8
    assert config.BLOB_SCHEDULE[0]["EPOCH"] == 7
    with pytest.raises(TypeError):
        config.BLOB_SCHEDULE[0]["EPOCH"] = 8


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("CONFIG_NAME", 5, "CONFIG_NAME: text is needed, not 5"),
        ("GENESIS_DELAY", 1.0, "GENESIS_DELAY: a whole number is needed, not 1.0"),
        ("GENESIS_DELAY", True, "GENESIS_DELAY: a whole number is needed, not True"),
        ("GENESIS_DELAY", "many", "GENESIS_DELAY: 'many' does not fit: "),
        ("GENESIS_DELAY", "0x10", "GENESIS_DELAY: '0x10' does not fit: "),
        ("GENESIS_DELAY", -1, "GENESIS_DELAY: -1 does not fit: out of range"),
        ("GENESIS_DELAY", None, "GENESIS_DELAY: None does not fit: "),
        ("GENESIS_DELAY", [1], r"GENESIS_DELAY: \[1\] does not fit: "),
        ("GENESIS_FORK_VERSION", 1, "GENESIS_FORK_VERSION: bytes in hex are needed, not 1"),
        ("GENESIS_FORK_VERSION", "0x01", "GENESIS_FORK_VERSION: '0x01' does not fit: "),
        ("GENESIS_FORK_VERSION", "0xzz000001", "GENESIS_FORK_VERSION: '0xzz000001' does not fit"),
        ("NOTHING", 1, "unknown configuration value: NOTHING"),
    ],
)
def test_plain_values_that_do_not_fit(name: str, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        changed(**{name: given})


NUMBER = r"a whole number below 2\*\*64 is needed, not"


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (3, r"\[1\]: names with values are needed, not 3"),
        ([], r"\[1\]: names with values are needed, not \[\]"),
        ({}, r"\[1\]: EPOCH is missing"),
        ({"EPOCH": 1}, r"\[1\]: LIMIT is missing"),
        ({"EPOCH": 1, "LIMIT": 2, "MORE": 3}, r"\[1\]: unknown name 'MORE'"),
        ({"EPOCH": "1", "LIMIT": 2}, rf"\[1\]\.EPOCH: {NUMBER} '1'"),
        ({"EPOCH": 1, "LIMIT": "0x2"}, rf"\[1\]\.LIMIT: {NUMBER} '0x2'"),
        ({"EPOCH": -1, "LIMIT": 2}, rf"\[1\]\.EPOCH: {NUMBER} -1"),
        ({"EPOCH": 1, "LIMIT": 2**64}, rf"\[1\]\.LIMIT: {NUMBER} 18446744073709551616"),
        ({"EPOCH": 1.0, "LIMIT": 2}, rf"\[1\]\.EPOCH: {NUMBER} 1\.0"),
        ({"EPOCH": 1, "LIMIT": True}, rf"\[1\]\.LIMIT: {NUMBER} True"),
        ({"EPOCH": 1, "LIMIT": None}, rf"\[1\]\.LIMIT: {NUMBER} None"),
        ({"EPOCH": 7, "LIMIT": 2}, r"\[1\]\.EPOCH: 7 is that of {name}\[0\] already"),
    ],
)
@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("BLOB_SCHEDULE", "MAX_BLOBS_PER_BLOCK"),
        ("GAS_LIMIT_SCHEDULE", "GAS_LIMIT"),
        ("OTHER_SCHEDULE", "LIMIT"),
    ],
)
def test_schedules_that_do_not_fit(name: str, limit: str, second: Any, message: str) -> None:
    """The error names the entry, and in it the value."""
    if isinstance(second, dict):
        second = {limit if key == "LIMIT" else key: value for key, value in second.items()}
    message = message.replace("LIMIT", limit).replace("{name}", name)
    with pytest.raises(ConfigurationError, match=f"^{name}{message}"):
        changed(**{name: [{"EPOCH": 7, limit: 15}, second]})


@pytest.mark.parametrize("given", [3, "[]", {"EPOCH": 7}, None])
def test_a_schedule_is_a_sequence(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^BLOB_SCHEDULE: a sequence is needed, not "):
        changed(BLOB_SCHEDULE=given)
