import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.metrics.agreement import Agreement
from edgecheck.metrics.bootstrap import PoissonWeights


def seen(agrees, seed=0):
    metric = Agreement()
    flags = np.array(agrees, bool)
    metric.update(flags, PoissonWeights(seed).draw(len(flags)))
    return metric


@given(st.lists(st.booleans(), min_size=1, max_size=50))
def test_share_is_the_mean(agrees):
    assert seen(agrees).compute() == float(Fraction(sum(agrees), len(agrees)))


@given(st.lists(st.booleans(), min_size=1, max_size=50), st.integers(0, 20))
def test_interval_holds_the_share(agrees, seed):
    metric = seen(agrees, seed)
    low, high = metric.interval()
    assert 0 <= low <= metric.compute() <= high <= 1


def test_no_sample_is_nan_and_has_no_interval():
    assert math.isnan(seen([]).compute())
    assert seen([]).interval() is None


@pytest.mark.parametrize("samples", [1, 2, 27, 1000])
def test_unanimous_samples_leave_the_doubt_of_their_number(samples):
    # Clopper-Pearson: the share p at which all of n agree with probability 2.5 % is p**n = 0.025.
    low, high = seen([True] * samples).interval()
    assert high == 1
    assert low**samples == pytest.approx(0.025)
    assert seen([False] * samples).interval() == (0, pytest.approx(1 - low))


def test_interval_covers_the_true_share_about_as_often_as_it_says():
    random, covered = np.random.default_rng(5), 0
    for seed in range(400):
        low, high = seen(random.random(200) < 0.9, seed).interval()
        covered += low <= 0.9 <= high
    assert 0.90 <= covered / 400 <= 0.99
