"""Fake quantization in a float file: what training with quantization leaves in the graph.

A FAKE_QUANT operator, or QUANTIZE with DEQUANTIZE right behind it, rounds floats to the codes of a
trained range and gives floats again.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from edgecheck.quantization import representable_range
from edgecheck.tensors import QUANTIZED_DTYPES
from edgecheck.tflite.graph import Model, Operator, Subgraph, Tensor
from edgecheck.tflite.options import Options


@dataclass(frozen=True)
class FakeQuantizer:
    """One of them."""

    names: tuple[str, str]
    """Of the tensor that it gives, and of the one that it takes."""
    span: tuple[float, float] | None
    """Smallest and largest real value that it lets through; None for weights, and where the file
    says nothing that can be used."""


def fake_quantizers(data: bytes, model: Model) -> tuple[FakeQuantizer, ...]:
    """All of a verified file, in its order."""
    options = Options(data)
    return tuple(found for graph in model.subgraphs for found in _of_graph(graph, options))


def _of_graph(graph: Subgraph, options: Options) -> Iterator[FakeQuantizer]:
    sources = _only_rounded(graph)
    for operator in graph.operators:
        if not _is_unary(operator):
            continue
        source, output = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
        if operator.name == "FAKE_QUANT":
            yield _found(output, source, _stated(graph, operator, options))
        elif operator.name == "DEQUANTIZE" and source.index in sources:
            yield _found(output, sources[source.index], _held(source))


def _only_rounded(graph: Subgraph) -> dict[int, Tensor]:
    """Codes that nothing computes on, by tensor index -> the floats that they are made of."""
    used = {i for op in graph.operators if op.name != "DEQUANTIZE" for i in op.inputs}
    made = {
        operator.outputs[0]: graph.tensors[operator.inputs[0]]
        for operator in graph.operators
        if operator.name == "QUANTIZE" and _is_unary(operator)
    }
    kept = made.keys() - used - set(graph.outputs)
    return {
        index: source
        for index, source in made.items()
        if index in kept and source.dtype == "float32"
    }


def _is_unary(operator: Operator) -> bool:
    return len(operator.inputs) == 1 == len(operator.outputs) and operator.inputs[0] >= 0


def _found(output: Tensor, source: Tensor, span: tuple[float, float] | None) -> FakeQuantizer:
    return FakeQuantizer((output.name, source.name), None if source.is_constant else span)


def _stated(graph: Subgraph, operator: Operator, options: Options) -> tuple[float, float] | None:
    """The range in the options, moved to hold 0 as kernels and converters do (fake_quant.cc)."""
    ends = [options.real(graph, operator, slot) for slot in (0, 1)]
    known = [end for end in ends if end is not None and math.isfinite(end)]
    return (min(known[0], 0.0), max(known[1], 0.0)) if len(known) == 2 else None


def _held(codes: Tensor) -> tuple[float, float] | None:
    params = codes.quantization
    if params is None or not params.is_usable or params.is_per_channel:
        return None
    if codes.dtype not in QUANTIZED_DTYPES:
        return None
    return representable_range(params, codes.dtype)
