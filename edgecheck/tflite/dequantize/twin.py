"""The dequantized twin: the same model on real values.

Tensors of quantized types become float32, constants are dequantized by their own scales, and
QUANTIZE and DEQUANTIZE operators are bypassed. Tensor indices, names, signatures and metadata
stay. A twin has no activation quantization, so that candidate against twin shows what that costs,
and twin against reference what the weights cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edgecheck.tflite.constants import Constants
from edgecheck.tflite.dequantize.bypass import bypassed, is_conversion
from edgecheck.tflite.dequantize.float_kernels import TwinImpossible
from edgecheck.tflite.dequantize.float_types import becoming_float, refuse
from edgecheck.tflite.dequantize.weights import RealConstants
from edgecheck.tflite.edit.activations import folded_activation
from edgecheck.tflite.edit.editor import EditImpossible, Editor
from edgecheck.tflite.graph import Model, Subgraph, Tensor
from edgecheck.tflite.reader import read_model

__all__ = ["Twin", "TwinImpossible", "twin_of"]

LARGEST = (1 << 31) - 1
"""Bytes of a flatbuffer."""


@dataclass(frozen=True)
class Twin:
    """A twin and where it holds the values of the candidate."""

    data: bytes
    model: Model
    place: Mapping[tuple[int, int], int]
    """(Subgraph, tensor of the candidate) -> the tensor of the same subgraph of the twin with its
    real value: itself, or what a bypassed QUANTIZE or DEQUANTIZE read."""
    candidate: Model
    """The model of which this is the twin."""


def twin_of(data: bytes, model: Model) -> Twin:
    """The twin of a file; a file of float32 alone is its own twin, byte for byte.

    Args:
        data: the file.
        model: `read_model(data)`.

    Raises:
        TwinImpossible: an operator has no equal on real values, a constant cannot be dequantized,
            or the file cannot be edited.
    """
    work = _Work(data)
    place: dict[tuple[int, int], int] = {}
    for graph in model.subgraphs:
        moved = work.graph(graph)
        place.update({(graph.index, t.index): moved.get(t.index, t.index) for t in graph.tensors})
    try:
        result = work.editor.finish()
    except EditImpossible as error:
        raise TwinImpossible("the file", error.message) from error
    return Twin(result, model if result is data else read_model(result), place, model)


class _Work:
    """A twin in the making."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.editor = Editor(data)
        # Packed int4 grows by 8; a hostile file lets many tensors share one buffer.
        limit = min(16 * len(data) + (1 << 20), LARGEST - len(data))
        self._real = RealConstants(Constants.of(data), limit)

    def graph(self, graph: Subgraph) -> Mapping[int, int]:
        """Turn one subgraph into float32; tensor -> the tensor that takes its place."""
        floats = becoming_float(graph)
        changed = {tensor.index for tensor in floats}
        for operator in graph.operators:
            refuse(graph, operator, changed)
        moved = bypassed(graph)
        for tensor, owner in floats.items():
            self._tensor(graph, tensor, owner)
        self._clamp(graph)
        if moved:
            self._point(graph, moved)
        return moved

    def _tensor(self, graph: Subgraph, tensor: Tensor, owner: str) -> None:
        self.editor.set_dtype(graph.index, tensor.index, "float32")
        self.editor.clear_quantization(graph.index, tensor.index)
        if not tensor.is_constant:
            return
        try:
            values = self._real.of(tensor)
        except MemoryError as error:
            raise TwinImpossible(owner, str(error)) from error
        if values is None:
            what = f"constant {tensor.index} ('{tensor.name}') is {tensor.dtype}"
            raise TwinImpossible(owner, f"{what}, stored in a way that cannot be dequantized")
        self.editor.set_buffer(graph.index, tensor.index, values)

    def _clamp(self, graph: Subgraph) -> None:
        """Give back the activations for which only the range of the codes stood."""
        for operator in graph.operators:
            activation = folded_activation(self._data, graph, operator)
            if activation is not None:
                self.editor.set_activation(graph.index, operator.index, activation)

    def _point(self, graph: Subgraph, moved: Mapping[int, int]) -> None:
        """Let every reader of a bypassed operator read what the operator read."""
        editor, number = self.editor, graph.index
        editor.drop_operators(number, [op.index for op in graph.operators if is_conversion(op)])
        for operator in graph.operators:
            if not moved.keys().isdisjoint(operator.inputs):
                inputs = [moved.get(index, index) for index in operator.inputs]
                editor.set_operator_inputs(number, operator.index, inputs)
        editor.set_outputs(number, [moved.get(t, t) for t in graph.outputs])
        editor.set_signature_outputs(number, moved)
