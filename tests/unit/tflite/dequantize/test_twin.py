"""The same model on real values."""

import struct

import numpy as np
import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st
from models import (
    GraphDef,
    OpDef,
    SignatureDef,
    TensorDef,
    accumulator,
    build_file,
    build_model,
    constant_dense,
    float_dense,
    float_io_int8_dense,
    identity,
    int8_dense,
    two_input_add,
)

from edgecheck.errors import ModelFileInvalid
from edgecheck.quantization import QuantParams, dequantize
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.dequantize.twin import Twin, TwinImpossible, twin_of
from edgecheck.tflite.edit.activations import stored_activation
from edgecheck.tflite.edit.editor import Editor
from edgecheck.tflite.reader import read_model

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4) - 5


def twin(data: bytes) -> Twin:
    return twin_of(data, read_model(data))


def values(found: Twin, tensor: int, graph: int = 0):
    return Constants.of(found.data).stored(found.model.subgraphs[graph].tensors[tensor])


def one(name, tensors, inputs=(0, 1), outputs=(2,), graph_inputs=(0,), **more) -> bytes:
    """A file with one operator on `tensors`."""
    return build_model(tensors, [OpDef(name, inputs, outputs, **more)], graph_inputs, outputs)


@pytest.mark.parametrize(
    "build",
    [
        lambda: float_dense(WEIGHTS, np.ones(3), softmax=True),
        constant_dense, identity, two_input_add, accumulator,
    ],
)  # fmt: skip
def test_the_twin_of_a_float_model_is_the_model(build):
    data = build()
    found = twin(data)
    assert found.data is data
    assert found.place == {
        (g.index, t.index): t.index for g in found.model.subgraphs for t in g.tensors
    }


def test_full_integer_becomes_float_at_the_same_indices():
    data = int8_dense(WEIGHTS, np.ones(3), (-1, 1), (-20, 20), softmax=True)
    found, before = twin(data), read_model(data)
    graph, old = found.model.subgraphs[0], before.subgraphs[0]
    assert {t.dtype for t in graph.tensors} == {"float32"}
    assert {t.quantization for t in graph.tensors} == {None}
    assert [t.name for t in graph.tensors] == [t.name for t in old.tensors]
    assert graph.operators == old.operators
    assert (graph.inputs, graph.outputs) == (old.inputs, old.outputs)
    constants = Constants.of(data)
    for index in (1, 2):
        np.testing.assert_array_equal(values(found, index), constants.real(old.tensors[index]))


def test_float_io_is_bypassed():
    found = twin(float_io_int8_dense(WEIGHTS, np.ones(3), (-1, 1), (-20, 20)))
    graph = found.model.subgraphs[0]
    assert [operator.name for operator in graph.operators] == ["FULLY_CONNECTED"]
    assert graph.operators[0].inputs == (4, 1, 2)
    assert (graph.inputs, graph.outputs) == ((4,), (3,))
    assert found.place == {(0, 0): 4, (0, 1): 1, (0, 2): 2, (0, 3): 3, (0, 4): 4, (0, 5): 3}


def test_signatures_name_what_is_behind_a_bypassed_output():
    tensors = [
        TensorDef("x", (1, 4), "int8", 0.5),
        TensorDef("y", (1, 4), "int8", 0.5),
        TensorDef("real", (1, 4)),
    ]
    operators = [OpDef("RELU", [0], [1], version=2), OpDef("DEQUANTIZE", [1], [2], version=2)]
    signature = SignatureDef("serve", {"in": 0}, {"out": 2})
    found = twin(build_model(tensors, operators, [0], [2], [signature]))
    assert found.model.signatures[0].outputs == {"out": 1}
    assert found.model.subgraphs[0].outputs == (1,)


def test_an_output_that_is_a_bypassed_input_keeps_working():
    tensors = [TensorDef("x", (1, 4)), TensorDef("q", (1, 4), "int8", 0.5), TensorDef("y", (1, 4))]
    operators = [OpDef("QUANTIZE", [0], [1]), OpDef("DEQUANTIZE", [1], [2], version=2)]
    found = twin(build_model(tensors, operators, [0], [2]))
    graph = found.model.subgraphs[0]
    assert (graph.inputs, graph.outputs, graph.operators) == ((0,), (0,), ())


@pytest.mark.parametrize(
    ("dtype", "dim", "shape"),
    [("int8", 0, (3, 2)), ("int8", 1, (2, 3)), ("uint8", 0, (3, 2)), ("int16", 1, (2, 3))],
)
def test_weights_are_dequantized_per_channel(dtype, dim, shape):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 100, shape).astype(dtype)
    scales, zeros = [0.1, 0.2, 3.0], [5, 6, 7]
    tensors = [
        TensorDef("x", shape, dtype, 0.5),
        TensorDef("w", shape, dtype, scales, zeros, dim, codes),
        TensorDef("y", shape, dtype, 0.5),
    ]
    params = QuantParams(tuple(np.float32(s) for s in scales), tuple(zeros), dim)
    expected = dequantize(codes, params)
    np.testing.assert_array_equal(values(twin(one("MUL", tensors)), 1), expected)


