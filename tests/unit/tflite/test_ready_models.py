"""The models of `tests/support` compute what they say, in a runtime."""

import numpy as np
import pytest
from models import (
    constant_dense,
    float_dense,
    float_io_int8_dense,
    identity,
    int8_dense,
    two_input_add,
)

from edgecheck.quantization import QuantParams, dequantize, quantize
from edgecheck.tflite.reader import read_model

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(3, 4)).astype(np.float32)
BIAS = RNG.normal(size=3).astype(np.float32)
X = RNG.uniform(-1, 1, (1, 4)).astype(np.float32)
LOGITS = X @ WEIGHTS.T + BIAS
SOFTMAX = np.exp(LOGITS) / np.exp(LOGITS).sum()
RANGES = ((-1, 1), (-4, 4))


@pytest.fixture
def invoke():
    """Real values of the first output, for real values of the inputs."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="litert runs the models")

    def run(data, *feeds):
        interpreter = litert.Interpreter(model_content=data)
        interpreter.allocate_tensors()
        for details, feed in zip(interpreter.get_input_details(), feeds, strict=True):
            is_int8 = details["dtype"] == np.int8
            codes = quantize(feed, params_of(details), "int8") if is_int8 else feed
            interpreter.set_tensor(details["index"], codes)
        interpreter.invoke()
        details = interpreter.get_output_details()[0]
        output = interpreter.get_tensor(details["index"])
        return dequantize(output, params_of(details)) if output.dtype == np.int8 else output

    return run


def params_of(details):
    scale, zero_point = details["quantization"]
    return QuantParams((scale,), (zero_point,))


@pytest.mark.parametrize(
    ("data", "expected", "tolerance"),
    [
        (float_dense(WEIGHTS, BIAS), LOGITS, 1e-5),
        (float_dense(WEIGHTS, BIAS, softmax=True), SOFTMAX, 1e-5),
        (int8_dense(WEIGHTS, BIAS, *RANGES), LOGITS, 2 * 8 / 255),
        (int8_dense(WEIGHTS, BIAS, *RANGES, softmax=True), SOFTMAX, 4 / 256),
        (float_io_int8_dense(WEIGHTS, BIAS, *RANGES), LOGITS, 2 * 8 / 255),
        (constant_dense(), [[1, 2, 3]], 0),
        (identity(), X, 0),
    ],
)
def test_models_with_one_input(invoke, data, expected, tolerance):
    np.testing.assert_allclose(invoke(data, X), expected, rtol=0, atol=tolerance)


def test_two_inputs_are_added(invoke):
    np.testing.assert_allclose(invoke(two_input_add(), X, 2 * X), 3 * X, rtol=1e-6)


def test_the_same_arguments_give_the_same_bytes():
    first, second = (int8_dense(WEIGHTS, BIAS, *RANGES) for _ in range(2))
    assert first == second
    assert read_model(first).sha256 == read_model(second).sha256
