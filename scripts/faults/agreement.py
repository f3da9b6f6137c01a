"""How far two models say the same, or one model of two inputs: the benchmark's own yardstick."""

from collections.abc import Mapping

import numpy as np

from faults.case import Array, Base, Rows

CLOSE = 0.2
"""Real values agree when they differ by less than this share of their spread over samples."""
_YES = 0.5


def agreement(base: Base, expected: Rows, found: Rows) -> float:
    """Share of samples with the same answer; 0 where an output is missing or has another shape.

    The same top class; for tags the same set of tags above 0.5; for real values, boxes and vectors
    a root mean square difference below `CLOSE` standard deviations: each element in its own, or, of
    a head with channel groups, each group by itself in that of all its elements. A value that is not finite never agrees.

    Args:
        base: says what kind of answer it is.
        expected: outputs (n, ...) by name.
        found: those to compare.
    """
    if {n: v.shape for n, v in expected.items()} != {n: v.shape for n, v in found.items()}:
        return 0.0
    same = [_same(base, expected[name], found[name]) for name in expected]
    return float(np.mean(np.logical_and.reduce(same)))


def _same(base: Base, expected: Array, found: Array) -> Array:
    """Whether each of n samples agrees: bool (n,)."""
    count = len(expected)
    is_finite = np.isfinite(found).reshape(count, -1).all(axis=1)
    found = np.where(np.isfinite(found), found, 0)
    if "classes" in base.fits:
        return np.asarray(is_finite & (expected.argmax(-1) == found.argmax(-1)))
    if "tags" in base.fits:
        return np.asarray(is_finite & ((expected > _YES) == (found > _YES)).all(axis=1))
    return np.asarray(is_finite & _close(expected, found, base.groups))


def _close(expected: Array, found: Array, groups: Mapping[str, tuple[int, int]]) -> Array:
    parts = [slice(*ends) for ends in groups.values()]
    if not parts:
        return np.asarray(_distance(expected, found) < CLOSE)
    # Scores of places where nothing ever is hardly move: alone they would be judged by noise.
    same = [
        _distance(expected[..., part], found[..., part], is_pooled=True) < CLOSE for part in parts
    ]
    return np.asarray(np.logical_and.reduce(same))


def _distance(expected: Array, found: Array, *, is_pooled: bool = False) -> Array:
    """Root mean square difference of each sample, in deviations of each element or of all pooled."""
    count = len(expected)
    left, right = expected.reshape(count, -1), found.reshape(count, -1)
    spread = left.std(axis=0)
    if is_pooled:
        spread = np.full_like(spread, np.sqrt((spread**2).mean()))
    moves = spread > 1e-6 * max(float(np.abs(left).max()), 1e-30)
    if not moves.any():
        return np.asarray(np.abs(left - right).max(axis=1))
    return np.asarray(np.sqrt((((left - right)[:, moves] / spread[moves]) ** 2).mean(axis=1)))


def accuracy(base: Base, truth: Array, outputs: Rows) -> float:
    """How right the answers are: the share of samples with the right class, or R2 of real values.

    Args:
        base: says what kind of answer it is.
        truth: classes (n,), or real values of the shape of the only output.
        outputs: of a model.
    """
    (found,) = outputs.values()
    if "classes" in base.fits:
        return float((found.argmax(-1) == truth).mean())
    if "tags" in base.fits:
        return float(((found > _YES) == (truth > _YES)).mean())
    left, right = truth.reshape(len(truth), -1), found.reshape(len(found), -1)
    return float(1 - ((left - right) ** 2).sum() / ((left - left.mean(axis=0)) ** 2).sum())
