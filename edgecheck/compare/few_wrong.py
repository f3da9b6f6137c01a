"""Other steps for a model that is mostly right, and still wrong so often that chance is no excuse.

A picture that is fitted otherwise, or another window of sound, costs a good model a few answers only.
Changes are tried on wrong answers alone, of which there are few, so that this costs next to nothing;
what makes at least half of them right is then tried on all others as well.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from edgecheck import proof_thresholds
from edgecheck.compare.answers import truth_of
from edgecheck.compare.attempts import Attempt, TriedInput, groups
from edgecheck.compare.examiner import Examiner, ask_all
from edgecheck.compare.trial_samples import gathered
from edgecheck.compare.trials import Trial, TrialBench, fed_otherwise
from edgecheck.compare.wrong_places import KEPT, WrongPlaces
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.samples.chunk import Dataset
from edgecheck.samples.part import Part, rows_of
from edgecheck.tensors import Array

FEWEST_WRONG = 2 + math.floor(math.log2(1 / proof_thresholds.TRIAL_P))
"""Wrong answers, all of which must become right, and no other wrong, for McNemar's exact test to give
less than `TRIAL_P`: fewer decide nothing."""

_MOST = 3
"""Changes that are tried on all samples, the best first."""
_CONFIRMED = 2048
"""Samples that they are tried on, at most."""


def trials_of_few(
    examiner: Examiner,
    dataset: Dataset,
    subjects: Mapping[str, TriedInput],
    wrong: WrongPlaces,
    right: Examiner | None = None,
) -> tuple[Trial, ...]:
    """Changes with which at least half of the wrong answers become right.

    Each is tried on all samples: those of which only wrong ones were asked prove nothing.

    Args:
        examiner: the model that is asked.
        dataset: with labels.
        subjects: every input of the spec.
        wrong: the samples that it gets wrong.
        right: another model that is right as the spec feeds it: what makes it worse is left out.

    Raises:
        SideFault: the model misbehaved.
        DatasetUnreadable: a sample cannot be read.
    """
    found = []
    for attempt in _hopeful(examiner, dataset, subjects, wrong):
        before, after = _answered(examiner, dataset, subjects, wrong, attempt)
        trial = _trial(attempt, before, after, names_classes=examiner.reading.names_classes)
        if right is not None:
            before, after = _answered(right, dataset, subjects, wrong, attempt)
        if right is None or after.sum() >= before.sum():
            found.append(trial)
    return tuple(found)


def _hopeful(
    examiner: Examiner, dataset: Dataset, subjects: Mapping[str, TriedInput], wrong: WrongPlaces
) -> list[Attempt]:
    """Changes that help on the wrong answers, the best first."""
    part = Part(dataset, wrong.places)
    samples = gathered(part, examiner.feeds, subjects, examiner.reading.known, KEPT)
    told = [[examiner.reading.told(chunk) for chunk in chunks] for chunks in samples.parts]
    truth = truth_of(examiner.reading, [np.concatenate(chunks) for chunks in told])
    if truth is None:
        return []
    bench, helped = TrialBench(examiner, samples, truth), []
    attempts = [attempt for wave in groups(subjects) for attempt in wave]
    for made, attempt in enumerate(attempts):
        if bench.is_spent:
            bench.give_up(made, len(attempts))
            break
        bench.tell(attempt, made, len(attempts))
        entry = bench.tried(attempt, bench.before)
        gain = 0 if entry is None else entry[0].right_after - entry[0].right_before
        if 2 * gain >= len(samples):
            helped.append((gain, attempt))
    helped.sort(key=lambda each: -each[0])
    return [attempt for _, attempt in helped[:_MOST]]


def _answered(
    examiner: Examiner,
    dataset: Dataset,
    subjects: Mapping[str, TriedInput],
    wrong: WrongPlaces,
    attempt: Attempt,
) -> tuple[Array, Array]:
    """Which samples are answered rightly as the spec feeds them, and with an attempt: bool (n,)."""
    stride = wrong.stride
    while len(dataset) > _CONFIRMED * stride:
        stride *= 2
    part = Part(dataset, range(0, len(dataset), stride))
    pairs = list(_pairs(examiner, part, subjects, attempt))
    before, after = (np.concatenate(each) for each in zip(*pairs, strict=True))
    return before, after


def _pairs(
    examiner: Examiner, part: Part, subjects: Mapping[str, TriedInput], attempt: Attempt
) -> Iterator[tuple[Array, Array]]:
    plain = {name: Pipeline(name, subject.spec) for name, subject in subjects.items()}
    other = {name: Pipeline(name, spec) for name, spec in attempt.specs.items()}
    reading = examiner.reading
    for whole in part.chunks(examiner.feeds.layout.rows):
        chunk = rows_of(whole, np.flatnonzero(reading.known(whole)))
        truth = truth_of(reading, [reading.told(chunk)]) if chunk.ids else None
        if truth is not None:
            feeds = {name: run(chunk.rows[name], chunk.ids) for name, run in plain.items()}
            asked = (feeds, fed_otherwise(attempt, other, chunk, feeds))
            before, after = (truth.right(0, ask_all(examiner, [each])) for each in asked)
            yield before, after


def _trial(attempt: Attempt, before: Array, after: Array, *, names_classes: bool) -> Trial:
    return Trial(
        input=attempt.input,
        change=attempt.change,
        samples=len(after),
        right_before=int(before.sum()),
        right_after=int(after.sum()),
        p=mcnemar_p(int((before & ~after).sum()), int((after & ~before).sum())),
        names_classes=names_classes,
    )
