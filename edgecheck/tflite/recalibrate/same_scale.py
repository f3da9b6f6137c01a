"""Groups of activations that must keep one range, and those whose range may not be chosen.

The tables are measured: each operator alone, with parameters that differ between its tensors, in
LiteRT 2.3, tflite-runtime 2.14 and TensorFlow 2.21 (default and builtin kernels each) and TFLM of
2026-10, against the float operator on the dequantized input. A kernel refuses to load, is off by
many steps because it copies codes, or requantizes (within 2.5 steps):

* `SAME`: wherever a kernel exists it refuses or is wrong, for int8, uint8 and int16. The uint8
  kernels of CONCATENATION alone requantize; PADV2 takes the value to pad with as it is stored.
* RELU6: TFLM is wrong, the others requantize.
* `REQUANTIZING`: right everywhere. Convolutions, comparisons, ARG_MAX, SHAPE and SVDF are in it
  by what they compute; ABS, RSQRT, SUM and the like were tried.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from edgecheck.tensors import QUANTIZED_DTYPES
from edgecheck.tflite.calls import CALLS, Key, handed_over
from edgecheck.tflite.edit.activations import outputs_clipped_at_6
from edgecheck.tflite.graph import Model, Operator, Subgraph, Tensor
from edgecheck.tflite.layers import Layer, layer_of

SAME = frozenset({
    "AVERAGE_POOL_2D", "BATCH_TO_SPACE_ND", "BROADCAST_TO", "CONCATENATION", "DEPTH_TO_SPACE",
    "DYNAMIC_UPDATE_SLICE", "EMBEDDING_LOOKUP", "EXPAND_DIMS", "FILL", "GATHER", "GATHER_ND",
    "MAXIMUM", "MAX_POOL_2D", "MINIMUM", "MIRROR_PAD", "NEG", "PACK", "PAD", "PADV2", "REDUCE_MAX",
    "REDUCE_MIN", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_SEQUENCE",
    "REVERSE_V2", "SELECT", "SELECT_V2", "SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT",
    "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TILE", "TOPK_V2", "TRANSPOSE", "UNPACK",
})  # fmt: skip
"""Operators that need equal scale and zero point on all quantized inputs and outputs."""

SAME_IF_STORED = frozenset({("CONCATENATION", "uint8"), ("RELU6", "int8"), ("RELU6", "int16")})
"""Operators (with the type of their output) that stay equal where the file has them equal."""

REQUANTIZING = frozenset({
    "ABS", "ADD", "ARG_MAX", "ARG_MIN", "BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D",
    "DEQUANTIZE", "DIV", "ELU", "EQUAL", "EXP", "FULLY_CONNECTED", "GELU", "GREATER",
    "GREATER_EQUAL", "HARD_SWISH", "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOG", "MEAN", "MUL",
    "NOT_EQUAL", "PRELU", "QUANTIZE", "REDUCE_PROD", "RELU", "RELU6", "RELU_0_TO_1",
    "RELU_N1_TO_1", "RSQRT", "SHAPE", "SQRT", "SQUARED_DIFFERENCE", "SUB", "SUM", "SVDF",
    "TRANSPOSE_CONV",
})  # fmt: skip
"""Operators that take any parameters on either side."""

FIXED_OUTPUT = frozenset({"L2_NORMALIZATION", "LOGISTIC", "LOG_SOFTMAX", "SOFTMAX", "TANH"})
"""Operators with one output range, built into their kernels; their input is free."""


@dataclass(frozen=True)
class Group:
    """Activations that share a range; most groups have one member."""

    members: tuple[Key, ...]
    """(subgraph, tensor) in the order of the file."""
    constants: tuple[Key, ...]
    """Constants with the parameters of the group: values to pad with, parts of a concatenation."""
    is_fixed: bool
    """An operator knows the range, or may know it, by other means than the tensor's parameters."""


def groups(data: bytes, model: Model) -> tuple[Group, ...]:
    """Every per-tensor quantized int8, uint8 or int16 activation, in exactly one group.

    Fixed are: outputs of `FIXED_OUTPUT`; everything at an operator in none of the tables (custom
    operators, LSTMs with their hidden and cell states); variables; values that come out of
    constants alone; inputs of layers whose bias cannot be written again (it is computed, has an
    odd shape, or is shared by layers with different weight scales); ranges that are the ReLU6 of
    their operator (`activations.outputs_clipped_at_6`).

    Args:
        data: the file.
        model: `read_model(data)`.
    """
    ties = _Ties(model)
    handed = handed_over(data, model)
    for graph in model.subgraphs:
        for operator in graph.operators:
            if operator.name in CALLS:
                _tie_call(ties, graph, operator, handed[graph.index, operator.index])
            else:
                _tie(ties, graph, operator)
    _tie_biases(ties, model)
    ties.fix(outputs_clipped_at_6(data, model))
    return ties.groups()


def is_activation(tensor: Tensor) -> bool:
    """A tensor with one usable scale that is computed or fed: its range could be chosen."""
    return not tensor.is_constant and _has_range(tensor)


def _has_range(tensor: Tensor) -> bool:
    params = tensor.quantization
    return (
        tensor.dtype in QUANTIZED_DTYPES
        and params is not None
        and params.is_usable
        and not params.is_per_channel
    )


