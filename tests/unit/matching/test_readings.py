"""A dump as the numbers that it is taken for: codes, values, or none."""

import numpy as np
import pytest
from receivers import Case, case, photos, receiver, usual_cases

from edgecheck.matching.fed import fed_values
from edgecheck.matching.inputs import explain_input
from edgecheck.matching.redone import Redone
from edgecheck.quantization import QuantParams

CASES = usual_cases()


def found(own: Case, dumped, others=()):
    return explain_input(dumped, own.prepared, own.receiver, lambda: others)


def keys(match):
    """Of the best explanations, all that are as good."""
    return [[each.key for each in one.mistakes] for one in match.explanations[: match.tied]]


def best(match):
    return "+".join(keys(match)[0])


def features(scale, zero, dtype="int8"):
    """A quantized table whose right values are 0 and 1."""
    prepared = np.random.default_rng(0).integers(0, 2, (30, 8)).astype(np.float32)
    own = receiver((8,), kind="table", dtype=dtype, params=QuantParams((scale,), (zero,)))
    return Case(own, prepared, prepared)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_whole_values_in_a_float_log_are_values_where_those_are_right(dtype):
    own = features(1 / 255, -128)
    match = found(own, own.prepared.astype(dtype))
    assert keys(match) == [[]]
    assert match.explanations[0].exact_share == 1
    np.testing.assert_array_equal(match.read, own.fed(own.prepared))
    np.testing.assert_allclose(fed_values(match.read, own.receiver), own.prepared, atol=1e-6)


def test_whole_codes_in_a_float_log_are_codes_where_those_are_right():
    own = features(1 / 3, 0)
    dumped = own.fed(own.prepared).astype(np.float32)
    match = found(own, dumped)
    assert keys(match) == [[]]
    np.testing.assert_array_equal(match.read, dumped)


def test_dark_pixels_in_a_float_log_are_pixels():
    dark = photos(32, 32) // 2
    own = case(dark, dtype="int8", params=QuantParams((1.0,), (-128,)))
    assert keys(found(own, dark.astype(np.float32))) == [[]]
    assert best(found(own, dark[..., ::-1].astype(np.float32))) == "bgr"
    assert keys(found(own, own.fed(own.prepared).astype(np.float32))) == [[]]
    assert best(found(own, own.fed(own.prepared)[..., ::-1].astype(np.float32))) == "bgr"


def test_other_files_are_asked_for_either_reading():
    dark = photos(32, 32) // 2
    own = case(dark, dtype="int8", params=QuantParams((1.0,), (-128,)))
    right = own.prepared
    rows = np.rint((right + np.roll(right, 1, 1) + np.roll(right, 1, 2)) / 3)
    other = Redone("nearest", "resize-method-mismatch", "made otherwise", rows)
    assert best(found(own, rows, (other,))) == "nearest"


@pytest.mark.parametrize("name", ["int8 signed", "float"])
def test_nan_explains_nothing(name):
    own = CASES[name]
    dumped = own.prepared.copy()
    dumped[:, :8] = np.nan
    match = found(own, dumped)
    assert match.explanations == ()
    assert match.nearest.exact_share == 0.75
    assert np.isnan(match.read[:, :8]).all()
