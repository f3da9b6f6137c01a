"""Trials of other steps as proofs: those with which clearly more answers come out right."""

from edgecheck.checks import thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.compare.trials import Trial
from edgecheck.findings import Proof
from edgecheck.preprocess.alternatives import Change, Kind
from edgecheck.rules.wording import Fed


def better_by_labels(evidence: Evidence, name: str) -> list[Trial]:
    """The trials of one change of an input that meet clearly more labels, the best first."""
    return _better(evidence, name, None)


def best_by_labels(evidence: Evidence, name: str) -> Trial | None:
    """The trial that tells best what is wrong with an input: of two changes only where one is less."""
    both = _pairs(evidence, name, None)
    return next(iter([*both, *better_by_labels(evidence, name)]), None)


def better_alone(evidence: Evidence, name: str, fed: Fed) -> Trial | None:
    """The best trial in which one model alone, fed otherwise, agrees with the other.

    None too where the change is one that the other model does not notice either: then it says
    nothing about what it was trained on.
    """
    found = [*_pairs(evidence, name, fed), *_better(evidence, name, fed)]
    return next((trial for trial in found if _agrees(trial)), None)


def as_good(evidence: Evidence, trial: Trial) -> list[str]:
    """What else was tried with which as much is right, in words; of single changes only."""
    if trial.also is not None:
        return []
    least = trial.right_after - thresholds.TRIAL_TIE * trial.samples
    found = _better(evidence, trial.input, trial.fed)
    return [o.change.words for o in found if o != trial and o.right_after >= least]


def changes_of(trial: Trial) -> tuple[Change, ...]:
    """The change that was made, or both."""
    return (trial.change,) if trial.also is None else (trial.change, trial.also)


def kinds_tried(evidence: Evidence, name: str) -> frozenset[Kind]:
    """What trials by labels find to be wrong with an input."""
    best = best_by_labels(evidence, name)
    return frozenset() if best is None else frozenset(c.kind for c in changes_of(best))


def proof_of(trial: Trial) -> Proof:
    """The trial as a proof."""
    who = "float twin of the candidate" if trial.fed == "twin" else trial.fed
    whom = "" if who is None else f" to the {who} alone"
    metric = "accuracy" if trial.fed is None else "agreement"
    changes = " and ".join(change.words for change in changes_of(trial))
    return Proof(
        action=f"{trial.samples} samples fed{whom} with {changes}",
        metric=metric if trial.names_classes else "share of samples within 10 dB",
        before=trial.right_before / trial.samples,
        after=trial.right_after / trial.samples,
    )


def wider_pixels(evidence: Evidence, name: str) -> Trial | None:
    """The trial that proves that a model needs wider values than it gets.

    Labels decide; without them, that the candidate alone then agrees with the reference.
    """
    trials = best_by_labels(evidence, name), better_alone(evidence, name, "candidate")
    return next((trial for trial in trials if trial is not None and _widens(evidence, trial)), None)


def is_wider(evidence: Evidence, name: str, change: Change) -> bool:
    """Whether a change feeds an input with wider values than the spec does."""
    if change.made is None:
        return False
    seen = next(entry for entry in evidence.observed.inputs if entry.name == name)
    return change.made[1] - change.made[0] > seen.high - seen.low


def _widens(evidence: Evidence, trial: Trial) -> bool:
    return any(is_wider(evidence, trial.input, change) for change in changes_of(trial))


def _better(evidence: Evidence, name: str, fed: Fed | None) -> list[Trial]:
    """Trials of one change that make clearly more right, the best first."""
    trials = (t for t in evidence.trials if (t.input, t.fed, t.also) == (name, fed, None))
    return sorted(filter(_is_better, trials), key=lambda trial: -trial.right_after)


def _pairs(evidence: Evidence, name: str, fed: Fed | None) -> list[Trial]:
    """Trials of two changes that make clearly more right than either alone, the best first."""
    trials = (t for t in evidence.trials if (t.input, t.fed) == (name, fed) and t.also is not None)
    return sorted(filter(_is_better, trials), key=lambda trial: -trial.right_after)


def _agrees(trial: Trial) -> bool:
    moved = trial.right_after - trial.unmoved
    return (
        trial.right_after >= thresholds.TRIAL_AGREES * trial.samples
        and moved > thresholds.TRIAL_GAIN * trial.samples
    )


def _is_better(trial: Trial) -> bool:
    gain = trial.right_after - max(trial.right_before, trial.by_one)
    return gain > thresholds.TRIAL_GAIN * trial.samples and trial.p < thresholds.TRIAL_P
