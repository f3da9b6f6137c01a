"""Bootstrap intervals in one pass.

Each of `REPLICATES` resamplings gives every sample a Poisson(1) weight, so that no sample has to
be kept ("online bootstrap": Oza and Russell 2001; Chamandy et al. 2012).
"""

import math

import numpy as np

from edgecheck.tensors import Array

REPLICATES = 200
LEVEL = 0.95


def _poisson_table() -> Array:
    """Poisson(1) quantiles at 65,536 equally likely levels, uint8."""
    mass = [math.exp(-1) / math.factorial(k) for k in range(12)]
    levels = (np.arange(65536) + 0.5) / 65536
    return np.searchsorted(np.cumsum(mass), levels).astype(np.uint8)


class PoissonWeights:
    """A seeded stream of weights, one row a sample."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._table = _poisson_table()

    def draw(self, rows: int) -> Array:
        """float64 (rows, REPLICATES); each entry is Poisson(1)."""
        levels = self._random.integers(0, 65536, (rows, REPLICATES), dtype=np.uint16)
        return np.asarray(self._table[levels], np.float64)


def percentile_interval(replicates: Array) -> tuple[float, float] | None:
    """The central 95 % of replicate values (R,); None when fewer than half are finite.

    +inf counts as a value (an SQNR without error is one), NaN does not.
    """
    known = np.sort(replicates[~np.isnan(replicates)])
    if len(known) * 2 < len(replicates):
        return None
    # "nearest rank" instead of interpolation: inf - inf would be NaN.
    low = known[int((1 - LEVEL) / 2 * (len(known) - 1))]
    high = known[math.ceil((1 + LEVEL) / 2 * (len(known) - 1))]
    return float(low), float(high)
