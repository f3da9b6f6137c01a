"""What calibration recorded of an input, as a witness of the steps of training.

It needs no answer of the model: where something else spoils all of them, it is the only one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from typing import Final, TypeAlias

from edgecheck import proof_thresholds, thresholds
from edgecheck.checks import calibration, inputs, normalization, tried_steps
from edgecheck.checks.calibration import Range
from edgecheck.checks.evidence import Evidence, NotApplicable, NotRun, input_subject, seen_input
from edgecheck.checks.first_layer import suits_better
from edgecheck.checks.labels import reference_is_lost
from edgecheck.checks.proofs import reached
from edgecheck.checks.recorded_rival import is_better_cut, is_open
from edgecheck.checks.recorded_trial import preferred_record, proof_of_record
from edgecheck.checks.tried_rules import rule_of
from edgecheck.findings import Finding
from edgecheck.preprocess.pixel_alternatives import scaling_steps, unscaled, written
from edgecheck.preprocess.pixel_lines import RAW, pixels_of
from edgecheck.rules.base import Rule, Severity
from edgecheck.rules.input.input_double_normalized import InputDoubleNormalized
from edgecheck.rules.input.input_not_normalized import InputNotNormalized
from edgecheck.rules.input.input_range_mismatch import InputRangeMismatch
from edgecheck.rules.input.io_order_swapped import IoOrderSwapped
from edgecheck.rules.wording import Witness
from edgecheck.tflite.contract import input_fossil

_KINDS: Final = frozenset({"image", "array"})
"""Of tables and of sound, the range tells neither what is wrong nor what would be right."""

Check: TypeAlias = Callable[[Evidence], Iterator[Finding]]
_OTHERS: Final[tuple[Check, ...]] = (normalization.check, tried_steps.check, inputs.check_range)
"""Which tell by other signs that values are wrong."""

Recorded = dict[str, tuple[Range, Range]]
"""Input -> the range that calibration saw, and the one that is fed."""


def check(evidence: Evidence) -> Iterator[Finding]:
    """Where the float model fails, its inputs get the values that calibration saw.

    A wrong calibration spoils no float model. So where that one fails, and what is recorded is not
    what is fed, the steps are suspect, whatever else is wrong; unless trials of other steps tell
    more, or other steps bring all answers back. Where it does well, labels may prefer the record, or
    nothing tells which of the two is wrong.
    """
    if evidence.comparison is None:
        raise NotRun
    yield from _preferred(evidence)
    if not reference_is_lost(evidence):
        yield from _borne(evidence)
        return
    if reached(evidence) >= proof_thresholds.TRIAL_GOOD:
        return
    # That steps break the promise of the spec does not say how.
    known = _told(evidence, (normalization.check, tried_steps.check))
    again = {n: twice for n in evidence.ports if n not in known and (twice := _again(evidence, n))}
    told = {*again, *known, *_told(evidence, (inputs.check_range,))}
    found = {
        finding.subject.name: _ranges(finding)
        for finding in evidence.found_by(calibration.check)
        if finding.severity != "info" and finding.subject.name not in told
    }
    crossed = list(_crossed(evidence, found))
    yield from (finding for _, finding in crossed)
    exchanged = {name for names, _ in crossed for name in names}
    for name, (rule, *spans) in again.items():
        yield from _weighed(evidence, rule, name, *spans)
    for name, ranges in found.items():
        if name not in exchanged and evidence.spec.inputs[name].kind in _KINDS:
            yield from _judged(evidence, name, *ranges)


def _preferred(evidence: Evidence) -> Iterator[Finding]:
    """Inputs that do better with the recorded values than with those of the spec."""
    found = ((name, preferred_record(evidence, name)) for name in evidence.spec.inputs)
    best = {name: trial for name, trial in found if trial is not None}
    told = _told(evidence, _OTHERS) if best else set()
    for name, trial in best.items():
        rule = None if name in told else rule_of(evidence, trial, trial.change)
        if rule is not None:
            proof = proof_of_record(evidence, trial)
            finding = Finding.of(rule, input_subject(name), severity="error", proof=proof)
            yield replace(finding, role="cause")


def _borne(evidence: Evidence) -> Iterator[Finding]:
    """Inputs of a float model that does well, and may only bear the values of the spec."""
    unfit: list[Finding] = []
    with suppress(NotApplicable):
        unfit += evidence.found_by(calibration.check)
    told = _told(evidence, _OTHERS) if unfit else set()
    for finding in unfit:
        name, (recorded, fed) = finding.subject.name, _ranges(finding)
        is_told = name in told or preferred_record(evidence, name) is not None
        if is_told or evidence.spec.inputs[name].kind not in _KINDS:
            continue
        if is_better_cut(evidence, name):
            rule = _rule(name, recorded, fed, "cut")
            yield Finding.of(rule, input_subject(name), severity="error")
        elif finding.severity == "error" and is_open(evidence, name, recorded, fed):
            rule = _rule(name, recorded, fed, "open")
            yield Finding.of(rule, input_subject(name), severity="warning")


def _again(evidence: Evidence, name: str) -> tuple[Rule, Range, Range] | None:
    """Steps that make far smaller values of stored ones, if calibration recorded the stored ones.

    Not of raw pixels: there is nothing by which they were scaled before.
    """
    spec, seen = evidence.spec.inputs[name], seen_input(evidence, name)
    recorded = normalization.representable(input_fossil(evidence.model, evidence.ports[name]))
    stored = None if seen is None else unscaled(spec, (seen.low, seen.high))
    if seen is None or recorded is None or stored is None or spec.kind not in _KINDS:
        return None
    (low, high), fed = stored.made, [seen.low, seen.high]
    is_shrunk = 0 < thresholds.SHRINK_ERROR * (fed[1] - fed[0]) <= high - low
    if not is_shrunk or pixels_of((low, high)) == RAW:
        return None
    found = calibration.fit(recorded[0], (low, high), codes=2)
    is_within = found.coverage >= thresholds.COVERAGE_WARNING
    if not is_within or found.width_ratio > thresholds.WIDTH_WARNING:
        return None
    steps = [written(step) for step in scaling_steps(spec)]
    kept = list(recorded[0])
    rule = InputDoubleNormalized(name, fed, [], fed, [low, high], steps, recorded=kept)
    return rule, recorded[0], (fed[0], fed[1])


def _told(evidence: Evidence, checks: Sequence[Check]) -> set[str]:
    """Inputs whose values other checks find to be wrong."""
    found: list[Finding] = []
    for known in checks:
        with suppress(NotApplicable):
            found += evidence.found_by(known)
    rules = {"io-order-swapped", "preprocessing-not-in-exported-graph"}
    rules |= {"input-double-normalized", "input-not-normalized", "input-range-mismatch"}
    named = [f for f in found if f.rule in rules and f.severity != "info"]
    others = {f.evidence["other"] for f in named if f.rule == "io-order-swapped"}
    return others | {f.subject.name for f in named}


def _ranges(mismatch: Finding) -> tuple[Range, Range]:
    (low, high), (first, last) = mismatch.evidence["representable"], mismatch.evidence["expected"]
    return (low, high), (first, last)


def _crossed(evidence: Evidence, found: Recorded) -> Iterator[tuple[tuple[str, str], Finding]]:
    """Two inputs of one shape, each of which gets values that were recorded of the other."""
    shapes = {name: evidence.ports[name].tensor.shape for name in found}
    for one, other in combinations(found, 2):
        if shapes[one] != shapes[other]:
            continue
        recorded = found[one][0], found[other][0]
        if _fits(evidence, one, *recorded[::-1]) and _fits(evidence, other, *recorded):
            rule = IoOrderSwapped(input=one, other=other, recorded=[list(r) for r in recorded])
            finding = Finding.of(rule, input_subject(one), severity="error")
            yield (one, other), replace(finding, role="cause")


def _fits(evidence: Evidence, name: str, other: Range, own: Range) -> bool:
    """Whether the range of another input holds the samples of an input, and its own does not.

    Of what lies outside of its own at least half lies inside of the other: samples that calibration
    did not see reach a little further.
    """
    seen = seen_input(evidence, name)
    if seen is None or not seen.low < seen.high:
        return False
    fed = (seen.low, seen.high)
    left_out = [1 - calibration.fit(recorded, fed, codes=2).coverage for recorded in (own, other)]
    return left_out[0] > 1 - thresholds.COVERAGE_WARNING and 2 * left_out[1] <= left_out[0]


def _judged(evidence: Evidence, name: str, recorded: Range, fed: Range) -> Iterator[Finding]:
    yield from _weighed(evidence, _rule(name, recorded, fed, "fails"), name, recorded, fed)


def _rule(name: str, recorded: Range, fed: Range, witness: Witness) -> Rule:
    """That an input gets raw values, or others, where calibration saw such as training did."""
    if max(map(abs, fed)) > thresholds.PROMISE_RAW * max(map(abs, recorded)):
        return InputNotNormalized(name, list(recorded), list(fed), witness=witness)
    return InputRangeMismatch(name, list(recorded), list(fed), witness=witness)


def _weighed(
    evidence: Evidence, rule: Rule, name: str, recorded: Range, fed: Range
) -> Iterator[Finding]:
    """Which of the two ranges is that of training, is left to the first weights, where they can tell."""
    narrow, wide = sorted((max(map(abs, recorded)), max(map(abs, fed))))
    is_far = wide > thresholds.PROMISE_RAW * narrow
    if is_far and suits_better(evidence, name, fed, recorded):
        return
    is_sure = is_far and suits_better(evidence, name, recorded, fed)
    severity: Severity = "error" if is_sure else "warning"
    yield Finding.of(rule, input_subject(name), severity=severity)
