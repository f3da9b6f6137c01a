"""Candidate against reference, and against the labels.

A limit is crossed only if the whole 95 % interval lies beyond it, so that one flipped sample of a
few decides nothing; accuracy is judged by the exact paired test. A tolerance that the spec sets
itself is also a warning as soon as the measured value misses it.
"""

from collections.abc import Iterator
from typing import Literal

from edgecheck.checks import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable, output_subject
from edgecheck.compare.statistics import LabelStatistics, OutputComparison, PairStatistics
from edgecheck.findings import Finding
from edgecheck.rules.base import Severity
from edgecheck.rules.output.parity_loss import ParityLoss
from edgecheck.spec.model import Tolerances

Judged = tuple[Severity, ParityLoss]
Metric = Literal["agreement", "sqnr_db", "cosine_p5", "kl_median"]


def check(evidence: Evidence) -> Iterator[Finding]:
    """One finding an output: the gravest metric, the most telling of equals."""
    if not any(_is_measured(output) for output in evidence.pairs):
        raise NotApplicable("candidate and reference gave no value that can be compared")
    for output in evidence.pairs:
        judged = list(_judge(output, evidence.spec.tolerances))
        if judged:
            severity, rule = min(judged, key=lambda entry: entry[0] != "error")
            yield Finding.of(rule, output_subject(output.name), severity=severity)


def parity_holds(evidence: Evidence) -> bool:
    """Whether a comparison was made and no output lost parity."""
    try:
        outputs = evidence.pairs
    except NotApplicable:
        return False
    tolerances = evidence.spec.tolerances
    if not all(_is_measured(output) for output in outputs):
        return False
    return all(level != "error" for output in outputs for level, _ in _judge(output, tolerances))


def _judge(output: OutputComparison, tolerances: Tolerances | None) -> Iterator[Judged]:
    """Every metric beyond a limit, the most telling first."""
    pair = output.pair
    if pair is None:
        return
    if output.labels is not None:
        yield from _judge_accuracy(output, output.labels, tolerances)
    for metric, (value, interval) in _measured(pair).items():
        limit = thresholds.PARITY[metric]
        own = None if tolerances is None else getattr(tolerances, metric)
        error = limit.error if own is None else own
        warning = limit.warning if own is None else own
        sign = 1 if limit.higher_is_better else -1
        best = max(sign * value, *(sign * end for end in interval)) if interval else sign * value
        doubted = best if own is None else sign * value
        if best < sign * error:
            yield "error", _rule(output, metric, value, error, interval)
        elif doubted < sign * warning:
            yield "warning", _rule(output, metric, value, warning, interval)


def _is_measured(output: OutputComparison) -> bool:
    """Whether any metric of a pair applies."""
    return output.pair is not None and bool(_measured(output.pair))


def _measured(pair: PairStatistics) -> dict[Metric, tuple[float, tuple[float, float] | None]]:
    """Metric -> (value, interval), where the metric applies."""
    found: dict[Metric, tuple[float | None, tuple[float, float] | None]] = {
        "agreement": (pair.agreement, pair.agreement_interval),
        "sqnr_db": (pair.sqnr_db, pair.sqnr_db_interval),
        "cosine_p5": (pair.cosine_p5, pair.cosine_p5_interval),
        "kl_median": (pair.kl_median, pair.kl_median_interval),
    }
    return {
        metric: (value, interval)
        for metric, (value, interval) in found.items()
        if value is not None and value == value  # noqa: PLR0124  (NaN: nothing to judge)
    }


def _judge_accuracy(
    output: OutputComparison, labels: LabelStatistics, tolerances: Tolerances | None
) -> Iterator[Judged]:
    reference, p = labels.reference_accuracy, labels.mcnemar_p
    if reference is None or p is None:
        return
    drop = reference - labels.candidate_accuracy
    own = None if tolerances is None else tolerances.accuracy_drop
    limit = thresholds.ACCURACY_DROP_ERROR if own is None else own
    significance = thresholds.P_ERROR if own is None else thresholds.P_WARNING
    warning = thresholds.ACCURACY_DROP_WARNING if own is None else own
    if drop > limit and p < significance:
        yield "error", _accuracy_rule(output, labels, limit)
    elif drop > warning and (p < thresholds.P_WARNING or own is not None):
        yield "warning", _accuracy_rule(output, labels, warning)


def _accuracy_rule(output: OutputComparison, labels: LabelStatistics, limit: float) -> ParityLoss:
    reference = labels.reference_accuracy or 0.0
    return ParityLoss(
        output=output.name,
        metric="accuracy",
        value=reference - labels.candidate_accuracy,
        limit=limit,
        interval=None,
        samples=labels.labelled,
        reference_accuracy=reference,
        candidate_accuracy=labels.candidate_accuracy,
        p=labels.mcnemar_p,
    )


def _rule(
    output: OutputComparison,
    metric: Metric,
    value: float,
    limit: float,
    interval: tuple[float, float] | None,
) -> ParityLoss:
    labels = output.labels
    return ParityLoss(
        output=output.name,
        metric=metric,
        value=value,
        limit=limit,
        interval=None if interval is None else [interval[0], interval[1]],
        samples=output.candidate.samples,
        reference_accuracy=None if labels is None else labels.reference_accuracy,
        candidate_accuracy=None if labels is None else labels.candidate_accuracy,
        p=None,
    )
