import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.metrics.reservoir import Reservoir


def filled(*parts, seed=1):
    found = Reservoir(seed)
    for part in parts:
        found.update(np.asarray(part, np.float32))
    return found


def test_few_values_are_all_kept():
    values = np.random.default_rng(0).normal(size=(8, 100)).astype(np.float32)
    expected = np.quantile(values, [0.001, 0.5, 0.999])
    assert filled(*values).quantiles((0.001, 0.5, 0.999)) == pytest.approx(expected)


def test_nothing_seen_is_nan():
    assert np.isnan(filled().quantiles((0.5,))).all()


def test_nan_is_left_out():
    assert filled([np.nan, 1.0, np.nan]).quantiles((0.5,)) == (1.0,)


def test_memory_is_bounded_and_quantiles_stay_close():
    random = np.random.default_rng(3)
    found = filled(*(random.normal(size=5000) for _ in range(200)))
    assert found._kept.size <= 1 << 14
    low, middle, high = found.quantiles((0.001, 0.5, 0.999))
    assert middle == pytest.approx(0, abs=0.05)
    assert (low, high) == (pytest.approx(-3.09, abs=0.4), pytest.approx(3.09, abs=0.4))


def test_early_and_late_values_weigh_the_same():
    found = filled(*(np.full(5000, step) for step in range(100)))
    assert found.quantiles((0.25, 0.75)) == pytest.approx((25, 75), abs=3)


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=6))
def test_quantiles_are_values_of_the_stream(sizes):
    found = filled(*(np.arange(size) for size in sizes))
    low, high = found.quantiles((0.0, 1.0))
    assert 0 <= low <= high <= max(sizes) - 1
    assert found._kept.size <= 1 << 14
