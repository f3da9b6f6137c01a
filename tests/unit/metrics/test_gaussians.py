import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.metrics.gaussians import gaussian_kl

MEANS, VARIANCES = st.floats(-3, 3), st.floats(0.1, 5)


@given(MEANS, VARIANCES, MEANS, VARIANCES)
def test_divergence_is_the_integral_of_its_definition(mean, variance, other, spread):
    deviation = np.sqrt(variance)
    x = np.linspace(mean - 12 * deviation, mean + 12 * deviation, 20_001)

    def log_density(m, v):
        return -((x - m) ** 2) / (2 * v) - np.log(2 * np.pi * v) / 2

    ours, theirs = log_density(mean, variance), log_density(other, spread)
    integral = float((np.exp(ours) * (ours - theirs)).sum() * (x[1] - x[0]))
    found = gaussian_kl(*(np.array([v]) for v in (mean, variance, other, spread)))
    assert found[0] == pytest.approx(integral, abs=1e-6, rel=1e-6)


@given(MEANS, VARIANCES, MEANS, VARIANCES)
def test_divergence_is_zero_for_equals_and_never_negative(mean, variance, other, spread):
    arrays = [np.array([v]) for v in (mean, variance, other, spread)]
    assert gaussian_kl(*arrays)[0] >= -1e-12
    assert gaussian_kl(arrays[0], arrays[1], arrays[0], arrays[1])[0] == 0
