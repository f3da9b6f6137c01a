"""Which tensors a twin turns into float32, and what that leaves behind."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from edgecheck.quantization import QuantParams
from edgecheck.tensors import QUANTIZED_DTYPES
from edgecheck.tflite.dequantize.bypass import is_conversion
from edgecheck.tflite.dequantize.float_kernels import BIASED, TwinImpossible, obstacle, shown
from edgecheck.tflite.dequantize.weights import has_real_values
from edgecheck.tflite.graph import Operator, Subgraph, Tensor
from edgecheck.tflite.layers import Layer, layer_of

_CODES = QUANTIZED_DTYPES | {"int4", "uint4", "int2"}

_SUMS = frozenset({"int32", "int64"})
"""Types of biases."""


def becoming_float(graph: Subgraph) -> Mapping[Tensor, str]:
    """Tensors that a twin holds as float32 and the candidate does not -> an operator on them.

    A bias that stores no scale has that of its operator: input scale * weight scale.
    """
    owners = _owners(graph)
    derived = {bias.index: bias for bias in _derived_biases(graph)}
    found: dict[Tensor, str] = {}
    for tensor in graph.tensors:
        operator = owners.get(tensor.index)
        known = derived.get(tensor.index, tensor)
        is_sum = operator is not None and _takes_bias(operator) and _is_sum(operator, known)
        if is_sum or _is_quantized(known, is_used=operator is not None):
            found[known] = shown(graph, operator) if operator else f"tensor {tensor.index}"
    return found


def refuse(graph: Subgraph, operator: Operator, changed: Collection[int]) -> None:
    """Raise TwinImpossible where an operator has no equal on real values.

    Args:
        graph: its subgraph.
        operator: any operator.
        changed: the tensors that become float32.
    """
    used = [graph.tensors[i] for i in (*operator.inputs, *operator.outputs) if i >= 0]
    mine = [tensor for tensor in used if tensor.index in changed]
    left = [tensor for tensor in used if tensor.index not in changed]
    if is_conversion(operator):
        left = [tensor for tensor in left if tensor.dtype != "float32"]
    elif not mine:
        return
    else:
        reason = obstacle(operator)
        if reason and not (operator.name == "CAST" and all(map(_is_plain, mine))):
            raise TwinImpossible(shown(graph, operator), reason)
        left = [tensor for tensor in left if _is_code(operator, tensor)]
    if left:
        what = f"tensor {left[0].index} ('{left[0].name}') is {left[0].dtype}"
        raise TwinImpossible(shown(graph, operator), f"{what} without a usable scale")


def _owners(graph: Subgraph) -> Mapping[int, Operator]:
    """Tensor -> an operator that reads it, else one that writes it; biased operators first."""
    found: dict[int, Operator] = {}
    for operator in graph.operators:
        for index in operator.outputs:
            found.setdefault(index, operator)
    readers: dict[int, Operator] = {}
    for operator in sorted(graph.operators, key=lambda operator: not _takes_bias(operator)):
        for index in operator.inputs:
            readers.setdefault(index, operator)
    return {**found, **readers}


def _takes_bias(operator: Operator) -> bool:
    return is_conversion(operator) or (operator.name in BIASED and not operator.is_custom)


def _is_sum(operator: Operator, tensor: Tensor) -> bool:
    """A bias, or int32 that QUANTIZE writes or DEQUANTIZE reads."""
    is_known = tensor.is_constant or is_conversion(operator)
    return is_known and tensor.dtype in _SUMS and has_real_values(tensor.quantization)


def _is_quantized(tensor: Tensor, *, is_used: bool) -> bool:
    params = tensor.quantization
    if tensor.is_constant:
        has_values = tensor.dtype in _CODES and has_real_values(params)
        return is_used and (has_values or tensor.dtype == "float16")
    is_scaled = params is not None and params.is_usable
    return tensor.dtype == "float16" or (tensor.dtype in QUANTIZED_DTYPES and is_scaled)


def _is_plain(tensor: Tensor) -> bool:
    """The numbers of the tensor are its real values."""
    params = tensor.quantization
    if tensor.dtype == "float16":
        return True
    return params is not None and params.scales == (1.0,) and params.zero_points == (0,)


def _is_code(operator: Operator, tensor: Tensor) -> bool:
    """What the float32 kernel of `operator` would not take: codes of no known scale."""
    if tensor.dtype in _CODES:
        return True
    is_shape = operator.name == "TRANSPOSE_CONV" and tensor.index == operator.inputs[0]
    is_sum = tensor.is_constant and tensor.dtype in _SUMS and operator.name in BIASED
    return is_sum and not is_shape


def _derived_biases(graph: Subgraph) -> Iterator[Tensor]:
    """Biases without a scale of their own, with the one that their operator computes with."""
    for operator in graph.operators:
        layer = layer_of(graph, operator)
        bias = layer.bias if layer else None
        if layer and bias and bias.dtype in _SUMS and not has_real_values(bias.quantization):
            scales = _product(layer)
            if scales:
                params = QuantParams(scales, (0,) * len(scales), 0)
                yield replace(bias, quantization=params)


def _product(layer: Layer) -> tuple[float, ...]:
    """Input scale * weight scales; () where one of them is missing."""
    source, weights = layer.source.quantization, layer.weights.quantization
    if source is None or source.is_per_channel or not source.is_usable:
        return ()
    if weights is None or not has_real_values(weights):
        return ()
    return tuple(source.scales[0] * scale for scale in weights.scales)
