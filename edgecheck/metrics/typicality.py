"""Whether a point could be one more of a set of points: a test without any distribution."""

from dataclasses import dataclass

import numpy as np

from edgecheck.tensors import Array


@dataclass(frozen=True)
class Typicality:
    """Where a point stands among others; each share is a p-value of "it is one of them"."""

    nearest: float
    """Share of the points that are as far from the point next to them as this one is, or further:
    next to 0 for one that lies outside."""
    central: float
    """Share of the points that are as near to the mean of all: next to 0 for an average."""


def typicality(points: Array, point: Array) -> Typicality:
    """Rank a point among others by two distances, each the mean over all coordinates.

    The ranks of a point that is exchangeable with the others are uniform, whatever their
    distribution. Source: conformal prediction with nearest-neighbour scores, Vovk, Gammerman and
    Shafer, "Algorithmic Learning in a Random World", 2005, section 3.

    Args:
        points: (n, d) finite, n >= 2, each coordinate in a unit of its own.
        point: (d,) finite.
    """
    apart = np.array([_nearest_other(points, index) for index in range(len(points))])
    own = np.abs(points - point).mean(axis=1).min()
    mean = points.mean(axis=0)
    from_mean = np.abs(points - mean).mean(axis=1)
    return Typicality(
        nearest=float((apart >= own).mean()),
        central=float((from_mean <= np.abs(point - mean).mean()).mean()),
    )


def _nearest_other(points: Array, index: int) -> float:
    distances = np.abs(points - points[index]).mean(axis=1)
    distances[index] = np.inf
    return float(distances.min())
