import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecheck.metrics.rowwise import are_distributions, cosines, divergences, softmax

VALUES = st.floats(-1000, 1000, width=32)
ROWS = arrays(np.float32, (4, 5), elements=VALUES)
LARGEST = float(np.finfo(np.float32).max)


@given(ROWS, ROWS)
def test_cosine_is_the_formula_row_by_row(reference, candidate):
    for ref, cand, found in zip(
        reference.tolist(), candidate.tolist(), cosines(reference, candidate), strict=True
    ):
        norms = math.sqrt(math.fsum(x * x for x in ref)) * math.sqrt(math.fsum(x * x for x in cand))
        if not norms:
            assert math.isnan(found)
            continue
        expected = math.fsum(x * y for x, y in zip(ref, cand, strict=True)) / norms
        assert found == pytest.approx(expected, abs=1e-9)


@given(ROWS, st.floats(0.125, 100, width=32))
def test_cosine_ignores_the_length_and_never_exceeds_1(rows, factor):
    found = cosines(rows, rows * np.float32(factor))
    assert (np.isnan(found) | (found <= 1)).all()
    assert (np.isnan(found) | (found > 1 - 1e-6)).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_cosine_is_undefined_with_nonfinite_values(bad):
    rows = np.array([[1, bad], [1, 1]], np.float32)
    assert cosines(rows, np.ones_like(rows)) == pytest.approx([math.nan, 1], nan_ok=True)


def test_cosine_of_extreme_sizes():
    big, tiny = np.full((1, 300), LARGEST, np.float32), np.full((1, 3), 1e-44, np.float32)
    assert cosines(big, big) == pytest.approx([1])
    assert cosines(tiny, -tiny) == pytest.approx([-1])


@given(arrays(np.float32, (3, 4), elements=st.floats(-500, 500, width=32)))
def test_softmax_is_the_formula(logits):
    found = softmax(logits)
    for row, shares in zip(logits.tolist(), found, strict=True):
        powers = [math.exp(value - max(row)) for value in row]
        assert shares == pytest.approx([power / math.fsum(powers) for power in powers], abs=1e-12)
    assert are_distributions(found)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_softmax_of_nonfinite_logits_is_nan_in_that_row_only(bad):
    found = softmax(np.array([[bad, 0], [0, 0]], np.float32))
    assert np.isnan(found[0]).any()
    assert found[1].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0.5, 0.5], [1.0, 0.0]], True),
        ([[0.5, 0.51]], True),
        ([[0.5, 0.6]], False),
        ([[-0.1, 1.1]], False),
        ([[1.0], [1.0]], False),
        ([[0.5, 0.5], [math.nan, 0.5]], True),
        ([[3.0, 0.5], [math.nan, 0.5]], False),
    ],
)
def test_distributions_are_recognised_by_their_finite_rows(rows, expected):
    assert are_distributions(np.array(rows, np.float32)) is expected


def _shares(rows):
    raised = np.asarray(rows, np.float64) + 1e-3
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


POSITIVE = arrays(np.float32, (3, 4), elements=st.floats(0, 1, width=32)).map(_shares)


@given(POSITIVE, POSITIVE)
def test_divergence_without_small_probabilities_is_the_formula(reference, candidate):
    for ref, cand, found in zip(
        reference.tolist(), candidate.tolist(), divergences(reference, candidate, 1e-7), strict=True
    ):
        expected = math.fsum(p * math.log(p / q) for p, q in zip(ref, cand, strict=True))
        assert found == pytest.approx(expected, abs=1e-5)


@given(POSITIVE, POSITIVE)
def test_divergence_is_never_negative_and_0_for_equal_rows(reference, candidate):
    assert (divergences(reference, candidate, 1e-7) >= 0).all()
    assert divergences(reference, reference, 1e-7) == pytest.approx([0, 0, 0], abs=1e-12)


def test_a_class_rounded_to_0_costs_a_finite_amount():
    reference, candidate = np.array([[0.999, 0.001]]), np.array([[1.0, 0.0]])
    assert divergences(reference, candidate, 1 / 512)[0] < 1e-5
    assert 1 < divergences(np.array([[0.5, 0.5]]), candidate, 1 / 512)[0] < 10


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_divergence_of_nonfinite_rows_is_nan(bad, side):
    sides = [np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.5, 0.5], [1.0, 0.0]])]
    sides[side] = np.array([[bad, 0.5], [1.0, 0.0]])
    found = divergences(*sides, 1e-3)
    assert math.isnan(found[0])
    assert found[1] == pytest.approx(0)
