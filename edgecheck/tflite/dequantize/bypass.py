"""Who reads what once QUANTIZE and DEQUANTIZE are gone."""

from collections import Counter
from collections.abc import Mapping

from edgecheck.tflite.dequantize.float_kernels import CONVERSIONS, TwinImpossible, shown
from edgecheck.tflite.graph import Operator, Subgraph


def is_conversion(operator: Operator) -> bool:
    """A builtin QUANTIZE or DEQUANTIZE."""
    return operator.name in CONVERSIONS and not operator.is_custom


def bypassed(graph: Subgraph) -> Mapping[int, int]:
    """Tensor that a conversion writes -> the tensor behind the chain of conversions.

    Raises:
        TwinImpossible: a conversion has not one input and one output, its output is written by
            another operator too, or conversions go round in a circle.
    """
    writes = Counter(index for operator in graph.operators for index in operator.outputs)
    source: dict[int, int] = {}
    for operator in filter(is_conversion, graph.operators):
        if len(operator.inputs) != 1 or len(operator.outputs) != 1 or operator.inputs[0] < 0:
            raise TwinImpossible(shown(graph, operator), "it has not one input and one output")
        if writes[operator.outputs[0]] > 1:
            raise TwinImpossible(shown(graph, operator), "another operator writes its output too")
        source[operator.outputs[0]] = operator.inputs[0]
    found: dict[int, int] = {}
    for index in source:
        _follow(graph, source, index, found)
    return found


def _follow(graph: Subgraph, source: Mapping[int, int], index: int, found: dict[int, int]) -> None:
    """Add to `found` what is behind `index` and behind all that lies between."""
    path: dict[int, None] = {}
    while index in source and index not in found:
        if index in path:
            raise TwinImpossible(f"QUANTIZE in subgraph {graph.index}", "it reads what it writes")
        path[index] = None
        index = source[index]
    found.update(dict.fromkeys(path, found.get(index, index)))
