"""SQNR of what varies: the signal is the reference's movement over samples, not its size."""

import numpy as np

from edgecheck.metrics.bootstrap import REPLICATES, percentile_interval
from edgecheck.metrics.spread import Spread
from edgecheck.metrics.sqnr import decibels
from edgecheck.tensors import Array


class VariationSqnr:
    """10 log10(sum (ref - mean)^2 / sum (ref - cand)^2), dB, with the mean of each element.

    A regression around 1000 +- 1 has an SQNR of 60 dB even if the candidate answers 1000 always;
    this one is then 0 dB. It equals -10 log10(1 - R2) of the candidate against the reference. The
    bootstrap resamples the error; the signal is held at what the samples have.
    """

    def __init__(self) -> None:
        self._samples = 0
        self._noise = 0.0
        self._spread = Spread()
        self._replicates = np.zeros((2, REPLICATES))

    def update(self, reference: Array, candidate: Array, weights: Array) -> None:
        """Add rows (n, elements) of both; what is not finite in both is left out."""
        known = np.isfinite(reference) & np.isfinite(candidate)
        error = np.where(known, reference, 0).astype(np.float64) - np.where(known, candidate, 0)
        noise = np.einsum("ij,ij->i", error, error)
        counted = known.any(axis=1)
        self._samples += int(counted.sum())
        self._noise += float(noise.sum())
        self._spread.update(np.where(known, reference, np.nan))
        self._replicates += np.stack([noise, counted]) @ weights

    def merge(self, other: "VariationSqnr") -> None:
        """Add what another instance saw."""
        self._samples += other._samples
        self._noise += other._noise
        self._spread.merge(other._spread)
        self._replicates += other._replicates

    def compute(self) -> float:
        """The pooled value in dB; NaN where the reference does not move."""
        spread = self._spread.compute()
        return float(decibels(spread, self._noise)) if spread else float("nan")

    def deviation(self) -> float:
        """How far a value of the reference is from the mean of its element, root mean square."""
        return self._spread.deviation()

    def interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval over samples, dB; None where the value is undefined."""
        spread = self._spread.compute()
        if not spread:
            return None
        noise, drawn = self._replicates
        with np.errstate(invalid="ignore", divide="ignore"):
            return percentile_interval(decibels(spread * drawn / self._samples, noise))
