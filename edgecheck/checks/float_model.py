"""The float model beside the labels: the reference, or the candidate where there is none."""

from dataclasses import dataclass

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.compare.statistics import LabelStatistics, OutputComparison, OutputStatistics
from edgecheck.rules.wording import Fed
from edgecheck.tflite.contract import quantization_scheme


@dataclass(frozen=True)
class Judged:
    """A model beside the labels: the float one where there is one."""

    who: Fed
    is_float: bool
    """Else it is a quantized candidate without a reference, and quantization may be at fault."""
    output: OutputComparison
    labels: LabelStatistics
    accuracy: float
    chance: float
    """Share of the commonest label."""
    seen: OutputStatistics

    @property
    def is_lost(self) -> bool:
        """Whether it gains little over always naming the commonest label."""
        return self.gain < thresholds.LOST_GAIN

    @property
    def gain(self) -> float:
        """Over always naming the commonest label; 1 where all labels are the same."""
        return gained(self.accuracy, self.chance) if self.chance < 1 else 1.0


def held_against_labels(evidence: Evidence) -> Judged:
    """How well the labels are met: by the reference, or by the candidate where there is none.

    Raises:
        NotApplicable: there are too few labels.
    """
    for output in evidence.outputs:
        known, reference = output.labels, output.reference
        if known is None or known.labelled < thresholds.MIN_DISTINCT_INPUTS:
            continue
        common = commonest_share(known)
        if reference is not None and known.reference_accuracy is not None:
            right = known.reference_accuracy
            return Judged("reference", True, output, known, right, common, reference)
        is_float = quantization_scheme(evidence.model) == "none"
        right = known.candidate_accuracy
        return Judged("candidate", is_float, output, known, right, common, output.candidate)
    raise NotApplicable("too few samples are labelled to judge a model by")


def judged_by_labels(evidence: Evidence) -> Judged | None:
    """As `held_against_labels`; None where there are too few labels, or none."""
    try:
        return held_against_labels(evidence)
    except NotApplicable:
        return None


def float_model_is_lost(evidence: Evidence) -> bool:
    """Whether labels show that a float model only guesses; False where there are too few, or none."""
    judged = judged_by_labels(evidence)
    return judged is not None and judged.is_float and judged.is_lost


def gained(accuracy: float, chance: float) -> float:
    """Share of the way from chance to perfection, as in Cohen's kappa (1960).

    Args:
        accuracy: of a model.
        chance: what an answer that never changes reaches, below 1.
    """
    return (accuracy - chance) / (1 - chance)


def commonest_share(labels: LabelStatistics) -> float:
    """Share of the samples that the commonest label is acceptable for."""
    return max(labels.class_counts.values()) / labels.labelled
