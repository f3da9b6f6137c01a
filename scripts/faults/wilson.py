"""Shares with their Wilson 95 % intervals."""

from dataclasses import dataclass
from math import sqrt

_Z = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


@dataclass(frozen=True)
class Share:
    """A share of `n`, with its interval; value, low and high are None where n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def share(hits: int, n: int) -> Share:
    """The share of hits, with the score interval of Wilson (1927).

    It holds the p for which (hits / n - p)^2 <= z^2 p (1 - p) / n.
    """
    if n == 0:
        return Share(None, None, None, 0)
    p, z2 = hits / n, _Z * _Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # Rounding must not push an end past the share itself.
    return Share(p, min(max(0.0, middle - half), p), max(min(1.0, middle + half), p), n)
