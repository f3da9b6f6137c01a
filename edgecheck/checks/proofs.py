"""Trials of other steps as proofs: those with which clearly more answers come out right."""

from edgecheck.checks import thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.compare.trials import Trial
from edgecheck.findings import Proof
from edgecheck.rules.wording import Fed


def better_by_labels(evidence: Evidence, name: str) -> list[Trial]:
    """The trials of an input that meet clearly more labels than its steps do, the best first."""
    trials = (trial for trial in evidence.trials if trial.input == name and trial.fed is None)
    return sorted(filter(_is_better, trials), key=lambda trial: -trial.right_after)


def better_alone(evidence: Evidence, name: str, fed: Fed) -> Trial | None:
    """The best trial in which one model alone, fed otherwise, agrees with the other.

    None too where the change is one that the other model does not notice either: then it says
    nothing about what it was trained on.
    """
    agreeing = [
        trial
        for trial in evidence.trials
        if (trial.input, trial.fed) == (name, fed)
        and _is_better(trial)
        and trial.right_after >= thresholds.TRIAL_AGREES * trial.samples
        and trial.right_after - trial.unmoved > thresholds.TRIAL_GAIN * trial.samples
    ]
    return max(agreeing, key=lambda trial: trial.right_after, default=None)


def proof_of(trial: Trial) -> Proof:
    """The trial as a proof."""
    who = "float twin of the candidate" if trial.fed == "twin" else trial.fed
    whom = "" if who is None else f" to the {who} alone"
    return Proof(
        action=f"{trial.samples} samples fed{whom} with {trial.change.words}",
        metric="accuracy" if trial.fed is None else "agreement",
        before=trial.right_before / trial.samples,
        after=trial.right_after / trial.samples,
    )


def wider_pixels(evidence: Evidence, name: str) -> Trial | None:
    """The trial that proves that a model needs wider values than it gets.

    Labels decide; without them, that the candidate alone then agrees with the reference.
    """
    alone = better_alone(evidence, name, "candidate")
    trials = [*better_by_labels(evidence, name)[:1], *([] if alone is None else [alone])]
    return next((trial for trial in trials if is_wider(evidence, trial) is True), None)


def is_wider(evidence: Evidence, trial: Trial) -> bool | None:
    """Whether a trial feeds wider values than the spec does; None where it scales nothing."""
    made = trial.change.made
    if made is None:
        return None
    seen = next(entry for entry in evidence.observed.inputs if entry.name == trial.input)
    return made[1] - made[0] > seen.high - seen.low


def _is_better(trial: Trial) -> bool:
    gain = trial.right_after - trial.right_before
    return gain > thresholds.TRIAL_GAIN * trial.samples and trial.p < thresholds.TRIAL_P
