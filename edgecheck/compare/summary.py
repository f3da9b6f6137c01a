"""The metrics section of the report, from the statistics of a pass."""

import math
from collections.abc import Sequence

from edgecheck.compare.statistics import Comparison, LabelStatistics, OutputComparison, Worst
from edgecheck.findings import (
    Accuracy,
    Interval,
    Latency,
    Metrics,
    OutputMetrics,
    WorstSample,
)


def output_metrics(output: OutputComparison) -> OutputMetrics:
    """One output, as the report shows it."""
    seen, other, pair = output.candidate, output.reference, output.pair
    counts = seen.class_counts
    named = counts is not None and counts.any()
    other_counts = None if other is None else other.class_counts
    return OutputMetrics(
        name=output.name,
        samples=seen.samples,
        distinct_outputs=seen.distinct,
        nonfinite_values=seen.nonfinite,
        top_class=None if counts is None or not named else int(counts.argmax()),
        top_class_share=None if counts is None else float(counts.max()) / seen.samples,
        reference_distinct_outputs=None if other is None else other.distinct,
        reference_nonfinite_values=None if other is None else other.nonfinite,
        reference_top_class_share=(
            None if other_counts is None else float(other_counts.max()) / seen.samples
        ),
        agreement=None if pair is None else pair.agreement,
        agreement_interval=None if pair is None else _interval(pair.agreement_interval),
        sqnr_db=None if pair is None else pair.sqnr_db,
        sqnr_db_interval=None if pair is None else _interval(pair.sqnr_db_interval),
        cosine_p5=None if pair is None else pair.cosine_p5,
        kl_median=None if pair is None else pair.kl_median,
        max_abs_error=None if pair is None else pair.max_abs_error,
        max_error_lsb=(
            None if pair is None or output.scale is None else pair.max_abs_error / output.scale
        ),
        accuracy=_accuracy(output.labels),
    )


def headline(comparison: Comparison, primary: str | None) -> Metrics:
    """The metrics of the primary output, else of the one with the lowest SQNR."""
    outputs = comparison.outputs
    if not outputs:
        return Metrics(samples=comparison.samples)
    declared = [output for output in outputs if output.name == primary]
    chosen = output_metrics((declared or [_worst(outputs)])[0])
    return Metrics(
        samples=comparison.samples,
        output=chosen.name,
        agreement=chosen.agreement,
        sqnr_db=chosen.sqnr_db,
        cosine_p5=chosen.cosine_p5,
        kl_median=chosen.kl_median,
        max_error_lsb=chosen.max_error_lsb,
        accuracy=chosen.accuracy,
    )


def worst_samples(worst: Sequence[Worst]) -> tuple[WorstSample, ...]:
    """The samples on which the models differ most."""
    return tuple(
        WorstSample(
            entry.id,
            entry.output,
            entry.sqnr_db,
            entry.candidate_class,
            entry.reference_class,
            entry.label,
        )
        for entry in worst
    )


def latency(comparison: Comparison) -> Latency | None:
    """Latency of one candidate invocation, milliseconds; None without samples."""
    if not comparison.samples:
        return None
    p50, p95, largest = comparison.latency_ms
    return Latency(p50, p95, largest)


def is_compared(comparison: Comparison) -> bool:
    """Whether anything finite was held against a reference, or labels were met beyond chance.

    Labels alone count only if the candidate beats always naming the commonest one. One sample
    shows nothing.
    """
    if comparison.samples < 2:
        return False
    for output in comparison.outputs:
        if output.pair is not None and not math.isnan(output.pair.sqnr_db):
            return True
        labels = output.labels
        if labels is not None:
            commonest = max(labels.class_counts.values()) / labels.labelled
            if labels.candidate_accuracy > commonest:
                return True
    return False


def _worst(outputs: Sequence[OutputComparison]) -> OutputComparison:
    def sqnr_db(output: OutputComparison) -> float:
        value = math.inf if output.pair is None else output.pair.sqnr_db
        return -math.inf if math.isnan(value) else value

    return min(outputs, key=sqnr_db)


def _interval(ends: tuple[float, float] | None) -> Interval | None:
    return None if ends is None else Interval(*ends)


def _accuracy(labels: LabelStatistics | None) -> Accuracy | None:
    if labels is None:
        return None
    return Accuracy(
        candidate=labels.candidate_accuracy,
        samples=labels.labelled,
        reference=labels.reference_accuracy,
        mcnemar_p=labels.mcnemar_p,
    )
