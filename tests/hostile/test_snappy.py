"""Snappy blocks that are damaged, or claim more than they hold."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from poolspec.vectors.errors import VectorError
from poolspec.vectors.parts import MAX_SNAPPY_RATIO, pack_snappy, unpack_snappy
from tests.helpers.pace import within
from tests.hostile.fuzzing import damaged, examples, run_bounded

FILE = Path("pre.ssz_snappy")

BOMBS = """
import sys
from pathlib import Path
from poolspec.vectors.errors import VectorError
from poolspec.vectors.parts import unpack_snappy

def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))

for length in (2**32 - 1, 2**31, 2**29, 2**64 - 1):
    for rest in (b"", b"\\x00", b"\\xfe\\x01\\x00" * 7, b"\\x00a" + b"\\xfe\\x01\\x00" * 10):
        try:
            unpack_snappy(varint(length) + rest, Path("pre.ssz_snappy"))
        except VectorError as error:
            print(error)
        else:
            sys.exit("accepted")
"""


@examples(150)
@given(st.data())
def test_damaged_blocks(data: st.DataObject) -> None:
    """An error that names the file, or no more than a block of this size can hold."""
    content = data.draw(st.binary(max_size=200)) * data.draw(st.integers(1, 20))
    packed = data.draw(damaged(pack_snappy(content)))
    with within(5):
        try:
            found = unpack_snappy(packed, FILE)
        except VectorError as error:
            found, path = b"", error.path
            assert path == "pre.ssz_snappy"
    assert len(found) <= MAX_SNAPPY_RATIO * len(packed)


def test_bombs_take_no_memory() -> None:
    """Blocks of a few bytes that claim gigabytes, where no more than one gigabyte is to be had."""
    done = run_bounded("-c", BOMBS, memory=2**30)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 16
    assert all("snappy block" in line for line in lines)
