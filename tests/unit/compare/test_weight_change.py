import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.compare.weight_change import weight_change
from edgecheck.tflite.weights import Weight

VALUES = np.random.default_rng(0).normal(size=(6, 3, 3, 2)).astype(np.float32)
BIAS = np.linspace(-1, 2, 6, dtype=np.float32)


def weight(values, bias=BIAS):
    return Weight("w", np.asarray(values, np.float32), 0, "CONV_2D", bias)


def change(values, bias=BIAS, reference=VALUES):
    return weight_change(weight(reference), weight(values, bias))


def slow_db(reference, candidate):
    """10 log10 of the ratio of the sums of squares, by the definition."""
    real, other = (np.asarray(values, np.float64).reshape(-1) for values in (reference, candidate))
    signal = sum(value**2 for value in real)
    return 10 * math.log10(signal / sum((a - b) ** 2 for a, b in zip(real, other, strict=True)))


@given(st.integers(0, 1000), st.floats(0.01, 1))
def test_the_error_is_that_of_all_weights(seed, noise):
    other = VALUES + noise * np.random.default_rng(seed).normal(size=VALUES.shape).astype("f4")
    assert change(other).plain_db == pytest.approx(slow_db(VALUES, other), abs=1e-3)


def test_equal_layers_are_exact():
    found = change(VALUES)
    assert (found.plain_db, found.sqnr_db, found.bias.sqnr_db) == (math.inf,) * 3
    assert (found.zeroed, found.changed, found.bias.channels) == (0, 0, ())
    assert found.factor == pytest.approx(1)


@given(st.lists(st.floats(0.2, 5), min_size=6, max_size=6).filter(lambda x: max(x) > 2 * min(x)))
def test_factors_of_channels_are_taken_out(factors):
    ordered = np.array(sorted(factors), np.float32)
    found = change(VALUES * ordered.reshape(6, 1, 1, 1), BIAS * ordered + np.float32(0.7))
    if found.factor is None:
        assert found.sqnr_db > 100
        assert found.bias is None
    else:  # one channel alone is off, which folding does not do
        assert found.sqnr_db == found.plain_db


def test_one_channel_of_many_that_was_multiplied_is_no_folded_normalization():
    values = np.random.default_rng(3).normal(size=(9, 20)).astype(np.float32)
    bias = np.linspace(-1, 2, 9, dtype=np.float32)
    stray = np.where(np.arange(9)[:, None] == 2, 100 * values, values)
    found = weight_change(weight(values, bias), weight(stray, bias))
    assert (found.factor, found.changed) == (pytest.approx(1), 1)
    assert found.sqnr_db == found.plain_db < 0
    factors = np.linspace(0.5, 2, 9, dtype=np.float32)[:, None]
    folded = weight_change(weight(values, bias), weight(values * factors, bias))
    assert folded.factor is None


@pytest.mark.parametrize("factor", [4.0, -1.0, 0.01])
def test_one_factor_for_the_whole_layer_is_an_error(factor):
    found = change(factor * VALUES)
    assert found.factor == pytest.approx(factor, rel=1e-5)
    assert found.sqnr_db == found.plain_db == pytest.approx(slow_db(VALUES, factor * VALUES))


@pytest.mark.parametrize(("others", "changed"), [([100], 1), ([100, 0.01], 2)])
def test_what_leaves_half_of_the_channels_as_they_were_is_no_folded_normalization(others, changed):
    """Neither their weights nor their biases have moved."""
    times = np.array([*[1] * len(others), *others], np.float32)
    values, bias = VALUES[: len(times)], BIAS[2 : 2 + len(times)]

    def made(bias):
        ours = weight(values * times[:, None, None, None], bias)
        return weight_change(weight(values, BIAS[2 : 2 + len(times)]), ours)

    found = made(bias * times)
    assert (found.factor, found.channels, found.changed) == (None, len(times), changed)
    assert found.sqnr_db == found.plain_db < 1
    assert found.bias.channels[-1] >= len(times) // 2
    folded = made(bias * times + 0.7)  # all biases have moved
    assert folded.sqnr_db > 100
    assert folded.bias is None
    unknown = made(np.zeros_like(bias))  # nothing shows that they were kept
    assert unknown.bias is None


def test_a_single_channel_may_be_multiplied_by_what_is_folded_in():
    assert change(3 * VALUES[:1], reference=VALUES[:1]).factor is None
    assert change(1.01 * VALUES[:1], reference=VALUES[:1]).factor == pytest.approx(1.01)


def test_channels_without_weights_are_counted():
    half = VALUES.copy()
    half[:2] = 0
    found = change(half)
    assert (found.zeroed, found.changed, found.is_zero) == (2, 2, False)
    assert found.sqnr_db == pytest.approx(slow_db(VALUES, half), abs=1e-3)
    assert change(0 * VALUES).is_zero
    assert not change(0 * VALUES, reference=0 * VALUES).is_zero


@pytest.mark.parametrize(("size", "faint"), [(1e-3, 0), (1e-4, 0), (1e-6, 1), (0.0, 0)])
def test_channels_that_hardly_were_there_are_told_apart(size, faint):
    reference, left = VALUES.copy(), VALUES.copy()
    reference[0] *= size
    left[0] = 0
    found = change(left, reference=reference)
    assert (found.zeroed, found.faint) == (int(size > 0), faint)


def test_biases_that_are_off_are_named():
    bias = BIAS.copy()
    bias[3] += 7
    found = change(VALUES, bias).bias
    assert (found.channels, found.largest) == ((3,), pytest.approx(7))
    assert found.sqnr_db == pytest.approx(slow_db(BIAS, bias), abs=1e-3)


@pytest.mark.parametrize("bias", [None, np.zeros(6, np.float32)])
def test_biases_that_the_reference_has_not_are_not_judged(bias):
    assert weight_change(weight(VALUES, bias), weight(VALUES)).bias is None
    assert weight_change(weight(VALUES), weight(VALUES, None)).bias is None


def test_values_that_are_not_finite_have_no_error():
    broken = VALUES.copy()
    broken[0, 0, 0, 0] = math.nan
    assert math.isnan(change(broken).sqnr_db)
