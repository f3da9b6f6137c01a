"""The output of one operator taken from the float twin."""

from collections.abc import Sequence
from dataclasses import replace

from edgecheck.compare.resumed import Resumption, compare_resumed
from edgecheck.diagnosis.experiments.bench import Bench, Impossible
from edgecheck.diagnosis.experiments.effect import Outcome, outcome
from edgecheck.findings import Finding
from edgecheck.tflite.edit.editor import EditImpossible


def in_float(bench: Bench, findings: Sequence[Finding], _others: Sequence[Finding]) -> Outcome:
    """Go on in the candidate from the value that the twin has behind an operator.

    Raises:
        Impossible: there is no twin, or the operator cannot be cut out; or nothing is gained where
            other operators of its kind may lose as much.
        SideFault: a model was refused, crashed or hung.
    """
    twin = bench.required_twin()
    graph = bench.evidence.model.subgraphs[0]
    index = findings[0].evidence.get("index")
    if index is None:
        raise Impossible(f"{findings[0].rule} names no operator")
    operator = graph.operators[index]
    if bench.setup.candidate.contract.subgraph or len(operator.outputs) != 1:
        raise Impossible(f"{operator.name} cannot be cut out of the graph")
    resumption = Resumption(twin, operator.outputs[0], bench.kernels)
    setup = replace(bench.setup, dataset=bench.some(), reference=bench.reference)
    try:
        before, after = compare_resumed(setup, resumption, bench.progress)
    except EditImpossible as error:
        raise Impossible(str(error)) from None
    action = f"output of {operator.name} (operator {operator.index}) taken from the float twin"
    found = outcome(action, before, after, bench.evidence.spec.tolerances)
    alike = [other for other in graph.operators if other.name == operator.name]
    if found.effect == "none" and len(alike) > 1:
        raise Impossible(f"{len(alike)} operators are {operator.name}, and may lose as much")
    return found
