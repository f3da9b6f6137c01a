"""What the layer walk shows: which tensor goes wrong first, and what is wrong with its range.

Only a loss of parity makes an error of it: healthy files clip too.
"""

from collections.abc import Iterator
from typing import Final

from edgecheck import thresholds
from edgecheck.checks.crowded_channels import crowded
from edgecheck.checks.evidence import Evidence, NotApplicable, output_subject
from edgecheck.checks.labels import reference_is_lost
from edgecheck.checks.misfit import Misfit, misfit
from edgecheck.checks.parity import has_lost_parity, losses, measured
from edgecheck.compare.first_bad import is_bad, is_lost
from edgecheck.compare.layer_statistics import LayerStatistics
from edgecheck.compare.layers import LayerWalk
from edgecheck.compare.statistics import OutputComparison
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Severity
from edgecheck.rules.parity_words import Metric
from edgecheck.rules.quantization.activation_sensitive_op import ActivationSensitiveOp
from edgecheck.rules.quantization.calibration_unrepresentative import CalibrationUnrepresentative
from edgecheck.rules.quantization.constant_or_unused_output import ConstantOrUnusedOutput
from edgecheck.rules.quantization.fp16_overflow import Fp16Overflow
from edgecheck.rules.quantization.inputs_out_of_domain import InputsOutOfDomain
from edgecheck.rules.quantization.quant_range_outlier import QuantRangeOutlier
from edgecheck.tflite.contract import input_fossil
from edgecheck.tflite.graph import Tensor
from edgecheck.tflite.recalibrate.same_scale import FIXED_OUTPUT

_SENSITIVE: Final = frozenset({"ADD", "AVERAGE_POOL_2D", "HARD_SWISH", "MEAN", "SUM"})
_ANSWERS: Final[frozenset[Metric]] = frozenset({
    "accuracy", "agreement", "error_ratio", "iou_loss", "mean_iou", "pixel_agreement", "r2_loss",
})  # fmt: skip
"""Metrics of what an output is asked for; all others only tell how exact it is."""


def check_calibration(evidence: Evidence) -> Iterator[Finding]:
    """The stored ranges hold what the samples give, or it costs nothing that they do not."""
    ranged = _ranged(evidence.walked)
    if not ranged:
        raise NotApplicable("the file holds no quantized activation")
    if has_lost_parity(evidence) and _is_foreign(ranged):
        yield _foreign(ranged)
        return
    # Of inputs `calibration-range` tells, where their range is that of other steps.
    told = [
        layer
        for layer in ranged
        if not _codes_input(layer) or _misfit(evidence, layer.tensor) == "samples"
    ]
    clipped = [layer for layer in told if _is_clipped(layer)]
    if not clipped:
        return
    # What the first bad tensor has lost, those behind it never had: it comes before the worst.
    first = [layer for layer in clipped if layer is evidence.walked.first_bad]
    worst = max(first or clipped, key=lambda layer: (layer.decides, layer.clip_fraction))
    rule = CalibrationUnrepresentative(
        tensor=worst.name,
        operator=worst.op,
        clip_below=worst.clip_below,
        clip_above=worst.clip_above,
        float_range=list(worst.float_range),
        representable_range=_range_of(worst),
        isolated_sqnr_db=worst.own_sqnr_db,
        tensors=len(clipped),
        activations=len(ranged),
    )
    severity = _severity(evidence, "info")
    yield Finding.of(rule, Subject("tensor", worst.name), severity=severity)


def check_range(evidence: Evidence) -> Iterator[Finding]:
    """No tensor spends nearly all of its steps on values that hardly occur, or on few channels."""
    for layer in _ranged(evidence.walked):
        levels, codes, own = layer.levels_used, layer.codes, layer.own_sqnr_db
        if _codes_input(layer) and _misfit(evidence, layer.tensor) == "steps":
            continue  # `calibration-range` tells
        if levels is not None and codes is not None and _is_stretched(layer):
            rule = QuantRangeOutlier(
                tensor=layer.name,
                operator=layer.op,
                core_range=list(layer.core_range),
                representable_range=_range_of(layer),
                levels_used=levels,
                codes=codes,
                isolated_sqnr_db=own,
                upstream_sqnr_db=layer.upstream_sqnr_db,
            )
            # Fewer steps than that are a mistake of the file, not what quantization may cost.
            is_mistake = levels < thresholds.LEVELS_ERROR and _costs_answers(evidence)
            severity = "error" if is_mistake else _severity(evidence, "warning")
            yield Finding.of(rule, Subject("tensor", layer.name), severity=severity)
            return  # what follows works with what is left here
    for rule in crowded(_ranged(evidence.walked), evidence.walked.layers):
        severity = _severity(evidence, "warning")
        yield Finding.of(rule, Subject("tensor", rule.tensor), severity=severity)


