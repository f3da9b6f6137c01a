"""Share of samples on which two models name the same class."""

import numpy as np

from edgecheck.metrics.bootstrap import LEVEL, REPLICATES, percentile_interval
from edgecheck.tensors import Array


class Agreement:
    """Mean of a yes/no per sample, with a bootstrap interval."""

    def __init__(self) -> None:
        self._agreed = 0
        self._samples = 0
        self._replicates = np.zeros((2, REPLICATES))

    def update(self, agrees: Array, weights: Array) -> None:
        """Add bool (n,) under weights (n, REPLICATES)."""
        self._agreed += int(agrees.sum())
        self._samples += len(agrees)
        self._replicates[0] += agrees.astype(np.float64) @ weights
        self._replicates[1] += weights.sum(axis=0)

    def merge(self, other: "Agreement") -> None:
        """Add what another instance saw."""
        self._agreed += other._agreed
        self._samples += other._samples
        self._replicates += other._replicates

    def compute(self) -> float:
        """The share; NaN without samples."""
        return self._agreed / self._samples if self._samples else float("nan")

    def interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval; None without samples.

        Where all samples agree, or none, every resampling gives the same share: the exact end
        (Clopper and Pearson 1934) says how little a few such samples prove.
        """
        if not self._samples:
            return None
        end = ((1 - LEVEL) / 2) ** (1 / self._samples)
        if self._agreed == self._samples:
            return end, 1.0
        if not self._agreed:
            return 0.0, 1 - end
        with np.errstate(invalid="ignore"):
            return percentile_interval(self._replicates[0] / self._replicates[1])
