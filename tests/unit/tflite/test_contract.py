import numpy as np
import pytest
from models import (
    GraphDef,
    OpDef,
    SignatureDef,
    TensorDef,
    build_file,
    build_model,
    float_dense,
    float_io_int8_dense,
    identity,
    int8_dense,
    two_input_add,
)

from edgecheck.errors import UsageError
from edgecheck.tflite.contract import contract_of, input_fossil, quantization_scheme
from edgecheck.tflite.reader import read_model

EYE, ZERO = np.eye(2, dtype=np.float32), np.zeros(2, np.float32)


def names(ports):
    return [port.name for port in ports]


def test_without_a_signature_ports_have_tensor_names():
    contract = contract_of(read_model(two_input_add()))
    assert names(contract.inputs) == ["left", "right"]
    assert names(contract.outputs) == ["sum"]
    assert (contract.subgraph, contract.signature, contract.has_state) == (0, None, False)


def test_one_signature_names_the_ports_in_the_order_of_the_subgraph():
    signature = SignatureDef("serve", {"a": 1, "b": 0}, {"total": 2})
    contract = contract_of(read_model(two_input_add(signatures=[signature])))
    assert names(contract.inputs) == ["b", "a"]
    assert [port.tensor.name for port in contract.inputs] == ["left", "right"]
    assert names(contract.outputs) == ["total"]
    assert contract.signature == "serve"


def test_two_signatures_on_the_first_subgraph_decide_nothing_until_one_is_asked_for():
    signatures = [SignatureDef(key, {key: 0}, {}) for key in ("first", "second")]
    model = read_model(two_input_add(signatures=signatures))
    assert names(contract_of(model).inputs) == ["left", "right"]
    assert names(contract_of(model, "second").inputs) == ["second", "right"]


def test_a_signature_of_another_subgraph_uses_that_subgraph():
    graphs = [GraphDef([TensorDef(name, (1,))], [], [0], [0]) for name in ("in_main", "in_other")]
    model = read_model(build_file(graphs, [SignatureDef("other", {"x": 0}, {}, subgraph=1)]))
    assert names(contract_of(model).inputs) == ["in_main"]
    contract = contract_of(model, "other")
    assert (contract.subgraph, contract.inputs[0].tensor.name) == (1, "in_other")


def test_an_unknown_signature_lists_the_others_and_the_closest():
    model = read_model(two_input_add(signatures=[SignatureDef("serving_default", {}, {})]))
    with pytest.raises(UsageError, match=r"'serving_defualt'.*it has: serving_default") as caught:
        contract_of(model, "serving_defualt")
    assert caught.value.hint == "Did you mean 'serving_default'?"
    with pytest.raises(UsageError, match="it has: none"):
        contract_of(read_model(identity()), "x")


def test_port_names_are_unique_and_never_empty():
    tensors = [TensorDef(name, (1,)) for name in ("x", "x", "x_2", "", "x")]
    contract = contract_of(read_model(build_model(tensors, [], [0, 1, 2, 3, 4], [0, 0])))
    assert names(contract.inputs) == ["x", "x_2", "x_2_2", "tensor_3", "x_3"]
    assert names(contract.outputs) == ["x", "x_2"]


def test_two_argument_names_of_one_output_are_both_kept():
    tensors = [TensorDef("x", (1,))]
    signature = SignatureDef("s", {"x": 0}, {"first": 0, "second": 0})
    contract = contract_of(read_model(build_model(tensors, [], [0], [0, 0], [signature])))
    assert names(contract.outputs) == ["first", "second"]


@pytest.mark.parametrize(
    ("tensors", "operators"),
    [
        ([TensorDef("x", (1,)), TensorDef("s", (1,), is_variable=True)], []),
        ([TensorDef("x", (1,))], [OpDef("ASSIGN_VARIABLE", [0, 0], [])]),
    ],
)
def test_variables_are_state(tensors, operators):
    assert contract_of(read_model(build_model(tensors, operators, [0], [0]))).has_state


def fossil(data, port=0):
    model = read_model(data)
    tensor = input_fossil(model, contract_of(model).inputs[port])
    return tensor and tensor.name


def test_the_fossil_of_a_quantized_input_is_the_input():
    assert fossil(int8_dense(EYE, ZERO, (-1, 1), (-1, 1))) == "input"


