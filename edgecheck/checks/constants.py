"""What the stored values themselves say: NaN, overflow, clipped biases, lost channels."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from edgecheck import thresholds
from edgecheck.checks import layer_weights
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.stages import weights_lose_parity
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Severity
from edgecheck.rules.quantization.fp16_overflow import Fp16Overflow
from edgecheck.rules.quantization.weight_per_tensor_loss import WeightPerTensorLoss
from edgecheck.rules.training.nan_or_inf_weights import NanOrInfWeights
from edgecheck.tensors import Array
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.contract import FLOATS, quantization_scheme
from edgecheck.tflite.flow import constant_uses
from edgecheck.tflite.graph import Operator, Tensor
from edgecheck.tflite.layers import CONVOLUTIONS, Layer, layers

WEIGHTED = frozenset({
    "BATCH_MATMUL", "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN", "CONV_2D",
    "CONV_3D", "CONV_3D_TRANSPOSE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "LSTM", "RNN", "SVDF",
    "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN",
})  # fmt: skip
"""Operators that multiply each weight with a value: infinity times 0 is NaN."""

ARITHMETIC = frozenset({"ADD", "DIV", "MUL", "PRELU", "SQUARED_DIFFERENCE", "SUB"})
"""Operators that pass a NaN constant on."""

_BLOCK = 1 << 20
_LARGEST = float(np.finfo(np.float32).max)
"""The largest finite float32: what TensorFlow's converter stores where a weight is infinite."""


def sound_weights(values: Array) -> Array:
    """Which float weights are numbers: bool, of their shape. NaN, infinity and its stand-in are not."""
    most = _LARGEST if values.dtype == np.float32 else math.inf
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(values) < most)


@dataclass(frozen=True)
class _Use:
    """A float constant, the first operator that uses it, and its smallest and largest value."""

    tensor: Tensor
    operator: Operator
    values: Array
    low: float
    high: float

    @property
    def largest(self) -> float:
        return max(-self.low, self.high)


def check_finite(evidence: Evidence) -> Iterator[Finding]:
    """No float constant holds NaN or infinity where that spoils the result."""
    hits: dict[Severity, list[NanOrInfWeights]] = {}
    for use in _float_uses(evidence):
        # As a mask the largest float is meant, as a weight it was infinite.
        is_weight = use.operator.name in WEIGHTED and use.tensor.dtype == "float32"
        most = _LARGEST if is_weight else math.inf
        if use.largest < most:
            continue
        nan, inf = _counts(use.values, most)
        if not nan and use.tensor.dtype == "float16":
            continue  # what was too large for float16 is another rule's
        spoils = use.operator.name in WEIGHTED or (nan and use.operator.name in ARITHMETIC)
        rule = NanOrInfWeights(
            use.tensor.name, use.operator.name, nan, inf, use.values.size, tensors=1
        )
        hits.setdefault("error" if spoils else "info", []).append(rule)
    for severity, found in hits.items():
        first = found[0]
        rule = NanOrInfWeights(**{**first.evidence(), "tensors": len(found)})
        yield Finding.of(rule, Subject("tensor", first.tensor), severity=severity)


def check_float16(evidence: Evidence) -> Iterator[Finding]:
    """Every float constant fits into float16, where the model is or shall be float16."""
    if "float16" not in (evidence.spec.model.quantization, quantization_scheme(evidence.model)):
        return
    hits: dict[tuple[str, Severity], list[Fp16Overflow]] = {}
    lost = _lost_weights(evidence)
    for use in _float_uses(evidence):
        judged = _too_large(use)
        if judged is not None:
            rule, severity = judged
            # What the reference shows to be lost is not only likely to be.
            severity = "error" if rule.tensor in lost else severity
            hits.setdefault((rule.kind, severity), []).append(rule)
    for (_, severity), found in hits.items():
        rule = Fp16Overflow(**{**found[0].evidence(), "tensors": len(found)})
        yield Finding.of(rule, Subject("tensor", rule.tensor), severity=severity)


def _lost_weights(evidence: Evidence) -> set[str]:
    """The weights of layers that are surely not those of the reference."""
    with suppress(NotApplicable):
        found = evidence.found_by(layer_weights.check)
        return {f.evidence["weights"] for f in found if f.severity == "error"}
    return set()


def check_channels(evidence: Evidence) -> Iterator[Finding]:
    """Weights with one scale leave enough codes to each channel.

    Those of convolutions; of all layers where the chain shows that weights lose parity: fully
    connected ones with one scale are common, and bear it well.
    """
    constants, is_lossy = Constants.of(evidence.data), weights_lose_parity(evidence)
    judged = [
        (layer, codes)
        for layer in layers(evidence.model)
        if (is_lossy or layer.operator.name in CONVOLUTIONS) and _has_one_scale(layer)
        for codes in [constants.stored(layer.weights)]
        if codes is not None and codes.ndim > layer.axis
    ]
    rules = [_channel_loss(each, codes, _zeroed(evidence, each.operator)) for each, codes in judged]
    found = sorted(
        (rule for rule in rules if rule is not None), key=lambda rule: -rule.lost / rule.channels
    )
    if found:
        rule = WeightPerTensorLoss(**{**found[0].evidence(), "tensors": len(found)})
        most = max(rule.lost / rule.channels for rule in found)
        is_grave = is_lossy or most > thresholds.CHANNEL_SHARE_WARNING
        severity: Severity = "warning" if is_grave else "info"
        yield Finding.of(rule, Subject("tensor", rule.tensor), severity=severity)


