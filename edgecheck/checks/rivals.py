"""Which trial is believed: one that nothing else outdoes.

A model that is fed otherwise on purpose may be right more often by luck: pictures that are turned
meet some labels that are in another order, and large values outweigh biases that are dead.
"""

from contextlib import suppress

from edgecheck import proof_thresholds
from edgecheck.checks import batch_norm, initial_weights, label_order
from edgecheck.checks.dead_layers import has_dead_layer
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.first_layer import suits_better
from edgecheck.checks.proofs import (
    best_by_labels,
    better_alone,
    changes_of,
    is_with_statistics,
    restores,
    widens,
)
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Kind


def believed(evidence: Evidence, name: str) -> Trial | None:
    """The best trial of an input by labels, where nothing outdoes it."""
    best = best_by_labels(evidence, name)
    return None if best is None or is_outdone(evidence, best) else best


def proven(evidence: Evidence, name: str) -> Trial | None:
    """As `believed`, if it restores: at least half of the wrong answers become right."""
    best = believed(evidence, name)
    return None if best is None or not restores(best) else best


def doubted(evidence: Evidence, name: str) -> Trial | None:
    """The best trial of an input by labels, if it restores and a dead layer explains it as well."""
    best = best_by_labels(evidence, name)
    is_doubted = best is not None and restores(best) and _wakes(evidence, best)
    return best if is_doubted else None


def is_outdone(evidence: Evidence, trial: Trial) -> bool:
    """Whether something else explains more of the labels than a trial.

    Labels in another order, or other statistics of batch normalization, with which clearly more
    are met, or about as many where the steps leave the old ones wrong; or a layer that is dead as
    the spec feeds it, while only values wake it that are larger than those that the first weights
    were made for; or weights that nobody trained, where not half of the wrong answers become right.
    """
    if not restores(trial) and is_untrained(evidence):
        return True
    met = trial.right_after / trial.samples
    is_rival = not is_with_statistics(trial)
    if _wakes(evidence, trial) or (is_rival and batch_norm.outdoes(evidence, met)):
        return True
    least = met + proof_thresholds.TRIAL_TIE
    return least < 1 and label_order.reach(evidence) > least


def kinds_tried(evidence: Evidence, name: str) -> frozenset[Kind]:
    """What trials by labels find to be wrong with an input."""
    best = believed(evidence, name)
    return frozenset() if best is None else frozenset(c.kind for c in changes_of(best))


def wider_pixels(evidence: Evidence, name: str) -> Trial | None:
    """The trial that proves that a model needs wider values than it gets.

    Labels decide; without them, that the candidate alone then agrees with the reference.
    """
    trials = proven(evidence, name), better_alone(evidence, name, "candidate")
    return next((trial for trial in trials if trial is not None and widens(evidence, trial)), None)


def is_untrained(evidence: Evidence) -> bool:
    """Whether the weights are those of a new model: what it is right about is luck."""
    with suppress(NotApplicable):
        return any(found.severity == "error" for found in evidence.found_by(initial_weights.check))
    return False


def _wakes(evidence: Evidence, trial: Trial) -> bool:
    """Whether a trial wakes a dead layer by values that are too large for the first weights."""
    if not widens(evidence, trial) or not has_dead_layer(evidence.signal):
        return False
    entry = next(each for each in evidence.observed.inputs if each.name == trial.input)
    made = next(c.made for c in changes_of(trial) if c.made is not None)
    return suits_better(evidence, trial.input, (entry.low, entry.high), made)
