"""Which subgraphs an operator runs, and which tensors are handed over."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from edgecheck.tflite.graph import Model, Operator, Subgraph
from edgecheck.tflite.options import Options

Key: TypeAlias = tuple[int, int]
"""(Subgraph, tensor)."""

CALLS: Mapping[str, int] = {"CALL": 1, "IF": 2, "WHILE": 2}
"""Operator -> number of subgraphs; their indices are the first fields of its options."""


def handed_over(data: bytes, model: Model) -> dict[Key, tuple[tuple[Key, Key], ...] | None]:
    """For each operator that runs subgraphs, pairs of tensors that hold the same codes.

    Args:
        data: the file.
        model: `read_model(data)`.

    Returns:
        (subgraph, operator) -> pairs of (subgraph, tensor); None where the options lead nowhere
        or the numbers of tensors do not fit.
    """
    options = Options(data)
    return {
        (graph.index, operator.index): _pairs(options, model, graph, operator)
        for graph in model.subgraphs
        for operator in graph.operators
        if operator.name in CALLS
    }


def _pairs(
    options: Options, model: Model, graph: Subgraph, operator: Operator
) -> tuple[tuple[Key, Key], ...] | None:
    targets = _targets(options, graph, operator)
    if targets is None or any(not 0 <= target < len(model.subgraphs) for target in targets):
        return None
    callees = [model.subgraphs[target] for target in targets]
    given = operator.inputs[1:] if operator.name == "IF" else operator.inputs
    answering = callees[1:] if operator.name == "WHILE" else callees
    if any(len(callee.inputs) != len(given) for callee in callees):
        return None
    if any(len(callee.outputs) != len(operator.outputs) for callee in answering):
        return None
    entries = [pair for callee in callees for pair in _linked(graph, given, callee, callee.inputs)]
    exits = [
        pair
        for callee in answering
        for pair in _linked(graph, operator.outputs, callee, callee.outputs)
    ]
    rounds = list(_linked(graph, given, graph, operator.outputs))
    return (*entries, *exits, *(rounds if operator.name == "WHILE" else ()))


def _linked(
    caller: Subgraph, outer: tuple[int, ...], callee: Subgraph, inner: tuple[int, ...]
) -> Iterator[tuple[Key, Key]]:
    for left, right in zip(outer, inner, strict=False):
        if left >= 0:
            yield (caller.index, left), (callee.index, right)


def _targets(options: Options, graph: Subgraph, operator: Operator) -> tuple[int, ...] | None:
    """The subgraphs named in the options."""
    found = [options.number(graph, operator, slot, "<I") for slot in range(CALLS[operator.name])]
    named = tuple(target for target in found if target is not None)
    return named if len(named) == len(found) else None
