"""What a float model that does not meet its labels has learned: the shares of the classes, or nothing."""

import math
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from edgecheck import thresholds
from edgecheck.checks import calibration, initial_weights
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.float_model import Judged, held_against_labels
from edgecheck.checks.initial_weights import layers_as_drawn
from edgecheck.checks.near_proofs import near_proof
from edgecheck.checks.saturation import top_share
from edgecheck.checks.signal import stopped
from edgecheck.checks.trouble import blamed_elsewhere, trouble
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Severity
from edgecheck.rules.training.class_prior_collapse import ClassPriorCollapse
from edgecheck.rules.training.undertrained import Undertrained
from edgecheck.rules.wording import plain

_SUBJECT = Subject("model", "training")


def check(evidence: Evidence) -> Iterator[Finding]:
    """The float model has learned more than how frequent the classes are."""
    judged = held_against_labels(evidence)
    if judged.chance == 1:
        raise NotApplicable("all labels are the same")
    drawn = layers_as_drawn(evidence) if judged.gain < thresholds.WORKING_GAIN else 0
    if not judged.is_lost and not drawn:
        return
    if other := blamed_elsewhere(evidence) or _stopped(evidence):
        if not drawn or _is_fresh(evidence):
            raise NotApplicable(f"{other} explains it")
        # Weights are seen without an answer, whatever else is wrong.
        yield Finding.of(_undertrained(evidence, judged, drawn), _SUBJECT, severity="warning")
        return
    prior = _prior(evidence, judged)
    is_alone = judged.is_float and not drawn and near_proof(evidence, judged) is None
    is_sure = prior is not None and _is_sure(prior, is_alone=is_alone)
    is_learned = not drawn or (prior is not None and _is_convinced(evidence, judged, prior))
    if prior is not None and (is_sure or (judged.is_float and is_learned)):
        severity: Severity = "error" if is_sure else "warning"
        yield Finding.of(prior, _SUBJECT, severity=severity)
        return
    if not drawn and not judged.is_float:
        raise NotApplicable("without a float model nobody knows what quantization did to it")
    if not drawn and _does_what_it_can(judged):
        return
    if not drawn and (name := _calibrated_otherwise(evidence)):
        raise NotApplicable(f'the calibrated range of "{plain(name)}" speaks for other steps')
    is_known = drawn > 0 and judged.is_lost
    rule = _undertrained(evidence, judged, drawn)
    yield Finding.of(rule, _SUBJECT, severity="error" if is_known else "warning")


def _stopped(evidence: Evidence) -> str:
    """A layer that lets no signal through, in words; empty without one."""
    is_still = evidence.signal is not None and stopped(evidence.signal, trouble(evidence))
    return "a layer that stops the signal" if is_still else ""


def _is_fresh(evidence: Evidence) -> bool:
    """Whether the weights are not only nearly but exactly as drawn, which another check tells."""
    with suppress(NotApplicable):
        return any(f.role == "cause" for f in evidence.found_by(initial_weights.check))
    return False


def _undertrained(evidence: Evidence, judged: Judged, drawn: int) -> Undertrained:
    return Undertrained(
        who=judged.who,
        output=judged.output.name,
        labelled=judged.labels.labelled,
        accuracy=judged.accuracy,
        chance=judged.chance,
        tried=sum(trial.fed is None for trial in evidence.trials),
        layers_as_drawn=drawn,
        has_shares_of_labels=_has_shares_of_labels(judged),
        has_learned=not judged.is_lost,
    )


def _calibrated_otherwise(evidence: Evidence) -> str:
    """The input whose record of what calibration saw is not what the spec gives; empty without one."""
    try:
        found = [f for f in evidence.found_by(calibration.check) if f.severity != "info"]
    except NotApplicable:
        return ""
    return found[0].subject.name if found else ""


def _is_sure(prior: ClassPriorCollapse, *, is_alone: bool) -> bool:
    """By its mean probabilities; or since it names nothing else, if `is_alone` as an explanation."""
    if prior.divergence is not None and prior.divergence < thresholds.PRIOR_KL:
        return True
    return is_alone and prior.share >= thresholds.PRIOR_ONLY


