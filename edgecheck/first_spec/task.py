"""What a model is for, as far as its file tells."""

import re
from collections.abc import Mapping
from typing import get_args

from edgecheck.errors import UsageError
from edgecheck.first_spec.facts import Fact
from edgecheck.first_spec.shapes import sample_shape
from edgecheck.rules.wording import and_more
from edgecheck.spec.model import ModelSpec
from edgecheck.spec.wording import did_you_mean, quoted
from edgecheck.tflite.contract import RESHAPES
from edgecheck.tflite.flow import maker, producers
from edgecheck.tflite.graph import Contract, Model, Port

TASKS: tuple[str, ...] = get_args(ModelSpec.model_fields["task"].annotation)

_DETECTION = "TFLite_Detection_PostProcess"
_NAMES: Mapping[str, str] = {
    "logits": "classification",
    "softmax": "classification",
    "probabilities": "classification",
    "probability": "classification",
    "embedding": "embedding",
    "embeddings": "embedding",
    "boxes": "detection",
    "detection": "detection",
    "detections": "detection",
    "segmentation": "segmentation",
    "reconstruction": "autoencoder",
    "reconstructed": "autoencoder",
}
"""Word in the name of the only output -> what such outputs are."""
_PASSES_ON = RESHAPES | {"QUANTIZE", "DEQUANTIZE", "CAST"}


def given_task(task: str) -> Fact[str]:
    """The task that the user names.

    Raises:
        UsageError: there is no such task.
    """
    if task not in TASKS:
        raise UsageError(
            f"no task {quoted(task)}{did_you_mean(task, TASKS)}",
            hint=f"give one of {', '.join(TASKS)}",
        )
    return Fact(task, "as given by --task")


def guess_task(model: Model, contract: Contract, *, has_labels: bool) -> Fact[str]:
    """The task, from the operators before the outputs, their shapes and names, and class names.

    Raises:
        UsageError: they leave it open.
    """
    found = _by_detection(model) or (
        _of_only_output(model, contract, has_labels=has_labels)
        if len(contract.outputs) == 1
        else None
    )
    if found is None:
        raise UsageError(
            f"the file does not tell what the model is for: {_outputs(contract)}",
            hint=f"name it: --task with one of {', '.join(TASKS)}",
        )
    return Fact(found[0], found[1], "guessed")


def _by_detection(model: Model) -> tuple[str, str] | None:
    names = {operator.name for graph in model.subgraphs for operator in graph.operators}
    return ("detection", f"the file has the operator {_DETECTION}") if _DETECTION in names else None


def _of_only_output(
    model: Model, contract: Contract, *, has_labels: bool
) -> tuple[str, str] | None:
    output = contract.outputs[0]
    shape = tuple(size for size in sample_shape(output.tensor) or () if size != 1)
    last = _last_operator(model, contract.subgraph, output)
    by_operator = _by_operator(last, len(shape))
    if by_operator is not None:
        return by_operator, f"the output comes from {last}"
    if len(shape) == 1 and has_labels:
        return "classification", "class names are packed into the file"
    return _by_name(output) or _by_shape(contract, output, shape, last)


def _by_operator(last: str, rank: int) -> str | None:
    """By the operator that ends the model, and how many axes longer than 1 its output has."""
    if last in {"SOFTMAX", "LOG_SOFTMAX"} and rank == 1:
        return "classification"
    if last in {"SOFTMAX", "LOG_SOFTMAX"} and rank == 3:
        return "segmentation"
    if last == "ARG_MAX" and rank == 2:
        return "segmentation"
    return "embedding" if last == "L2_NORMALIZATION" and rank == 1 else None


def _by_name(output: Port) -> tuple[str, str] | None:
    for name in (output.name, output.tensor.name):
        for word in re.split(r"[^a-z]+", name.lower()):
            if word in _NAMES:
                return _NAMES[word], f'the output is named "{name[:60]}"'
    return None


def _by_shape(
    contract: Contract, output: Port, shape: tuple[int, ...], last: str
) -> tuple[str, str] | None:
    given = sample_shape(contract.inputs[0].tensor) if len(contract.inputs) == 1 else None
    if given is not None and shape and given == sample_shape(output.tensor) and last != "LOGISTIC":
        return "autoencoder", "the output has the shape of the input"
    if not shape and sample_shape(output.tensor) and last != "LOGISTIC":
        return "regression", "the output is one value, without a final activation"
    return None


def _last_operator(model: Model, subgraph: int, output: Port) -> str:
    """The operator that computes an output, behind what only reshapes and converts."""
    made_by = producers(model.subgraphs[subgraph])
    operator, _ = maker(made_by, output.tensor.index, _PASSES_ON)
    return "" if operator is None else operator.name


def _outputs(contract: Contract) -> str:
    listed = [
        f'"{port.name[:40]}" {list(port.tensor.shape_signature)}' for port in contract.outputs[:4]
    ]
    more = and_more(len(contract.outputs), 4)
    return f"its outputs are {', '.join(listed)}{more}" if listed else "it has no outputs"
