"""The preprocessed data: finite, in the promised range, and different from sample to sample."""

from collections.abc import Iterator

from edgecheck.checks import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject
from edgecheck.compare.statistics import InputStatistics
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Severity
from edgecheck.rules.dataset.dataset_duplicates import DatasetDuplicates
from edgecheck.rules.dataset.features_constant import FeaturesConstant
from edgecheck.rules.dataset.input_constant import InputConstant
from edgecheck.rules.dataset.inputs_nonfinite import InputsNonfinite
from edgecheck.rules.input.input_not_normalized import InputNotNormalized
from edgecheck.rules.input.input_range_mismatch import InputRangeMismatch


def check_finite(evidence: Evidence) -> Iterator[Finding]:
    """No NaN and no infinity leaves preprocessing."""
    for entry in evidence.observed.inputs:
        if entry.nonfinite:
            rule = InputsNonfinite(
                input=entry.name,
                nonfinite=entry.nonfinite,
                samples_hit=entry.nonfinite_sample_count,
                example=entry.nonfinite_samples[0],
            )
            yield Finding.of(rule, input_subject(entry.name))


def check_range(evidence: Evidence) -> Iterator[Finding]:
    """The data keep the range that the spec promises."""
    promised = {name: spec.range for name, spec in evidence.spec.inputs.items() if spec.range}
    observed = evidence.observed
    if not promised:
        raise NotApplicable("the spec promises no `range`")
    for entry in observed.inputs:
        span = promised.get(entry.name)
        if span is not None and entry.elements:
            yield from _judge_range(entry, span[0], span[1])


def check_variation(evidence: Evidence) -> Iterator[Finding]:
    """Samples differ from one another."""
    for entry in evidence.observed.inputs:
        if entry.samples < 2:
            raise NotApplicable("one sample cannot vary")
        if entry.distinct == 1:
            rule = InputConstant(input=entry.name, samples=entry.samples, distinct=1)
            yield Finding.of(rule, input_subject(entry.name))
            continue
        if entry.constant_features and entry.distinct >= thresholds.MIN_DISTINCT_INPUTS:
            yield Finding.of(_constant_features(entry), input_subject(entry.name))
    yield from _duplicates(evidence)


def _judge_range(entry: InputStatistics, low: float, high: float) -> Iterator[Finding]:
    width = high - low
    overshoot = max(low - entry.low, entry.high - high) / width
    used = (min(entry.high, high) - max(entry.low, low)) / width
    is_varied = entry.distinct >= thresholds.MIN_DISTINCT_INPUTS
    is_partial = is_varied and used < thresholds.PROMISE_USED
    largest = max(abs(entry.low), abs(entry.high))
    promised, observed = [low, high], [entry.low, entry.high]
    subject = input_subject(entry.name)
    if largest > thresholds.PROMISE_RAW * max(abs(low), abs(high)):
        yield Finding.of(InputNotNormalized(entry.name, promised, observed), subject)
        return
    severity: Severity | None = None
    if overshoot > thresholds.PROMISE_ERROR:
        severity = "error"
    elif overshoot > thresholds.PROMISE_WARNING or is_partial:
        severity = "warning"
    if severity is not None:
        rule = InputRangeMismatch(entry.name, promised, observed)
        yield Finding.of(rule, subject, severity=severity)


def _constant_features(entry: InputStatistics) -> FeaturesConstant:
    constant = entry.constant_features or ()
    return FeaturesConstant(
        input=entry.name,
        indices=list(constant[:10]),
        count=len(constant),
        features=entry.elements // max(entry.samples, 1),
    )


def _duplicates(evidence: Evidence) -> Iterator[Finding]:
    """Samples that repeat another in every input: the same two in all of them."""
    pairs = {entry.duplicate for entry in evidence.observed.inputs}
    pair = pairs.pop() if len(pairs) == 1 else None
    distinct = evidence.distinct_inputs
    if pair is not None and 1 < distinct < evidence.observed.samples:
        rule = DatasetDuplicates(
            samples=evidence.observed.samples, distinct=distinct, example=[pair[0], pair[1]]
        )
        share = 1 - distinct / evidence.observed.samples
        severity: Severity = "warning" if share >= thresholds.DUPLICATES_WARNING else "info"
        yield Finding.of(rule, Subject("dataset", "samples"), severity=severity)
