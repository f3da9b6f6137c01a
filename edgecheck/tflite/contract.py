"""What a caller must feed and will get, and how a model is quantized."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

from edgecheck.errors import UsageError
from edgecheck.tensors import QUANTIZED_DTYPES
from edgecheck.tflite.graph import Contract, Model, Operator, Port, Signature, Subgraph, Tensor

Scheme = Literal["none", "float16", "dynamic-range", "full-integer", "int16x8", "mixed"]

FLOATS = frozenset({"float32", "float16", "bfloat16", "float64"})

INTEGER_WEIGHTS = frozenset({"int8", "uint8", "int4", "uint4", "int2"})

RESHAPES = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})
"""Operators whose output holds the same values in the same order."""

UNPACKING = frozenset({"DEQUANTIZE", "DENSIFY"})
"""Operators that only unpack, when their input is a constant."""

_LAYERS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})

NEUTRAL = RESHAPES | {
    "ASSIGN_VARIABLE", "CALL", "CALL_ONCE", "CONCATENATION", "DENSIFY", "DEQUANTIZE", "GATHER",
    "GATHER_ND", "IF", "PACK", "PAD", "PADV2", "QUANTIZE", "READ_VARIABLE", "SHAPE", "SLICE",
    "SPLIT", "SPLIT_V", "STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK", "VAR_HANDLE", "WHILE",
}  # fmt: skip
"""Operators that move or convert values and compute nothing: they do not decide the scheme."""


def contract_of(model: Model, signature: str | None = None) -> Contract:
    """The ports of one signature, or of subgraph 0.

    Without a name: subgraph 0, with the argument names of its signature if it has exactly one.
    A port that the signature does not name has the tensor's name, or `tensor_<index>`; a name that
    occurs again gets `_2`, `_3`, ... Ports are in the order of the subgraph.

    Raises:
        UsageError: the model has no signature of that name.
    """
    chosen = _signature(model, signature)
    graph = model.subgraphs[chosen.subgraph if chosen else 0]
    return Contract(
        inputs=_ports(graph, graph.inputs, chosen.inputs if chosen else {}),
        outputs=_ports(graph, graph.outputs, chosen.outputs if chosen else {}),
        subgraph=graph.index,
        signature=chosen.key if chosen else None,
        has_state=any(_has_state(subgraph) for subgraph in model.subgraphs),
        has_resources=any(map(_assigns_resources, model.subgraphs)),
    )


def _signature(model: Model, wanted: str | None) -> Signature | None:
    if wanted is None:
        of_main = [item for item in model.signatures if item.subgraph == 0]
        return of_main[0] if len(of_main) == 1 else None
    for signature in model.signatures:
        if signature.key == wanted:
            return signature
    keys = [signature.key[:80] for signature in model.signatures[:20]]
    close = get_close_matches(wanted[:80], keys, n=1)
    listed = ", ".join(keys) if keys else "none"
    hint = f"Did you mean {close[0]!r}?" if close else "`edgecheck inspect MODEL` lists them."
    raise UsageError(f"no signature {wanted!r} in the model; it has: {listed}", hint=hint)


def _ports(
    graph: Subgraph, indices: Sequence[int], arguments: Mapping[str, int]
) -> tuple[Port, ...]:
    names: dict[int, list[str]] = {}
    for name, index in arguments.items():
        names.setdefault(index, []).append(name)
    ports: dict[str, Port] = {}
    for index in indices:
        tensor = graph.tensors[index]
        given = names.get(index)
        plain = (given.pop(0) if given else "") or tensor.name or f"tensor_{index}"
        name = _unique(plain, ports)
        ports[name] = Port(name, tensor)
    return tuple(ports.values())


def _unique(name: str, taken: Mapping[str, Port]) -> str:
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    return free


def _has_state(graph: Subgraph) -> bool:
    return any(tensor.is_variable for tensor in graph.tensors) or _assigns_resources(graph)


def _assigns_resources(graph: Subgraph) -> bool:
    return any(operator.name == "ASSIGN_VARIABLE" for operator in graph.operators)


def input_fossil(model: Model, port: Port) -> Tensor | None:
    """The tensor whose scale and zero point record the calibrated range of an input.

    It is the input itself when it is quantized, else the output of the QUANTIZE operator that
    consumes it, directly or behind operators that only reshape; None when there is neither.
    """
    if is_quantized(port.tensor):
        return port.tensor
    graph = graph_of(model, port)
    if graph is None or port.tensor.dtype not in FLOATS:
        return None
    same_values = {port.tensor.index}
    for operator in _in_order(graph, same_values):
        if operator.name == "QUANTIZE" and is_quantized(graph.tensors[operator.outputs[0]]):
            return graph.tensors[operator.outputs[0]]
    return None


def graph_of(model: Model, port: Port) -> Subgraph | None:
    """The subgraph that a port is an input of."""
    index = port.tensor.index
    for graph in model.subgraphs:
        if index in graph.inputs and graph.tensors[index] == port.tensor:
            return graph
    return None


def _in_order(graph: Subgraph, same_values: set[int]) -> Iterable[Operator]:
    """Operators that read one of `same_values`, which grows by what only reshapes them."""
    for operator in graph.operators:
        if operator.outputs and operator.inputs[:1] and operator.inputs[0] in same_values:
            if operator.name in RESHAPES:
                same_values.update(operator.outputs)
            yield operator


def is_quantized(tensor: Tensor) -> bool:
    """The tensor holds codes: an int8, uint8 or int16 type with usable scales."""
    params = tensor.quantization
    return tensor.dtype in QUANTIZED_DTYPES and params is not None and params.is_usable


def quantized_tensors(model: Model) -> list[Tensor]:
    """Tensors of codes, also those whose scales are not usable."""
    return [
        tensor
        for graph in model.subgraphs
        for tensor in graph.tensors
        if tensor.quantization is not None and tensor.dtype in QUANTIZED_DTYPES
    ]


def quantization_scheme(model: Model) -> Scheme:
    """How a model computes, decided by the operators that compute (all but `NEUTRAL`).

    * full-integer: activations are int8 or uint8 codes; int16x8: they are int16 codes. QUANTIZE
      and DEQUANTIZE around them (float inputs and outputs) do not change that.
    * dynamic-range: activations are float, and integer constants are weights of some operator,
      as they are (hybrid kernels) or behind DEQUANTIZE (weight-only).
    * float16: activations are float, weights are float16 constants, behind DEQUANTIZE or not.
    * mixed: operators on codes next to operators on floats, or two of the above.
    * none: nothing is quantized.
    """
    kinds: set[Scheme] = set()
    passed_over: set[Scheme] = set()
    for graph in model.subgraphs:
        stored = _stored_dtypes(graph)
        for operator in graph.operators:
            kind = _kind(graph, operator, stored)
            if kind is not None:
                (passed_over if operator.name in NEUTRAL else kinds).add(kind)
    return _combined(kinds or passed_over)


def mixed_operators(model: Model) -> Counter[str]:
    """Name -> how many layers read float values and integer weights, or unpack float16 weights."""
    found: Counter[str] = Counter()
    for graph in model.subgraphs:
        for operator in graph.operators:
            tensors = [graph.tensors[index] for index in operator.inputs if index >= 0]
            is_hybrid = operator.name in _LAYERS and _is_hybrid(tensors)
            is_packed = operator.name == "DEQUANTIZE" and tensors[0].dtype == "float16"
            found[operator.name] += is_hybrid or is_packed
    return +found


def _is_hybrid(tensors: Sequence[Tensor]) -> bool:
    values = [tensor for tensor in tensors if not tensor.is_constant]
    weights = [tensor for tensor in tensors if tensor.is_constant]
    return any(tensor.dtype == "float32" for tensor in values) and any(
        tensor.dtype in INTEGER_WEIGHTS for tensor in weights
    )


def float_operators(model: Model) -> tuple[Counter[str], int]:
    """Name -> how many operators compute on float activations, and how many compute at all.

    Operators of `NEUTRAL` only move or convert values, and do not count.
    """
    left: Counter[str] = Counter()
    computing = 0
    for graph in model.subgraphs:
        stored = _stored_dtypes(graph)
        for operator in graph.operators:
            kind = None if operator.name in NEUTRAL else _kind(graph, operator, stored)
            computing += kind is not None
            if kind not in {None, "full-integer", "int16x8"}:
                left[operator.name] += 1
    return left, computing


def float_share(model: Model) -> float:
    """Share of the operators that compute, which do so on float activations; 0 without any."""
    left, computing = float_operators(model)
    return sum(left.values()) / computing if computing else 0.0


def _combined(kinds: set[Scheme]) -> Scheme:
    """Float operators without weights (or with small ones) belong to float16 and dynamic-range."""
    integer = kinds & {"full-integer", "int16x8"}
    decisive = kinds if integer else kinds - {"none"}
    if len(decisive) > 1:
        return "mixed"
    return next(iter(decisive), "none")


def _stored_dtypes(graph: Subgraph) -> dict[int, str]:
    """Tensor index -> type in which its constant is stored, also behind `UNPACKING` operators."""
    stored = {tensor.index: tensor.dtype for tensor in graph.tensors if tensor.is_constant}
    for _ in range(2):  # DENSIFY then DEQUANTIZE, in whatever order the file has them
        for operator in graph.operators:
            source = operator.inputs[0] if operator.inputs else -1
            if operator.name in UNPACKING and source in stored:
                stored.update(dict.fromkeys(operator.outputs, stored[source]))
    return stored


def _kind(graph: Subgraph, operator: Operator, stored: Mapping[int, str]) -> Scheme | None:
    """The scheme of one operator by itself; None when it computes neither codes nor floats."""
    used = [index for index in (*operator.inputs, *operator.outputs) if index >= 0]
    activations = [graph.tensors[index] for index in used if index not in stored]
    # The cell state of an LSTM is int16 among int8: variables do not count.
    codes = {item.dtype for item in activations if is_quantized(item) and not item.is_variable}
    if codes:
        return "int16x8" if codes == {"int16"} else "full-integer"
    floats = FLOATS & {tensor.dtype for tensor in activations}
    if not floats:
        return None
    weights = {stored[index] for index in used if index in stored}
    if weights & INTEGER_WEIGHTS:
        return "dynamic-range"
    return "float16" if "float16" in weights | floats else "none"
