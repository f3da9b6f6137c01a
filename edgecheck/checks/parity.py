"""Candidate against reference, and against the labels.

A limit is crossed only if the whole 95 % interval lies beyond it, so that one flipped sample of a
few decides nothing; accuracy is judged by the exact paired test. A tolerance that the spec sets
itself is also a warning as soon as the measured value misses it.

A default limit yields to what the difference costs: classes that differ where the reference itself
is undecided are no error, nor is what leaves the accuracy on labels as it is.
"""

import math
from collections.abc import Iterator

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.parity_judgement import Judged, Told, gravest, interval_of, judged, kept_facts
from edgecheck.checks.parity_levels import level_of, milder
from edgecheck.compare.statistics import (
    LabelStatistics,
    Measure,
    OutputComparison,
)
from edgecheck.findings import Finding
from edgecheck.measurements import ParityFacts, ParityMeasure
from edgecheck.rules.base import Severity
from edgecheck.rules.parity_words import Metric
from edgecheck.spec.model import Tolerances


def check(evidence: Evidence) -> Iterator[Finding]:
    """One finding an output: the gravest metric, the most telling of equals."""
    if not any(_is_measured(output) for output in evidence.pairs):
        raise NotApplicable("candidate and reference gave no value that can be compared")
    for output in evidence.pairs:
        yield from gravest(losses(output, evidence.spec.tolerances))


def parity_holds(evidence: Evidence) -> bool:
    """Whether a comparison was made and no output lost parity."""
    try:
        outputs = evidence.pairs
    except NotApplicable:
        return False
    return all(_is_measured(output) for output in outputs) and not has_lost_parity(evidence)


def has_lost_parity(evidence: Evidence) -> bool:
    """Whether some output differs from its reference by an error."""
    try:
        outputs = evidence.pairs
    except NotApplicable:
        return False
    return any(is_lost(output, evidence.spec.tolerances) for output in outputs)


def is_beyond_limits(evidence: Evidence) -> bool:
    """Whether some output differs from its reference by a warning at least."""
    try:
        outputs = evidence.pairs
    except NotApplicable:
        return False
    return any(any(losses(output, evidence.spec.tolerances)) for output in outputs)


def is_lost(output: OutputComparison, tolerances: Tolerances | None) -> bool:
    """Whether some metric of an output is an error of parity."""
    return any(level == "error" for level, _ in losses(output, tolerances))


def losses(output: OutputComparison, tolerances: Tolerances | None) -> Iterator[Judged]:
    """Every metric of an output beyond a limit, the most telling first."""
    if output.pair is not None:
        labels = output.labels
        told = Told(
            output=output.name,
            samples=output.candidate.samples,
            labelled=0 if labels is None else labels.labelled,
            reference_accuracy=None if labels is None else labels.reference_accuracy,
            candidate_accuracy=None if labels is None else labels.candidate_accuracy,
        )
        yield from judged(told, _measures(output), output.task.elements, tolerances)


def parity_facts(output: OutputComparison) -> ParityFacts | None:
    """What `losses` judges by, for the report; None without a reference."""
    if output.pair is None:
        return None
    return kept_facts(_measures(output), output.task.elements)


def _measures(output: OutputComparison) -> list[ParityMeasure]:
    """What an output is judged by, with the level that the defaults give it."""
    found = [] if output.labels is None else list(_accuracy(output.labels))
    for metric, measure in measured(output).items():
        level = _excused(output, metric, level_of(metric, measure))
        found.append(ParityMeasure(metric, measure.value, level, interval_of(measure)))
    return found


def _excused(output: OutputComparison, metric: Metric, level: Severity | None) -> Severity | None:
    """The level that is left where another metric says that the difference is harmless."""
    errors = output.task.errors
    if metric == "r2_loss" and errors is not None:
        return milder(level, "error_ratio", errors.ratio)
    if metric == "error_ratio" and errors is not None:
        return milder(level, "r2_loss", errors.r2_loss)
    is_cheap = metric == "agreement" and _is_cheap(output)
    is_unfelt = metric in {"agreement", "kl_median"} and keeps_accuracy(output)
    return "warning" if level is not None and (is_cheap or is_unfelt) else level


