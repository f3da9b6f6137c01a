"""Trials of other steps: those with which clearly more answers come out right, and which are proofs."""

import math

from edgecheck import proof_thresholds, thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.compare.trials import Trial
from edgecheck.findings import Proof
from edgecheck.preprocess.alternatives import Change
from edgecheck.preprocess.pixel_alternatives import scaling_steps, written
from edgecheck.rules.wording import Fed


def better_by_labels(evidence: Evidence, name: str) -> list[Trial]:
    """The trials of one change of an input that meet clearly more labels, the best first."""
    return _better(evidence, name, None)


def best_by_labels(evidence: Evidence, name: str) -> Trial | None:
    """The trial that tells best what is wrong with an input: the first of `helping`."""
    return next(iter(helping(evidence, name)), None)


def helping(evidence: Evidence, name: str) -> list[Trial]:
    """The trials that meet clearly more labels, the most telling first: of two changes only where one
    is less.

    One that restores comes before one that only makes some more right.
    """
    found = [*_pairs(evidence, name, None), *better_by_labels(evidence, name)]
    return sorted(found, key=lambda trial: not restores(trial))


def restores(trial: Trial) -> bool:
    """Whether at least half of the wrong answers become right, beyond chance and beyond guessing."""
    is_half = mends_half(trial.right_before, trial.right_after, trial.samples)
    return is_half and not guesses(trial) and trial.p < proof_thresholds.TRIAL_P


def guesses(trial: Trial) -> bool:
    """Whether, by labels, a trial meets hardly more than one that names the commonest class for all."""
    is_blind = names_commonest(trial.right_after, trial.samples, trial.commonest)
    return trial.fed is None and is_blind


def names_commonest(right: int, samples: int, commonest: int) -> bool:
    """Whether hardly more is right than with the commonest class for all samples.

    Args:
        right: right answers.
        samples: all of them.
        commonest: those of the commonest class.
    """
    return right - commonest <= thresholds.LOST_GAIN * (samples - commonest)


def mends_half(before: int, after: int, samples: int) -> bool:
    """Whether at least half of the wrong answers become right, however few they are.

    Args:
        before: right answers.
        after: right answers with what is tried.
        samples: all of them.
    """
    return 0 < samples - before <= 2 * (after - before)


def reached(evidence: Evidence) -> float:
    """The largest share of labels that any trial meets that tells something; 0 without one."""
    found = (best_by_labels(evidence, name) for name in evidence.spec.inputs)
    return max((trial.right_after / trial.samples for trial in found if trial), default=0.0)


def exceeds(trial: Trial, met: float) -> bool:
    """Whether a trial of two changes restores, and meets clearly more than any of them, and than a share."""
    is_more = trial.right_after > (met + proof_thresholds.TRIAL_GAIN) * trial.samples
    return is_more and restores(trial) and _is_better(trial)


def better_alone(evidence: Evidence, name: str, fed: Fed) -> Trial | None:
    """The best trial in which one model alone, fed otherwise, agrees with the other.

    None too where the change is one that the other model does not notice either: then it says
    nothing about what it was trained on, nor does any that comes out worse than that.
    """
    found = [*_pairs(evidence, name, fed), *_better(evidence, name, fed)]
    most = max((trial.right_after / trial.samples for trial in found), default=0.0)
    least = most - proof_thresholds.TRIAL_TIE
    good = (t for t in found if _agrees(t) and t.right_after >= least * t.samples)
    return next(good, None)


def as_good(evidence: Evidence, trial: Trial) -> list[str]:
    """What else was tried with which as much is right, in words.

    Of single changes, beside the same new statistics or without any.
    """
    if trial.also is not None and not is_with_statistics(trial):
        return []
    least = trial.right_after - proof_thresholds.TRIAL_TIE * trial.samples
    made = _better if trial.also is None else _pairs
    found = [t for t in made(evidence, trial.input, trial.fed) if t.also == trial.also]
    return [o.change.words for o in found if o != trial and o.right_after >= least]


def changes_of(trial: Trial) -> tuple[Change, ...]:
    """The change that was made, or both."""
    return (trial.change,) if trial.also is None else (trial.change, trial.also)


