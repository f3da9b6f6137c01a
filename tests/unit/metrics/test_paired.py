import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.metrics.paired import PairedAccuracy, mcnemar_p


def exact_p(only_first, only_second):
    """Twice the smaller tail of a fair coin, in whole numbers."""
    trials = only_first + only_second
    ways, tail = 1, 0
    for k in range(min(only_first, only_second) + 1):
        tail += ways
        ways = ways * (trials - k) // (k + 1)
    return min(Fraction(1), Fraction(2 * tail, 2**trials))


@given(st.integers(0, 300), st.integers(0, 300))
def test_p_is_that_of_exact_arithmetic(only_first, only_second):
    expected = float(exact_p(only_first, only_second))
    assert mcnemar_p(only_first, only_second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("first", "second"), [(5000, 5200), (0, 5000), (6000, 6000)])
def test_p_of_many_samples_neither_overflows_nor_leaves_0_to_1(first, second):
    p = mcnemar_p(first, second)
    assert p == pytest.approx(float(exact_p(first, second)), rel=1e-6)
    assert 0 <= p <= 1
    assert p == mcnemar_p(second, first)


def test_five_to_nothing_is_not_significant_and_six_to_nothing_is():
    assert mcnemar_p(5, 0) == pytest.approx(0.0625)
    assert mcnemar_p(6, 0) == pytest.approx(0.03125)
    assert mcnemar_p(0, 0) == 1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_accuracies_are_the_shares_of_right_answers(answers):
    metric = PairedAccuracy()
    for first, second in answers:
        metric.update(np.array([first]), np.array([second]))
    reference, candidate, p = metric.compute()
    assert reference == sum(first for first, _ in answers) / len(answers)
    assert candidate == sum(second for _, second in answers) / len(answers)
    only = sum(f > s for f, s in answers), sum(s > f for f, s in answers)
    assert p == pytest.approx(float(exact_p(*only)))


def test_no_sample_is_nan():
    metric = PairedAccuracy()
    metric.update(np.zeros(0, bool), np.zeros(0, bool))
    assert metric.compute() == pytest.approx((math.nan, math.nan, 1), nan_ok=True)
