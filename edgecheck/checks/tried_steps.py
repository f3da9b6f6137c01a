"""Other steps than those of the spec, with which the model is clearly more often right."""

from collections.abc import Iterator
from contextlib import suppress

from edgecheck.checks import inputs, normalization, thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject
from edgecheck.checks.proofs import better_alone, better_by_labels, is_wider, proof_of
from edgecheck.compare.trials import Trial
from edgecheck.findings import Finding
from edgecheck.rules.base import Rule
from edgecheck.rules.input.channel_order_swapped import ChannelOrderSwapped
from edgecheck.rules.input.input_not_normalized import InputNotNormalized
from edgecheck.rules.input.input_range_mismatch import InputRangeMismatch
from edgecheck.rules.input.preprocessing_not_in_exported_graph import (
    PreprocessingNotInExportedGraph,
)
from edgecheck.rules.wording import Fed


def check(evidence: Evidence) -> Iterator[Finding]:
    """No usual order of channels or scaling of pixels fits a model better than the spec's."""
    if all(output.labels is None and output.pair is None for output in evidence.outputs):
        raise NotApplicable("there are neither labels nor a reference")
    told = _told_elsewhere(evidence)
    for name, spec in evidence.spec.inputs.items():
        if spec.kind == "audio" or name in told:
            continue  # another check names the cause, with the trial as its proof
        alone = _of_one_model(evidence, name)
        better = better_by_labels(evidence, name)
        if alone is not None:
            yield alone
        elif better:
            yield _named(evidence, better[0])


def _told_elsewhere(evidence: Evidence) -> set[str]:
    """Inputs whose range other checks find to be wrong."""
    found: list[Finding] = []
    for known in (normalization.check, inputs.check_range):
        with suppress(NotApplicable):
            found += known(evidence)
    return {f.subject.name for f in found if f.role == "cause" and f.severity == "error"}


def _of_one_model(evidence: Evidence, name: str) -> Finding | None:
    """What one model alone needs to agree with the other: first the one that labels speak against."""
    sides: list[Fed] = ["candidate", "reference"]
    if _reference_is_worse(evidence):
        sides.reverse()
    for fed in (*sides, "twin"):
        trial = better_alone(evidence, name, fed)
        rule = None if trial is None else _one_sided(evidence, trial, fed)
        if trial is not None and rule is not None:
            return Finding.of(rule, input_subject(name), proof=proof_of(trial))
    return None


def _reference_is_worse(evidence: Evidence) -> bool:
    known = [output.labels for output in evidence.outputs if output.labels is not None]
    ours, theirs = (known[0].candidate_accuracy, known[0].reference_accuracy) if known else (0, 0)
    return theirs is not None and theirs < ours


def _one_sided(evidence: Evidence, trial: Trial, fed: Fed) -> Rule | None:
    """The name of what one model alone needs; None where the candidate scales what arrives raw."""
    change = trial.change
    if change.made is None:
        return ChannelOrderSwapped(
            input=trial.input,
            samples=trial.samples,
            right_before=trial.right_before,
            right_after=trial.right_after,
            removed=list(change.removed),
            added=list(change.added),
            fed=fed,
        )
    seen = _seen(evidence, trial.input)
    widths = sorted((change.made[1] - change.made[0], seen[1] - seen[0]))
    if widths[1] <= thresholds.PROMISE_RAW * widths[0]:  # no raw pixels: nothing scales them inside
        return InputRangeMismatch(
            input=trial.input,
            promised=list(change.made),
            observed=list(seen),
            tried=[trial.right_before, trial.right_after, trial.samples],
            fed=fed,
            removed=list(change.removed),
            added=list(change.added),
        )
    if is_wider(evidence, trial) != (fed == "reference"):
        return None
    return PreprocessingNotInExportedGraph(
        input=trial.input,
        fed=fed,
        change=change.words,
        samples=trial.samples,
        agreed_before=trial.right_before,
        agreed_after=trial.right_after,
        steps=list(change.added),
    )


def _seen(evidence: Evidence, name: str) -> tuple[float, float]:
    """The lowest and the highest value that an input was fed with."""
    entry = next(entry for entry in evidence.observed.inputs if entry.name == name)
    return entry.low, entry.high


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
    seen = _seen(evidence, trial.input)
    is_raw = seen[1] > thresholds.PROMISE_RAW * max(map(abs, change.made))
    rule = InputNotNormalized if is_raw else InputRangeMismatch
    tried = rule(
        input=trial.input,
        promised=list(change.made),
        observed=list(seen),
        tried=[trial.right_before, trial.right_after, trial.samples],
        removed=list(change.removed),
        added=list(change.added),
    )
    return Finding.of(tried, subject, proof=proof)