def _is_cheap(output: OutputComparison) -> bool:
    """Whether the reference itself hardly prefers its classes to the candidate's."""
    regret = None if output.pair is None else output.pair.regret_share
    if regret is None:
        return False
    low = regret.value if regret.interval is None else regret.interval[0]
    return min(regret.value, low) <= thresholds.REGRET_SHARE


def keeps_accuracy(output: OutputComparison) -> bool:
    """Whether labels of most samples, which the reference can tell apart, show no loss."""
    labels = output.labels
    if labels is None or labels.reference_accuracy is None or labels.mcnemar_p is None:
        return False
    commonest = max(labels.class_counts.values()) / labels.labelled
    is_telling = labels.reference_accuracy > commonest
    least = max(thresholds.MIN_DISTINCT_INPUTS, output.candidate.samples / 2)
    drop = labels.reference_accuracy - labels.candidate_accuracy
    is_chance = drop <= 0 or labels.mcnemar_p >= thresholds.P_WARNING
    is_small = drop <= thresholds.ACCURACY_DROP_ERROR and is_chance
    return is_telling and is_small and labels.labelled >= least


def _is_measured(output: OutputComparison) -> bool:
    """Whether any metric of a pair applies."""
    return output.pair is not None and bool(measured(output))


def measured(output: OutputComparison) -> dict[Metric, Measure]:
    """Metric -> value and interval, where the metric applies, the most telling first."""
    known = {**_against_truth(output), **_against_reference(output)}
    return {
        metric: measure
        for metric, measure in known.items()
        if measure is not None and not math.isnan(measure.value)  # NaN: nothing to judge
    }


def _against_truth(output: OutputComparison) -> dict[Metric, Measure | None]:
    errors, maps = output.task.errors, output.task.maps
    found: dict[Metric, Measure | None] = {"iou_loss": None if maps is None else maps.iou_loss}
    if errors is not None:
        is_input = output.kind == "reconstruction"
        found["error_ratio" if is_input else "r2_loss"] = (
            errors.ratio if is_input else errors.r2_loss
        )
    return found


def _against_reference(output: OutputComparison) -> dict[Metric, Measure | None]:
    """A value may lie far from 0, where its SQNR and cosine would flatter it."""
    pair, task = output.pair, output.task
    if pair is None:
        return {}
    if output.kind == "values":
        return {"variation_sqnr_db": task.variation_sqnr_db}
    cosine = Measure(pair.cosine_p5, pair.cosine_p5_interval)
    if output.kind == "vectors":
        return {
            "sqnr_db": _measure(pair.sqnr_db, pair.sqnr_db_interval),
            "embedding_cosine_p5": cosine,
        }
    by_class: dict[Metric, Measure | None] = {
        "agreement": _measure(pair.agreement, pair.agreement_interval),
        "pixel_agreement": task.pixel_agreement,
        "mean_iou": task.mean_iou,
    }
    if output.holds_numbers:
        return by_class
    return {
        **by_class,
        "variation_sqnr_db": task.variation_sqnr_db,
        "sqnr_db": _measure(pair.sqnr_db, pair.sqnr_db_interval),
        "cosine_p5": cosine,
        "kl_median": _measure(pair.kl_median, pair.kl_median_interval),
    }


def _measure(value: float | None, interval: tuple[float, float] | None) -> Measure | None:
    return None if value is None else Measure(value, interval)


def _accuracy(labels: LabelStatistics) -> Iterator[ParityMeasure]:
    """The loss of accuracy, by the exact paired test."""
    reference, p = labels.reference_accuracy, labels.mcnemar_p
    if reference is None or p is None:
        return
    drop = reference - labels.candidate_accuracy
    level: Severity | None = None
    if drop > thresholds.ACCURACY_DROP_ERROR and p < thresholds.P_ERROR:
        level = "error"
    elif drop > thresholds.ACCURACY_DROP_WARNING and p < thresholds.P_WARNING:
        level = "warning"
    yield ParityMeasure("accuracy", drop, level, p=p)
