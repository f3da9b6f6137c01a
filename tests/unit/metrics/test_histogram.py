"""The histogram against numpy on all values at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.metrics.histogram import ValueHistogram

VALUES = st.lists(
    st.floats(-(2.0**100), 2.0**100, width=32).map(
        lambda value: value if abs(value) > 1e-30 else 0.0
    ),
    min_size=1,
    max_size=40,
)


def counted(*parts):
    seen = ValueHistogram()
    for part in parts:
        seen.update(np.asarray(part, np.float32))
    return seen


@given(VALUES, VALUES)
def test_merging_is_seeing_both(first, second):
    both, apart = counted(first, second), counted(first)
    apart.merge(counted(second))
    assert (both.low, both.high, both.zeros) == (apart.low, apart.high, apart.zeros)
    for one, other in zip(both.compute(), apart.compute(), strict=True):
        np.testing.assert_array_equal(one, other)


@given(VALUES)
def test_every_value_is_in_the_bin_around_it(values):
    seen = counted(*([value] for value in values))
    centres, counts = seen.compute()
    real = np.asarray([value for value in values if value], np.float32).astype(float)
    half = (centres[1] - centres[0]) / 2
    expected = np.zeros_like(counts)
    for value in real:
        inside = (centres - half <= value) & (value < centres + half)
        expected[np.argmax(inside)] += inside.any()
    np.testing.assert_array_equal(counts, expected)
    assert counts.sum() + seen.zeros == len(values)
    assert half <= max(abs(real), default=1) / 1024 * (1 + 1e-6) or not len(real)


def test_quantiles_are_those_of_all_values_to_half_a_bin():
    values = np.random.default_rng(0).normal(3, 2, 50_000).astype(np.float32)
    values[::4] = 0
    found = counted(*np.split(values, 10)).quantiles((0.001, 0.3, 0.5, 0.999))
    expected = np.quantile(values, (0.001, 0.3, 0.5, 0.999))
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_what_is_not_finite_is_counted_and_left_out():
    seen = counted([1, np.nan, -2, np.inf], [np.nan])
    assert (seen.low, seen.high, seen.nonfinite) == (-2, 1, 3)
    assert np.isnan(counted([np.nan]).quantiles((0.5,))).all()
    assert np.isnan(ValueHistogram().quantiles((0.5,))).all()


def test_a_thousandfold_outlier_keeps_the_ends_exact():
    seen = counted(np.linspace(-1, 1, 1001), [1000.0])
    assert (seen.low, seen.high) == (-1, 1000)
    assert seen.quantiles((0.999,))[0] == pytest.approx(1, abs=0.5)
