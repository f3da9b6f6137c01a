import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecheck.metrics.bootstrap import REPLICATES, PoissonWeights
from edgecheck.metrics.sqnr import Sqnr, decibels, telling_db

VALUES = st.floats(-(2.0**60), 2.0**60, width=32) | st.sampled_from([math.nan, math.inf, -math.inf])


def pooled(reference, candidate):
    """The definition over all elements at once, in Python floats."""
    pairs = zip(reference.ravel().tolist(), candidate.ravel().tolist(), strict=True)
    known = [(r, c) for r, c in pairs if math.isfinite(r) and math.isfinite(c)]
    signal = math.fsum(r * r for r, _ in known)
    noise = math.fsum((r - c) ** 2 for r, c in known)
    if not known or (not noise and not signal):
        return math.nan
    if not noise:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


def weights(rows):
    return np.ones((rows, REPLICATES))


@given(st.integers(1, 12), st.integers(1, 5), st.data())
def test_pooled_value_is_the_one_shot_formula(rows, elements, data):
    reference = data.draw(arrays(np.float32, (rows, elements), elements=VALUES))
    candidate = data.draw(arrays(np.float32, (rows, elements), elements=VALUES))
    metric = Sqnr()
    cut = rows // 2
    per_row = [
        metric.update(reference[part], candidate[part], weights(len(reference[part])))
        for part in (slice(0, cut), slice(cut, None))
    ]
    assert metric.compute() == pytest.approx(pooled(reference, candidate), rel=1e-9, nan_ok=True)
    expected = [pooled(r, c) for r, c in zip(reference, candidate, strict=True)]
    assert np.concatenate(per_row) == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_equal_rows_have_infinite_sqnr():
    metric = Sqnr()
    rows = np.ones((3, 2), np.float32)
    assert metric.update(rows, rows, PoissonWeights(0).draw(3)).tolist() == [math.inf] * 3
    assert metric.compute() == math.inf
    assert metric.interval() == (math.inf, math.inf)


def test_nothing_seen_is_nan_and_has_no_interval():
    metric = Sqnr()
    metric.update(np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32), weights(0))
    assert math.isnan(metric.compute())
    assert metric.interval() is None


@pytest.mark.parametrize("fill", [math.nan, math.inf, 0.0])
def test_undefined_rows_are_nan_not_perfect(fill):
    metric = Sqnr()
    rows = np.full((2, 3), fill, np.float32)
    assert np.isnan(metric.update(rows, rows, weights(2))).all()
    assert math.isnan(metric.compute())
    assert metric.interval() is None


def test_largest_float32_does_not_overflow():
    metric = Sqnr()
    rows = np.full((4, 1000), np.finfo(np.float32).max, np.float32)
    metric.update(rows, -rows, weights(4))
    assert metric.compute() == pytest.approx(10 * math.log10(1 / 4))


def test_decibels_of_the_corner_cases():
    signal, noise = np.array([1.0, 0.0, 0.0, 100.0]), np.array([0.0, 0.0, 1.0, 1.0])
    assert decibels(signal, noise) == pytest.approx(
        [math.inf, math.nan, -math.inf, 20.0], nan_ok=True
    )


def test_interval_covers_the_true_value_about_as_often_as_it_says():
    random = np.random.default_rng(3)
    truth, covered = 10 * math.log10(1 / 0.01), 0
    for seed in range(200):
        reference = random.normal(0, 1, (80, 10))
        candidate = reference + random.normal(0, 0.1, reference.shape)
        metric = Sqnr()
        metric.update(reference, candidate, PoissonWeights(seed).draw(80))
        low, high = metric.interval()
        covered += low <= truth <= high
    assert 0.88 <= covered / 200 <= 0.995


@pytest.mark.parametrize(
    ("values", "movement", "told"),
    [
        (30.0, None, 30.0),
        (30.0, 12.0, 12.0),
        (None, None, None),
        (math.nan, None, None),
        (30.0, math.nan, None),  # what stands still shows nothing, however near the values are
        (math.nan, 12.0, 12.0),
        (math.inf, -math.inf, -math.inf),
    ],
)
def test_what_tells_most_is_the_movement_and_nan_tells_nothing(values, movement, told):
    assert telling_db(values, movement) == told
