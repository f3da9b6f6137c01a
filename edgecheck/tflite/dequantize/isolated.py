"""The isolated twin: every operator of a twin by itself.

Each operator reads its activations from inputs of the graph, so that one run computes every
operator on given values, say those of the candidate: what it then gives wrong is its own error, and
not that of the operators before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edgecheck.tensors import REAL_DTYPES
from edgecheck.tflite.dequantize.bypass import is_conversion
from edgecheck.tflite.dequantize.twin import Twin
from edgecheck.tflite.edit.editor import Editor
from edgecheck.tflite.flow import reached
from edgecheck.tflite.graph import Model, Subgraph
from edgecheck.tflite.reader import read_model

MAIN = 0


@dataclass(frozen=True)
class Isolated:
    """An isolated twin. Its outputs are all tensors that operators write, as numbered in the twin."""

    data: bytes
    model: Model
    inputs: Mapping[int, int]
    """Tensor of the candidate's main graph -> the input that takes its real values."""


def isolated(twin: Twin) -> Isolated:
    """Cut the main graph of a twin at every edge.

    An added input has the shape that the file stores: where a caller resizes the inputs of the
    twin, it resizes these too. Not cut: constants and what depends on constants alone; variables,
    which go on from run to run as in the twin; resources, strings. IF, WHILE and CALL stay as one
    operator each. Signatures still list the inputs of the twin only: run it by index.

    Raises:
        EditImpossible: the layout of the file does not allow it.
    """
    before, after = twin.candidate.subgraphs[MAIN], twin.model.subgraphs[MAIN]
    editor = Editor(twin.data)
    cuttable = _cuttable(after)
    inputs = {index: index for index in after.inputs}
    kept = [operator for operator in before.operators if not is_conversion(operator)]
    edges = [
        (operator.index, slot, source, held)
        for original, operator in zip(kept, after.operators, strict=True)
        for slot, (source, held) in enumerate(zip(original.inputs, operator.inputs, strict=True))
        if held in cuttable and source not in inputs
    ]
    shapes = {source: (after.tensors[t].shape, after.tensors[t].dtype) for _, _, source, t in edges}
    inputs.update(zip(shapes, editor.add_tensors(MAIN, shapes.values()), strict=True))
    reads = {operator.index: list(operator.inputs) for operator in after.operators}
    for operator, slot, source, _ in edges:
        reads[operator][slot] = inputs[source]
    for operator, tensors in reads.items():
        editor.set_operator_inputs(MAIN, operator, tensors)
    editor.set_inputs(MAIN, list(inputs.values()))
    editor.set_outputs(MAIN, _written(after))
    data = editor.finish()
    return Isolated(data, read_model(data), inputs)


def _cuttable(graph: Subgraph) -> set[int]:
    """Tensors whose values change from sample to sample and can be fed."""
    return {
        index
        for index in reached(graph, graph.inputs)
        if graph.tensors[index].dtype in REAL_DTYPES
        and not graph.tensors[index].is_variable
        and not graph.tensors[index].is_constant
    }


def _written(graph: Subgraph) -> list[int]:
    """What the operators write, in their order, each tensor once."""
    outputs = (index for operator in graph.operators for index in operator.outputs)
    return [index for index in dict.fromkeys(outputs) if graph.tensors[index].dtype in REAL_DTYPES]