@given(
    codes=st.lists(st.integers(-128, 127), min_size=1, max_size=40),
    scale=st.floats(2**-40, 2**20, width=32),
    zero=st.integers(-128, 127),
)
@settings(max_examples=60, deadline=None)
def test_constants_are_scale_times_code_less_zero_point(codes, scale, zero):
    shape = (len(codes),)
    tensors = [
        TensorDef("x", shape, "int8", 0.5),
        TensorDef("w", shape, "int8", scale, zero, data=np.asarray(codes)),
        TensorDef("y", shape, "int8", 0.5),
    ]
    expected = [np.float32(float(np.float32(scale)) * (code - zero)) for code in codes]
    assert values(twin(one("ADD", tensors)), 1).tolist() == expected


def test_float16_constants_become_float32_behind_dequantize_and_without():
    half = np.array([1.5, -2.25, 65504.0], np.float16)
    tensors = [
        TensorDef("x", (3,)),
        TensorDef("half", (3,), "float16", data=half),
        TensorDef("unpacked", (3,)),
        TensorDef("y", (3,)),
        TensorDef("z", (3,)),
    ]
    operators = [OpDef("DEQUANTIZE", [1], [2], version=3), OpDef("ADD", [0, 2], [3]),
                 OpDef("MUL", [3, 1], [4])]  # fmt: skip
    found = twin(build_model(tensors, operators, [0], [4]))
    assert values(found, 1).tolist() == half.tolist()
    assert [op.inputs for op in found.model.subgraphs[0].operators] == [(0, 1), (3, 1)]
    assert found.place[0, 2] == 1


def test_dynamic_range_weights_become_float():
    tensors = [
        TensorDef("x", (1, 4)),
        TensorDef("w", (3, 4), "int8", 0.5, data=np.arange(12)),
        TensorDef("y", (1, 3)),
    ]
    found = twin(one("FULLY_CONNECTED", tensors, version=3))
    assert values(found, 1).tolist() == (np.arange(12).reshape(3, 4) * 0.5).tolist()
    assert {t.dtype for t in found.model.subgraphs[0].tensors} == {"float32"}


def test_packed_int4_weights_become_float():
    packed = np.array([0x21, 0x43, 0xF5, 0x8E, 0x07, 0x70], np.uint8).view(np.int8)
    tensors = [
        TensorDef("x", (1, 4)),
        TensorDef("w", (3, 4), "int8", [1.0, 0.5, 2.0], [0] * 3, data=packed),
        TensorDef("y", (1, 3)),
    ]
    editor = Editor(one("FULLY_CONNECTED", tensors, version=12))
    editor.set_dtype(0, 1, "int4")
    expected = [[1, 2, 3, 4], [2.5, -0.5, -1, -4], [14, 0, 0, 14]]
    assert values(twin(editor.finish()), 1).tolist() == expected


def conv(bias: TensorDef) -> bytes:
    tensors = [
        TensorDef("x", (1, 1, 1, 1), "int8", 0.5),
        TensorDef("w", (2, 1, 1, 1), "int8", [0.25, 2.0], [0, 0], data=np.ones(2)),
        bias,
        TensorDef("y", (1, 1, 1, 2), "int8", 0.5),
    ]
    return one("CONV_2D", tensors, inputs=(0, 1, 2), outputs=(3,), options={"StrideW": 1})


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize(
    ("scale", "expected"), [([3.0, 4.0], [30, 80]), (None, [1.25, 20]), (0.0, [1.25, 20])]
)
def test_a_bias_has_its_own_scale_or_that_of_the_operator(dtype, scale, expected):
    found = twin(conv(TensorDef("b", (2,), dtype, scale, data=np.array([10, 20]))))
    assert values(found, 2).tolist() == expected
    assert found.model.subgraphs[0].tensors[2].dtype == "float32"


def test_a_bias_may_name_the_dimension_of_the_weights():
    found = twin(conv(TensorDef("b", (2,), "int32", [3.0, 4.0], dim=3, data=np.array([1, 2]))))
    assert values(found, 2).tolist() == [3, 8]


def test_channels_of_scale_0_are_0():
    tensors = [
        TensorDef("x", (2,), "int8", 0.5),
        TensorDef("w", (2,), "int8", [0.0, 0.5], [0, 0], data=np.array([100, 100])),
        TensorDef("y", (2,), "int8", 0.5),
    ]
    assert values(twin(one("MUL", tensors)), 1).tolist() == [0, 50]