def _float_uses(evidence: Evidence) -> list[_Use]:
    """Each float constant once, with the use that is the most delicate."""
    constants = Constants.of(evidence.data)
    chosen: dict[int, tuple[Tensor, Operator]] = {}
    for graph in evidence.model.subgraphs:
        for tensor, operator, _ in constant_uses(graph):
            known = chosen.get(tensor.buffer)
            if tensor.dtype in FLOATS and (known is None or _weight(operator) > _weight(known[1])):
                chosen[tensor.buffer] = (tensor, operator)
    uses = [_use(constants, tensor, operator) for tensor, operator in chosen.values()]
    return [use for use in uses if use is not None]


def _weight(operator: Operator) -> int:
    return 2 * (operator.name in WEIGHTED) + (operator.name in ARITHMETIC)


def _use(constants: Constants, tensor: Tensor, operator: Operator) -> _Use | None:
    values = constants.stored(tensor)
    if values is None:
        return None
    with np.errstate(invalid="ignore"):  # NaN passes through both
        return _Use(tensor, operator, values, float(values.min()), float(values.max()))


def _counts(values: Array, most: float) -> tuple[int, int]:
    """(NaN, infinite) elements, those of `most` too; in blocks: a mask of all of them costs memory."""
    flat = values.reshape(-1)
    blocks = [flat[start : start + _BLOCK] for start in range(0, flat.size, _BLOCK)]
    nan = sum(int(np.isnan(block).sum()) for block in blocks)
    return nan, sum(int((np.abs(block) >= most).sum()) for block in blocks)


def _too_large(use: _Use) -> tuple[Fp16Overflow, Severity] | None:
    """Masks are often meant to be as low as can be: in them nothing is an error."""
    name, is_half = use.operator.name, use.tensor.dtype == "float16"
    if not use.largest >= thresholds.LARGEST_HALF or (
        not is_half and not math.isfinite(use.largest)
    ):
        return None
    if not is_half:
        if use.largest == thresholds.LARGEST_HALF:
            return None
        rule = Fp16Overflow(use.tensor.name, name, "too-large", use.largest, 1)
        return rule, "warning"
    if math.isinf(use.largest):
        rule = Fp16Overflow(use.tensor.name, name, "infinity", use.largest, 1)
        return rule, "error" if name in WEIGHTED or name == "MUL" else "warning"
    rule = Fp16Overflow(use.tensor.name, name, "clamped", use.largest, 1)
    return rule, "warning" if name in WEIGHTED else "info"


def _has_one_scale(layer: Layer) -> bool:
    params = layer.weights.quantization
    is_code = layer.weights.dtype in {"int8", "uint8", "int4"}
    return is_code and params is not None and params.is_usable and not params.is_per_channel


def _zeroed(evidence: Evidence, operator: Operator) -> int:
    """Its channels that are all 0 and are not in the reference, as far as that is known.

    Only the subgraph that runs is held against the reference; others number operators anew.
    """
    operators = evidence.model.subgraphs[evidence.contract.subgraph].operators
    pairs = () if evidence.weights is None else evidence.weights.pairs
    for pair in pairs:
        if pair.change is not None and operators[pair.candidate.operator] is operator:
            return pair.change.zeroed - pair.change.faint
    return 0


def _channel_loss(layer: Layer, codes: Array, zeroed: int) -> WeightPerTensorLoss | None:
    """None where at most one channel in ten is lost. Other channels of zeros were never alive."""
    zero = layer.weights.quantization.zero_points[0] if layer.weights.quantization else 0
    largest = layer.largest_codes(codes, zero)
    live = largest[largest > 0]
    if not live.size or live.size + zeroed < 2:
        return None
    # A code range of -3..3 has 7 codes.
    is_lost = (live * thresholds.CHANNEL_RATIO < live.max()) & (live < thresholds.CHANNEL_CODES / 2)
    lost, channels = int(is_lost.sum()) + zeroed, int(live.size) + zeroed
    if lost <= thresholds.CHANNEL_SHARE_NOTE * channels:
        return None
    # What is rounded to 0 is below half a step.
    weakest = 0.5 if zeroed else live.min()
    return WeightPerTensorLoss(
        tensor=layer.weights.name,
        operator=layer.operator.name,
        lost=lost,
        channels=channels,
        ratio=float(live.max() / weakest),
        tensors=1,
        zeroed=zeroed,
    )
