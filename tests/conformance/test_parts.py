"""Damaged files: each gives an error that names the file."""

from pathlib import Path
from typing import Any

import cramjam
import pytest

from poolspec.runtime.ssz import Container, List, Uint64
from poolspec.vectors import parts
from poolspec.vectors.errors import VectorError
from poolspec.vectors.parts import pack_snappy, read_mapping, read_yaml, write_yaml


class Numbers(List[Uint64, 4]):  # type: ignore[type-arg, valid-type]
    """At most four."""


class Pair(Container):
    """A number and a list, so that the encoding has an offset."""

    number: Uint64
    more: Numbers


def read_ssz(path: Path) -> Any:
    """The pair in a file, as the parts of a case are read."""
    return parts.decode(Pair, parts.unpack_snappy(parts.read_bytes(path), path), path)


PAIR = Pair(number=7, more=[1, 2])
ENCODED = bytes.fromhex("0700000000000000 0c000000 0100000000000000 0200000000000000")


def _file(folder: Path, content: bytes, name: str = "pre.ssz_snappy") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_reads_what_was_written(tmp_path: Path) -> None:
    path = _file(tmp_path, pack_snappy(ENCODED))
    assert read_ssz(path) == PAIR


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged snappy block"),
        (pack_snappy(ENCODED)[:-3], "damaged snappy block"),
        (b"\xff\xff\xff\xff\x0f", "which it cannot hold"),
        (bytes(cramjam.snappy.compress(ENCODED)), "damaged snappy block"),
        (pack_snappy(ENCODED[:-1]), "not a valid Pair"),
        (pack_snappy(ENCODED + b"\0" * 8 * 3), "not a valid Pair"),
        (pack_snappy(ENCODED[:8] + b"\x0b" + ENCODED[9:]), "not a valid Pair"),
        (pack_snappy(ENCODED[:8] + b"\x14" + ENCODED[9:]), "not a valid Pair"),
        (pack_snappy(b""), "not a valid Pair"),
    ],
    ids=["empty", "cut", "bomb", "framed", "short", "long", "low offset", "gap", "no bytes"],
)
def test_damaged_ssz_names_the_file(tmp_path: Path, content: bytes, reason: str) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(VectorError, match=reason) as caught:
        read_ssz(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million zero bytes pack 21 times smaller; with a limit below that they are not unpacked."""
    path = _file(tmp_path, pack_snappy(b"\0" * 10**6))
    monkeypatch.setattr(parts, "MAX_SSZ_BYTES", 10**6 - 1)
    with pytest.raises(VectorError, match="claims 1000000 bytes"):
        read_ssz(path)


def test_the_ratio_bound_lets_the_densest_block_through() -> None:
    zeros = b"\0" * 10**6
    assert len(pack_snappy(zeros)) * parts.MAX_SNAPPY_RATIO > len(zeros)
    assert len(pack_snappy(zeros)) * (parts.MAX_SNAPPY_RATIO - 2) < len(zeros)


def test_missing_large_and_linked_files(tmp_path: Path) -> None:
    with pytest.raises(VectorError, match="missing part"):
        read_ssz(tmp_path / "pre.ssz_snappy")
    path = _file(tmp_path, b"0123456789")
    with pytest.raises(VectorError, match="larger than 9 bytes"):
        parts.read_bytes(path, 9)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    with pytest.raises(VectorError, match="not a regular file"):
        parts.read_bytes(link)


@pytest.mark.parametrize(
    "content",
    [b"{a: ", b"\xff\xfe\xfd", b"a: [1, 2", b"a: !!python/object:os.system {}", b"[" * 5000],
    ids=["cut", "not text", "open list", "object", "deep"],
)
def test_damaged_yaml_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = _file(tmp_path, content, "meta.yaml")
    with pytest.raises(VectorError, match="damaged YAML") as caught:
        read_yaml(path)
    assert str(path) in str(caught.value)


def test_a_mapping_is_asked_for(tmp_path: Path) -> None:
    for content in (b"[1]", b"7", b"", b"{1: 2}"):
        with pytest.raises(VectorError, match="must be a mapping"):
            read_mapping(_file(tmp_path, content, "meta.yaml"))


@pytest.mark.parametrize(
    "text",
    [
        "seed: '0x00ff'\ncount: 3\nmapping: [2, 0, 1]\n",
        "{blocks_count: 1, bls_setting: 2}\n",
        "8\n...\n",
        "a: 010\nb: 0x1F\nc: 'text'\nd: {e: [1]}\n",
        "a: []\n",
        "a:  1\n",
        "a: 1\na2: true\n",
    ],
)
def test_the_quick_reader_agrees_with_the_parser(tmp_path: Path, text: str) -> None:
    from ruamel.yaml import YAML

    path = _file(tmp_path, text.encode(), "some.yaml")
    assert read_yaml(path) == YAML(typ="safe", pure=True).load(text)


def test_a_list_with_a_hole_is_not_read_as_json(tmp_path: Path) -> None:
    assert parts._plain_lines("a: [1, , 2]") is None
    assert parts._plain_lines("a: 1\na: 2") is None


def test_yaml_is_written_in_block_style() -> None:
    value = {"root": "0x00", "blocks_count": 2, "preset": "minimal"}
    assert write_yaml(value) == b"root: '0x00'\nblocks_count: 2\npreset: minimal\n"
