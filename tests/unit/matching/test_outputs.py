"""What was done to right answers: found in made-up outputs, and left alone where nothing was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.matching.likeness import explains, real_values, same_rows, share, tolerance
from edgecheck.matching.outputs import Given, explain_output, is_reordered
from edgecheck.quantization import QuantParams, dequantize
from edgecheck.tflite.graph import Tensor

SCALE, ZERO = 1 / 256, -128


def tensor(dtype="int8", zero=ZERO):
    params = None if dtype == "float32" else QuantParams((SCALE,), (zero,))
    return Tensor(1, "scores", (1, 6), (), dtype, params, 0, is_constant=False, is_variable=False)


def codes(count=10, dtype="int8", seed=0):
    bounds = np.iinfo(dtype)
    random = np.random.default_rng(seed)
    return random.integers(bounds.min, bounds.max + 1, (count, 6)).astype(dtype)


def given_of(dumped, right, zero=ZERO):
    where = tensor(right.dtype.name, zero)
    host = right if right.dtype == np.float32 else dequantize(right, where.quantization)
    return Given(where, dumped, host.astype(np.float32))


def key_of(dumped, right, zero=ZERO):
    found = explain_output(given_of(dumped, right, zero))
    return None if found is None else found.key


def test_integer_codes_logged_as_floats_are_named():
    right = codes()
    assert key_of(right.astype(np.float32), right) == "raw-codes"


@pytest.mark.parametrize(
    ("dtype", "other", "zero"), [("int8", "uint8", -128), ("uint8", "int8", 0)]
)
def test_the_other_sign_is_named(dtype, other, zero):
    right = codes(dtype=dtype)
    assert key_of(right.view(other), right, zero) == f"{dtype}-as-{other}"
    values = (right.view(other).astype(np.float64) - zero) * SCALE
    assert key_of(values, right, zero) == f"{dtype}-as-{other}-values"


def test_codes_at_the_seam_of_signs_may_be_off_by_one():
    right = np.tile(np.array([[0, -1, 127, -128, 5, 60]], np.int8), (4, 1))
    right += np.arange(4, dtype=np.int8)[:, None] % 2
    near = (right.view(np.uint8) + np.uint8(1)).astype(np.float32)
    assert key_of(near, right) == "int8-as-uint8"


@given(
    scale=st.floats(1e-3, 10), zero=st.integers(-128, 127), seed=st.integers(0, 99)
)  # fmt: skip
def test_scale_and_zero_point_of_wrong_parameters_are_recovered(scale, zero, seed):
    right = codes(seed=seed)
    found = explain_output(given_of((right.astype(np.float64) - zero) * scale, right))
    if abs(scale / SCALE - 1) < 0.05 and abs(zero - ZERO) < 5:
        return  # nearly the right ones
    assert found is not None
    if found.key == "other-parameters":
        assert found.scale == pytest.approx(scale, rel=1e-4)
        assert found.zero_point == pytest.approx(zero, abs=0.01)
    else:
        assert (found.key, scale, zero) == ("raw-codes", pytest.approx(1, abs=0.02), 0)


def test_elements_in_each_others_places_are_listed():
    right = codes()
    found = explain_output(given_of(right[:, [1, 0, 2, 3, 5, 4]], right))
    assert (found.key, found.rule) == ("labels-permuted", "label-order-or-offset")
    assert found.moved == ((0, 1), (1, 0), (4, 5), (5, 4))


def sure(kinds, seed=0):
    """One of six classes for each sample, of which `kinds` occur, and the others at zero."""
    named = np.random.default_rng(seed).permutation(np.arange(20) % kinds)
    return np.where(np.arange(6) == named[:, None], 127, -128).astype(np.int8)


@pytest.mark.parametrize(
    ("kinds", "key"), [(6, "labels-permuted"), (2, "labels-permuted"), (1, None)]
)
def test_a_sure_classifier_with_two_codes_shows_its_order_by_several_samples(kinds, key):
    right = sure(kinds)
    assert key_of(right[:, [1, 2, 3, 4, 5, 0]], right) == key


def test_one_saturated_sample_is_no_evidence_of_a_permutation():
    right = np.full((1, 6), -128, np.int8)
    right[0, 2] = 127
    assert key_of(right[:, ::-1].copy(), right) is None


def test_one_answer_for_every_sample_is_named_by_which():
    right = codes()
    assert key_of(np.repeat(right[-1:], 10, 0), right) == "all-last"
    assert key_of(np.repeat(right[:1], 10, 0), right) == "all-first"
    assert key_of(np.repeat(codes(seed=1)[:1], 10, 0), right) is None


@pytest.mark.parametrize("late", [1, 2])
def test_answers_of_other_samples_are_named(late):
    right = codes()
    assert key_of(np.roll(right, late, 0), right) == f"late-{late}"
    assert key_of(np.roll(right, -late, 0), right) == f"early-{late}"


def test_two_samples_that_differ_are_too_few_for_a_lag():
    right = np.repeat(codes(2), [9, 1], axis=0)
    late = np.roll(right, 1, 0)
    assert (late != right).any(axis=1).sum() == 2
    assert key_of(late, right) is None


def test_another_order_of_samples_is_recognised():
    right = codes()
    assert is_reordered(given_of(right[::-1].copy(), right))
    assert not is_reordered(given_of(right, right))
    assert not is_reordered(given_of(codes(seed=1), right))


def test_noise_is_not_explained():
    right = codes()
    assert key_of(codes(seed=7), right) is None
    assert key_of(np.random.default_rng(0).random((10, 6)), right) is None
    assert key_of(np.full((10, 6), np.nan), right) is None
    assert key_of(np.full((10, 6), 1e300), right) is None


def test_integers_are_codes_where_the_type_holds_them_and_values_elsewhere():
    right = codes()
    host = dequantize(right, tensor().quantization).astype(np.float64)
    np.testing.assert_array_equal(real_values(right.astype(np.int64), tensor()), host)
    np.testing.assert_array_equal(real_values(np.array([[300]]), tensor()), [[300.0]])
    np.testing.assert_array_equal(real_values(right, tensor("float32")), right)


def test_rows_are_the_same_within_two_codes_and_nan_only_as_nan():
    one = np.array([[0.0, 1.0], [np.nan, 1.0], [np.inf, 0.0], [np.nan, 0.0]])
    other = np.array([[0.5, 1.0], [np.nan, 1.0], [np.inf, 0.0], [0.0, 0.0]])
    assert same_rows(one, other, 0.5).tolist() == [True, True, True, False]
    assert tolerance(tensor(), one) == pytest.approx(2.01 * SCALE)
    assert tolerance(tensor("float32"), np.array([[np.inf, -4.0]])) == pytest.approx(4e-3)


def test_a_hypothesis_must_explain_what_differs():
    few, many = np.arange(20) < 2, np.arange(20) < 5
    assert not explains(np.ones(20, bool), few)
    assert explains(np.ones(20, bool), many)
    assert not explains(~many, many)
    assert explains(np.ones(1, bool), np.ones(1, bool))
    assert not explains(np.zeros(0, bool), np.zeros(0, bool))
    assert share(np.zeros(0, bool)) == 0


def test_elements_that_these_samples_do_not_tell_apart_are_not_guessed():
    right = codes()
    right[:, 4:] = -128
    found = explain_output(given_of(right[:, [4, 0, 1, 2, 3, 5]], right))
    assert found.key == "labels-permuted"
    assert found.moved == ((1, 0), (2, 1), (3, 2), (4, 3))


def test_one_value_for_everything_is_no_code_of_anything():
    right = np.where(codes() > 0, 127, -128).astype(np.int8)
    assert key_of(np.ones((10, 6)), right) is None
    assert key_of(np.zeros((10, 6), np.uint8), right) is None