def test_integers_without_a_scale_stay():
    tensors = [
        TensorDef("x", (1, 4), "int8", 0.5),
        TensorDef("shape", (2,), "int32", data=np.array([2, 2])),
        TensorDef("y", (2, 2), "int8", 0.5),
        TensorDef("plain", (1, 4), "int8"),
        TensorDef("also", (1, 4), "int8"),
    ]
    operators = [OpDef("RESHAPE", [0, 1], [2]), OpDef("CAST", [3], [4])]
    found = twin(build_model(tensors, operators, [0, 3], [2, 4]))
    dtypes = [t.dtype for t in found.model.subgraphs[0].tensors]
    assert dtypes == ["float32", "int32", "float32", "int8", "int8"]


def test_every_subgraph_is_turned():
    body = GraphDef(
        [TensorDef("x", (1, 4)), TensorDef("q", (1, 4), "int8", 0.5), TensorDef("y", (1, 4))],
        [OpDef("QUANTIZE", [0], [1]), OpDef("DEQUANTIZE", [1], [2])], [0], [2],
    )  # fmt: skip
    data = build_file([body, body], [SignatureDef("b", {"x": 0}, {"y": 2}, subgraph=1)])
    found = twin(data)
    assert [graph.outputs for graph in found.model.subgraphs] == [(0,), (0,)]
    assert found.model.signatures[0].outputs == {"y": 0}
    assert found.place[1, 2] == 0


def refused(data: bytes) -> TwinImpossible:
    with pytest.raises(TwinImpossible) as caught:
        twin(data)
    return caught.value


def pair(dtype_out="int8", **kwargs):
    return [TensorDef("x", (1, 4), "int8", 0.5, 3), TensorDef("y", (1, 4), dtype_out, **kwargs)]


def test_a_cast_of_codes_is_refused():
    error = refused(one("CAST", pair("float32"), inputs=(0,), outputs=(1,)))
    assert error.operator == "CAST (operator 0)"
    assert "codes themselves" in error.reason


def test_a_cast_of_codes_that_are_the_values_is_kept():
    tensors = [TensorDef("x", (1, 4), "uint8", 1.0), TensorDef("y", (1, 4))]
    found = twin(one("CAST", tensors, inputs=(0,), outputs=(1,)))
    assert [t.dtype for t in found.model.subgraphs[0].tensors] == ["float32", "float32"]


def test_custom_operators_on_codes_are_refused():
    data = one("", pair(scale=0.5), inputs=(0,), outputs=(1,), custom_code="Mine")
    assert refused(data).operator == "Mine (operator 0)"


def test_custom_operators_elsewhere_are_kept():
    tensors = [*pair(scale=0.5), TensorDef("f", (1,)), TensorDef("g", (1,))]
    operators = [OpDef("RELU", [0], [1]), OpDef("", [2], [3], custom_code="Mine")]
    found = twin(build_model(tensors, operators, [0, 2], [1, 3]))
    assert found.model.subgraphs[0].operators[1].name == "Mine"


def test_codes_that_lost_their_scale_are_refused():
    error = refused(one("RELU", pair(), inputs=(0,), outputs=(1,)))
    assert error.reason == "tensor 1 ('y') is int8 without a usable scale"


def test_quantize_to_no_known_scale_is_refused():
    tensors = [TensorDef("x", (1, 4)), TensorDef("y", (1, 4), "int8", 0.0)]
    assert "usable scale" in refused(one("QUANTIZE", tensors, inputs=(0,), outputs=(1,))).reason


def test_conversions_in_a_circle_are_refused():
    tensors = [TensorDef("a", (1,), "int8", 0.5), TensorDef("b", (1,), "int8", 0.5)]
    operators = [OpDef("QUANTIZE", [0], [1]), OpDef("QUANTIZE", [1], [0])]
    assert "reads what it writes" in refused(build_model(tensors, operators, [], [1])).reason


def test_an_output_written_twice_is_refused():
    tensors = [TensorDef("a", (1,)), TensorDef("b", (1,), "int8", 0.5)]
    operators = [OpDef("QUANTIZE", [0], [1]), OpDef("QUANTIZE", [0], [1])]
    assert "another operator" in refused(build_model(tensors, operators, [0], [1])).reason


def test_a_constant_of_too_few_bytes_is_refused():
    tensors = [
        TensorDef("x", (2,), "int8", 0.5),
        TensorDef("w", (2,), "int8", 0.5, data=np.ones(7)),
        TensorDef("y", (2,), "int8", 0.5),
    ]
    error = refused(one("MUL", tensors))
    assert error.operator == "MUL (operator 0)"
    assert "cannot be dequantized" in error.reason


