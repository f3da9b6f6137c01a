import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.metrics.evenness import evenness


def slow(values, limit):
    """The largest difference, looked for at every value, just before it and at it."""
    distance = 0.0
    for value in values:
        expected = min(max((value / limit + 1) / 2, 0), 1)
        below = sum(other < value for other in values) / len(values)
        upto = sum(other <= value for other in values) / len(values)
        distance = max(distance, abs(upto - expected), abs(expected - below))
    return distance


@given(st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=30), st.floats(0.1, 4))
def test_distance_is_that_of_the_slow_definition(values, limit):
    assert evenness(np.array(values, np.float32), limit) == pytest.approx(
        slow([float(np.float32(value)) for value in values], limit), abs=1e-6
    )


def test_even_values_are_near_and_normal_ones_far():
    random = np.random.default_rng(0)
    assert evenness(random.uniform(-2, 2, 10_000), 2.0) < 0.02
    assert evenness(random.normal(0, 2 / 3, 10_000), 2.0) > 0.1
    assert evenness(random.uniform(-1, 1, 10_000), 2.0) == pytest.approx(0.25, abs=0.02)
