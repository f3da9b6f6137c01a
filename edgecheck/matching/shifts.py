"""By how many pixels pictures were shifted."""

import numpy as np

from edgecheck.tensors import Array

FARTHEST = 8
"""Pixels, in each direction."""
_PEAKS = 4
_TINY = 1e-9


def likely_shifts(found: Array, right: Array) -> list[tuple[int, int]]:
    """(down, right) of the likeliest shifts, best first; without (0, 0).

    Peaks of the phase correlation and of the correlation of edges, over all pictures together.
    Either survives another scaling and clipping; a border of another colour costs little.
    Source: Kuglin and Hines, "The phase correlation image alignment method", 1975.

    Args:
        found: (n, height, width), what arrived.
        right: the same pictures as they should be.
    """
    shape = found.shape[1:]
    total, edges = np.zeros(shape), np.zeros(shape)
    for one, other in zip(found, right, strict=True):
        spectrum = np.fft.rfft2(_edges(one)) * np.conj(np.fft.rfft2(_edges(other)))
        total += np.fft.irfft2(spectrum / np.maximum(np.abs(spectrum), _TINY), shape)
        whole = np.fft.irfft2(spectrum, shape)
        edges += whole / max(float(np.abs(whole).max()), _TINY)
    return list(dict.fromkeys(_peaks(total) + _peaks(edges)))


def _edges(picture: Array) -> Array:
    """Differences of neighbours, so that brightness does not matter; NaN and infinity as 0."""
    plain = np.nan_to_num(picture, nan=0.0, posinf=0.0, neginf=0.0)
    down = np.diff(plain, axis=0, append=plain[-1:])
    across = np.diff(plain, axis=1, append=plain[:, -1:])
    return np.asarray(down + across)


def _peaks(surface: Array) -> list[tuple[int, int]]:
    """(down, right) of the highest points within reach."""
    height, width = surface.shape
    down = np.arange(-min(FARTHEST, height // 3), min(FARTHEST, height // 3) + 1)
    right = np.arange(-min(FARTHEST, width // 3), min(FARTHEST, width // 3) + 1)
    near = surface[np.ix_(down % height, right % width)]
    best = np.argsort(-near, axis=None, kind="stable")[: _PEAKS + 1]
    places = [(int(down[n // len(right)]), int(right[n % len(right)])) for n in best]
    return [place for place in places if place != (0, 0)]
