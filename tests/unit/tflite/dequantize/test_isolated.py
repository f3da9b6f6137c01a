"""Every operator of a twin by itself."""

import numpy as np
import pytest
from models import (
    OpDef,
    TensorDef,
    accumulator,
    build_model,
    float_io_int8_dense,
    int8_dense,
)

from edgecheck.tflite.dequantize.isolated import Isolated, isolated
from edgecheck.tflite.dequantize.twin import Twin, twin_of
from edgecheck.tflite.reader import read_model

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4) - 5


def both(data: bytes) -> tuple[Twin, Isolated]:
    twin = twin_of(data, read_model(data))
    return twin, isolated(twin)


def branches() -> bytes:
    """x is read as it is and requantized: two tensors of the candidate, one of the twin."""
    tensors = [
        TensorDef("x", (1, 4), "int8", 0.5),
        TensorDef("coarse", (1, 4), "int8", 2.0),
        TensorDef("a", (1, 4), "int8", 0.5),
        TensorDef("b", (1, 4), "int8", 2.0),
        TensorDef("sum", (1, 4), "int8", 2.0),
    ]
    operators = [
        OpDef("RELU", [0], [2], version=2),
        OpDef("QUANTIZE", [2], [1], version=2),
        OpDef("RELU", [1], [3], version=2),
        OpDef("ADD", [2, 3], [4], version=2),
    ]
    return build_model(tensors, operators, [0], [4])


def test_each_tensor_that_is_read_has_one_input():
    _, cut = both(branches())
    graph = cut.model.subgraphs[0]
    assert set(cut.inputs) == {0, 1, 2, 3}
    assert cut.inputs[0] == 0
    reads = [operator.inputs for operator in graph.operators]
    at = cut.inputs
    assert reads == [(0,), (at[1],), (at[2], at[3])]
    assert graph.inputs == tuple(at.values())
    assert graph.outputs == (2, 3, 4)
    assert {graph.tensors[index].dtype for index in graph.inputs} == {"float32"}
    assert [graph.tensors[i].shape for i in graph.inputs] == [(1, 4)] * 4


def test_constants_are_not_cut():
    _, cut = both(int8_dense(WEIGHTS, np.ones(3), (-1, 1), (-20, 20), softmax=True))
    operators = cut.model.subgraphs[0].operators
    assert operators[0].inputs == (0, 1, 2)
    assert operators[1].inputs == (cut.inputs[3],)
    assert cut.model.subgraphs[0].outputs == (3, 4)


def test_the_quantized_input_is_an_input_beside_the_float_one():
    _, cut = both(float_io_int8_dense(WEIGHTS, np.ones(3), (-1, 1), (-20, 20)))
    assert set(cut.inputs) == {0, 4}
    assert cut.model.subgraphs[0].operators[0].inputs == (cut.inputs[0], 1, 2)


def test_variables_and_resources_stay():
    twin, cut = both(accumulator())
    operators = cut.model.subgraphs[0].operators
    before = twin.model.subgraphs[0].operators
    assert [operator.name for operator in operators] == [operator.name for operator in before]
    assert operators[2].inputs == before[2].inputs  # READ_VARIABLE of the resource
    assert operators[4].inputs == (0, cut.inputs[3])  # ASSIGN_VARIABLE of the sum
    assert cut.model.subgraphs[0].outputs == (2, 3)


def test_what_depends_on_constants_alone_is_not_cut():
    tensors = [
        TensorDef("x", (1, 4)),
        TensorDef("half", (1, 4), "int32", data=np.ones(4)),
        TensorDef("cast", (1, 4)),
        TensorDef("y", (1, 4)),
    ]
    operators = [OpDef("CAST", [1], [2]), OpDef("ADD", [0, 2], [3])]
    _, cut = both(build_model(tensors, operators, [0], [3]))
    assert cut.inputs == {0: 0}
    assert cut.model.subgraphs[0].operators[1].inputs == (0, 2)


@pytest.mark.parametrize("build", [branches, accumulator])
def test_fed_with_its_own_tensors_it_gives_them_back(build):
    runtime = pytest.importorskip("ai_edge_litert.interpreter", reason="runs the models")
    twin, cut = both(build())
    builtin = runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    whole, parts = (
        runtime.Interpreter(
            model_content=data,
            experimental_op_resolver_type=builtin,
            experimental_preserve_all_tensors=True,
        )
        for data in (twin.data, cut.data)
    )
    whole.allocate_tensors()
    parts.allocate_tensors()
    rng = np.random.default_rng(0)
    for _ in range(3):
        for port in whole.get_input_details():
            whole.set_tensor(port["index"], rng.normal(size=port["shape"]).astype(np.float32))
        whole.invoke()
        for tensor, port in cut.inputs.items():
            parts.set_tensor(port, whole.get_tensor(twin.place[0, tensor]))
        parts.invoke()
        for output in cut.model.subgraphs[0].outputs:
            np.testing.assert_array_equal(parts.get_tensor(output), whole.get_tensor(output))
