from dataclasses import replace

import numpy as np
import pytest
from models import OpDef, TensorDef, build_model

from edgecheck.quantization import QuantParams
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.weights import weights_of

RNG = np.random.default_rng(0)
LAYOUTS = {
    "CONV_2D": ((5, 3, 2, 4), (5, 3, 2, 4)),
    "DEPTHWISE_CONV_2D": ((1, 3, 2, 4), (4, 3, 2)),
    "FULLY_CONNECTED": ((5, 4), (5, 4)),
    "TRANSPOSE_CONV": ((5, 3, 2, 4), (5, 3, 2, 4)),
}


def found(tensors, operators):
    """Weights of a file with these tensors behind input (0) and output (1)."""
    ends = [TensorDef("x", (1, 8, 8, 4)), TensorDef("y", (1, 5))]
    data = build_model([*ends, *tensors], operators, [0], [1])
    return weights_of(data, read_model(data))


def operator(name, weights=2):
    inputs = [weights, weights, 0] if name == "TRANSPOSE_CONV" else [0, weights]
    return OpDef(name, inputs, [1])


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_output_channel_comes_first(name):
    stored, canonical = LAYOUTS[name]
    values = RNG.normal(size=stored).astype(np.float32)
    (weight,) = found([TensorDef("w", stored, data=values)], [operator(name)])
    assert (weight.name, weight.operator, weight.op) == ("w;y", 0, name)
    assert weight.values.shape == canonical
    if name != "DEPTHWISE_CONV_2D":
        np.testing.assert_array_equal(weight.values, values)
        return
    for channel in range(4):
        np.testing.assert_array_equal(weight.values[channel], values[0, :, :, channel])


def test_codes_are_dequantized_channel_by_channel():
    codes = RNG.integers(-127, 128, (3, 4))
    scales = [0.5, 0.25, 2.0]
    tensor = TensorDef("w", (3, 4), "int8", scales, [0, 0, 0], data=codes)
    (weight,) = found([tensor], [operator("FULLY_CONNECTED")])
    np.testing.assert_array_equal(weight.values, codes * np.array(scales)[:, None])
    assert weight.values.dtype == np.float32


def test_float16_constants_are_read_behind_their_dequantize():
    values = RNG.normal(size=(3, 4)).astype(np.float16)
    tensors = [
        TensorDef("half", (3, 4), "float16", data=values),
        TensorDef("w", (3, 4)),
    ]
    operators = [OpDef("DEQUANTIZE", [2], [3]), operator("FULLY_CONNECTED", 3)]
    (weight,) = found(tensors, operators)
    assert (weight.name, weight.operator) == ("half;y", 1)
    np.testing.assert_array_equal(weight.values, values.astype(np.float32))


@pytest.mark.parametrize(
    ("bias", "expected"),
    [
        (TensorDef("b", (3,), "int32", [0.5, 0.25, 2.0], [0, 0, 0], data=np.array([2, 4, -3])),
         [1, 1, -6]),
        (TensorDef("b", (3,), data=np.array([1, 2, 3])), [1, 2, 3]),
        (TensorDef("b", (2,), data=np.array([1, 2])), None),
        (TensorDef("b", (3,)), None),
    ],
    ids=["codes", "float", "too short", "no constant"],
)  # fmt: skip
def test_a_bias_is_there_in_real_units(bias, expected):
    weights = TensorDef("w", (3, 4), data=np.ones((3, 4)))
    (weight,) = found([weights, bias], [OpDef("FULLY_CONNECTED", [0, 2, 3], [1])])
    assert expected == (None if weight.bias is None else weight.bias.tolist())


def test_shared_weights_are_there_once():
    tensors = [TensorDef("w", (5, 4), data=np.ones((5, 4)))]
    assert len(found(tensors, [operator("FULLY_CONNECTED")] * 3)) == 1


@pytest.mark.parametrize(
    "tensor",
    [
        TensorDef("w", (5, 4)),
        TensorDef("w", (5, 4), "int8", 0.0, data=np.ones((5, 4))),
        TensorDef("w", (5, 4), "int8", [0.1, 0.2], [0, 0], data=np.ones((5, 4))),
        TensorDef("w", (), data=np.ones(())),
    ],
    ids=["no constant", "scale 0", "too few scales", "no axis"],
)
def test_weights_that_cannot_be_read_are_left_out(tensor):
    assert found([tensor], [operator("FULLY_CONNECTED")]) == []


def test_a_buffer_that_many_tensors_share_cannot_fill_the_memory():
    ends = [TensorDef("x", (1, 1 << 16)), TensorDef("y", (1, 1))]
    tensor = TensorDef("w", (1, 1 << 16), "int8", 0.5, data=np.ones((1, 1 << 16)))
    data = build_model([*ends, tensor], [operator("FULLY_CONNECTED")], [0], [1])
    model = read_model(data)
    graph = model.subgraphs[0]
    scales = [QuantParams((1.0 + number,), (0,)) for number in range(40)]
    tensors = [
        replace(graph.tensors[2], index=3 + number, quantization=params)
        for number, params in enumerate(scales)
    ]
    operators = tuple(replace(graph.operators[0], inputs=(0, 3 + n)) for n in range(40))
    swollen = replace(graph, tensors=(*graph.tensors, *tensors), operators=operators)
    assert len(weights_of(data, model)) == 1
    assert weights_of(data, replace(model, subgraphs=(swollen,))) == []