def test_the_fossil_of_a_float_input_is_what_quantize_makes_of_it():
    assert fossil(float_io_int8_dense(EYE, ZERO, (-1, 1), (-1, 1))) == "input"
    tensors = [
        TensorDef("x", (2,)),
        TensorDef("r", (1, 2)),
        TensorDef("other", (2,)),
        TensorDef("q", (1, 2), "int8", 0.5),
    ]
    operators = [OpDef("ABS", [0], [2]), OpDef("RESHAPE", [0], [1]), OpDef("QUANTIZE", [1], [3])]
    assert fossil(build_model(tensors, operators, [0], [3])) == "q"


def test_a_float_model_and_an_integer_without_scale_have_no_fossil():
    assert fossil(float_dense(EYE, ZERO)) is None
    raw = [TensorDef("x", (1,), "uint8"), TensorDef("q", (1,), "int8", 0.5)]
    assert fossil(build_model(raw, [OpDef("QUANTIZE", [0], [1])], [0], [1])) is None


def test_what_is_quantized_after_computing_is_no_fossil():
    tensors = [TensorDef("x", (1,)), TensorDef("y", (1,)), TensorDef("q", (1,), "int8", 0.5)]
    operators = [OpDef("ABS", [0], [1]), OpDef("QUANTIZE", [1], [2])]
    assert fossil(build_model(tensors, operators, [0], [2])) is None


def weighted(dtype, through=None, activation="float32", weight_scale=0.5):
    """input -> FULLY_CONNECTED -> output with a (2, 2) weight of `dtype`."""
    scale = None if activation == "float32" else 0.1
    operators = [OpDef("FULLY_CONNECTED", [0, 3 if through else 1, -1], [2])]
    if through:
        operators.insert(0, OpDef(through, [1], [3]))
    tensors = [
        TensorDef("x", (1, 2), activation, scale),
        TensorDef("w", (2, 2), dtype, weight_scale, data=EYE),
        TensorDef("y", (1, 2), activation, scale),
        TensorDef("unpacked", (2, 2)),
    ]
    return build_model(tensors, operators, [0], [2])


@pytest.mark.parametrize(
    ("data", "scheme"),
    [
        (float_dense(EYE, ZERO, softmax=True), "none"),
        (identity(), "none"),
        (int8_dense(EYE, ZERO, (-1, 1), (-1, 1), softmax=True), "full-integer"),
        (float_io_int8_dense(EYE, ZERO, (-1, 1), (-1, 1)), "full-integer"),
        (weighted("int8"), "dynamic-range"),
        (weighted("int8", through="DEQUANTIZE"), "dynamic-range"),
        (weighted("float16", through="DEQUANTIZE", weight_scale=None), "float16"),
        (weighted("int8", activation="int16"), "int16x8"),
        (weighted("uint8", activation="uint8"), "full-integer"),
    ],
)
def test_schemes(data, scheme):
    assert quantization_scheme(read_model(data)) == scheme


def chain(*steps):
    """Tensors of the given (dtype, scale) joined by the given operators, one after the other."""
    kinds, ops = steps[::2], steps[1::2]
    tensors = [TensorDef(f"t{i}", (1,), dtype, scale) for i, (dtype, scale) in enumerate(kinds)]
    operators = [OpDef(name, [i], [i + 1]) for i, name in enumerate(ops)]
    return quantization_scheme(read_model(build_model(tensors, operators, [0], [len(ops)])))


F, Q, W, RAW = ("float32", None), ("int8", 0.5), ("int16", 0.5), ("int8", None)


def test_computing_on_codes_next_to_floats_is_mixed():
    assert chain(F, "QUANTIZE", Q, "ABS", Q, "DEQUANTIZE", F, "ABS", F) == "mixed"
    assert chain(Q, "ABS", Q, "QUANTIZE", W, "ABS", W) == "mixed"


def test_moving_values_decides_only_where_nothing_computes():
    assert chain(F, "RESHAPE", F, "QUANTIZE", Q, "ABS", Q) == "full-integer"
    assert chain(Q, "RESHAPE", Q) == "full-integer"
    assert chain(F, "RESHAPE", F) == "none"


def test_codes_without_a_scale_are_not_quantization():
    assert chain(RAW, "ABS", RAW) == "none"


def test_the_int16_state_of_an_integer_lstm_does_not_make_it_int16x8():
    tensors = [
        TensorDef("x", (1,), "int8", 0.5),
        TensorDef("cell", (1,), "int16", 0.5, is_variable=True),
        TensorDef("y", (1,), "int8", 0.5),
    ]
    operators = [OpDef("UNIDIRECTIONAL_SEQUENCE_LSTM", [0, 1], [2])]
    assert quantization_scheme(read_model(build_model(tensors, operators, [0], [2]))) == (
        "full-integer"
    )
