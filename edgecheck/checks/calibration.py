"""The calibration fossil: the range that an input tensor can represent is the range that
calibration saw. It must be the range that preprocessing makes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject, seen_input
from edgecheck.checks.labels import reference_is_lost
from edgecheck.checks.layers import told_of_input
from edgecheck.checks.parity import keeps_accuracy, losses, parity_holds
from edgecheck.checks.proofs import changes_of
from edgecheck.checks.recorded_rival import is_better_cut
from edgecheck.checks.recorded_trial import preferred_record
from edgecheck.checks.rivals import proven
from edgecheck.compare.statistics import InputStatistics
from edgecheck.findings import Finding
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.quantization import representable_range
from edgecheck.rules.base import Severity
from edgecheck.rules.quantization.calibration_preprocessing_mismatch import (
    CalibrationPreprocessingMismatch,
)
from edgecheck.tensors import integer_range
from edgecheck.tflite.contract import input_fossil
from edgecheck.tflite.graph import Tensor

Range: TypeAlias = tuple[float, float]
Source: TypeAlias = Literal["spec", "data", "steps"]
Statistics = TypeVar("Statistics")


@dataclass(frozen=True)
class Fit:
    """How an expected range lies in a representable one."""

    coverage: float
    """Share of the expected range that can be represented."""
    width_ratio: float
    """Representable width for each expected one."""
    levels: int
    """Codes that the expected range is spread over."""


def fit(representable: Range, expected: Range, codes: int) -> Fit:
    """Compare two ranges; `codes` is how many the type has.

    The expected range is first extended to hold 0, as converters do with the representable one.
    """
    low, high = min(expected[0], 0.0), max(expected[1], 0.0)
    width = high - low
    shared = max(0.0, min(high, representable[1]) - max(low, representable[0]))
    stored = representable[1] - representable[0]
    return Fit(shared / width, stored / width, 1 + round((codes - 1) * shared / stored))


def symmetric(span: Range) -> Range:
    """What int16 is calibrated to, whose zero point is always 0."""
    most = max(abs(span[0]), abs(span[1]))
    return -most, most


def check(evidence: Evidence) -> Iterator[Finding]:
    """Judge every quantized input against the spec's range, else against the data's."""
    judged = False
    for name, port in evidence.ports.items():
        fossil = input_fossil(evidence.model, port)
        seen = seen_input(evidence, name)
        expected = expected_range(evidence, name)
        if fossil is None or expected is None:
            continue
        judged = True
        if told_of_input(evidence, fossil):
            continue
        rule = _mismatch(name, fossil, expected, seen)
        if rule is not None:
            rule = replace(rule, channels=_unfit_channels(evidence, name, rule))
        severity = None if rule is None else _severity(rule, evidence)
        if rule is not None and severity is not None:
            yield Finding.of(rule, input_subject(name), severity=severity)
    if not judged:
        raise NotApplicable(_reason(evidence))


def expected_range(evidence: Evidence, name: str) -> tuple[Range, Source] | None:
    """The range that an input should have, and who says so: the promise before the data, and
    what the steps make of pixels where neither is there.
    """
    spec, seen = evidence.spec.inputs[name], seen_input(evidence, name)
    if spec.range is not None:
        return (spec.range[0], spec.range[1]), "spec"
    if seen is not None and (seen.low, seen.high) != (0.0, 0.0):
        return (seen.low, seen.high), "data"
    made = pixel_map(spec)
    if made is not None and made.span[0] < made.span[1]:
        return made.span, "steps"
    return None


def _unfit_channels(
    evidence: Evidence, name: str, rule: CalibrationPreprocessingMismatch
) -> list[str]:
    """The channels that reach beyond the representable range, where the steps treat them apart."""
    made = pixel_map(evidence.spec.inputs[name])
    if made is None or not made.is_per_channel:
        return []
    low, high = rule.representable
    slack = thresholds.CHANNEL_SLACK * (made.span[1] - made.span[0])
    pairs = list(zip(made.low, made.high, strict=True))
    return [
        f"{number} ({pair[0]:.4g} to {pair[1]:.4g})"
        for number, pair in enumerate(pairs)
        if pair[0] < low - slack or pair[1] > high + slack
    ]


def _mismatch(
    name: str, fossil: Tensor, expected: tuple[Range, Source], seen: InputStatistics | None
) -> CalibrationPreprocessingMismatch | None:
    params = fossil.quantization
    if params is None or not params.is_usable:
        return None
    span, source = expected
    low, high = integer_range(fossil.dtype)
    stored = representable_range(params, fossil.dtype)
    found = fit(stored, symmetric(span) if fossil.dtype == "int16" else span, high - low + 1)
    return CalibrationPreprocessingMismatch(
        input=name,
        representable=[stored[0], stored[1]],
        expected=[span[0], span[1]],
        expected_from=source,
        coverage=found.coverage,
        width_ratio=found.width_ratio,
        clip_fraction=None if seen is None else seen.clipped / seen.elements,
        levels_used=found.levels,
    )


def _severity(rule: CalibrationPreprocessingMismatch, evidence: Evidence) -> Severity | None:
    """None where the ranges fit. What provably costs nothing is no error.

    Nor is it one where the reference, which was never calibrated, fails on the same inputs: then
    the steps are as suspect as the calibration; or where labels prove that it needs other values.
    """
    if _is_of_lost_steps(evidence, rule) or _is_record_right(evidence, rule.input):
        return "info"
    clip = rule.clip_fraction or 0.0
    levels = rule.levels_used or 0
    # What the steps make of black and white is as sure as a promise.
    from_spec = rule.expected_from != "data"
    wide = thresholds.WIDTH_WARNING if from_spec else thresholds.WIDTH_WARNING_DATA
    if from_spec and rule.coverage >= thresholds.COVERAGE_WARNING:
        # The file can hold what the spec promises: what is clipped breaks the promise.
        clip = 0.0
    # Values that no sample has are a broken promise of the spec, and cost nothing here.
    is_lossless = rule.clip_fraction is not None and rule.clip_fraction <= thresholds.CLIP_WARNING
    is_narrow = from_spec and rule.coverage < thresholds.COVERAGE_ERROR and not is_lossless
    if is_narrow or clip > thresholds.CLIP_ERROR or levels < thresholds.LEVELS_ERROR:
        is_excused = _parity_is_shown(evidence) or reference_is_lost(evidence)
        is_excused = is_excused or _steps_are_wrong(evidence, rule.input)
        return "warning" if is_excused else "error"
    is_narrower = from_spec and rule.coverage < thresholds.COVERAGE_WARNING
    if clip > thresholds.CLIP_WARNING or rule.width_ratio > wide:
        return "warning"
    if is_narrower:
        return "info" if is_lossless else "warning"
    return None


def _is_record_right(evidence: Evidence, name: str) -> bool:
    """Whether labels speak for the values that calibration saw."""
    return preferred_record(evidence, name) is not None or is_better_cut(evidence, name)


def _is_of_lost_steps(evidence: Evidence, rule: CalibrationPreprocessingMismatch) -> bool:
    """Whether calibration saw what the reference itself makes of the input, and the candidate not."""
    inside, (low, high) = evidence.lost_steps, rule.representable
    if inside is None:
        return False
    found = fit((low, high), inside.span(*rule.expected), codes=2)
    is_wide = found.width_ratio > thresholds.WIDTH_WARNING
    return found.coverage >= thresholds.COVERAGE_ERROR and not is_wide


def _steps_are_wrong(evidence: Evidence, name: str) -> bool:
    """Whether labels prove that an input needs values in another range than the spec's."""
    best = None if evidence.comparison is None else proven(evidence, name)
    kinds = set() if best is None else {change.kind for change in changes_of(best)}
    return not kinds.isdisjoint({"features", "scaling"})


