"""Quantiles of a stream of values from a histogram with fixed edges."""

import math

import numpy as np

from edgecheck.tensors import Array

_Z = 1.959963984540054  # standard normal quantile of 0.975


class Quantiles:
    """Counts between ascending edges; a quantile is exact to the width of its bin.

    Values outside the edges fall into the outermost bins; NaN is left out.
    """

    def __init__(self, edges: Array) -> None:
        self._edges = np.asarray(edges, np.float64)
        self._counts = np.zeros(len(self._edges) - 1, np.int64)
        self._low, self._high = math.inf, -math.inf

    @property
    def samples(self) -> int:
        """How many values were counted."""
        return int(self._counts.sum())

    def update(self, values: Array) -> None:
        """Add values (n,)."""
        known = values[~np.isnan(values)]
        if not len(known):
            return
        bins = np.searchsorted(self._edges, known, side="right") - 1
        np.add.at(self._counts, np.clip(bins, 0, len(self._counts) - 1), 1)
        self._low = min(self._low, float(known.min()))
        self._high = max(self._high, float(known.max()))

    def merge(self, other: "Quantiles") -> None:
        """Add what another instance with the same edges saw."""
        self._counts += other._counts
        self._low, self._high = min(self._low, other._low), max(self._high, other._high)

    def quantile(self, share: float) -> float:
        """The smallest bin end below which at least `share` of the values lie; NaN if none."""
        return self._value_at(math.ceil(share * self.samples))

    def interval(self, share: float) -> tuple[float, float] | None:
        """95 % interval of that quantile from order statistics, without assumptions.

        The number of values below the true quantile is binomial; its normal approximation gives
        the ranks (Conover, Practical Nonparametric Statistics, section 3.2).
        """
        count = self.samples
        if not count:
            return None
        spread = _Z * math.sqrt(count * share * (1 - share))
        low = max(1, math.floor(count * share - spread))
        high = min(count, math.ceil(count * share + spread) + 1)
        return self._value_at(low), self._value_at(high)

    def maximum(self) -> float:
        """The largest value; NaN if none."""
        return self._high if self.samples else float("nan")

    def _value_at(self, rank: int) -> float:
        """The value of the given rank (from 1), as the end of its bin, kept inside the data."""
        if not self.samples:
            return float("nan")
        index = int(np.searchsorted(np.cumsum(self._counts), max(rank, 1)))
        return float(np.clip(self._edges[index + 1], self._low, self._high))


def linear_edges(low: float, high: float, bins: int) -> Array:
    """Equally wide bins."""
    return np.linspace(low, high, bins + 1)


def logarithmic_edges(low: float, high: float, bins: int) -> Array:
    """Bins of equal ratio; both ends positive."""
    return np.geomspace(low, high, bins + 1)
