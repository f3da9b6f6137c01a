import numpy as np
from evidence import model, tensor
from models import OpDef, TensorDef, build_model

from edgecheck.tflite.flow import constant_uses, consumers, maker, producers, reached, upstream
from edgecheck.tflite.graph import Operator, Subgraph
from edgecheck.tflite.reader import read_model


def graph(*operators, tensors=6):
    """Operators as (name, inputs, outputs)."""
    built = tuple(
        Operator(at, name, 1, inputs, outputs, is_custom=False)
        for at, (name, inputs, outputs) in enumerate(operators)
    )
    whole = model([tensor(at) for at in range(tensors)], operators=built)
    return whole.subgraphs[0]


BRANCHES = graph(("RELU", (0,), (1,)), ("ABS", (2,), (3,)), ("ADD", (1, 0, -1), (4,)))


def test_what_an_input_reaches_and_what_an_output_needs():
    assert reached(BRANCHES, [0]) == {0, 1, 4}
    assert upstream(BRANCHES, [4]) == {0, 2}
    assert upstream(BRANCHES, [3]) == {1}


def test_a_value_read_from_a_variable_counts_as_reached():
    assert reached(graph(("READ_VARIABLE", (2,), (3,)), ("ABS", (3,), (4,))), [0]) == {0, 3, 4}


def test_who_writes_and_who_reads_a_tensor():
    assert {index: op.name for index, op in producers(BRANCHES).items()} == {
        1: "RELU", 3: "ABS", 4: "ADD"
    }  # fmt: skip
    assert [op.name for op in consumers(BRANCHES)[0]] == ["RELU", "ADD"]


def test_the_maker_is_found_through_operators_that_only_convert():
    chain = graph(("SOFTMAX", (0,), (1,)), ("QUANTIZE", (1,), (2,)), ("DEQUANTIZE", (2,), (3,)))
    operator, index = maker(producers(chain), 3, {"QUANTIZE", "DEQUANTIZE"})
    assert (operator.name, index) == ("SOFTMAX", 1)
    assert maker(producers(chain), 0, {"QUANTIZE"}) == (None, 0)


def test_a_graph_that_goes_round_in_circles_ends():
    ring = graph(("QUANTIZE", (1,), (2,)), ("QUANTIZE", (2,), (1,)))
    operator, _ = maker(producers(ring), 1, {"QUANTIZE"})
    assert operator is None
    assert isinstance(ring, Subgraph)


def test_a_constant_is_found_behind_what_unpacks_it():
    tensors = [TensorDef("x", (1, 4)), TensorDef("h", (4,), "float16", data=np.ones(4)),
               TensorDef("f", (4,)), TensorDef("r", (1, 4)), TensorDef("y", (1, 4))]  # fmt: skip
    operators = [
        OpDef("DEQUANTIZE", [1], [2]),
        OpDef("RESHAPE", [2], [3]),
        OpDef("MUL", [0, 3], [4]),
    ]
    data = build_model(tensors, operators, [0], [4])
    uses = [(t.name, op.name, at) for t, op, at in constant_uses(read_model(data).subgraphs[0])]
    assert uses == [("h", "MUL", 1)]
