"""A normalisation that conversion folded into the first layer, where no operator shows it any more."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from edgecheck import thresholds
from edgecheck.checks import collapse
from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject
from edgecheck.checks.first_layer import passed_on
from edgecheck.checks.labels import reference_is_lost, reference_works
from edgecheck.checks.parity import has_lost_parity
from edgecheck.compare.statistics import OutputComparison
from edgecheck.findings import Finding
from edgecheck.preprocess.pixel_alternatives import scaling_steps, written
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.rules.base import Severity
from edgecheck.rules.input.input_double_normalized import InputDoubleNormalized
from edgecheck.tflite.weights import Weight, weights_of

_PIXEL = 255.0
_LEAST = 1 / thresholds.VANISHED_FACTOR
"""What a layer passes on at least: initializers draw weights that pass on all, and training keeps to
that; of published models only first layers of raw pixels or features have less."""


@dataclass(frozen=True)
class _First:
    """The first layer, and how much of what it gets each layer passes on."""

    weight: Weight
    own: float
    others: tuple[float, ...]


def check(evidence: Evidence, name: str) -> Iterator[Finding]:
    """The first layer passes on what the spec makes of pixels, as the others do of what they get.

    Labels know better: where there are any, trials of other steps decide.

    Args:
        evidence: of a model that scales nothing in operators of its own.
        name: the input.
    """
    if evidence.comparison is None:
        return
    made, first = pixel_map(evidence.spec.inputs[name]), _first(evidence)
    if made is None or first is None or not _is_made_for_pixels(first, made.span):
        return
    if evidence.trials or reference_works(evidence) or has_lost_parity(evidence):
        return
    low, high = made.span
    rule = InputDoubleNormalized(
        input=name,
        expected=[low, high],
        operators=[first.weight.op],
        shrunk=[first.own * low, first.own * high],
        raw=[0.0, first.own * _PIXEL],
        steps=[written(step) for step in scaling_steps(evidence.spec.inputs[name])],
        others=[float(f"{end(first.others):.2g}") for end in (min, max)],
    )
    severity: Severity = "error" if _is_seen(evidence) else "warning"
    yield Finding.of(rule, input_subject(name), severity=severity)


def _first(evidence: Evidence) -> _First | None:
    """None where it is not known which layer is first, or there is no other to hold it against."""
    if not evidence.data or len(evidence.contract.inputs) != 1:
        return None
    found = weights_of(evidence.data, evidence.model, evidence.contract.subgraph)
    layers = sorted((each for each in found if each.values.size), key=lambda each: each.operator)
    passed = [passed_on(each) for each in layers]
    if len(passed) < 2 or not all(map(math.isfinite, passed)):
        return None
    return _First(layers[0], passed[0], tuple(passed[1:]))


def _is_made_for_pixels(first: _First, fed: tuple[float, float]) -> bool:
    """Whether of all layers the first alone passes on next to nothing, and pixels 0..255 suit it."""
    low, high = fed
    lowest, highest = thresholds.UNIT_WIDTH
    is_narrow = (high - low) * thresholds.SHRINK_ERROR < _PIXEL
    is_tiny = first.own * max(abs(low), abs(high)) < _LEAST
    is_alone = all(other >= _LEAST for other in first.others)
    return is_narrow and is_tiny and is_alone and lowest <= first.own * _PIXEL <= highest


def _is_seen(evidence: Evidence) -> bool:
    """Whether outputs show it: they stand still or nearly so, or labels are not met."""
    is_quiet = bool(evidence.outputs) and all(map(_is_quiet, evidence.outputs))
    if is_quiet or reference_is_lost(evidence):
        return True
    for symptom in (collapse.check_zero, collapse.check_constant, collapse.check_classes):
        with suppress(NotApplicable):
            if evidence.found_by(symptom):
                return True
    return False


def _is_quiet(output: OutputComparison) -> bool:
    """Whether the float model's output hardly moves: no deviation is more than half the spread."""
    seen = output.reference or output.candidate
    return seen.spread / 2 < thresholds.VANISHED * seen.largest