def test_a_small_file_cannot_ask_for_much_memory():
    """Tensors of different scales that share one buffer, again and again."""
    count, size = 40, 1 << 20
    tensors = [TensorDef("x", (size,), "int8", 0.5)]
    tensors += [
        TensorDef(f"w{i}", (size,), "int8", 0.5 + i, data=np.ones(size if not i else 1))
        for i in range(count)
    ]
    tensors.append(TensorDef("y", (size,), "int8", 0.5))
    operators = [OpDef("ADD_N", list(range(count + 1)), [count + 1])]
    data = bytearray(build_model(tensors, operators, [0], [count + 1]))
    graph = tflite.Model.GetRootAs(bytes(data)).Subgraphs(0)
    for index in range(2, count + 1):
        table = graph.Tensors(index)._tab
        struct.pack_into("<I", data, table.Pos + table.Offset(8), graph.Tensors(1).Buffer())
    assert "dequantized constants take more than" in refused(bytes(data)).reason


def test_tensors_that_share_values_and_scale_go_on_sharing():
    size = 1 << 16
    tensors = [TensorDef("x", (size,), "int8", 0.5)]
    tensors += [TensorDef(f"w{i}", (size,), "int8", 0.5, data=np.ones(size)) for i in range(2)]
    tensors.append(TensorDef("y", (size,), "int8", 0.5))
    data = bytearray(build_model(tensors, [OpDef("ADD_N", [0, 1, 2], [3])], [0], [3]))
    graph = tflite.Model.GetRootAs(bytes(data)).Subgraphs(0)
    table = graph.Tensors(2)._tab
    struct.pack_into("<I", data, table.Pos + table.Offset(8), graph.Tensors(1).Buffer())
    found = twin(bytes(data))
    first, second = (found.model.subgraphs[0].tensors[i].buffer for i in (1, 2))
    assert first == second
    assert len(found.data) < len(data) + 4 * size + 1024
    assert values(found, 2).tolist() == [0.5] * size


def dense_named(name, scale, zero=-128, activation=0) -> bytes:
    tensors = [
        TensorDef("x", (1, 4), "int8", 0.5),
        TensorDef("w", (3, 4), "int8", 0.5, data=np.ones((3, 4))),
        TensorDef(name, (1, 3), "int8", scale, zero),
    ]
    options = {"FusedActivationFunction": activation} if activation else {}
    return one("FULLY_CONNECTED", tensors, options=options)


@pytest.mark.parametrize(
    ("name", "scale", "zero", "stored", "expected"),
    [
        ("y", 6 / 255, -128, 0, 3),
        ("net/Relu6", 0.0235285, -128, 0, 3),
        ("net/conv/Relu", 0.1, -128, 0, 1),
        ("model/relu;model/bias", 0.1, -128, 0, 1),
        ("y", 0.1, -128, 0, 0),  # may be a range that calibration found too narrow
        ("net/Relu6_3", 0.01, -128, 0, 3),
        ("net/leaky_relu", 0.1, -128, 0, 0),
        ("net/PRelu", 0.1, -128, 0, 0),
        ("net/Relu6", 6 / 255, -127, 0, 0),
        ("net/Relu6", 6 / 255, -128, 1, 1),  # what is stored holds
    ],
)
def test_an_activation_that_only_the_range_stands_for_is_given_back(
    name, scale, zero, stored, expected
):
    data = dense_named(name, scale, zero, stored)
    found = twin(data)
    operator = found.model.subgraphs[0].operators[0]
    assert stored_activation(found.data, 0, operator) == expected
    assert stored_activation(data, 0, operator) == stored


def test_the_activation_given_back_clamps():
    runtime = pytest.importorskip("ai_edge_litert.interpreter", reason="runs the model")
    interpreter = runtime.Interpreter(model_content=twin(dense_named("Relu6", 6 / 255)).data)
    interpreter.allocate_tensors()
    for value, expected in [(-1, 0), (1, 2), (5, 6)]:
        interpreter.set_tensor(0, np.full((1, 4), value, np.float32))
        interpreter.invoke()
        assert interpreter.get_tensor(2).tolist() == [[expected] * 3]


@given(st.lists(st.tuples(st.integers(8, 3000), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_damaged_files_give_a_twin_or_a_reason(damage):
    data = bytearray(float_io_int8_dense(WEIGHTS, np.ones(3), (-1, 1), (-20, 20)))
    for position, value in damage:
        data[position % len(data)] = value
    try:
        model = read_model(bytes(data))
    except ModelFileInvalid:
        return
    try:
        found = twin_of(bytes(data), model)
    except TwinImpossible:
        return
    assert read_model(found.data) == found.model
