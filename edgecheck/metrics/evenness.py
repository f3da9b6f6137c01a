"""How far values are from an even distribution."""

import numpy as np

from edgecheck.tensors import Array


def evenness(values: Array, limit: float) -> float:
    """Kolmogorov-Smirnov distance of values to the even distribution over [-limit, limit].

    The largest difference of the two cumulative shares (Kolmogorov 1933), 0 to 1.

    Args:
        values: (n,), finite, n >= 1.
        limit: above 0.
    """
    count = values.size
    expected = np.clip((np.sort(values).astype(np.float64) / limit + 1) / 2, 0, 1)
    above = np.arange(1, count + 1) / count - expected
    below = expected - np.arange(count) / count
    return float(max(above.max(), below.max()))
