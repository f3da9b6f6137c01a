"""Arithmetic with constants right behind an input: normalisation that is part of the graph."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgecheck.tensors import Array
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.contract import FLOATS, RESHAPES, UNPACKING, graph_of, is_quantized
from edgecheck.tflite.flow import maker, producers
from edgecheck.tflite.graph import Model, Operator, Port, Subgraph, Tensor

CONVERSIONS = RESHAPES | {"QUANTIZE", "DEQUANTIZE", "CAST"}
"""Operators behind which the real values are still the same."""

ARITHMETIC = frozenset({"ADD", "SUB", "MUL", "DIV"})

MAX_CHANNELS = 4096
_MAX_OPERATORS = 16


@dataclass(frozen=True)
class Leading:
    """result = scale * input + offset, per channel or with one number for all."""

    scale: tuple[float, ...]
    offset: tuple[float, ...]
    operators: tuple[Operator, ...]
    """Those that compute, in order; empty where the graph begins with something else."""
    result: Tensor
    """What the last of them gives, or the input itself."""

    def span(self, low: float, high: float) -> tuple[float, float]:
        """The range over all channels that inputs in [low, high] become."""
        ends = [
            scale * value + offset
            for scale, offset in zip(self.scale, self.offset, strict=True)
            for value in (low, high)
        ]
        return min(ends), max(ends)


def leading(data: bytes, model: Model, port: Port) -> Leading:
    """Follow an input through operators that scale and shift it by constants.

    The walk ends at the first operator that does anything else, where values are used twice, and
    where constants do not run along one axis.

    Args:
        data: the file, verified.
        model: `read_model(data)`.
        port: one of its inputs.
    """
    found = Leading((1.0,), (0.0,), (), port.tensor)
    graph = graph_of(model, port)
    if graph is None:
        return found
    current, constants = port.tensor, Constants.of(data)
    for _ in range(_MAX_OPERATORS):
        operator = _only_consumer(graph, current)
        if operator is None or len(operator.outputs) != 1:
            break
        output = graph.tensors[operator.outputs[0]]
        if operator.name in CONVERSIONS:
            current = output
            continue
        step = _step(constants, graph, operator, current)
        composed = None if step is None else _composed(found, *step)
        if composed is None or not _is_real(output):
            break
        operators = (*found.operators, operator)
        found = Leading(composed[0], composed[1], operators, output)
        current = output
    return found


def _only_consumer(graph: Subgraph, tensor: Tensor) -> Operator | None:
    """The operator that reads a tensor, if there is one and it reads it once."""
    if tensor.index in graph.outputs:
        return None
    readers = [operator for operator in graph.operators if tensor.index in operator.inputs]
    return readers[0] if len(readers) == 1 and readers[0].inputs.count(tensor.index) == 1 else None


def _is_real(tensor: Tensor) -> bool:
    return tensor.dtype in FLOATS or is_quantized(tensor)


def _step(
    constants: Constants, graph: Subgraph, operator: Operator, tensor: Tensor
) -> tuple[Array, Array] | None:
    """Factor and summand of one operator on `tensor`; None where it is no such operator."""
    if operator.name not in ARITHMETIC or len(operator.inputs) != 2:
        return None
    is_first = operator.inputs[0] == tensor.index
    other = operator.inputs[1 if is_first else 0]
    values = None if other < 0 else _constant(constants, graph.tensors[_stored(graph, other)])
    if values is None:
        return None
    one, zero = np.ones_like(values), np.zeros_like(values)
    steps: Mapping[tuple[str, bool], tuple[Array, Array]] = {
        ("ADD", True): (one, values),
        ("ADD", False): (one, values),
        ("SUB", True): (one, -values),
        ("SUB", False): (-one, values),
        ("MUL", True): (values, zero),
        ("MUL", False): (values, zero),
    }
    if operator.name == "DIV":
        return (1 / values, zero) if is_first and values.all() else None
    return steps[operator.name, is_first]


def _stored(graph: Subgraph, index: int) -> int:
    """The constant behind a tensor; float16 files unpack theirs."""
    return maker(producers(graph), index, UNPACKING)[1]


def _constant(constants: Constants, tensor: Tensor) -> Array | None:
    """float64 (1,) or (channels,); None where it is no constant along one axis, or not finite."""
    along = [size for size in tensor.shape if size != 1]
    if len(along) > 1 or math.prod(tensor.shape) > MAX_CHANNELS:
        return None
    values = constants.real(tensor)
    if values is None or not np.isfinite(values).all():
        return None
    return values.astype(np.float64).reshape(-1)


def _composed(
    found: Leading, factor: Array, summand: Array
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Scale and offset of factor * (scale * x + offset) + summand; None if channels differ."""
    sizes = {len(found.scale), len(factor)} - {1}
    if len(sizes) > 1:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        scale = np.asarray(found.scale) * factor
        offset = np.asarray(found.offset) * factor + summand
    if not (np.isfinite(scale).all() and np.isfinite(offset).all()):
        return None
    return tuple(scale.tolist()), tuple(offset.tolist())
