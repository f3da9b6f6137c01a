import math

import numpy as np
import pytest
from evidence import tensor
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecheck.compare.layer_statistics import LayerTotals
from edgecheck.quantization import QuantParams

RANDOM = np.random.default_rng(7)
CODES = tensor(quantization=QuantParams((0.5,), (3,)))  # int8: -65.5 to 62
REAL = tensor(dtype="float32", quantization=None)


def counted(twin, candidate, chunk=100, which=CODES):
    twin, candidate = (np.asarray(rows, np.float32) for rows in (twin, candidate))
    totals = LayerTotals(which, twin.shape[-1])
    for start in range(0, len(twin), chunk):
        totals.add(twin[start : start + chunk], candidate[start : start + chunk])
    return totals.measured()


def slow_sqnr(real, other):
    signal = sum(float(value) ** 2 for value in real.flat)
    noise = sum((float(a) - float(b)) ** 2 for a, b in zip(real.flat, other.flat, strict=True))
    return 10 * math.log10(signal / noise)


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_sums_equal_the_plain_formulas_however_the_rows_come(rows, places, chunk, seed):
    random = np.random.default_rng(seed)
    real = random.normal(0, 40, (rows, places, 3)).astype(np.float32)
    other = (real + random.normal(0, 1, real.shape)).astype(np.float32)
    seen = counted(real, other, chunk)
    assert seen["sqnr_db"] == pytest.approx(slow_sqnr(real, other), abs=1e-3)
    assert seen["float_range"] == (real.min(), real.max())
    assert seen["clip_below"] == np.mean([value < -65.75 for value in real.flat])
    assert seen["clip_above"] == np.mean([value > 62.25 for value in real.flat])


def test_blocks_lose_nothing_at_their_ends():
    real = RANDOM.normal(size=(3, 70_001, 1)).astype(np.float32)
    other = real + np.float32(0.01)
    assert counted(real, other)["sqnr_db"] == pytest.approx(slow_sqnr(real, other), abs=1e-2)


def test_half_a_step_beyond_the_range_is_no_clipping():
    seen = counted([[62.2], [62.3], [-65.7], [-65.8]], np.zeros((4, 1)))
    assert (seen["clip_below"], seen["clip_above"]) == (0.25, 0.25)


def test_a_tensor_without_codes_never_clips():
    seen = counted([[1e9]], [[1e9]], which=REAL)
    assert (seen["representable"], seen["clip_above"], seen["codes"]) == (None, 0.0, None)


def test_equal_values_are_exact_and_zeros_say_nothing():
    assert counted([[1.0]], [[1.0]])["sqnr_db"] == math.inf
    assert math.isnan(counted([[0.0]], [[0.0]])["sqnr_db"])


def test_nonfinite_values_are_counted_and_left_out():
    seen = counted([[1.0, np.nan], [2.0, 3.0], [4.0, 5.0]], [[1.5, 1.0], [2.0, np.inf], [4, 5]])
    assert seen["nonfinite"] == 2
    assert seen["sqnr_db"] == pytest.approx(10 * math.log10(46 / 0.25))
    assert seen["float_range"] == (1.0, 5.0)


def test_only_nonfinite_values_give_no_range():
    seen = counted([[np.nan], [np.inf]], [[0.0], [0.0]])
    assert (seen["nonfinite"], seen["float_range"]) == (2, (math.inf, -math.inf))
    assert math.isnan(seen["sqnr_db"])


def test_values_whose_squares_overflow_float32_are_summed_all_the_same():
    seen = counted([[1e25, -1e25]], [[1e25, -0.9e25]], which=REAL)
    assert seen["sqnr_db"] == pytest.approx(10 * math.log10(2 / 0.01), abs=1e-3)


def test_dead_and_constant_channels_are_told_apart():
    rows = RANDOM.normal(size=(20, 4, 4)).astype(np.float32)
    rows[..., 1], rows[..., 2] = 0.0, 7.0
    seen = counted(rows, rows, chunk=6)
    assert (seen["channels"], seen["dead_channels"], seen["constant_channels"]) == (4, 1, 2)


def test_the_middle_channel_is_that_of_those_that_move():
    rows = np.zeros((2, 5), np.float32)
    rows[1] = 3, 0, 100, 7, -2
    seen = counted(rows, rows)
    assert (seen["channel_width"], seen["widest_channel"]) == (3.0, 2)
    assert math.isnan(counted(np.ones((2, 3)), np.ones((2, 3)))["channel_width"])


def test_isolated_error_is_apart_from_the_other():
    totals = LayerTotals(CODES, 1)
    rows = np.array([[10.0], [20.0]], np.float32)
    assert totals.isolated_sqnr_db is None
    totals.add(rows, rows + 1)
    totals.add_isolated(rows + 1.1, rows + 1)
    assert totals.sqnr_db == pytest.approx(slow_sqnr(rows, rows + 1))
    assert totals.isolated_sqnr_db == pytest.approx(slow_sqnr(rows + 1.1, rows + 1), abs=1e-3)


def test_a_scalar_a_sample_is_one_channel():
    totals = LayerTotals(REAL, 1)
    totals.add(np.ones(3, np.float32), np.ones(3, np.float32))
    assert totals.measured()["constant_channels"] == 1