def check_operator(evidence: Evidence) -> Iterator[Finding]:
    """The first bad operator is none of those that need more than 8 bits."""
    walk = evidence.walked
    bad = walk.first_bad
    if bad is None or bad.upstream_sqnr_db is None or not is_lost(bad):
        return
    is_ranged = bad.clip_fraction <= thresholds.LAYER_CLIPPED and not is_narrow(bad)
    if is_ranged and _is_sensitive(bad, walk):
        rule = ActivationSensitiveOp(
            operator=bad.op,
            index=bad.index,
            tensor=bad.name,
            sqnr_db=bad.sqnr_db,
            isolated_sqnr_db=bad.isolated_sqnr_db,
            upstream_sqnr_db=bad.upstream_sqnr_db,
        )
        severity = _severity(evidence, "warning")
        yield Finding.of(rule, Subject("operator", bad.op), severity=severity)


def check_half(evidence: Evidence) -> Iterator[Finding]:
    """Activations of a model that is meant for float16 fit in it."""
    walk = evidence.walked
    large = [layer for layer in walk.layers if _largest(layer) > thresholds.LARGEST_HALF]
    if large:
        first = large[0]
        rule = Fp16Overflow(
            tensor=first.name,
            operator=first.op,
            kind="activation",
            largest=_largest(first),
            tensors=len(large),
        )
        yield Finding.of(rule, Subject("tensor", first.name), severity="warning")


def check_outputs(evidence: Evidence) -> Iterator[Finding]:
    """No output stands still in the twin while others move."""
    walk = evidence.walked
    if evidence.distinct_inputs < thresholds.MIN_DISTINCT_INPUTS:
        raise NotApplicable("too few different samples")
    by_tensor = {layer.tensor: layer for layer in walk.layers}
    ports = [p for p in evidence.contract.outputs if p.tensor.index in by_tensor]
    still = [p for p in ports if _is_still(by_tensor[p.tensor.index])]
    for port in still if len(still) < len(ports) else ():
        rule = ConstantOrUnusedOutput(port.name, "still")
        yield Finding.of(rule, output_subject(port.name), severity="info")


def is_foreign(evidence: Evidence) -> bool:
    """Whether the samples are of another kind than those that the model was made for."""
    return _is_foreign(_ranged(evidence.walked))


def told_of_input(evidence: Evidence, fossil: Tensor) -> bool:
    """Whether `layer-ranges` or `layer-steps` say as an error what is wrong with an input's range.

    It is no range that other steps give: odd samples made it, or poor ones.

    Args:
        evidence: of the run.
        fossil: the tensor that records the calibrated range of the input.
    """
    walked = () if evidence.walk is None else _ranged(evidence.walk)
    layer = next((entry for entry in walked if entry.tensor == fossil.index), None)
    if layer is None or not has_lost_parity(evidence) or reference_is_lost(evidence):
        return False
    why = _misfit(evidence, fossil.index)
    return (why == "samples" and _is_clipped(layer)) or (why == "outlier" and _is_stretched(layer))


def _misfit(evidence: Evidence, tensor: int) -> Misfit | None:
    """Why the range of an input does not fit; None where the tensor records that of no input."""
    entries = () if evidence.comparison is None else evidence.comparison.inputs
    seen = {entry.name: entry for entry in entries}
    for name, port in (evidence.bound or {}).items():
        fossil = input_fossil(evidence.model, port)
        if fossil is not None and fossil.index == tensor:
            return misfit(evidence.spec.inputs[name], fossil, seen.get(name))
    return None


def is_narrow(layer: LayerStatistics) -> bool:
    """Whether nearly all values share a few of many steps."""
    levels, codes = layer.levels_used, layer.codes
    return levels is not None and codes is not None and levels < thresholds.LEVELS_SHARE * codes


def _is_stretched(layer: LayerStatistics) -> bool:
    """Whether its range is much too wide, which costs values that came in soundly."""
    is_new = layer.upstream_sqnr_db is None or layer.upstream_sqnr_db > thresholds.LAYER_SOUND_DB
    low, high = layer.float_range
    # A dead tensor has one value, which no range holds better than another.
    is_costly = is_new and low < high and layer.own_sqnr_db < thresholds.LAYER_LOST_DB
    return is_costly and is_narrow(layer) and layer.clip_fraction <= thresholds.LAYER_CLIPPED


