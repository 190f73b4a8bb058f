"""Finding the row that has a public key, without a dictionary of a million keys."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["KeyIndex"]

_FACTOR = 0x9E3779B97F4A7C15
_WORDS = 6
_MASK = 2**64 - 1


def _hashes(pubkeys: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Fold the six words of each key into one number; here products are meant to wrap around."""
    words = np.ascontiguousarray(pubkeys).view("<u8").reshape(len(pubkeys), _WORDS)
    folded = np.zeros(len(pubkeys), np.uint64)
    for position in range(_WORDS):
        folded *= np.uint64(_FACTOR)
        folded += words[:, position]
    return folded


def _hash(pubkey: bytes) -> int:
    folded = 0
    for position in range(0, 8 * _WORDS, 8):
        folded = (
            folded * _FACTOR + int.from_bytes(pubkey[position : position + 8], "little")
        ) & _MASK
    return folded


class KeyIndex:
    """The rows of a `pubkeys` column (n, 48) by key: 16 bytes a row.

    Rows that were appended since it was built are found through a dictionary.
    """

    def __init__(self, pubkeys: NDArray[np.uint8]) -> None:
        hashes = _hashes(pubkeys)
        self._rows = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._rows]
        self._count = len(pubkeys)
        self._later: dict[bytes, int] = {}

    def find(self, pubkeys: NDArray[np.uint8], pubkey: bytes) -> int | None:
        """Return the first row with this key; `pubkeys` is the column as it is now."""
        for row in range(self._count, len(pubkeys)):
            self._later.setdefault(pubkeys[row].tobytes(), row)
        self._count = len(pubkeys)
        position = int(np.searchsorted(self._sorted, np.uint64(wanted := _hash(pubkey))))
        while position < len(self._sorted) and int(self._sorted[position]) == wanted:
            row = int(self._rows[position])
            if pubkeys[row].tobytes() == pubkey:
                return row
            position += 1
        return self._later.get(pubkey)
