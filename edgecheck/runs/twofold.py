"""Wrong steps and wrong statistics of batch normalization at once: either may hide the other.

Trials of steps ask a model whose statistics are wrong, and statistics are collected anew of samples
that are prepared wrongly. So both are changed at once, and labels decide. New statistics make up for
any scale and offset of the samples, too: what they prove is told by what they leave in later layers.
"""

from collections.abc import Iterator
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


def with_twofold(draft: Draft, evidence: Evidence, setup: Setup, progress: Progress) -> Evidence:
    """Collect statistics anew with other steps, where neither alone makes nearly all right.

    Args:
        draft: of a run that has ended, with the answers of `renormalize`.
        evidence: with the trials and the new statistics of that run.
        setup: of that run.
        progress: told (tried, to be tried, what is tried now).

    Returns:
        The evidence with trials that restore the answers, and meet clearly more labels than anything
        else, and with the statistics of the best of them.
    """
    reference, alone, plain = setup.reference, evidence.renormalized, draft.recollected
    if reference is None or alone is None or plain is None:
        return evidence
    best = max(alone.right_after / alone.samples, reached(evidence))
    is_good = best >= proof_thresholds.TRIAL_GOOD
    if is_good or setup.spec.state != "reset" or is_untrained(evidence):
        return evidence
    asked = _Asked(draft, evidence, setup, reference, plain)
    found = [each for each in asked.of_all(progress) if exceeds(each.trial, best)]
    evidence = replace(evidence, trials=evidence.trials + tuple(each.trial for each in found))
    told = [best_by_labels(evidence, name) for name in evidence.spec.inputs]
    most = next((each for trial in told for each in found if each.trial is trial), None)
    anew = None if most is None else asked.anew(alone, most)
    return evidence if anew is None else replace(evidence, renormalized=anew)


@dataclass(frozen=True)
class _Twofold:
    """A trial of other steps and new statistics at once, and how it was made."""

    attempt: Attempt
    trial: Trial


@dataclass(frozen=True)
class _Asked:
    """A trained model that is asked with other steps and new statistics."""

    draft: Draft
    evidence: Evidence
    setup: Setup
    reference: Entrant
    plain: Recollected
    """As the spec has it; every attempt will take less."""

    def of_all(self, progress: Progress) -> Iterator[_Twofold]:
        """The most promising first, until time is up; once one restores, only those of its kind."""
        seconds, attempts = self.plain.seconds, self._attempts()
        start = perf_counter() - seconds  # what is known took its share
        kinds: set[str] = set()
        for made, attempt in enumerate(attempts):
            if kinds and attempt.change.kind not in kinds:
                continue
            if (perf_counter() - start + seconds) * 1000 > BUDGET_MS:
                return
            words = f"reference with {attempt.change.words}, {_ANEW.words}"
            progress(made, len(attempts), words)
            found = self._tried(attempt)
            if found is not None:
                yield found
                kinds |= {attempt.change.kind} if found.trial.restores else set()

    def _attempts(self) -> list[Attempt]:
        """Those first that make more right by themselves, with what is alike: so do right steps, as a rule.

        Of what is alike, first what only takes steps out: nothing is simpler, and it is told first.
        """
        shapes, seen = self.reference.sample_shapes(self.setup.spec), self.evidence.comparison
        if seen is None or set(shapes) != set(self.setup.spec.inputs):
            return []
        subjects = tried_inputs(self.setup.spec, shapes, self.setup.candidate.bound, seen)
        waves = sorted(groups(subjects), key=lambda wave: -max(map(self._gain, wave)))
        found = [each for wave in waves for each in sorted(wave, key=self._rank)]
        return [each for each in found if each.change.kind not in _DETAILS]

    def _rank(self, attempt: Attempt) -> tuple[bool, float]:
        is_less = bool(attempt.change.removed) and not attempt.change.added
        return not is_less, -self._gain(attempt)

    def _gain(self, attempt: Attempt) -> float:
        """By which more labels are met with this alone."""
        wanted = (attempt.input, attempt.change, None, None)
        alike = (t for t in self.evidence.trials if (t.input, t.change, t.also, t.fed) == wanted)
        return max(((t.right_after - t.right_before) / t.samples for t in alike), default=0.0)

    def _tried(self, attempt: Attempt) -> _Twofold | None:
        found = self._recollected(attempt, with_left=False)
        return None if found is None else _Twofold(attempt, _held(attempt, self.plain, found))

    def anew(self, alone: Renormalized, best: _Twofold) -> Renormalized | None:
        """What new statistics do with the steps of the best trial, and what they leave."""
        found = self._recollected(best.attempt, with_left=True)
        if found is None:
            return None
        return replace(
            alone,
            samples=len(found.after),
            right_before=int(found.before.sum()),
            right_after=int(found.after.sum()),
            p=_paired(found.before, found.after),
            commonest=found.commonest,
            left=found.left,
            beside=best.trial.change.words,
        )

    def _recollected(self, attempt: Attempt, *, with_left: bool) -> Recollected | None:
        """None where these steps cannot be made, or do not fit the model."""
        inputs = {**self.setup.spec.inputs, **attempt.specs}
        other = replace(self.setup, spec=self.setup.spec.model_copy(update={"inputs": inputs}))
        timeout = self.draft.options.timeout
        try:
            found = recollected(other, self.reference, timeout, attempt.rework, with_left=with_left)
        except EdgecheckError:
            return None
        is_same = found is not None and len(found.after) == len(self.plain.after)
        return found if is_same else None


def _held(attempt: Attempt, plain: Recollected, found: Recollected) -> Trial:
    """Both changes at once, held against the better one alone."""
    rival = max((plain.after, found.before), key=np.sum)
    return Trial(
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


def _paired(before: Array, after: Array) -> float:
    return mcnemar_p(int((before & ~after).sum()), int((after & ~before).sum()))
