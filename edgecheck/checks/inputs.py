"""The preprocessed data: finite, in the promised range, and different from sample to sample."""

from collections.abc import Iterator
from dataclasses import replace

from edgecheck import thresholds
from edgecheck.checks.calibration import Range
from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject, seen_input
from edgecheck.checks.labels import reference_works
from edgecheck.checks.proofs import changes_of, proof_of
from edgecheck.checks.recorded_trial import preferred_record, proof_of_record
from edgecheck.checks.rivals import proven
from edgecheck.checks.tried_rules import is_scaled_twice
from edgecheck.compare.statistics import InputStatistics
from edgecheck.compare.trials import Trial
from edgecheck.findings import Finding, Proof, Subject
from edgecheck.preprocess.ranges import pixel_map
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


def check_steps(evidence: Evidence) -> Iterator[Finding]:
    """What the steps make of pixels keeps the range that the spec promises."""
    made = {name: pixel_map(spec) for name, spec in evidence.spec.inputs.items() if spec.range}
    for name, found in made.items():
        promised = evidence.spec.inputs[name].range
        # With data the values themselves are judged.
        if found is not None and promised is not None and seen_input(evidence, name) is None:
            yield from _judge(name, promised, found.span, is_varied=True, is_sure=True)


def check_range(evidence: Evidence) -> Iterator[Finding]:
    """The data keep the range that the spec promises."""
    inputs = evidence.spec.inputs
    for entry in evidence.observed.inputs:
        promised = inputs[entry.name].range
        if promised is None or not entry.elements:
            continue
        made = pixel_map(inputs[entry.name])
        # Data may leave a part of the promise unused; steps that cannot fill it break it.
        is_sure = (
            made is not None
            and _used(made.span, promised) < thresholds.PROMISE_USED
            and not reference_works(evidence)
        )
        # Sound hardly ever fills its range.
        is_varied = (
            entry.distinct >= thresholds.MIN_DISTINCT_INPUTS and inputs[entry.name].kind != "audio"
        )
        seen = (entry.low, entry.high)
        best = proven(evidence, entry.name)
        if best is not None and is_scaled_twice(evidence, best):
            continue  # the check of trials tells why
        proof = _proof(evidence, entry.name, best)
        for found in _judge(entry.name, promised, seen, is_varied=is_varied, is_sure=is_sure):
            # What labels speak against is no doubt any more.
            yield found if proof is None else replace(found, severity="error", proof=proof)


def _proof(evidence: Evidence, name: str, best: Trial | None) -> Proof | None:
    """What shows that an input needs other values: the best trial by labels, else what is recorded."""
    if best is not None and any(change.kind == "scaling" for change in changes_of(best)):
        return proof_of(best)
    record = preferred_record(evidence, name)
    return None if record is None else proof_of_record(evidence, record)


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


def _used(span: Range, promised: Range) -> float:
    """Share of the promised range that is used."""
    shared = min(span[1], promised[1]) - max(span[0], promised[0])
    return shared / (promised[1] - promised[0])


def _judge(
    name: str, promised: Range, span: Range, *, is_varied: bool, is_sure: bool
) -> Iterator[Finding]:
    """Compare a range with the promise; `is_sure`: an unused part of it can never be used."""
    low, high = promised
    overshoot = max(low - span[0], span[1] - high) / (high - low)
    is_partial = is_varied and _used(span, promised) < thresholds.PROMISE_USED
    subject = input_subject(name)
    if max(map(abs, span)) > thresholds.PROMISE_RAW * max(abs(low), abs(high)):
        yield Finding.of(InputNotNormalized(name, [low, high], list(span)), subject)
        return
    severity: Severity | None = None
    if overshoot > thresholds.PROMISE_ERROR or (is_partial and is_sure):
        severity = "error"
    elif overshoot > thresholds.PROMISE_WARNING or is_partial:
        severity = "warning"
    if severity is not None:
        rule = InputRangeMismatch(name, [low, high], list(span))
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