def undoes_a_repetition(evidence: Evidence, trial: Trial) -> bool:
    """Whether a change only takes out steps that scale and that the spec has once more."""
    removed, added = trial.change.removed, trial.change.added
    is_alone = trial.also is None or is_with_statistics(trial)
    if trial.change.kind != "scaling" or not is_alone or added or not removed:
        return False
    steps = [written(step) for step in scaling_steps(evidence.spec.inputs[trial.input])]
    return all(steps.count(step) == 2 * removed.count(step) for step in removed)


def is_with_statistics(trial: Trial) -> bool:
    """Whether batch normalization collected its statistics anew with the steps of a trial."""
    return trial.also is not None and trial.also.kind == "statistics"


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


def is_wider(evidence: Evidence, name: str, change: Change) -> bool:
    """Whether a change feeds an input with wider values than the spec does."""
    if change.made is None:
        return False
    seen = next(entry for entry in evidence.observed.inputs if entry.name == name)
    return change.made[1] - change.made[0] > seen.high - seen.low


def widens(evidence: Evidence, trial: Trial) -> bool:
    """Whether a change of a trial does so."""
    return any(is_wider(evidence, trial.input, change) for change in changes_of(trial))


def _better(evidence: Evidence, name: str, fed: Fed | None) -> list[Trial]:
    """Trials of one change that make clearly more right, the best first; of equals the smallest.

    A model may be right with values of any size, so that of equals the nearest ones are meant; of one
    model alone, first those that the other notices. What undoes a repeated step comes before what is
    as good: nothing else is as simple.
    """
    trials = (t for t in evidence.trials if (t.input, t.fed, t.also) == (name, fed, None))
    found = sorted(
        filter(_is_better, trials),
        key=lambda t: (-t.right_after, t.unmoved, _moved(evidence, t)),
    )
    return _simplest_first(evidence, found)


def _simplest_first(evidence: Evidence, found: list[Trial]) -> list[Trial]:
    """The same, with what undoes a repeated step before what is as good."""
    if not found:
        return []
    least = found[0].right_after - proof_thresholds.TRIAL_TIE * found[0].samples
    undoing = (t for t in found if t.right_after >= least and undoes_a_repetition(evidence, t))
    first = next(undoing, found[0])
    return [first, *(trial for trial in found if trial is not first)]


def _pairs(evidence: Evidence, name: str, fed: Fed | None) -> list[Trial]:
    """Trials of two changes that make clearly more right than either alone, the best first."""
    trials = (t for t in evidence.trials if (t.input, t.fed) == (name, fed) and t.also is not None)
    found = sorted(filter(_is_better, trials), key=lambda trial: -trial.right_after)
    # Those with new statistics are only made, and kept, where nothing else is nearly as good.
    twofold = [trial for trial in found if is_with_statistics(trial)]
    twofold.sort(key=lambda trial: (-trial.right_after, _moved(evidence, trial)))
    return [*_simplest_first(evidence, twofold), *(t for t in found if not is_with_statistics(t))]


def _agrees(trial: Trial) -> bool:
    """Whether it makes two models answer alike, and not since both name one class for nearly all."""
    moved = trial.right_after - trial.unmoved
    by_samples = trial.right_after - trial.commonest
    return (
        trial.right_after >= proof_thresholds.TRIAL_AGREES * trial.samples
        and moved > proof_thresholds.TRIAL_GAIN * trial.samples
        and by_samples > thresholds.WORKING_GAIN * (trial.samples - trial.commonest)
    )


def _moved(evidence: Evidence, trial: Trial) -> float:
    """How many times wider, or narrower, the values become, as a logarithm."""
    made = trial.change.made
    entry = next((each for each in evidence.observed.inputs if each.name == trial.input), None)
    if made is None or entry is None or not entry.low < entry.high:
        return 0.0
    return abs(math.log((made[1] - made[0]) / (entry.high - entry.low)))


def _is_better(trial: Trial) -> bool:
    if trial.fed is None and trial.also is None and restores(trial):
        return True  # of few wrong answers, half are fewer than `TRIAL_GAIN`
    blind = trial.commonest if trial.fed is None else 0  # what naming one class would meet
    gain = trial.right_after - max(trial.right_before, trial.by_one, blind)
    return gain > proof_thresholds.TRIAL_GAIN * trial.samples and trial.p < proof_thresholds.TRIAL_P
