import math

import numpy as np
import pytest
from models import float_dense, float_io_int8_dense, int8_dense
from tflite_writer import OpDef, TensorDef, build_model

from edgecheck.quantization import QuantParams
from edgecheck.tflite.fake_quantization import FakeQuantizer, fake_quantizers
from edgecheck.tflite.reader import read_model

ROWS = (1, 4)
WEIGHTS, BIAS = np.eye(4, dtype=np.float32), np.zeros(4, np.float32)


def found(data):
    return fake_quantizers(data, read_model(data))


def rounded(low, high, *, data=None):
    tensors = [TensorDef("x", ROWS, data=data), TensorDef("y", ROWS)]
    options = {"Min": low, "Max": high, "NumBits": 8}
    return build_model(tensors, [OpDef("FAKE_QUANT", [0], [1], options=options)], [0], [1])


def through_codes(dtype="int8", *, source="float32", readers=(), outputs=(2,)):
    tensors = [
        TensorDef("x", ROWS, source, None if source == "float32" else 0.5),
        TensorDef("codes", ROWS, dtype, 0.5, 2),
        TensorDef("y", ROWS),
        TensorDef("z", ROWS, dtype, 0.5, 2),
    ]
    operators = [OpDef("QUANTIZE", [0], [1]), *readers, OpDef("DEQUANTIZE", [1], [2], version=2)]
    return build_model(tensors, operators, [0], list(outputs))


@pytest.mark.parametrize(
    ("stored", "held"), [((-1, 3), (-1, 3)), ((0.5, 6), (0, 6)), ((-2, -1), (-2, 0))]
)
def test_a_fake_quant_operator_tells_its_range_moved_to_hold_zero(stored, held):
    assert found(rounded(*map(float, stored))) == (FakeQuantizer(("y", "x"), held),)


@pytest.mark.parametrize("low", [math.nan, -math.inf])
def test_a_range_that_is_no_range_is_none(low):
    assert found(rounded(low, 1.0)) == (FakeQuantizer(("y", "x"), None),)


def test_the_range_of_a_constant_is_that_of_weights():
    (fake,) = found(rounded(-1.0, 1.0, data=np.ones(ROWS)))
    assert fake.span is None


def test_codes_that_are_turned_right_back_are_fake_quantization():
    params = QuantParams((0.5,), (2,))
    low, high = (-128 - params.zero_points[0]) / 2, (127 - params.zero_points[0]) / 2
    assert found(through_codes()) == (FakeQuantizer(("y", "x"), (low, high)),)


def test_codes_that_something_computes_on_are_none():
    reader = OpDef("RESHAPE", [1], [3])
    assert found(through_codes(readers=[reader], outputs=(2, 3))) == ()
    assert found(through_codes(outputs=(1, 2))) == ()
    assert found(through_codes(dtype="uint8", source="int8")) == ()


@pytest.mark.parametrize(
    "data",
    [
        float_dense(WEIGHTS, BIAS),
        int8_dense(WEIGHTS, BIAS, (-1, 1), (-1, 1)),
        float_io_int8_dense(WEIGHTS, BIAS, (-1, 1), (-1, 1)),
    ],
)
def test_plain_and_quantized_files_have_none(data):
    assert found(data) == ()
