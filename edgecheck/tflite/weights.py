"""The weights of a file's layers as real numbers, in a layout that does not depend on the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgecheck.tensors import Array
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.dequantize.weights import RealConstants
from edgecheck.tflite.flow import maker, producers
from edgecheck.tflite.graph import Model, Operator, Subgraph, Tensor
from edgecheck.tflite.layers import layer_of

_SAME_VALUES: Final = frozenset({"DEQUANTIZE", "QUANTIZE"})
"""Operators that leave the real values and the shape of a constant as they are."""

_MOST_TIMES: Final = 16
"""Bytes of real weights for each byte of the file: int4 becomes 8 times as large. Beyond that, many
tensors must share one buffer."""


@dataclass(frozen=True)
class Weight:
    """The weights of one layer; of any kind of model file."""

    name: str
    """Every name that the file has for it, joined by `;`."""
    values: Array
    """float32, output channel first: (out, h, w, in) of a convolution, (out, h, w) of a depthwise
    one, (out, in) of a dense layer."""
    operator: int
    """Of the first operator that uses it, in the order of the file."""
    op: str
    """What the file calls that operator."""
    bias: Array | None = None
    """float32 (out,): what is added to each output channel; None where none is known."""


def weights_of(data: bytes, model: Model, subgraph: int = 0) -> list[Weight]:
    """Weights of CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and TRANSPOSE_CONV of one subgraph.

    A constant that several operators share is there once. What cannot be read (sparse, blockwise
    scales, a bad scale) is left out.

    Args:
        data: the bytes of the file.
        model: what `read_model` read of them.
        subgraph: whose operators.
    """
    real = RealConstants(Constants.of(data), _MOST_TIMES * len(data))
    try:
        return list(_weights(model.subgraphs[subgraph], real))
    except MemoryError:  # no file that a converter wrote
        return []


def _weights(graph: Subgraph, real: RealConstants) -> Iterator[Weight]:
    made_by = producers(graph)
    seen: set[int] = set()
    for operator in graph.operators:
        layer = layer_of(graph, operator)
        if layer is None:
            continue
        stored = graph.tensors[maker(made_by, layer.weights.index, _SAME_VALUES)[1]]
        if stored.index in seen or len(stored.shape) <= layer.axis:
            continue
        seen.add(stored.index)
        values = _values(real, stored)
        if values is not None:
            names = f"{stored.name};{layer.output.name}"
            canonical = _canonical(values, operator)
            bias = None if layer.bias is None else _bias(real, layer.bias, len(canonical))
            yield Weight(names, canonical, operator.index, operator.name, bias)


def _bias(real: RealConstants, tensor: Tensor, channels: int) -> Array | None:
    raw = real.of(tensor) if tensor.is_constant else None
    values = None if raw is None else np.frombuffer(raw, "<f4")
    return values if values is not None and len(values) == channels else None


def _values(real: RealConstants, tensor: Tensor) -> Array | None:
    raw = real.of(tensor)
    return None if raw is None else np.frombuffer(raw, "<f4").reshape(tensor.shape)


def _canonical(values: Array, operator: Operator) -> Array:
    """A depthwise convolution stores (1, h, w, out); all others have the output channel first."""
    is_depthwise = operator.name == "DEPTHWISE_CONV_2D"
    return np.moveaxis(values, -1, 0).reshape(-1, *values.shape[1:-1]) if is_depthwise else values
