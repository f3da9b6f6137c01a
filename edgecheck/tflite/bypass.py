"""Who reads what once QUANTIZE and DEQUANTIZE are gone."""

from collections import Counter
from collections.abc import Mapping

from edgecheck.tflite.float_kernels import CONVERSIONS, TwinImpossible, shown
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
    return {index: _behind(graph, source, index) for index in source}


def _behind(graph: Subgraph, source: dict[int, int], index: int) -> int:
    start = index
    while index in source:
        index = source[index]
        if index == start:
            reason = "it reads what it writes"
            raise TwinImpossible(f"QUANTIZE in subgraph {graph.index}", reason)
        # Later chains that come by here need one step only.
        source[start] = index
    return index
