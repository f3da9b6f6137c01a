"""Wrong steps and wrong statistics of batch normalization at once: neither is seen while the other is.

Trials of steps ask a model whose statistics are wrong, and statistics are collected anew of samples
that are prepared wrongly. So both are changed at once, and labels decide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from edgecheck import proof_thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.proofs import best_by_labels, exceeds, reached
from edgecheck.checks.rivals import is_untrained
from edgecheck.compare.attempts import Attempt, groups
from edgecheck.compare.budget import BUDGET_MS
from edgecheck.compare.entrant import Entrant
from edgecheck.compare.experiment import Setup
from edgecheck.compare.renormalized import Renormalized
from edgecheck.compare.stream import Progress
from edgecheck.compare.trial_plan import tried_inputs
from edgecheck.compare.trials import Trial
from edgecheck.errors import EdgecheckError
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change
from edgecheck.runs.draft import Draft
from edgecheck.runs.recollected import Recollected, recollected
from edgecheck.tensors import Array

_ANEW: Final = Change("statistics", "statistics of batch normalization collected anew", key="anew")
_DETAILS: Final = frozenset({"fit", "resize"})
"""Kinds that cost a good model some answers, and do not hide that its statistics are wrong."""


@dataclass(frozen=True)
class Twofold:
    """A trial of other steps and new statistics at once, and what either does alone."""

    trial: Trial
    by_steps: int
    """Right answers with the steps alone."""
    p: float
    """Exact two-sided McNemar test of new statistics, with these steps."""


def twofold(
    draft: Draft, evidence: Evidence, setup: Setup, progress: Progress
) -> tuple[Twofold, ...]:
    """Collect statistics anew with other steps, where neither alone makes nearly all right.

    Args:
        draft: of a run that has ended.
        evidence: with the trials and the new statistics of that run.
        setup: of that run.
        progress: told (tried, to be tried, what is tried now).

    Returns:
        Those that restore the answers, and meet clearly more labels than anything else.
    """
    reference, alone = setup.reference, evidence.renormalized
    if reference is None or alone is None or setup.spec.state != "reset" or is_untrained(evidence):
        return ()
    best = max(alone.right_after / alone.samples, reached(evidence))
    if best >= proof_thresholds.TRIAL_GOOD:
        return ()
    start = perf_counter()
    try:
        plain = recollected(setup, reference, draft.options.timeout)
    except EdgecheckError:
        return ()
    if plain is None:
        return ()
    asked = _Asked(draft, evidence, setup, reference, plain, perf_counter() - start)
    return tuple(each for each in asked.of_all(progress) if exceeds(each.trial, best))


def with_twofold(evidence: Evidence, found: Sequence[Twofold]) -> Evidence:
    """The evidence with these trials, and with the statistics of the best of them."""
    alone = evidence.renormalized
    if not found or alone is None:
        return evidence
    evidence = replace(evidence, trials=evidence.trials + tuple(each.trial for each in found))
    told = (best_by_labels(evidence, name) for name in evidence.spec.inputs)
    best = next(each for trial in told for each in found if each.trial is trial)
    return replace(evidence, renormalized=_of_best(alone, best))


def _of_best(alone: Renormalized, best: Twofold) -> Renormalized:
    """What new statistics do with the steps of the best trial."""
    return replace(
        alone,
        samples=best.trial.samples,
        right_before=best.by_steps,
        right_after=best.trial.right_after,
        p=best.p,
        beside=best.trial.change.words,
    )


@dataclass(frozen=True)
class _Asked:
    """A trained model that is asked with other steps and new statistics."""

    draft: Draft
    evidence: Evidence
    setup: Setup
    reference: Entrant
    plain: Recollected
    """As the spec has it."""
    seconds: float
    """That this took, as every attempt will."""

    def of_all(self, progress: Progress) -> Iterator[Twofold]:
        """The most promising first, until time is up; once one restores, only those of its kind."""
        start, attempts = perf_counter(), self._attempts()
        kinds: set[str] = set()
        for made, attempt in enumerate(attempts):
            if kinds and attempt.change.kind not in kinds:
                continue
            if (perf_counter() - start + self.seconds) * 1000 > BUDGET_MS:
                return
            words = f"reference with {attempt.change.words}, {_ANEW.words}"
            progress(made, len(attempts), words)
            found = self._tried(attempt)
            if found is not None:
                yield found
                kinds |= {attempt.change.kind} if found.trial.restores else set()

    def _attempts(self) -> list[Attempt]:
        """Those first that make more right by themselves, with what is alike: so do right steps, as a rule."""
        shapes, seen = self.reference.sample_shapes(self.setup.spec), self.evidence.comparison
        if seen is None or set(shapes) != set(self.setup.spec.inputs):
            return []
        subjects = tried_inputs(self.setup.spec, shapes, self.setup.candidate.bound, seen)
        waves = [sorted(wave, key=self._gain, reverse=True) for wave in groups(subjects)]
        waves.sort(key=lambda wave: self._gain(wave[0]), reverse=True)
        return [each for wave in waves for each in wave if each.change.kind not in _DETAILS]

    def _gain(self, attempt: Attempt) -> float:
        """By which more labels are met with this alone."""
        wanted = (attempt.input, attempt.change, None, None)
        alike = (t for t in self.evidence.trials if (t.input, t.change, t.also, t.fed) == wanted)
        return max(((t.right_after - t.right_before) / t.samples for t in alike), default=0.0)

    def _tried(self, attempt: Attempt) -> Twofold | None:
        """None where these steps cannot be made, or do not fit the model."""
        inputs = {**self.setup.spec.inputs, **attempt.specs}
        other = replace(self.setup, spec=self.setup.spec.model_copy(update={"inputs": inputs}))
        timeout = self.draft.options.timeout
        try:
            found = recollected(other, self.reference, timeout, attempt.rework)
        except EdgecheckError:
            return None
        if found is None or len(found.after) != len(self.plain.after):
            return None
        return _held(attempt, self.plain, found)


def _held(attempt: Attempt, plain: Recollected, found: Recollected) -> Twofold:
    """Both changes at once, held against the better one alone."""
    rival = max((plain.after, found.before), key=np.sum)
    trial = Trial(
        input=attempt.input,
        change=attempt.change,
        samples=len(found.after),
        right_before=int(plain.before.sum()),
        right_after=int(found.after.sum()),
        p=_paired(rival, found.after),
        commonest=found.commonest,
        also=_ANEW,
        by_one=int(rival.sum()),
    )
    return Twofold(trial, int(found.before.sum()), _paired(found.before, found.after))


def _paired(before: Array, after: Array) -> float:
    return mcnemar_p(int((before & ~after).sum()), int((after & ~before).sum()))
