"""Ranges from samples: gathered by the twin in LiteRT, against plain arithmetic."""

import numpy as np
import pytest
from models import int8_dense
from walking import Rows, setup_of

from edgecheck.compare.calibration_ranges import (
    METHODS,
    calibrated_keys,
    gather,
    least_error,
    merged,
    percentile,
    ranges,
    sound_ports,
)
from edgecheck.metrics.histogram import ValueHistogram
from edgecheck.quantization import dequantize, params_of_range, quantize
from edgecheck.tflite.dequantize.twin import twin_of

RANDOM = np.random.default_rng(4)
WEIGHTS = RANDOM.normal(0, 1, (3, 4)).astype(np.float32)
BIAS = RANDOM.normal(0, 1, 3).astype(np.float32)
ROWS = RANDOM.uniform(-1, 1, (60, 4)).astype(np.float32)


@pytest.fixture
def made(tmp_path):
    """(setup, data, twin) of a dense layer with softmax whose logits are cut off at 1."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
    path = tmp_path / "model.tflite"
    path.write_bytes(int8_dense(WEIGHTS, BIAS, (-1, 1), (-1.5, 1), softmax=True))
    setup, data = setup_of(path, ROWS)
    return setup, data, twin_of(data, setup.candidate.model)


def histogram(values):
    seen = ValueHistogram()
    seen.update(np.asarray(values, np.float32))
    return seen


def test_the_twin_gives_the_float_range_of_every_free_activation(made):
    setup, data, twin = made
    seen = gather(setup, twin, Rows(ROWS), lambda *_: None)
    assert set(seen) == set(calibrated_keys(data, twin)) == {(0, 0), (0, 3)}
    chosen = ranges(seen, twin, "min/max")
    assert chosen[0, 0] == pytest.approx((ROWS.min(), ROWS.max()))
    real = ROWS @ WEIGHTS.T + BIAS  # the twin has the rounded weights
    assert chosen[0, 3] == pytest.approx((real.min(), real.max()), abs=0.05)


def test_two_parts_give_what_all_samples_give(made):
    setup, _, twin = made
    parts = [gather(setup, twin, Rows(part), lambda *_: None) for part in np.split(ROWS, [40])]
    whole = gather(setup, twin, Rows(ROWS), lambda *_: None)
    for method in METHODS:
        assert ranges(merged(*parts), twin, method) == ranges(whole, twin, method)


def test_an_input_that_fits_is_sound_and_cut_off_logits_are_not_even_chosen_as_port(made):
    setup, data, twin = made
    seen = gather(setup, twin, Rows(ROWS), lambda *_: None)
    assert sound_ports(data, twin.candidate, seen) == {(0, 0)}
    for factor in (3, 0.1):  # beyond the range, and nearly nothing of it
        seen = gather(setup, twin, Rows(ROWS * np.float32(factor)), lambda *_: None)
        assert sound_ports(data, twin.candidate, seen) == frozenset()


def _error(values, low, high, dtype):
    params = params_of_range(low, high, dtype)
    return float(((values - dequantize(quantize(values, params, dtype), params)) ** 2).sum())


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("tail", [1, 1.5])
def test_least_error_is_near_the_best_of_a_search_through_the_quantizer(dtype, tail):
    random = np.random.default_rng(7)
    values = (random.standard_t(2 + tail, 20_000)).astype(np.float32)
    low, high = least_error(histogram(values), dtype)
    edge = np.abs(values).max()
    best = min(
        _error(values, -edge * a, edge * b, dtype)
        for a in np.linspace(0.02, 1, 40)
        for b in np.linspace(0.02, 1, 40)
    )
    assert _error(values, low, high, dtype) <= 1.1 * best
    assert _error(values, low, high, dtype) <= _error(values, *_ends(values), dtype)


def test_least_error_clips_an_outlier_that_coarsens_a_million_values():
    values = np.random.default_rng(2).normal(0, 1, 1_000_000).astype(np.float32)
    values[0] = 12
    low, high = least_error(histogram(values), "int8")
    assert high < 6
    assert _error(values, low, high, "int8") < 0.6 * _error(values, *_ends(values), "int8")


def _ends(values):
    return float(values.min()), float(values.max())


def test_least_error_clips_nothing_of_int16_and_of_even_values():
    values = np.random.default_rng(1).uniform(-2, 3, 5000).astype(np.float32)
    assert least_error(histogram(values), "int8") == pytest.approx(_ends(values), rel=0.05)
    spiky = np.random.default_rng(1).normal(0, 1, 5000).astype(np.float32)
    low, high = least_error(histogram(spiky), "int16")
    assert max(-low, high) == pytest.approx(np.abs(spiky).max(), rel=0.05)


def test_a_percentile_leaves_out_the_tails():
    values = np.concatenate([np.linspace(-1, 1, 9998), [-50, 50]]).astype(np.float32)
    assert percentile(0.999)(histogram(values), "int8") == pytest.approx((-1, 1), abs=0.05)


def test_a_tensor_that_was_not_finite_gets_no_range(made):
    _, _, twin = made
    seen = {(0, 0): histogram([1, np.nan]), (0, 3): histogram([1, 2])}
    assert set(ranges(seen, twin, "min/max")) == {(0, 3)}
