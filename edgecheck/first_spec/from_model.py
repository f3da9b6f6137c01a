"""From a model file to the facts of its first spec."""

from collections.abc import Iterator
from typing import get_args

from edgecheck.errors import UnusableError, UsageError
from edgecheck.first_spec.facts import Fact, Recipe, SpecFacts
from edgecheck.first_spec.inputs import ModelFile, inputs_of
from edgecheck.first_spec.task import given_task, guess_task
from edgecheck.rules.wording import and_more
from edgecheck.spec.model import ModelSpec
from edgecheck.tflite.contract import contract_of, quantization_scheme
from edgecheck.tflite.graph import Contract, Model
from edgecheck.tflite.metadata import label_file, packed_labels, read_metadata

MOST_PORTS = 64
"""Inputs of one model that a spec written by people would name."""
MOST_LABELS = 100
"""More class names are left in their file."""
_SHOWN = 5


def spec_facts(
    data: bytes, model: Model, name: str, task: str | None = None, recipe: Recipe | None = None
) -> SpecFacts:
    """Everything that a first spec can say.

    Args:
        data: the file, verified.
        model: `read_model(data)`.
        name: of the file.
        task: as the user names it; None to guess it.
        recipe: preprocessing that is known from elsewhere.

    Raises:
        UsageError: no such task, one that cannot be guessed, or a recipe that no input can take.
        UnusableError: the model has no inputs, or more than 64.
    """
    contract = contract_of(model)
    if not 0 < len(contract.inputs) <= MOST_PORTS:
        raise UnusableError(
            f"the model has {len(contract.inputs)} inputs, expected 1 to {MOST_PORTS}",
            hint="convert the part of it that is fed with samples",
        )
    file = ModelFile(data, model, contract, read_metadata(data, model))
    labels, is_declared = _labels(file)
    chosen = (
        given_task(task)
        if task is not None
        else guess_task(model, contract, has_labels=is_declared)
    )
    inputs = inputs_of(file, recipe)
    if recipe is not None and not any(entry.kind.value == recipe.kind for entry in inputs):
        shapes = [list(p.tensor.shape_signature) for p in contract.inputs[:4]]
        raise UsageError(
            f"{recipe.origin} is about {recipe.kind}, but no input of the model can take it: their "
            f"shapes are {', '.join(map(str, shapes))}",
            hint="give the preset or config of this very model to --from, or leave it out",
        )
    return SpecFacts(
        model=name,
        task=chosen,
        quantization=_quantization(model),
        labels=labels if chosen.value == "classification" else None,
        inputs=inputs,
        remarks=tuple(_remarks(model, contract)),
    )


def _quantization(model: Model) -> Fact[str] | None:
    """The scheme of the file, where a spec has a word for it."""
    scheme = quantization_scheme(model)
    promised = [
        word
        for choice in get_args(ModelSpec.model_fields["quantization"].annotation)
        for word in get_args(choice)
    ]
    return Fact(scheme, "what the file has; from now on a promise") if scheme in promised else None


def _labels(file: ModelFile) -> tuple[Fact[tuple[str, ...]], bool]:
    """Class names, and whether the file has them for sure."""
    name, is_declared = label_file(file.said, file.model)
    packed = packed_labels(file.data, name) if name else None
    if packed and len(packed) <= MOST_LABELS:
        return Fact(packed, f"{name}, packed into the file"), is_declared
    if packed:
        why = f"{len(packed)} class names are packed into the model: unzip them beside this file"
        return Fact((name,), why, "unknown"), is_declared
    why = "class names in the order of the outputs: a file with one a line, or a list"
    return Fact(("labels.txt",), why, "unknown"), False


def _remarks(model: Model, contract: Contract) -> Iterator[str]:
    if contract.has_state:
        yield (
            "the model keeps variables between runs: `state: stream` if all samples are one "
            "sequence; without it they are reset before each sample"
        )
    keys = [signature.key[:40] for signature in model.signatures]
    if len(keys) > 1:
        yield f"the file has {len(keys)} signatures: {_listed(keys)}; name one with `signature:`"
    if len(contract.outputs) > 1:
        names = [port.name[:40] for port in contract.outputs]
        yield (
            f"the model has {len(names)} outputs: {_listed(names)}; mark the one that counts with "
            "`outputs: {NAME: {primary: true}}`"
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + and_more(len(names), _SHOWN)
