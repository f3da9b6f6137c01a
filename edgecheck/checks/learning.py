"""What a float model that does not meet its labels has learned: the shares of the classes, or nothing."""

import math
from collections.abc import Iterator

import numpy as np

from edgecheck.checks import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.float_model import Judged, held_against_labels
from edgecheck.checks.initial_weights import layers_as_drawn
from edgecheck.checks.saturation import top_share
from edgecheck.checks.signal import stopped
from edgecheck.checks.trouble import blamed_elsewhere, trouble
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Severity
from edgecheck.rules.training.class_prior_collapse import ClassPriorCollapse
from edgecheck.rules.training.undertrained import Undertrained

_SUBJECT = Subject("model", "training")


def check(evidence: Evidence) -> Iterator[Finding]:
    """The float model has learned more than how frequent the classes are."""
    judged = held_against_labels(evidence)
    if judged.chance == 1:
        raise NotApplicable("all labels are the same")
    if not judged.is_lost:
        return
    if other := blamed_elsewhere(evidence):
        raise NotApplicable(f"{other} explains it")
    if evidence.signal is not None and stopped(evidence.signal, trouble(evidence)):
        raise NotApplicable("a layer that stops the signal explains it")
    prior = _prior(evidence, judged)
    is_sure = prior is not None and _is_sure(prior)
    if prior is not None and (is_sure or judged.is_float):
        severity: Severity = "error" if is_sure else "warning"
        yield Finding.of(prior, _SUBJECT, severity=severity)
        return
    drawn = layers_as_drawn(evidence)
    if not judged.is_float and not drawn:
        raise NotApplicable("without a float model nobody knows what quantization did to it")
    rule = Undertrained(
        who=judged.who,
        output=judged.output.name,
        labelled=judged.labels.labelled,
        accuracy=judged.accuracy,
        chance=judged.chance,
        tried=sum(trial.fed is None for trial in evidence.trials),
        layers_as_drawn=drawn,
    )
    yield Finding.of(rule, _SUBJECT, severity="error" if drawn else "warning")


def _is_sure(prior: ClassPriorCollapse) -> bool:
    return prior.divergence is not None and prior.divergence < thresholds.PRIOR_KL


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
    layers = () if evidence.signal is None else evidence.signal.layers
    found = [layer.probabilities for layer in layers if layer.probabilities]
    counts = judged.labels.class_counts
    fitting = [row for row in found if len(row) > max(counts)]
    if not fitting:
        return None
    total = sum(counts.values())
    return sum(
        count / total * math.log(count / total / max(fitting[-1][label], 1e-12))
        for label, count in counts.items()
    )
