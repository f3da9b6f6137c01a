"""Signal to quantization noise ratio, pooled over all elements of all samples."""

from math import isnan

import numpy as np

from edgecheck.metrics.bootstrap import REPLICATES, percentile_interval
from edgecheck.tensors import Array


def decibels(signal: Array | float, noise: Array | float) -> Array:
    """10 log10(signal / noise): +inf where noise is 0, NaN where both are.

    A signal of 0 under some noise is -inf.
    """
    power, error = np.asarray(signal, np.float64), np.asarray(noise, np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where((error == 0) & (power > 0), np.inf, power / error)
        return np.asarray(10 * np.log10(ratio))


def telling_db(values_db: float | None, movement_db: float | None = None) -> float | None:
    """The SQNR to judge by, dB: of the movement where that was measured, else of the values.

    Args:
        values_db: of the values; None where they were not compared.
        movement_db: of their movement (see `variation`); None for values that are no measured ones.

    Returns:
        None where nothing is known: NaN is no value, and a movement of NaN (the reference stands
        still) is not made up for by what the values have in common.
    """
    chosen = values_db if movement_db is None else movement_db
    return None if chosen is None or isnan(chosen) else chosen


class Sqnr:
    """SQNR = 10 log10(sum ref^2 / sum (ref - cand)^2), dB, over elements finite in both."""

    def __init__(self) -> None:
        self._signal = 0.0
        self._noise = 0.0
        self._elements = 0
        self._replicates = np.zeros((2, REPLICATES))

    def update(self, reference: Array, candidate: Array, weights: Array) -> Array:
        """Add rows (n, elements); returns the SQNR of each row, float64 (n,).

        A row without a finite element, or all zeros in both, is NaN.
        """
        finite = np.isfinite(reference) & np.isfinite(candidate)
        known = np.where(finite, reference, 0).astype(np.float64)
        error = known - np.where(finite, candidate, 0)
        signal, noise = np.einsum("ij,ij->i", known, known), np.einsum("ij,ij->i", error, error)
        self._signal += float(signal.sum())
        self._noise += float(noise.sum())
        self._elements += int(finite.sum())
        self._replicates += np.stack([signal, noise]) @ weights
        return decibels(signal, noise)

    def merge(self, other: "Sqnr") -> None:
        """Add what another instance saw."""
        self._signal += other._signal
        self._noise += other._noise
        self._elements += other._elements
        self._replicates += other._replicates

    def compute(self) -> float:
        """The pooled value in dB; NaN when nothing finite was seen."""
        if not self._elements:
            return float("nan")
        return float(decibels(self._signal, self._noise))

    def interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval over samples, dB."""
        return percentile_interval(decibels(self._replicates[0], self._replicates[1]))
