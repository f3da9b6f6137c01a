"""Which activations share a range: against the kernels of a runtime, and on small graphs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflite_writer import GraphDef, OpDef, TensorDef, build_file, build_model

from edgecheck.errors import ModelFileInvalid
from edgecheck.quantization import QuantParams, dequantize
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.recalibrate.same_scale import (
    FIXED_OUTPUT,
    REQUANTIZING,
    SAME,
    SAME_IF_STORED,
    Group,
    groups,
)

POOL = {"StrideW": 2, "StrideH": 2, "FilterWidth": 2, "FilterHeight": 2}
IMAGE = (1, 4, 4, 2)
AXES = np.array([1, 2])
# Operator: shapes of its activations, its integers, the shape of its output, version, options.
CALLS = {
    "RESHAPE": ([IMAGE], [np.array([1, 32])], (1, 32), 1, {}),
    "EXPAND_DIMS": ([(4, 4)], [np.array(0)], (1, 4, 4), 1, {}),
    "TRANSPOSE": ([(2, 6)], [np.array([1, 0])], (6, 2), 2, {}),
    "SLICE": ([(4, 4)], [np.array([1, 1]), np.array([2, 3])], (2, 3), 2, {}),
    "GATHER": ([(4, 4)], [np.array([2, 0])], (2, 4), 2, {}),
    "GATHER_ND": ([(4, 4)], [np.array([[2], [0]])], (2, 4), 2, {}),
    "PAD": ([(4, 4)], [np.array([[1, 1], [0, 0]])], (6, 4), 2, {}),
    "TILE": ([(2, 4)], [np.array([2, 1])], (4, 4), 2, {}),
    "REVERSE_V2": ([(4, 4)], [np.array([0])], (4, 4), 2, {}),
    "MAX_POOL_2D": ([IMAGE], [], (1, 2, 2, 2), 2, POOL),
    "AVERAGE_POOL_2D": ([IMAGE], [], (1, 2, 2, 2), 2, POOL),
    "CONCATENATION": ([(2, 4), (2, 4)], [], (4, 4), 2, {}),
    "MAXIMUM": ([(4, 4), (4, 4)], [], (4, 4), 2, {}),
    "MINIMUM": ([(4, 4), (4, 4)], [], (4, 4), 2, {}),
    "REDUCE_MAX": ([IMAGE], [AXES], (1, 2), 2, {}),
    "ADD": ([(4, 4), (4, 4)], [], (4, 4), 2, {}),
    "SUB": ([(4, 4), (4, 4)], [], (4, 4), 2, {}),
    "MUL": ([(4, 4), (4, 4)], [], (4, 4), 2, {}),
    "RELU": ([(4, 4)], [], (4, 4), 2, {}),
    "RELU6": ([(4, 4)], [], (4, 4), 2, {}),
    "HARD_SWISH": ([(4, 4)], [], (4, 4), 1, {}),
    "ABS": ([(4, 4)], [], (4, 4), 2, {}),
    "ELU": ([(4, 4)], [], (4, 4), 1, {}),
    "MEAN": ([IMAGE], [AXES], (1, 2), 2, {}),
    "SUM": ([IMAGE], [AXES], (1, 2), 2, {}),
}


def call_model(name, params, dtype):
    """One operator; `params` of its activations and its output, or None for the float form."""
    shapes, integers, made, version, options = CALLS[name]
    tensors = [
        TensorDef(f"t{i}", shape, dtype, p and p.scales[0], p.zero_points[0] if p else 0)
        for i, (shape, p) in enumerate(zip([*shapes, made], params, strict=True))
    ]
    tensors += [TensorDef("c", v.shape, "int32", data=v) for v in integers]
    inputs = [*range(len(shapes)), *range(len(shapes) + 1, len(tensors))]
    operator = OpDef(name, inputs, [len(shapes)], version, options)
    return build_model(tensors, [operator], list(range(len(shapes))), [len(shapes)])


def call(data, feeds):
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is the oracle here")
    kind = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = litert.Interpreter(model_content=data, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    for details, values in zip(interpreter.get_input_details(), feeds, strict=True):
        interpreter.set_tensor(details["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def is_right(name, given, made):
    """The int8 kernel loads, and is within 2.5 steps of the float operator."""
    random = np.random.default_rng(3)
    shapes = CALLS[name][0]
    codes = [random.integers(-40, 40, shape).astype(np.int8) for shape in shapes]
    real = [dequantize(values, given) for values in codes]
    truth = call(call_model(name, [None] * (len(shapes) + 1), "float32"), real)
    try:
        found = call(call_model(name, [given] * len(shapes) + [made], "int8"), codes)
    except (RuntimeError, ValueError):
        return False
    wanted = np.clip(truth / made.scales[0] + made.zero_points[0], -128, 127)
    return bool(np.abs(found - wanted).max() <= 2.5)


@pytest.mark.parametrize("name", sorted(CALLS))
@pytest.mark.parametrize(("scale", "zero"), [(1.7, 3), (1.0, -20)])
def test_kernels_need_equal_parameters_where_the_table_says_so(name, scale, zero):
    given = QuantParams((float(np.float32(0.05)),), (3,))
    other = QuantParams((float(np.float32(0.05 * scale)),), (zero,))
    assert is_right(name, given, given)
    assert is_right(name, given, other) == (name in REQUANTIZING)
    assert (name in SAME) != (name in REQUANTIZING)


def test_no_operator_is_in_two_tables():
    assert not SAME & REQUANTIZING
    assert not SAME & FIXED_OUTPUT
    assert not REQUANTIZING & FIXED_OUTPUT
    assert all(name in SAME | REQUANTIZING for name, _ in SAME_IF_STORED)


def codes(shape=(1, 4), dtype="int8", scale=0.1, zero=0, **more):
    return TensorDef("t", shape, dtype, scale, zero, **more)


def found(tensors, operators, inputs=(0,), outputs=()):
    data = build_model(tensors, operators, list(inputs), list(outputs))
    return groups(data, read_model(data))


def free(*members, constants=()):
    return Group(tuple((0, i) for i in members), tuple((0, i) for i in constants), is_fixed=False)


def fixed(*members, constants=()):
    return Group(tuple((0, i) for i in members), tuple((0, i) for i in constants), is_fixed=True)


def test_chains_of_tied_tensors_are_one_group():
    operators = [OpDef("RESHAPE", [0], [1]), OpDef("RELU", [1], [2]), OpDef("MAXIMUM", [2, 3], [4])]
    assert found([codes()] * 5, operators, (0, 3)) == (free(0, 1), free(2, 3, 4))


def test_fixed_outputs_fix_what_they_are_tied_to():
    operators = [OpDef("LOGISTIC", [0], [1]), OpDef("CONCATENATION", [1, 2], [3])]
    assert found([codes()] * 4, operators, (0, 2)) == (free(0), fixed(1, 2, 3))


@pytest.mark.parametrize(
    "operator",
    [
        OpDef("CUSTOM", [0], [1], custom_code="ethos-u"),
        OpDef("UNIDIRECTIONAL_SEQUENCE_LSTM", [0], [1]),
        OpDef("CAST", [0], [1]),
        OpDef("ASSIGN_VARIABLE", [0, 1], []),
    ],
)
def test_operators_that_may_know_the_range_fix_it(operator):
    assert found([codes()] * 2, [operator]) == (fixed(0), fixed(1))


def test_variables_are_fixed():
    tensors = [codes(), codes(is_variable=True), codes()]
    assert found(tensors, [OpDef("ADD", [0, 1], [2])]) == (free(0), fixed(1), free(2))


def test_values_of_constants_alone_are_fixed():
    table = codes((4, 4), data=np.zeros((4, 4)))
    tensors = [table, TensorDef("at", (1,), "int32"), codes()]
    assert found(tensors, [OpDef("GATHER", [0, 1], [2])], (1,)) == (fixed(2, constants=[0]),)


def test_a_constant_beside_an_activation_is_in_its_group():
    tensors = [codes(), codes(data=np.zeros((1, 4))), codes((1, 8))]
    expected = (free(0, 2, constants=[1]),)
    assert found(tensors, [OpDef("CONCATENATION", [0, 1], [2])]) == expected


@pytest.mark.parametrize("name", ["CONCATENATION", "RELU6"])
@pytest.mark.parametrize("is_equal", [True, False])
def test_some_operators_stay_equal_only_where_they_are(name, is_equal):
    dtype = "uint8" if name == "CONCATENATION" else "int8"
    tensors = [codes(dtype=dtype), codes(dtype=dtype, scale=0.1 if is_equal else 0.2)]
    expected = (free(0, 1),) if is_equal else (free(0), free(1))
    assert found(tensors, [OpDef(name, [0], [1])]) == expected


@pytest.mark.parametrize(("scale", "zero", "is_tied"), [(0.1, -8, True), (0.1, 0, False),
                                                        (0.2, -8, False)])  # fmt: skip
def test_a_uint8_wrapper_shares_the_range_of_what_it_wraps(scale, zero, is_tied):
    tensors = [codes(dtype="uint8", zero=120), codes(scale=scale, zero=zero)]
    expected = (free(0, 1),) if is_tied else (free(0), free(1))
    assert found(tensors, [OpDef("QUANTIZE", [0], [1])]) == expected


@pytest.mark.parametrize("odd", [
    TensorDef("t", (1, 4), "int8"), codes(scale=0.0), codes(scale=[0.1] * 4, dim=1)
])  # fmt: skip
def test_a_tensor_without_one_usable_scale_fixes_what_it_is_tied_to(odd):
    assert found([codes(), odd], [OpDef("RESHAPE", [0], [1])]) == (fixed(0),)


@pytest.mark.parametrize(
    ("scale", "zero", "fused", "is_fixed"),
    [
        (6 / 255, -128, 0, True),  # nothing fused: the range is what clips
        (6 / 255, -128, 3, False),  # RELU6 fused: the kernel clips by itself
        (6 / 255, -120, 0, False),
        (7 / 255, -128, 0, False),
    ],
)
def test_a_range_that_is_the_relu6_of_its_operator_is_fixed(scale, zero, fused, is_fixed):
    add = OpDef("ADD", [0, 0], [1], options={"FusedActivationFunction": fused})
    made = found([codes(), codes(scale=scale, zero=zero)], [add])
    assert made == (free(0), fixed(1) if is_fixed else free(1))


def _layers(second_scale=1.0, bias_type="int32", is_computed=False):
    """Two dense layers (inputs 0 and 1, weights 2 and 3) with one bias 4."""
    bias = TensorDef("b", (4,), bias_type, 0.1, data=None if is_computed else np.ones(4))
    weights = codes((4, 4), scale=1.0, data=np.ones((4, 4)))
    other = codes((4, 4), scale=second_scale, data=np.ones((4, 4)))
    tensors = [codes(), codes(), weights, other, bias, codes(), codes()]
    dense = [OpDef("FULLY_CONNECTED", [i, 2 + i, 4], [5 + i]) for i in (0, 1)]
    return found(tensors, dense, (0, 1))


def test_layers_that_share_a_bias_share_the_range_of_their_input():
    assert free(0, 1) in _layers()


@pytest.mark.parametrize(
    "layers",
    [{"second_scale": 2.0}, {"bias_type": "int16"}, {"is_computed": True}],
    ids=["two scales", "odd type", "computed"],
)
def test_inputs_of_a_bias_that_cannot_be_written_are_fixed(layers):
    assert fixed(0, 1) in _layers(**layers)


def _called(operator, callees):
    """int8 tensors 0 to 2 in the caller; every callee reads tensor 0 and gives tensor 1."""
    tensors = [TensorDef("is", (), "bool"), codes(), codes()]
    inner = GraphDef([codes(), codes()], [OpDef("RELU", [0], [1])], [0], [1])
    data = build_file([GraphDef(tensors, [operator], [0, 1], [2]), *[inner] * callees])
    return {(group.members, group.is_fixed) for group in groups(data, read_model(data))}


def test_tensors_handed_to_subgraphs_share_their_range():
    call_one = OpDef("CALL", [1], [2], options={"Subgraph": 1})
    assert _called(call_one, 1) == {(((0, 1), (1, 0)), False), (((0, 2), (1, 1)), False)}
    both = OpDef("IF", [0, 1], [2], options={"ThenSubgraphIndex": 1, "ElseSubgraphIndex": 2})
    assert _called(both, 2) == {
        (((0, 1), (1, 0), (2, 0)), False), (((0, 2), (1, 1), (2, 1)), False)
    }  # fmt: skip


def test_a_loop_shares_one_range_over_all_rounds():
    loop = OpDef("WHILE", [1], [2], options={"CondSubgraphIndex": 1, "BodySubgraphIndex": 2})
    assert _called(loop, 2) == {
        (((0, 1), (0, 2), (1, 0), (2, 0), (2, 1)), False), (((1, 1),), False)
    }  # fmt: skip


@pytest.mark.parametrize("target", [7, 2**32 - 1])
def test_calls_that_lead_nowhere_fix_their_tensors(target):
    lost = OpDef("CALL", [1], [2], options={"Subgraph": target})
    assert {(((0, 1),), True), (((0, 2),), True)} <= _called(lost, 1)


def test_calls_with_other_numbers_of_tensors_fix_them():
    odd = OpDef("CALL", [1, 1], [2], options={"Subgraph": 1})
    assert {(((0, 1),), True), (((0, 2),), True)} <= _called(odd, 1)


LOOP = build_file([
    GraphDef([codes(), codes()], [OpDef("WHILE", [0], [1], options={
        "CondSubgraphIndex": 1, "BodySubgraphIndex": 2})], [0], [1]),
    *[GraphDef([codes(), codes()], [OpDef("RELU", [0], [1])], [0], [1])] * 2,
])  # fmt: skip


@given(st.lists(st.tuples(st.integers(8, len(LOOP) - 1), st.integers(0, 255)), max_size=3))
def test_damaged_options_end_in_groups_or_in_a_refusal(flips):
    damaged = bytearray(LOOP)
    for position, value in flips:
        damaged[position] = value
    try:
        model = read_model(bytes(damaged))
    except ModelFileInvalid:
        return
    members = [key for group in groups(bytes(damaged), model) for key in group.members]
    assert len(members) == len(set(members))


NAMES = [*sorted(SAME | REQUANTIZING | FIXED_OUTPUT), "CALL", "WHILE", "IF", "CUMSUM", "CUSTOM"]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.lists(st.integers(-1, 5), max_size=4),
                          st.lists(st.integers(0, 5), max_size=2)), max_size=6))  # fmt: skip
def test_every_activation_is_in_exactly_one_group(operators):
    tensors = [codes(), codes(dtype="int16"), codes(dtype="uint8"), codes(data=np.ones((1, 4))),
               TensorDef("b", (4,), "int32", 0.1, data=np.ones(4)), codes(scale=0.2)]  # fmt: skip
    made = found(tensors, [OpDef(*operator) for operator in operators])
    members = [key for group in made for key in group.members]
    assert sorted(members) == [(0, 0), (0, 1), (0, 2), (0, 5)]
