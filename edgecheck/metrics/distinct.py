"""How many different rows a stream holds, in constant memory."""

from functools import lru_cache

import numpy as np

from edgecheck.tensors import Array, flat_rows

_KEPT = 4096
_BLOCK = 1 << 16
_WORD = np.uint64(0x9E3779B97F4A7C15)


def row_hashes(rows: Array) -> Array:
    """A 64-bit hash of each row of (n, ...), uint64 (n,); equal float32 rows have equal hashes.

    Multilinear hashing (Carter and Wegman 1979) of the row as 32-bit words, then a splitmix64
    finish, so that the hashes of different rows are spread evenly. -0.0 counts as 0.0.
    """
    flat = flat_rows(rows).astype(np.float32, copy=False)
    block = max(1, _BLOCK // max(flat.shape[1], 1))
    parts = [_block_sums(flat[start : start + block]) for start in range(0, len(flat), block)]
    mixed = np.concatenate([*parts, np.zeros(0, np.uint64)])
    with np.errstate(over="ignore"):
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _block_sums(flat: Array) -> Array:
    """Sums of products of a few rows, which stay in the processor's cache meanwhile."""
    with np.errstate(invalid="ignore"):  # a signalling NaN raises the flag
        flat = flat + np.float32(0)
    if flat.shape[1] % 2:
        flat = np.pad(flat, ((0, 0), (0, 1)))
    words = np.ascontiguousarray(flat).view(np.uint64)
    # Each 32-bit half has a factor of its own: with one for both, two halves that change only in
    # their signs would cancel.
    lower, upper = _factors(words.shape[1])
    sums = np.einsum("ij,j->i", words >> np.uint64(32), upper)
    words &= np.uint64(0xFFFFFFFF)
    return np.asarray(sums + np.einsum("ij,j->i", words, lower) + _WORD)


@lru_cache(maxsize=16)
def _factors(count: int) -> Array:
    """Odd random 64-bit factors, always the same: uint64 (2, count)."""
    factors = np.random.default_rng(0).integers(0, 2**64, (2, count), dtype=np.uint64)
    return np.asarray(factors | np.uint64(1))


class DistinctRows:
    """Number of distinct hashes: exact below 4,096, within about 2 % above.

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
