"""How far two normal distributions are apart."""

import numpy as np

from edgecheck.tensors import Array


def gaussian_kl(mean: Array, variance: Array, other_mean: Array, other_variance: Array) -> Array:
    """Kullback-Leibler divergence of N(mean, variance) from N(other_mean, other_variance), in nats.

    (v / w + (m - n)^2 / w - 1 - ln(v / w)) / 2, element by element (Kullback and Leibler 1951).

    Args:
        mean: any shape, as the others.
        variance: above 0, as `other_variance`.
        other_mean: of the distribution that is assumed.
        other_variance: likewise.
    """
    ratio = variance / other_variance
    return np.asarray((ratio + (mean - other_mean) ** 2 / other_variance - 1 - np.log(ratio)) / 2)