def _parity_is_shown(evidence: Evidence) -> bool:
    """Whether parity holds by the measured values themselves, on enough samples.

    An interval gives the benefit of the doubt. What the file says for sure is not doubted, and a
    loss that is worth a warning is no proof that nothing is lost, unless labels give one.
    """
    tolerances = evidence.spec.tolerances
    if not parity_holds(evidence) or evidence.distinct_inputs < thresholds.MIN_DISTINCT_INPUTS:
        return False
    if any(any(losses(o, tolerances)) and not keeps_accuracy(o) for o in evidence.pairs):
        return False
    certain = [as_measured(output) for output in evidence.pairs]
    return all(level != "error" for output in certain for level, _ in losses(output, tolerances))


def as_measured(part: Statistics) -> Statistics:
    """Statistics without their uncertainty: no intervals, and a paired test that is sure."""
    if not is_dataclass(part) or isinstance(part, type):
        return part
    changes = {field.name: as_measured(getattr(part, field.name)) for field in fields(part)}
    without = {name: None for name in changes if name.split("_")[-1] == "interval"}
    sure = {"mcnemar_p": 0.0} if changes.get("mcnemar_p") is not None else {}
    return replace(part, **{**changes, **without, **sure})


def _reason(evidence: Evidence) -> str:
    if all(input_fossil(evidence.model, port) is None for port in evidence.ports.values()):
        return "no input is quantized, so the file records no calibration range"
    return "the spec states no `range`, and no sample shows one"