def _is_convinced(evidence: Evidence, judged: Judged, prior: ClassPriorCollapse) -> bool:
    """Whether it holds the commonest label as likely, on average, as the labels make it, or more.

    Training on few other labels leaves weights as they were drawn, and such weights as likely make any
    class the first; but they give each about an even share.
    """
    means = _mean_probabilities(evidence, judged)
    return len(means) > prior.top_class and means[prior.top_class] >= prior.label_share


def _does_what_it_can(judged: Judged) -> bool:
    """Whether a model is often right, and not by chance: the task may be hard, or a class rare."""
    is_often_right = judged.accuracy >= thresholds.HALF_RIGHT
    return is_often_right and _chance_of(judged) < thresholds.P_WARNING


def _has_shares_of_labels(judged: Judged) -> bool:
    """Whether answers have nothing to do with the labels, and yet the same shares of classes."""
    counts = judged.labels.confusion
    if counts is None or not counts.sum():
        return False
    whole = counts.sum(axis=0) / counts.sum()
    apart = float(np.abs(whole.sum(axis=1) - whole.sum(axis=0)).sum()) / 2
    is_varied = judged.chance * len(judged.labels.class_counts) < thresholds.PRIOR_IMBALANCE
    is_chance = _chance_of(judged) >= thresholds.P_WARNING
    return is_varied and is_chance and apart <= thresholds.SAME_SHARES


def _chance_of(judged: Judged) -> float:
    """How likely answers that have nothing to do with the labels meet as many of them.

    One-sided, with the deviation of the agreement that chance makes of the two marginals (Fleiss, Cohen
    and Everitt 1969).
    """
    counts = judged.labels.confusion
    total = 0 if counts is None else int(counts.sum())
    if counts is None or not total:
        return 1.0
    whole = counts.sum(axis=0) / total
    label, answer = whole.sum(axis=1), whole.sum(axis=0)
    met, expected = float(np.trace(whole)), float(label @ answer)
    square = expected + expected**2 - float((label * answer * (label + answer)).sum())
    deviation = math.sqrt(max(square, 0.0) / total)
    return 0.5 * math.erfc((met - expected) / deviation / math.sqrt(2)) if deviation else 1.0


def _prior(evidence: Evidence, judged: Judged) -> ClassPriorCollapse | None:
    """Facts of a model that names the commonest label for nearly everything; None for others."""
    labels, (top, share) = judged.labels, top_share(judged.seen)
    commonest = max(labels.class_counts, key=lambda label: labels.class_counts[label])
    is_uneven = judged.chance * len(labels.class_counts) >= thresholds.PRIOR_IMBALANCE
    if labels.confusion is None or share < thresholds.PRIOR_SHARE or top != commonest:
        return None
    counts = labels.confusion.sum(axis=0)
    others = int(counts.sum() - counts[commonest].sum())
    met = int(np.trace(counts) - counts[commonest, commonest])
    if not is_uneven or others < thresholds.PRIOR_OTHERS or met >= thresholds.PRIOR_MET * others:
        return None
    return ClassPriorCollapse(
        who=judged.who,
        output=judged.output.name,
        top_class=top,
        share=share,
        label_share=judged.chance,
        others=others,
        others_met=met,
        labelled=labels.labelled,
        divergence=_divergence(evidence, judged),
    )


def _divergence(evidence: Evidence, judged: Judged) -> float | None:
    """KL divergence of the shares of the labels from the mean probabilities, nats; None if unknown."""
    counts = judged.labels.class_counts
    means = _mean_probabilities(evidence, judged)
    if len(means) <= max(counts):
        return None
    total = sum(counts.values())
    return sum(
        count / total * math.log(count / total / max(means[label], 1e-12))
        for label, count in counts.items()
    )


def _mean_probabilities(evidence: Evidence, judged: Judged) -> tuple[float, ...]:
    """Of the judged output, in the judged model or the twin that it is in float; empty if unknown."""
    signal, of_judged = evidence.signal, {judged.who}
    if judged.who == "candidate":
        of_judged.add("twin")
    if signal is None or signal.who not in of_judged:
        return ()
    tensor = signal.outputs.get(judged.seen.name)
    return next((each.probabilities for each in signal.layers if each.tensor == tensor), ())
