"""What labels say of the values that calibration recorded, where the spec's do nearly as well.

A float model may bear values of another size, which a quantized input cuts off: then the record
differs from the spec, and only a few answers tell which of the two is that of training.
"""

from edgecheck import proof_thresholds, thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.first_layer import suits_better
from edgecheck.checks.misfit import is_recorded
from edgecheck.checks.proofs import guesses, mends_half, proof_of
from edgecheck.compare.trials import Trial
from edgecheck.findings import Proof
from edgecheck.tflite.contract import input_fossil


def preferred_record(evidence: Evidence, name: str) -> Trial | None:
    """The trial of the recorded values, if they are more likely those of training than the spec's.

    Args:
        evidence: with the trials of the pass.
        name: of an input of the spec.
    """
    best = trial_of_record(evidence, name)
    if best is None or guesses(best):
        return None
    return best if _is_better(best) or _is_borne(evidence, best) else None


def trial_of_record(evidence: Evidence, name: str) -> Trial | None:
    """The trial of the recorded values that meets most labels; None where none was made.

    Args:
        evidence: with the trials of the pass.
        name: of an input of the spec.
    """
    port = evidence.ports.get(name)
    fossil = None if port is None else input_fossil(evidence.model, port)
    if fossil is None:
        return None
    found = (
        trial
        for trial in evidence.trials
        if (trial.input, trial.fed, trial.also) == (name, None, None)
        and trial.change.made is not None
        and is_recorded(fossil, trial.change.made)
    )
    return max(found, key=lambda trial: trial.right_after, default=None)


def proof_of_record(evidence: Evidence, trial: Trial) -> Proof | None:
    """That the candidate alone, fed with the recorded values, answers as the reference does."""
    wanted = (trial.input, "candidate", trial.change, None)
    alike = (t for t in evidence.trials if (t.input, t.fed, t.change, t.also) == wanted)
    alone = next(alike, None)
    if alone is None or alone.right_after < proof_thresholds.TRIAL_AGREES * alone.samples:
        return None
    is_half = mends_half(alone.right_before, alone.right_after, alone.samples)
    return proof_of(alone) if is_half and alone.p < proof_thresholds.TRIAL_P else None


def _is_better(trial: Trial) -> bool:
    """Whether labels prefer them: chance is judged as for one hypothesis, which the record names."""
    is_half = mends_half(trial.right_before, trial.right_after, trial.samples)
    return is_half and trial.p < thresholds.P_WARNING


def _is_borne(evidence: Evidence, trial: Trial) -> bool:
    """Whether a model does as well with far smaller values, for which its first weights are made.

    Beside values that are far too large biases hardly count, and it may still be right. Beside
    values that are far too small nothing else counts.
    """
    seen = next(entry for entry in evidence.observed.inputs if entry.name == trial.input)
    made, fed = trial.change.made or (0.0, 0.0), (seen.low, seen.high)
    is_far = max(map(abs, fed)) > thresholds.PROMISE_RAW * max(map(abs, made))
    is_as_right = trial.right_after >= trial.right_before
    return is_far and is_as_right and suits_better(evidence, trial.input, made, fed)
