"""Errors of one or two models against true values, on the same samples."""

import math
from dataclasses import dataclass

import numpy as np

from edgecheck.metrics.bootstrap import REPLICATES, percentile_interval
from edgecheck.metrics.spread import Spread
from edgecheck.tensors import Array


@dataclass(frozen=True)
class Errors:
    """One model against the true values, over all known elements."""

    mae: float
    """Mean absolute error."""
    rmse: float
    """Root of the mean squared error."""
    r2: float
    """Explained variance, 1 - SSE / SST with the mean of each element; NaN where SST is 0."""


class PairedErrors:
    """Errors of reference and candidate against the same true values.

    Elements that are not finite in the truth or in either model are left out for both. The
    bootstrap resamples the errors; SST, the spread of the truth, is held at what the samples have.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._elements = 0
        self._absolute = np.zeros(2)
        self._squared = np.zeros(2)
        self._spread = Spread()
        self._replicates = np.zeros((3, REPLICATES))

    def update(self, truth: Array, reference: Array, candidate: Array, weights: Array) -> None:
        """Add rows (n, elements) of all three, under weights (n, REPLICATES)."""
        known = np.isfinite(truth) & np.isfinite(reference) & np.isfinite(candidate)
        true = np.where(known, truth, 0).astype(np.float64)
        errors = [np.where(known, side, 0) - true for side in (reference, candidate)]
        per_row = np.stack([np.einsum("ij,ij->i", error, error) for error in errors])
        counted = known.any(axis=1)
        self.samples += int(counted.sum())
        self._elements += int(known.sum())
        self._absolute += [np.abs(error).sum() for error in errors]
        self._squared += per_row.sum(axis=1)
        self._spread.update(np.where(known, truth, np.nan))
        self._replicates += np.vstack([per_row, counted]) @ weights

    def merge(self, other: "PairedErrors") -> None:
        """Add what another instance saw."""
        self.samples += other.samples
        self._elements += other._elements
        self._absolute += other._absolute
        self._squared += other._squared
        self._spread.merge(other._spread)
        self._replicates += other._replicates

    def compute(self) -> tuple[Errors, Errors] | None:
        """(reference, candidate); None when no element was known."""
        return (self._errors(0), self._errors(1)) if self._elements else None

    def loss(self) -> float:
        """Explained variance that the candidate loses: R2 of the reference minus its own."""
        spread = self._spread.compute()
        return float(self._squared[1] - self._squared[0]) / spread if spread else math.nan

    def loss_interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval of `loss`; None where it is undefined."""
        spread = self._spread.compute()
        if not spread:
            return None
        reference, candidate, drawn = self._replicates
        with np.errstate(invalid="ignore", divide="ignore"):
            return percentile_interval((candidate - reference) / drawn * self.samples / spread)

    def ratio(self) -> float:
        """Mean squared error of the candidate for each of the reference; NaN where both are 0."""
        reference, candidate = (float(value) for value in self._squared)
        return _quotient(candidate, reference)

    def ratio_interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval of `ratio`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return percentile_interval(self._replicates[1] / self._replicates[0])

    def _errors(self, side: int) -> Errors:
        squared, spread = float(self._squared[side]), self._spread.compute()
        return Errors(
            mae=float(self._absolute[side]) / self._elements,
            rmse=math.sqrt(squared / self._elements),
            r2=1 - squared / spread if spread else math.nan,
        )


def _quotient(first: float, second: float) -> float:
    if second:
        return first / second
    return math.inf if first else math.nan
