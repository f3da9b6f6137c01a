"""Distances between corresponding rows of two arrays."""

import numpy as np

from edgecheck.tensors import Array


def cosines(reference: Array, candidate: Array) -> Array:
    """Cosine of the angle between rows of (n, elements), float64 (n,).

    NaN where a row is all zeros or holds a non-finite value: the angle is undefined there.
    """
    ref, cand = reference.astype(np.float64), candidate.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        dot = np.einsum("ij,ij->i", ref, cand)
        norms = np.sqrt(np.einsum("ij,ij->i", ref, ref) * np.einsum("ij,ij->i", cand, cand))
        # Rounding carries dot / norms beyond 1 by a few units in the last place.
        cosine = np.clip(dot / norms, -1, 1)
        return np.where((norms > 0) & np.isfinite(norms), cosine, np.nan)


def softmax(logits: Array) -> Array:
    """Row-wise softmax of (n, classes), float64."""
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = logits.astype(np.float64) - np.max(logits, axis=1, keepdims=True)
        powers = np.exp(shifted)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def are_distributions(rows: Array) -> bool:
    """Whether every finite row of (n, classes) is non-negative and sums to 1 within 2 %."""
    if rows.shape[1] < 2:
        return False
    known = rows[np.isfinite(rows).all(axis=1)]
    sums = known.sum(axis=1, dtype=np.float64)
    return bool((known >= 0).all() and (np.abs(sums - 1) <= 0.02).all())


def divergences(reference: Array, candidate: Array, floor: float) -> Array:
    """KL(reference || candidate) of rows (n, classes) of probabilities, nats, float64 (n,).

    Args:
        reference: probabilities.
        candidate: probabilities, possibly rounded to codes.
        floor: the smallest probability that the candidate can tell from 0 (half an LSB): lower
            ones are raised to it in both, and rows are normalised again, so that a class rounded
            to 0 costs what its rounding hides and not infinity.

    Returns:
        Never negative; NaN where a row holds a non-finite value.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ref, cand = _floored(reference, floor), _floored(candidate, floor)
        nats = (ref * np.log(ref / cand)).sum(axis=1)
    return np.asarray(
        np.maximum(nats, 0)
    )  # equal rows come out a few units in the last place below 0


def _floored(rows: Array, floor: float) -> Array:
    raised = np.maximum(rows.astype(np.float64), floor)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
