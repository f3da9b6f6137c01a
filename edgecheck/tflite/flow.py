"""How values flow through one subgraph. Operators run in the order of the file."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from edgecheck.tflite.contract import RESHAPES, UNPACKING
from edgecheck.tflite.graph import Operator, Subgraph, Tensor

MOST_STEPS = 32
"""Operators in a row that `maker` looks through: files have three, and none may go on for ever."""

CARRIES = RESHAPES | UNPACKING | {"CAST", "TRANSPOSE", "QUANTIZE"}
"""Operators whose output is a constant in another form, when their first input is a constant."""


def producers(graph: Subgraph) -> Mapping[int, Operator]:
    """Tensor index -> the operator that writes it, the last one if there are several."""
    return {index: operator for operator in graph.operators for index in operator.outputs}


def consumers(graph: Subgraph) -> Mapping[int, list[Operator]]:
    """Tensor index -> the operators that read it."""
    found: dict[int, list[Operator]] = {}
    for operator in graph.operators:
        for index in dict.fromkeys(operator.inputs):
            found.setdefault(index, []).append(operator)
    return found


def reached(graph: Subgraph, sources: Iterable[int]) -> set[int]:
    """The tensors that depend on one of `sources`, which are among them.

    Whatever a variable or a resource gives may depend on earlier inputs: it counts as reached.
    """
    found = set(sources) | {tensor.index for tensor in graph.tensors if tensor.is_variable}
    for operator in graph.operators:
        if operator.name == "READ_VARIABLE" or not found.isdisjoint(operator.inputs):
            found.update(operator.outputs)
    return found


def upstream(graph: Subgraph, targets: Iterable[int]) -> set[int]:
    """Indices of the operators that one of the tensors `targets` depends on."""
    wanted, found = set(targets), set()
    for operator in reversed(graph.operators):
        if not wanted.isdisjoint(operator.outputs):
            wanted.update(operator.inputs)
            found.add(operator.index)
    return found


def maker(
    made_by: Mapping[int, Operator], index: int, through: Collection[str]
) -> tuple[Operator | None, int]:
    """The operator behind a tensor and the tensor that it writes, looking through `through`.

    None with the first tensor of the chain that no operator writes, or after `MOST_STEPS`.
    """
    for _ in range(MOST_STEPS):
        operator = made_by.get(index)
        if operator is None or operator.name not in through or not operator.inputs:
            return operator, index
        index = operator.inputs[0]
    return None, index


def constant_uses(graph: Subgraph) -> Iterator[tuple[Tensor, Operator, int]]:
    """(constant, operator, position) for each input that is a constant, in the order of the file.

    Operators that only unpack or reshape a constant are looked through.
    """
    origin = {tensor.index: tensor for tensor in graph.tensors if tensor.is_constant}
    for operator in graph.operators:
        if operator.name in CARRIES and operator.inputs and operator.inputs[0] in origin:
            origin.update(dict.fromkeys(operator.outputs, origin[operator.inputs[0]]))
            continue
        for position, index in enumerate(operator.inputs):
            if index in origin:
                yield origin[index], operator, position
