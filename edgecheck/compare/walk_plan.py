"""Which tensors a walk follows, and where the twin holds their float values."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgecheck.tensors import QUANTIZED_DTYPES
from edgecheck.tflite.contract import RESHAPES
from edgecheck.tflite.flow import maker, producers, reached
from edgecheck.tflite.graph import Model, Operator, Subgraph, Tensor

_COPIES = RESHAPES | {"DEQUANTIZE", "QUANTIZE"}
_HEADS = frozenset({"SOFTMAX", "LOGISTIC", "LOG_SOFTMAX"})


@dataclass(frozen=True)
class Followed:
    """One activation of the candidate."""

    index: int
    """Of its operator in the order of the file; -1 for an input of the model."""
    op: str
    tensor: Tensor
    inputs: tuple[int, ...]
    """The activations that its operator reads, as tensor indices of the candidate."""
    twin: int
    """Tensor index in the twin."""
    is_copy: bool
    """The twin has no such operator: it only passed from float to codes, or back."""
    is_output: bool
    decides: bool


def followed(model: Model, place: Mapping[tuple[int, int], int]) -> tuple[Followed, ...]:
    """Every activation of the main graph that depends on an input, in order of execution.

    Args:
        model: the candidate.
        place: (subgraph, tensor of the candidate) -> tensor of the twin.
    """
    graph = model.subgraphs[0]
    alive = reached(graph, graph.inputs)
    outputs, heads = _ends(graph)
    found = []
    for operator in (_source(graph), *graph.operators):
        for index in operator.outputs:
            tensor = graph.tensors[index]
            if index not in alive or (0, index) not in place or not _is_real(tensor):
                continue
            inputs = tuple(i for i in dict.fromkeys(operator.inputs) if i in alive)
            here = place[0, index]
            is_copy = len(inputs) == 1 and place.get((0, inputs[0])) == here
            found.append(
                Followed(
                    index=operator.index,
                    op=operator.name,
                    tensor=tensor,
                    inputs=inputs,
                    twin=here,
                    is_copy=is_copy,
                    is_output=index in outputs,
                    decides=index in heads,
                )
            )
    return tuple(found)


def _source(graph: Subgraph) -> Operator:
    """The inputs of the graph, as what an operator before the first one writes."""
    return Operator(-1, "INPUT", 1, (), graph.inputs, is_custom=False)


def _is_real(tensor: Tensor) -> bool:
    """An activation that has real values: float32, or codes with one usable scale."""
    if tensor.is_constant or tensor.is_variable:
        return False
    if tensor.dtype == "float32":
        return True
    params = tensor.quantization
    is_quantized = tensor.dtype in QUANTIZED_DTYPES and params is not None
    return is_quantized and params is not None and params.is_usable and not params.is_per_channel


def _ends(graph: Subgraph) -> tuple[set[int], set[int]]:
    """(tensors that are given out, those of them and before their heads that decide)."""
    made_by = producers(graph)
    outputs, heads = set(), set()
    for index in graph.outputs:
        outputs.add(index)
        operator, before = maker(made_by, index, _COPIES)
        outputs.add(before)
        is_head = operator is not None and operator.name in _HEADS and operator.inputs
        heads.add(
            maker(made_by, operator.inputs[0], _COPIES)[1] if is_head and operator else before
        )
    return outputs, heads
