"""How many different rows a stream holds, in constant memory."""

import numpy as np

from edgecheck.tensors import Array

_KEPT = 4096
_WORD = np.uint64(0x9E3779B97F4A7C15)


def row_hashes(rows: Array, seed: int = 0) -> Array:
    """A 64-bit hash of each row of (n, ...), uint64 (n,); equal float32 rows have equal hashes.

    Multilinear hashing of the 32-bit words (Carter and Wegman 1979), then a splitmix64 finish, so
    that the hashes of different rows are spread evenly. -0.0 counts as 0.0.
    """
    flat = np.ascontiguousarray(rows.reshape(len(rows), -1), np.float32) + np.float32(0)
    words = flat.view(np.uint32).astype(np.uint64)
    factors = np.random.default_rng(seed).integers(
        0, 2**64, flat.shape[1], dtype=np.uint64, endpoint=False
    )
    with np.errstate(over="ignore"):
        mixed = (words * (factors | np.uint64(1))).sum(axis=1, dtype=np.uint64) + _WORD
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


class DistinctRows:
    """Number of distinct hashes: exact up to 4,096, within about 2 % above.

    Keeps the smallest hashes ("k minimum values": Bar-Yossef et al. 2002).
    """

    def __init__(self) -> None:
        self._smallest = np.zeros(0, np.uint64)

    def update(self, hashes: Array) -> None:
        """Add hashes, uint64 (n,)."""
        self._smallest = np.unique(np.concatenate([self._smallest, hashes]))[:_KEPT]

    def merge(self, other: "DistinctRows") -> None:
        """Add what another instance saw."""
        self.update(other._smallest)

    def compute(self) -> int:
        """The number of distinct rows."""
        if len(self._smallest) < _KEPT:
            return len(self._smallest)
        return round((_KEPT - 1) / (float(self._smallest[-1]) / 2.0**64))
