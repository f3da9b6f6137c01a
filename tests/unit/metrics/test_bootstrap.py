import math

import numpy as np
import pytest

from edgecheck.metrics.bootstrap import REPLICATES, PoissonWeights, percentile_interval


def test_weights_have_the_distribution_of_poisson_1():
    drawn = PoissonWeights(0).draw(4000)
    assert drawn.shape == (4000, REPLICATES)
    assert drawn.dtype == np.float64
    assert drawn.mean() == pytest.approx(1, abs=0.005)
    assert drawn.var() == pytest.approx(1, abs=0.01)
    for count in range(6):
        share = math.exp(-1) / math.factorial(count)
        assert (drawn == count).mean() == pytest.approx(share, abs=0.003)


@pytest.mark.parametrize("cuts", [[0], [1, 2, 3], [0, 0, 50], [7, 64]])
def test_weights_of_a_sample_do_not_depend_on_the_chunks(cuts):
    whole = PoissonWeights(9).draw(100)
    source, parts, start = PoissonWeights(9), [], 0
    for stop in [*cuts, 100]:
        parts.append(source.draw(stop - start))
        start = stop
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_other_seeds_give_other_weights():
    assert (PoissonWeights(0).draw(5) != PoissonWeights(1).draw(5)).any()


def test_interval_is_the_central_95_percent():
    values = np.random.default_rng(0).permutation(1001).astype(float)
    assert percentile_interval(values) == (25, 975)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([math.inf] * 4, (math.inf, math.inf)),
        ([-math.inf, 0.0, math.inf], (-math.inf, math.inf)),
        ([math.nan, math.nan, 1.0], None),
        ([math.nan, 1.0], (1.0, 1.0)),
        ([math.nan], None),
    ],
)
def test_infinity_is_a_value_and_nan_is_none(values, expected):
    assert percentile_interval(np.array(values)) == expected