class _Ties:
    """Disjoint sets of tensors, by their first member."""

    def __init__(self, model: Model) -> None:
        self.tensors = {
            (graph.index, tensor.index): tensor
            for graph in model.subgraphs
            for tensor in graph.tensors
        }
        self.parents: dict[Key, Key] = {}
        self.fixed = {key for key, tensor in self.tensors.items() if tensor.is_variable}

    def root(self, key: Key) -> Key:
        while key in self.parents:
            above = self.parents[key]
            if above in self.parents:  # halve the path
                self.parents[key] = self.parents[above]
            key = above
        return key

    def tie(self, keys: Iterable[Key]) -> None:
        roots = sorted({self.root(key) for key in keys})
        for other in roots[1:]:
            self.parents[other] = roots[0]

    def fix(self, keys: Iterable[Key]) -> None:
        self.fixed.update(keys)

    def groups(self) -> tuple[Group, ...]:
        sets: dict[Key, list[Key]] = {}
        for key, tensor in self.tensors.items():
            if _has_range(tensor):
                sets.setdefault(self.root(key), []).append(key)
        fixed = {self.root(key) for key in self.fixed}
        made = (self._group(keys, root in fixed) for root, keys in sets.items())
        return tuple(group for group in made if group.members)

    def _group(self, keys: list[Key], is_fixed: bool) -> Group:
        constants = tuple(key for key in keys if self.tensors[key].is_constant)
        members = tuple(key for key in keys if not self.tensors[key].is_constant)
        return Group(members, constants, is_fixed)


def _tie(ties: _Ties, graph: Subgraph, operator: Operator) -> None:
    given, made = _codes(graph, operator.inputs), _codes(graph, operator.outputs)
    name = operator.name
    if operator.is_custom or name not in SAME | REQUANTIZING | FIXED_OUTPUT:
        ties.fix(given + made)
    elif name in FIXED_OUTPUT:
        ties.fix(made)
    elif _is_same(ties, operator, given + made):
        ties.tie(given + made)
        moves = [key for key in given if not ties.tensors[key].is_constant]
        if not moves or not all(_has_range(ties.tensors[key]) for key in given + made):
            ties.fix(given + made)
    elif name == "QUANTIZE" and _is_shifted(ties, given + made):
        ties.tie(given + made)


def _codes(graph: Subgraph, indices: Iterable[int]) -> list[Key]:
    return [
        (graph.index, index)
        for index in indices
        if index >= 0 and graph.tensors[index].dtype in QUANTIZED_DTYPES
    ]


def _is_same(ties: _Ties, operator: Operator, keys: list[Key]) -> bool:
    dtype = ties.tensors[keys[-1]].dtype if keys else ""
    if (operator.name, dtype) in SAME_IF_STORED:
        return len({ties.tensors[key].quantization for key in keys}) == 1
    return bool(keys) and operator.name in SAME


def _is_shifted(ties: _Ties, keys: list[Key]) -> bool:
    """uint8 to int8 or back with the same scale, the zero points 128 apart: the same range."""
    if len(keys) != 2 or not all(_has_range(ties.tensors[key]) for key in keys):
        return False
    (low, low_zero), (high, high_zero) = sorted(_stored(ties.tensors[key]) for key in keys)
    dtypes = {ties.tensors[key].dtype for key in keys}
    return dtypes == {"int8", "uint8"} and low == high and abs(high_zero - low_zero) == 128


def _stored(tensor: Tensor) -> tuple[float, int]:
    params = tensor.quantization
    return (params.scales[0], params.zero_points[0]) if params is not None else (0.0, 0)


def _tie_call(
    ties: _Ties, graph: Subgraph, operator: Operator, pairs: tuple[tuple[Key, Key], ...] | None
) -> None:
    if pairs is None:
        ties.fix(_codes(graph, (*operator.inputs, *operator.outputs)))
    for pair in pairs or ():
        tensors = [ties.tensors[key] for key in pair]
        if any(tensor.dtype in QUANTIZED_DTYPES for tensor in tensors):
            ties.tie(pair)
            if not all(map(_has_range, tensors)):
                ties.fix(pair)


def _tie_biases(ties: _Ties, model: Model) -> None:
    """A bias is written for one input scale: layers that share it must keep sharing that."""
    for users in _bias_users(model).values():
        sources = [(graph, layer.source.index) for graph, layer in users]
        scales = {layer.weights.quantization for _, layer in users}
        if len(scales) > 1 or not all(_is_writable(layer) for _, layer in users):
            ties.fix(sources)
            ties.fix((graph, layer.weights.index) for graph, layer in users)
        ties.tie(sources)


def _bias_users(model: Model) -> Mapping[Key, list[tuple[int, Layer]]]:
    users: dict[Key, list[tuple[int, Layer]]] = {}
    for graph, layer in integer_layers(model):
        if layer.bias is not None:
            users.setdefault((graph, layer.bias.index), []).append((graph, layer))
    return users


def integer_layers(model: Model) -> Iterator[tuple[int, Layer]]:
    """(subgraph, layer) for every layer whose input is codes, in the order of the file."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            layer = layer_of(graph, operator)
            if layer is not None and _has_range(layer.source):
                yield graph.index, layer


def _is_writable(layer: Layer) -> bool:
    bias, weights = layer.bias, layer.weights.quantization
    if bias is None or weights is None or not weights.is_usable:
        return False
    channels = {1, math.prod(bias.shape)}
    is_stored = bias.is_constant and bias.dtype in {"int32", "int64"}
    return is_stored and len(weights.scales) in channels