def _costs_answers(evidence: Evidence) -> bool:
    """Whether an output misses a limit of edgecheck's own, and its answers are not kept.

    A tolerance of the spec says what is wanted, not what a tensor may cost. Where answers are known,
    an output that is less exact and answers alike has lost nothing.
    """
    try:
        return any(map(_loses_answers, evidence.pairs))
    except NotApplicable:
        return False


def _loses_answers(output: OutputComparison) -> bool:
    missed = {rule.metric for _, rule in losses(output, None)}
    has_answers = output.labels is not None or not _ANSWERS.isdisjoint(measured(output))
    return bool(missed & _ANSWERS if has_answers else missed)


def _severity(evidence: Evidence, without_loss: Severity) -> Severity:
    """What is wrong inside is an error where it reaches the outputs."""
    return "error" if has_lost_parity(evidence) else without_loss


def _ranged(walk: LayerWalk) -> list[LayerStatistics]:
    """Activations whose range was chosen in calibration."""
    found = [layer for layer in walk.layers if layer.representable is not None]
    return [layer for layer in found if layer.op not in FIXED_OUTPUT]


def _range_of(layer: LayerStatistics) -> list[float]:
    return list(layer.representable or ())


def _is_clipped(layer: LayerStatistics) -> bool:
    limit = thresholds.LAYER_CLIP_DECIDES if layer.decides else thresholds.LAYER_CLIPPED
    return layer.clip_fraction > limit and layer.own_sqnr_db < thresholds.LAYER_OWN_DB


def _codes_input(layer: LayerStatistics) -> bool:
    """Whether it is an input of the model as codes."""
    return layer.index < 0 or (layer.op == "QUANTIZE" and layer.sqnr_db == layer.own_sqnr_db)


def _is_foreign(ranged: list[LayerStatistics]) -> bool:
    """Inputs inside their range, and most activations beyond theirs from the first one on."""
    inputs = [layer for layer in ranged if _codes_input(layer)]
    inner = [layer for layer in ranged if not _codes_input(layer)]
    beyond = [layer for layer in inner if layer.clip_fraction > thresholds.LAYER_CLIPPED]
    return bool(
        inputs
        and all(layer.clip_fraction < thresholds.FOREIGN_INPUT_CLIP for layer in inputs)
        and len(beyond) >= max(thresholds.FOREIGN_TENSORS, thresholds.FOREIGN_SHARE * len(inner))
        and beyond[0] is inner[0]
        and is_bad(inner[0])
    )


def _foreign(ranged: list[LayerStatistics]) -> Finding:
    entry = next(layer for layer in ranged if _codes_input(layer))
    inner = [layer for layer in ranged if not _codes_input(layer)]
    beyond = [layer for layer in inner if layer.clip_fraction > thresholds.LAYER_CLIPPED]
    rule = InputsOutOfDomain(
        input=entry.name,
        input_range=list(entry.float_range),
        calibrated_range=_range_of(entry),
        tensor=beyond[0].name,
        operator=beyond[0].op,
        float_range=list(beyond[0].float_range),
        representable_range=_range_of(beyond[0]),
        tensors=len(beyond),
        activations=len(inner),
        worst_clip=max(layer.clip_fraction for layer in beyond),
        worst_times=max(_width(layer) for layer in beyond),
    )
    return Finding.of(rule, Subject("dataset", entry.name))


def _width(layer: LayerStatistics) -> float:
    """Width of the float range for each representable one."""
    low, high = layer.representable or (0.0, 1.0)
    return (layer.float_range[1] - layer.float_range[0]) / (high - low)


def _is_sensitive(layer: LayerStatistics, walk: LayerWalk) -> bool:
    """Whether the operator is of the kinds that bear 8 bits badly; SiLU is LOGISTIC and MUL."""
    made_by = {other.tensor: other.op for other in walk.layers}
    is_silu = layer.op == "MUL" and any(made_by.get(i) == "LOGISTIC" for i in layer.inputs)
    return layer.op in _SENSITIVE or is_silu


def _largest(layer: LayerStatistics) -> float:
    low, high = layer.float_range
    return max(-low, high)


def _is_still(layer: LayerStatistics) -> bool:
    return layer.channels == layer.constant_channels > 0
