"""Operators that multiply their input with constant weights, in one form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from edgecheck.tensors import Array
from edgecheck.tflite.graph import Model, Operator, Subgraph, Tensor

CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"})

_PLACES: Mapping[str, tuple[int, int, int, int]] = {
    "CONV_2D": (0, 1, 2, 0),
    "DEPTHWISE_CONV_2D": (0, 1, 2, 3),
    "FULLY_CONNECTED": (0, 1, 2, 0),
    "TRANSPOSE_CONV": (2, 1, 3, 0),
}
"""Operator -> positions of input, weights and bias, and the axis of the output channels in the
weights (schema.fbs and the kernels)."""


@dataclass(frozen=True)
class Layer:
    """One such operator and its tensors."""

    operator: Operator
    source: Tensor
    weights: Tensor
    bias: Tensor | None
    output: Tensor
    axis: int
    """Of the output channels, in the weights."""

    def largest_codes(self, codes: Array, zero_point: int) -> Array:
        """int64 (channels,): largest |code - zero_point| of each channel of the weights."""
        axes = tuple(axis for axis in range(codes.ndim) if axis != self.axis)
        high = codes.max(axis=axes).astype(np.int64) - zero_point
        low = codes.min(axis=axes).astype(np.int64) - zero_point
        return np.asarray(np.maximum(high, -low))

    def code_sums(self, codes: Array, zero_point: int) -> Array:
        """int64 (channels,): sum of |code - zero_point| of each channel, channel by channel."""
        rows = np.moveaxis(codes, self.axis, 0)
        sums = [np.abs(row.astype(np.int64) - zero_point).sum() for row in rows]
        return np.asarray(sums, np.int64)


def layers(model: Model) -> Iterator[Layer]:
    """Every such operator with constant weights, in the order of the file."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            layer = layer_of(graph, operator)
            if layer is not None and layer.weights.is_constant:
                yield layer


def layer_of(graph: Subgraph, operator: Operator) -> Layer | None:
    """One operator in that form; None where it is no such operator."""
    if operator.name not in _PLACES or not operator.outputs:
        return None
    source, weights, bias, axis = _PLACES[operator.name]
    inputs = [graph.tensors[i] if i >= 0 else None for i in operator.inputs]
    first, second = (inputs[at] if at < len(inputs) else None for at in (source, weights))
    if first is None or second is None:
        return None
    third = inputs[bias] if bias < len(inputs) else None
    return Layer(operator, first, second, third, graph.tensors[operator.outputs[0]], axis)
