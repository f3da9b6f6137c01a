import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.metrics.quantiles import Quantiles, linear_edges, logarithmic_edges

WIDTH = 2 / 400


def seen(values, edges=None):
    metric = Quantiles(linear_edges(-1, 1, 400) if edges is None else edges)
    metric.update(np.array(values, np.float64))
    return metric


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=60),
    st.sampled_from([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]),
)
def test_quantile_is_the_order_statistic_to_the_width_of_a_bin(values, share):
    expected = sorted(values)[math.ceil(share * len(values)) - 1]
    found = seen(values).quantile(share)
    assert expected - 1e-12 <= found <= expected + WIDTH + 1e-12


@given(st.lists(st.floats(width=32, allow_nan=True), max_size=40))
def test_nan_is_left_out_and_everything_else_is_counted(values):
    known = [value for value in values if not math.isnan(value)]
    metric = seen(values)
    assert metric.samples == len(known)
    assert metric.maximum() == pytest.approx(max(known, default=math.nan), nan_ok=True)
    quantile = metric.quantile(0.5)
    assert min(known) <= quantile <= max(known) if known else math.isnan(quantile)


def test_values_beyond_the_edges_fall_into_the_outermost_bins():
    metric = seen([5.0, 6.0, math.inf])
    assert metric.samples == 3
    assert metric.quantile(0.5) == 5.0  # the end of the last bin, kept inside the data
    assert seen([-9.0, -8.0, -math.inf]).quantile(1.0) == -8.0


def test_equal_values_are_given_back_exactly():
    assert seen([0.1234] * 9).quantile(0.05) == 0.1234
    assert seen([1.0] * 9).interval(0.05) == (1.0, 1.0)


def test_nothing_seen_is_nan():
    metric = seen([])
    assert math.isnan(metric.quantile(0.5))
    assert metric.interval(0.5) is None
    assert metric.samples == 0


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60), st.sampled_from([0.05, 0.5]))
def test_interval_holds_the_quantile(values, share):
    metric = seen(values)
    low, high = metric.interval(share)
    assert low <= metric.quantile(share) <= high


@pytest.mark.parametrize(("share", "samples"), [(0.5, 30), (0.5, 400), (0.05, 400)])
def test_interval_covers_the_true_quantile_about_as_often_as_it_says(share, samples):
    random, edges = np.random.default_rng(11), linear_edges(0, 1, 10000)
    covered = 0
    for _ in range(400):
        low, high = seen(random.random(samples), edges).interval(share)
        covered += low <= share <= high
    assert covered / 400 >= 0.93


def test_logarithmic_edges_have_equal_ratios():
    edges = logarithmic_edges(1e-3, 1e3, 60)
    np.testing.assert_allclose(edges[1:] / edges[:-1], 10**0.1)
    assert (edges[0], edges[-1]) == (pytest.approx(1e-3), pytest.approx(1e3))


def test_latencies_keep_one_percent():
    random = np.random.default_rng(2)
    values = np.exp(random.normal(-7, 1, 5000))
    metric = seen(values, logarithmic_edges(1e-7, 1e4, 2500))
    for share in (0.5, 0.95):
        assert metric.quantile(share) == pytest.approx(np.quantile(values, share), rel=0.02)
