"""How far values scatter over samples: squared distances from the mean of each element."""

import numpy as np

from edgecheck.tensors import Array


class Spread:
    """Sum over elements of the squared distances from the element's own mean.

    One pass: means and sums of chunks are combined as in Chan, Golub and LeVeque (1983), which
    does not cancel where values lie far from 0.
    """

    def __init__(self) -> None:
        self._counts: Array | None = None
        self._means: Array | None = None
        self._squares = 0.0
        self._largest = 0.0

    def update(self, rows: Array) -> None:
        """Add (n, elements); values that are not finite are left out."""
        known = np.isfinite(rows)
        values = np.where(known, rows, 0).astype(np.float64)
        counts = known.sum(axis=0)
        means = values.sum(axis=0) / np.maximum(counts, 1)
        distances = np.where(known, values - means, 0)
        self._add(counts, means, float((distances * distances).sum()))
        self._largest = max(self._largest, float(np.abs(values).max(initial=0)))

    def merge(self, other: "Spread") -> None:
        """Add what another instance saw."""
        if other._counts is not None and other._means is not None:
            self._add(other._counts, other._means, other._squares)
        self._largest = max(self._largest, other._largest)

    def compute(self) -> float:
        """The sum of squares, float64; 0 where no value moves by more than float32 rounding."""
        if self._counts is None:
            return 0.0
        rounding = 1e-6 * self._largest
        return 0.0 if self._squares <= rounding**2 * self._counts.sum() else self._squares

    def deviation(self) -> float:
        """The root mean square distance of a value from the mean of its element; 0 without any."""
        count = 0 if self._counts is None else int(self._counts.sum())
        return float(np.sqrt(self.compute() / max(count, 1)))

    def _add(self, counts: Array, means: Array, squares: float) -> None:
        if self._counts is None or self._means is None:
            self._counts, self._means, self._squares = counts, means, squares
            return
        total = self._counts + counts
        share = counts / np.maximum(total, 1)
        apart = means - self._means
        self._squares += squares + float((apart * apart * self._counts * share).sum())
        self._means = self._means + apart * share
        self._counts = total
