"""What an experiment changed: one metric before and after, and whether that undid the loss."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from edgecheck import thresholds
from edgecheck.checks.calibration import as_measured
from edgecheck.checks.parity import is_lost, losses, measured
from edgecheck.compare.statistics import Comparison, Measure, OutputComparison
from edgecheck.findings import Proof
from edgecheck.rules.parity_words import Metric
from edgecheck.spec.model import Tolerances

Effect: TypeAlias = Literal["restored", "none", "unclear"]
"""`restored`: something was lost, and nothing is any more. `none`: as much is lost as before. `unclear`: something is
gained, but not all, or the samples are too few to tell."""

_FIRST: Final[tuple[Metric, ...]] = ("agreement", "pixel_agreement", "variation_sqnr_db", "sqnr_db")
"""What says most to a reader; then the order in which metrics are judged."""


@dataclass(frozen=True)
class Outcome:
    """An experiment that was made."""

    proof: Proof
    effect: Effect


def outcome(
    action: str, before: Comparison, after: Comparison, tolerances: Tolerances | None
) -> Outcome:
    """Judge an experiment by the output that suffered most before it.

    Args:
        action: what was done, in words.
        before: without it, on the samples of the experiment.
        after: with it, on the same samples, against the same reference.
        tolerances: of the spec.

    Raises:
        ValueError: the two have no output in common that was compared.
    """
    old, new = _pair(before, after, tolerances)
    if old.candidate.nonfinite > (0 if old.reference is None else old.reference.nonfinite):
        return _of_finite(action, old, new, tolerances)
    metric = _metric(old, new, tolerances)
    was, now = measured(old)[metric], measured(new)[metric]
    proof = _proof(action, metric, (was.value, now.value), (old, new))
    effect = _effect(metric, was, now, _Losses.of(before, after, tolerances))
    # What is nearer to a float model that is fed wrongly, and further from the labels, is not mended.
    return Outcome(proof, "unclear" if _costs_answers(proof) and effect == "restored" else effect)


def is_better(one: Outcome, other: Outcome) -> bool:
    """Whether the first of two experiments of one cause, judged alike, comes out better."""
    if one.effect != other.effect:
        return one.effect == "restored" or other.effect == "none"
    if one.proof.metric != other.proof.metric:
        return False
    metric = one.proof.metric
    return distance(metric, one.proof.after) < distance(metric, other.proof.after)


def distance(metric: str, value: float) -> float:
    """How far a metric is from that of two equal models, at least 0; of dB the error's size."""
    if metric.endswith("_db"):
        return float(10 ** (-value / 20))
    if metric == "finite_share" or thresholds.PARITY[metric].higher_is_better:
        return 1 - value
    return max(value - 1 if metric == "error_ratio" else value, 0.0)


@dataclass(frozen=True)
class _Losses:
    """Whether parity is lost before an experiment and after it."""

    before: bool
    before_measured: bool
    """As `before`, by the measured values: few samples may leave open what they show."""
    after: bool
    after_measured: bool
    """As `after`, by the measured values: an interval gives no benefit of the doubt."""

    @classmethod
    def of(cls, before: Comparison, after: Comparison, tolerances: Tolerances | None) -> "_Losses":
        old, new = (tuple(map(as_measured, side.outputs)) for side in (before, after))
        return cls(
            _is_any_lost(before.outputs, tolerances),
            _is_any_lost(old, tolerances),
            _is_any_lost(after.outputs, tolerances),
            _is_any_lost(new, tolerances),
        )


def _effect(metric: Metric, was: Measure, now: Measure, lost: _Losses) -> Effect:
    """Of a loss at least half of the error must be gone, beyond noise, and no output be lost."""
    old, new = distance(metric, was.value), distance(metric, now.value)
    is_halved = new < old and new <= old / 2
    is_sure = lost.before or (lost.before_measured and _is_beyond(metric, now.value, was))
    if is_halved and is_sure:
        return "unclear" if lost.after_measured else "restored"
    return "none" if lost.before and lost.after and not is_halved else "unclear"


def _costs_answers(proof: Proof) -> bool:
    """Whether fewer labels are met after an experiment than before, by what is an error elsewhere."""
    was, now = proof.accuracy_before, proof.accuracy_after
    return was is not None and now is not None and was - now > thresholds.ACCURACY_DROP_ERROR


def _is_beyond(metric: Metric, value: float, measure: Measure) -> bool:
    """Whether a value is better than any in the interval of a measure."""
    if measure.interval is None:
        return False
    return distance(metric, value) < min(distance(metric, end) for end in measure.interval)


def _is_any_lost(outputs: Sequence[OutputComparison], tolerances: Tolerances | None) -> bool:
    return any(is_lost(output, tolerances) for output in outputs)


def _pair(
    before: Comparison, after: Comparison, tolerances: Tolerances | None
) -> tuple[OutputComparison, OutputComparison]:
    """The output to tell about, before and after: a lost one first, of these the worst."""
    new = {output.name: output for output in after.outputs if measured(output)}
    known = [output for output in before.outputs if output.name in new and measured(output)]
    if not known:
        raise ValueError("no output was compared")
    old = min(known, key=lambda output: (not is_lost(output, tolerances), _closeness(output)))
    return old, new[old.name]


def _closeness(output: OutputComparison) -> float:
    known = output.telling_sqnr_db
    return -math.inf if known is None else known


def _metric(old: OutputComparison, new: OutputComparison, tolerances: Tolerances | None) -> Metric:
    """One that was lost and is known on both sides, else the first that is known."""
    both = [metric for metric in measured(old) if metric in measured(new)]
    lost = {rule.metric for level, rule in losses(old, tolerances) if level == "error"}
    chosen = [metric for metric in both if metric in lost] or both
    return next((metric for metric in _FIRST if metric in chosen), chosen[0])


def _of_finite(
    action: str, old: OutputComparison, new: OutputComparison, tolerances: Tolerances | None
) -> Outcome:
    """Where NaN or infinity came out, they are what counts."""
    shares = _finite(old), _finite(new)
    proof = _proof(action, "finite_share", shares, (old, new))
    is_whole = shares[1] == 1 and not is_lost(as_measured(new), tolerances)
    return Outcome(
        proof, "restored" if is_whole else "none" if shares[1] <= shares[0] else "unclear"
    )


def _finite(output: OutputComparison) -> float:
    return 1 - output.candidate.nonfinite / max(output.candidate.values, 1)


def _proof(
    action: str,
    metric: str,
    values: tuple[float, float],
    outputs: tuple[OutputComparison, OutputComparison],
) -> Proof:
    accuracies = [None if o.labels is None else o.labels.candidate_accuracy for o in outputs]
    return Proof(
        action=action,
        metric=metric,
        before=values[0],
        after=values[1],
        samples=outputs[0].candidate.samples,
        accuracy_before=accuracies[0],
        accuracy_after=accuracies[1],
    )
