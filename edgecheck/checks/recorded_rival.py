"""The spec or the calibration: what tells which of the two is wrong, where the float model does well.

Calibration saw other values than the model is fed. Either it was prepared otherwise than training, or
the spec is, and the float model bears its values. All that a file holds fits both: weights come
from training, every recorded range from the values of calibration.
"""

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence, seen_input
from edgecheck.checks.first_layer import suits_better
from edgecheck.checks.float_model import judged_by_labels
from edgecheck.checks.layer_weights import kept_weights
from edgecheck.checks.misfit import Range, is_usual, misfit
from edgecheck.checks.recorded_trial import trial_of_record
from edgecheck.checks.stages import twin_follows
from edgecheck.compare.statistics import LabelStatistics
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.tflite.contract import input_fossil


def is_open(evidence: Evidence, name: str, recorded: Range, fed: Range) -> bool:
    """Whether nothing tells that the spec is right about an input, so that its steps are a suspect, too.

    The record must be of other steps, for pictures of usual ones: nobody trains on values that were
    scaled twice. And the float model must be wrong often enough for other values to be better.

    Args:
        evidence: with labels.
        name: of an input whose calibrated range does not fit.
        recorded: the range that calibration saw.
        fed: the one that the spec gives.
    """
    port, labels = evidence.ports.get(name), _labels(evidence)
    fossil = None if port is None else input_fossil(evidence.model, port)
    if fossil is None or labels is None or _speaks_for_spec(evidence, name, recorded, fed):
        return False
    section = evidence.spec.inputs[name]
    if section.kind == "image" and not is_usual(fossil):
        return False
    seen = seen_input(evidence, name)
    wrong = labels.labelled - round((labels.reference_accuracy or 0.0) * labels.labelled)
    return misfit(section, fossil, seen) == "steps" and _is_chance_refuted(wrong)


def is_better_cut(evidence: Evidence, name: str) -> bool:
    """Whether labels prefer the candidate, which cuts values off at the record, to the float model.

    A wrong calibration makes no model better than the one that it was made of; to be cut off brings
    wrong values nearer to those of training. At least half of the wrong answers must become right,
    and the float model must be the one: another may be worse for a reason of its own.

    Args:
        evidence: of a run.
        name: of an input of the spec.
    """
    labels = _labels(evidence)
    if labels is None or labels.reference_accuracy is None or labels.mcnemar_p is None:
        return False
    seen = seen_input(evidence, name)
    is_cut = seen is not None and seen.clipped > thresholds.CLIP_ERROR * seen.elements
    before, after = labels.reference_accuracy, labels.candidate_accuracy
    mends = 0 < 1 - before <= 2 * (after - before)
    is_told = is_cut and mends and labels.mcnemar_p < thresholds.P_WARNING
    return is_told and _is_of_reference(evidence)


def _is_of_reference(evidence: Evidence) -> bool:
    """Whether the candidate was made of what it is held against: by its weights, or by its twin."""
    is_kept = evidence.weights is None or kept_weights(evidence.weights) is not None
    return is_kept or twin_follows(evidence)


def _speaks_for_spec(evidence: Evidence, name: str, recorded: Range, fed: Range) -> bool:
    """Whether the recorded values do worse, could not do as well, or do not suit the first weights.

    Beside values that are far too small biases alone count: a model that does well is not fed such.
    """
    trial = trial_of_record(evidence, name)
    is_worse = trial is not None and trial.right_after < trial.right_before
    if trial is not None and is_worse and trial.p < thresholds.P_WARNING:
        return True
    kept, given = max(map(abs, recorded)), max(map(abs, fed))
    if kept > thresholds.PROMISE_RAW * given:
        return True
    is_far = given > thresholds.PROMISE_RAW * kept
    return is_far and suits_better(evidence, name, fed, recorded)


def _is_chance_refuted(changed: int) -> bool:
    """Whether so many answers, if all of them became right, would be more than chance."""
    return mcnemar_p(0, changed) < thresholds.P_WARNING


def _labels(evidence: Evidence) -> LabelStatistics | None:
    """Enough labels beside the answers of a reference; None without."""
    judged = judged_by_labels(evidence)
    return None if judged is None or judged.who != "reference" else judged.labels
