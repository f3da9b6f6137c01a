"""Suspected weights replaced by those of the reference, in real numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Final, TypeAlias

import numpy as np

from edgecheck import thresholds
from edgecheck.checks.accumulators import LIMIT
from edgecheck.checks.constants import sound_weights
from edgecheck.compare.beside import Variant
from edgecheck.compare.entrant import Entrant
from edgecheck.diagnosis.experiments.bench import Bench, Impossible
from edgecheck.diagnosis.experiments.effect import Outcome, outcome
from edgecheck.findings import Finding
from edgecheck.rules.wording import count
from edgecheck.tensors import Array
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.edit.editor import Editor
from edgecheck.tflite.flow import maker, producers
from edgecheck.tflite.graph import Model, Tensor
from edgecheck.tflite.layers import CONVOLUTIONS, Layer, layer_of
from edgecheck.tflite.weights import Weight

_SAME_VALUES: Final = frozenset({"DEQUANTIZE", "QUANTIZE"})

_Judge: TypeAlias = Callable[[Layer, Sequence[Array], Sequence[Finding]], bool]
"""Given a layer, what is stored of its weights and bias, and the findings."""


def from_reference(
    bench: Bench, findings: Sequence[Finding], _others: Sequence[Finding]
) -> Outcome:
    """Give suspected layers the weights and biases of the reference, and measure.

    It is done in the float twin, where weights alone decide, or in a candidate that is float.

    Raises:
        Impossible: the reference is no .tflite, or the layers have no counterpart in it.
        SideFault: a model was refused, crashed or hung.
    """
    if bench.setup.reference is None or not bench.reference_weights:
        raise Impossible("the weights of a .tflite reference are needed")
    data, model, base = _base(bench)
    layers = list(_suspects(bench, findings))
    theirs = _counterparts(bench)
    editor, changed = Editor(data), 0
    for layer in layers:
        weight = theirs.get(layer.operator.index)
        changed += weight is not None and _replace(bench, editor, model, layer, weight)
    if not changed or changed < len(layers):
        raise Impossible("not every suspected layer has its counterpart in the reference")
    replaced = bench.changed(editor.finish(), "weights", base)
    variants = [Variant("stored", base), Variant("replaced", replaced)]
    seen = bench.measured(bench.some(), bench.setup.reference, variants)
    where = "" if bench.twin is None else " in the float twin"
    action = f"weights of {count(changed, 'layer')} replaced by the reference's{where}"
    found = outcome(action, seen["stored"], seen["replaced"], bench.evidence.spec.tolerances)
    if found.effect == "none" and _is_rescaled(bench, layers):
        raise Impossible("factors were moved between layers, so that weights cannot be exchanged")
    if found.effect == "none" and findings[0].rule in _OF_ALL:
        raise Impossible("which layer is which cannot be told, where all weights are others")
    return found


def _base(bench: Bench) -> tuple[bytes, Model, Entrant]:
    """The model whose weights are exchanged: bytes, tensors, and how it is run."""
    if bench.twin is not None:
        return bench.twin.data, bench.twin.model, bench.twin_entrant()
    return bench.evidence.data, bench.evidence.model, bench.setup.candidate


def _suspects(bench: Bench, findings: Sequence[Finding]) -> Iterator[Layer]:
    """The layers of the main graph that findings of one rule are about."""
    evidence = bench.evidence
    constants = Constants.of(evidence.data)
    judge = _JUDGES[findings[0].rule]
    graph = evidence.model.subgraphs[0]
    for operator in graph.operators:
        layer = layer_of(graph, operator)
        if layer is None:
            continue
        parts = [tensor for tensor in (layer.weights, layer.bias) if tensor is not None]
        stored = [constants.stored(graph.tensors[_stored(bench, part)]) for part in parts]
        if judge(layer, [values for values in stored if values is not None], findings):
            yield layer


def _counterparts(bench: Bench) -> Mapping[int, Weight]:
    """Operator of the candidate -> the layer of the reference that it comes from."""
    weights = bench.evidence.weights
    known = {weight.operator: weight for weight in bench.reference_weights}
    pairs = () if weights is None else weights.pairs
    return {
        pair.candidate.operator: known[pair.reference.operator]
        for pair in pairs
        if pair.reference.operator in known
    }


def _replace(bench: Bench, editor: Editor, model: Model, layer: Layer, weight: Weight) -> bool:
    """Write the weights of one layer; False where the tensors are not alike."""
    stored = _stored(bench, layer.weights)
    tensor = model.subgraphs[0].tensors[_place(bench, stored)]
    values = _in_file(weight.values, layer, tensor.shape)
    if tensor.dtype != "float32" or values is None:
        return False
    editor.set_buffer(0, tensor.index, values.tobytes())
    if layer.bias is not None and weight.bias is not None:
        bias = model.subgraphs[0].tensors[_place(bench, _stored(bench, layer.bias))]
        if bias.dtype == "float32" and bias.shape == weight.bias.shape:
            editor.set_buffer(0, bias.index, np.ascontiguousarray(weight.bias, "<f4").tobytes())
    return True


def _stored(bench: Bench, tensor: Tensor) -> int:
    """The constant that a tensor has its values from."""
    graph = bench.evidence.model.subgraphs[0]
    return maker(producers(graph), tensor.index, _SAME_VALUES)[1]


def _place(bench: Bench, tensor: int) -> int:
    return tensor if bench.twin is None else bench.twin.place[0, tensor]


def _in_file(values: Array, layer: Layer, shape: Sequence[int]) -> Array | None:
    """Weights with the output channel first as a file stores them; None where sizes differ."""
    if values.size != prod(shape):
        return None
    if layer.operator.name == "DEPTHWISE_CONV_2D":
        values = np.moveaxis(values.reshape(shape[-1], *shape[1:-1]), 0, -1)
    return np.ascontiguousarray(values.reshape(shape), "<f4")


def _is_rescaled(bench: Bench, replaced: Sequence[Layer]) -> bool:
    """Whether some other layer has not the size of its counterpart, as after equalization."""
    weights = bench.evidence.weights
    own = {layer.operator.index for layer in replaced}
    changes = [
        p.change for p in (weights.pairs if weights else ()) if p.candidate.operator not in own
    ]
    factors = [change.factor for change in changes if change is not None]
    return any(factor is None or abs(factor - 1) > thresholds.SAME_FACTOR for factor in factors)


def _is_any(_layer: Layer, _stored: Sequence[Array], _findings: Sequence[Finding]) -> bool:
    return True


def _is_named(layer: Layer, _stored: Sequence[Array], findings: Sequence[Finding]) -> bool:
    return layer.operator.index in {finding.evidence.get("index") for finding in findings}


def _is_nonfinite(_layer: Layer, stored: Sequence[Array], _findings: Sequence[Finding]) -> bool:
    return any(part.dtype.kind == "f" and not sound_weights(part).all() for part in stored)


def _is_half_limit(_layer: Layer, stored: Sequence[Array], _findings: Sequence[Finding]) -> bool:
    halves = [part for part in stored if part.dtype == np.float16]
    return any(bool((np.abs(part) >= thresholds.LARGEST_HALF).any()) for part in halves)


def _has_one_scale(layer: Layer, _stored: Sequence[Array], findings: Sequence[Finding]) -> bool:
    params = layer.weights.quantization
    is_single = params is not None and params.is_usable and not params.is_per_channel
    named = {finding.evidence.get("operator") for finding in findings}
    return layer.operator.name in CONVOLUTIONS | named and is_single


def _is_clipped(_layer: Layer, stored: Sequence[Array], _findings: Sequence[Finding]) -> bool:
    sums = [part.astype(np.int64) for part in stored if part.dtype == np.int32]
    return any(bool((np.abs(part) >= LIMIT).any()) for part in sums)


_OF_ALL: Final = frozenset({"weights-not-loaded", "wrong-model-file"})
"""Rules whose findings are about every layer."""

_JUDGES: Final[Mapping[str, _Judge]] = {
    "bias-overflow": _is_clipped,
    "fp16-overflow": _is_half_limit,
    "layer-weights-differ": _is_named,
    "nan-or-inf-weights": _is_nonfinite,
    "weight-per-tensor-loss": _has_one_scale,
    "weights-not-loaded": _is_any,
    "wrong-model-file": _is_any,
}
"""Rule -> whether its findings are about a layer."""
