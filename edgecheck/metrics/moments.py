"""Lowest, highest, mean and deviation of each column."""

from dataclasses import dataclass

import numpy as np

from edgecheck.tensors import Array


@dataclass(frozen=True)
class ColumnMoments:
    """float64 (columns,) each, over finite values; NaN for a column without any."""

    low: Array
    high: Array
    mean: Array
    std: Array
    """Of the population (ddof 0), as scikit-learn's StandardScaler."""

    @property
    def spread(self) -> float:
        """The largest deviation of a column that varies, for each smallest one; 1 where none does."""
        varied = self.std[self.std > 0]
        return float(varied.max() / varied.min()) if len(varied) else 1.0


class Moments:
    """Streaming moments of columns, by the update of Chan, Golub and LeVeque (1983)."""

    def __init__(self, columns: int) -> None:
        """Start empty."""
        self._count = np.zeros(columns)
        self._mean = np.zeros(columns)
        self._squares = np.zeros(columns)
        """Sum of squared deviations from the mean."""
        self._low = np.full(columns, np.inf)
        self._high = np.full(columns, -np.inf)

    def update(self, rows: Array) -> None:
        """Add real (n, columns); values that are not finite are left out."""
        values = rows.astype(np.float64)
        finite = np.isfinite(values)
        count = finite.sum(axis=0)
        kept = np.where(finite, values, 0.0)
        mean = kept.sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(finite, values - mean, 0.0) ** 2).sum(axis=0)
        self._low = np.minimum(
            self._low, np.where(finite, values, np.inf).min(axis=0, initial=np.inf)
        )
        self._high = np.maximum(
            self._high, np.where(finite, values, -np.inf).max(axis=0, initial=-np.inf)
        )
        self._join(count.astype(np.float64), mean, squares)

    def merge(self, other: "Moments") -> None:
        """Add what another one saw."""
        self._low = np.minimum(self._low, other._low)
        self._high = np.maximum(self._high, other._high)
        self._join(other._count, other._mean, other._squares)

    def compute(self) -> ColumnMoments:
        """What was seen so far."""
        unseen = np.where(self._count > 0, 0.0, np.nan)
        known = np.isfinite(unseen)
        variance = self._squares / np.maximum(self._count, 1)
        return ColumnMoments(
            low=np.where(known, self._low, np.nan),
            high=np.where(known, self._high, np.nan),
            mean=self._mean + unseen,
            std=np.sqrt(variance) + unseen,
        )

    def _join(self, count: Array, mean: Array, squares: Array) -> None:
        total = self._count + count
        share = count / np.maximum(total, 1)
        apart = mean - self._mean
        self._squares = self._squares + squares + apart**2 * self._count * share
        self._mean = self._mean + apart * share
        self._count = total
