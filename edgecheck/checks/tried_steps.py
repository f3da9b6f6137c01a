"""Other steps than those of the spec, with which the model is clearly more often right."""

from collections.abc import Iterator
from contextlib import suppress

from edgecheck.checks import inputs, normalization, thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject
from edgecheck.checks.proofs import better_alone, better_by_labels, is_wider, proof_of
from edgecheck.compare.trials import Trial
from edgecheck.findings import Finding
from edgecheck.rules.input.channel_order_swapped import ChannelOrderSwapped
from edgecheck.rules.input.input_not_normalized import InputNotNormalized
from edgecheck.rules.input.input_range_mismatch import InputRangeMismatch
from edgecheck.rules.input.preprocessing_not_in_exported_graph import (
    PreprocessingNotInExportedGraph,
)
from edgecheck.rules.wording import Who


def check(evidence: Evidence) -> Iterator[Finding]:
    """No usual order of channels or scaling of pixels fits a model better than the spec's."""
    if all(output.labels is None and output.pair is None for output in evidence.outputs):
        raise NotApplicable("there are neither labels nor a reference")
    told = _told_elsewhere(evidence)
    for name, spec in evidence.spec.inputs.items():
        if spec.kind == "audio" or name in told:
            continue  # another check names the cause, with the trial as its proof
        missing = _left_out(evidence, name)
        better = better_by_labels(evidence, name)
        if missing is not None:
            yield missing
        elif better:
            yield _named(evidence, better[0])


def _told_elsewhere(evidence: Evidence) -> set[str]:
    """Inputs whose range other checks find to be wrong."""
    found: list[Finding] = []
    for known in (normalization.check, inputs.check_range):
        with suppress(NotApplicable):
            found += known(evidence)
    return {f.subject.name for f in found if f.role == "cause" and f.severity == "error"}


def _left_out(evidence: Evidence, name: str) -> Finding | None:
    """What the reference does inside and the candidate does not."""
    sides: tuple[Who, ...] = ("candidate", "reference")
    for fed in sides:
        trial = better_alone(evidence, name, fed)
        if trial is not None and _is_missing(evidence, trial):
            rule = PreprocessingNotInExportedGraph(
                input=name,
                fed=fed,
                change=trial.change.words,
                samples=trial.samples,
                agreed_before=trial.right_before,
                agreed_after=trial.right_after,
                steps=list(trial.change.added),
            )
            return Finding.of(rule, input_subject(name), proof=proof_of(trial))
    return None


def _is_missing(evidence: Evidence, trial: Trial) -> bool:
    """Whether the candidate needs more done to the pixels than the reference, not less."""
    wider = is_wider(evidence, trial)
    return wider is None or wider == (trial.fed == "reference")


def _named(evidence: Evidence, trial: Trial) -> Finding:
    """The finding that a trial by labels amounts to."""
    change, subject, proof = trial.change, input_subject(trial.input), proof_of(trial)
    if change.made is None:
        order = ChannelOrderSwapped(
            input=trial.input,
            samples=trial.samples,
            right_before=trial.right_before,
            right_after=trial.right_after,
            removed=list(change.removed),
            added=list(change.added),
        )
        return Finding.of(order, subject, proof=proof)
    seen = next(entry for entry in evidence.observed.inputs if entry.name == trial.input)
    is_raw = seen.high > thresholds.PROMISE_RAW * max(map(abs, change.made))
    rule = InputNotNormalized if is_raw else InputRangeMismatch
    tried = rule(
        input=trial.input,
        promised=list(change.made),
        observed=[seen.low, seen.high],
        tried=[trial.right_before, trial.right_after, trial.samples],
        removed=list(change.removed),
        added=list(change.added),
    )
    return Finding.of(tried, subject, proof=proof)
