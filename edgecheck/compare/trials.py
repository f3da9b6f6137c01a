"""A few samples fed otherwise than the spec says: do more answers come out right?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgecheck import proof_thresholds
from edgecheck.compare.answers import Truth, truth_of
from edgecheck.compare.attempts import MOST_PAIRS, Attempt, Feeds, TriedInput, groups, pairs
from edgecheck.compare.budget import affordable
from edgecheck.compare.examiner import Examiner, ask_all
from edgecheck.compare.stream import SideFault
from edgecheck.compare.trial_samples import LEAST, TRIED, Samples, gathered
from edgecheck.errors import DatasetUnreadable, LoadFault
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.rules.wording import Fed
from edgecheck.samples.chunk import Chunk, Dataset
from edgecheck.tensors import Array

_PROMISING = 2
"""Right answers that a part of the samples must gain, and all before it, for the next to be run."""


@dataclass(frozen=True)
class Trial:
    """One input fed otherwise; right answers before and after, on the same samples."""

    input: str
    change: Change
    samples: int
    """Fewer where the first ones showed no gain."""
    right_before: int
    right_after: int
    p: float
    """Exact two-sided McNemar test of the two; of a pair, against the better of its two changes."""
    fed: Fed | None = None
    """The only model that was fed so: right is what the other one answers as it was. None where
    labels or true values say what is right."""
    unmoved: int = 0
    """Samples that the other one answers alike whether it is fed so or not; 0 with labels."""
    commonest: int = 0
    """Samples of the commonest class, which a model meets that names it for all of them: by labels, or
    by the answers of the other one. 0 of values."""
    also: Change | None = None
    """The second change, where two were made at once."""
    by_one: int = 0
    """Of such a pair: right answers with the better of its changes alone."""
    names_classes: bool = True
    """Right is a class; else values within 10 dB."""

    @property
    def restores(self) -> bool:
        """Whether nearly all is right with it, and that is no accident."""
        return (
            self.right_after >= proof_thresholds.TRIAL_RESTORED * self.samples
            and self.p < proof_thresholds.TRIAL_ACCIDENT
        )


class TrialBench:
    """One model, samples that it was asked, and what is right; every attempt is held against that."""

    def __init__(
        self, examiner: Examiner, samples: Samples, truth: Truth, promising: int = _PROMISING
    ) -> None:
        """Ask it once, fed as the spec says.

        Args:
            examiner: the model.
            samples: that it is asked.
            truth: what is right.
            promising: right answers that each part must gain for the next to be run.

        Raises:
            SideFault: it misbehaved.
        """
        self._promising = promising
        self._examiner, self._samples, self._truth = examiner, samples, truth
        self._runs = len(samples)
        self.plain = [ask_all(examiner, feeds) for feeds in samples.prepared]
        self.before = [truth.right(part, found) for part, found in enumerate(self.plain)]

    @property
    def is_spent(self) -> bool:
        """Whether the model has been asked for as long as it may be."""
        return self._runs * self._examiner.latency_ms >= self._examiner.budget_ms

    def give_up(self, made: int, of: int) -> None:
        """Say that time was up after so many attempts."""
        one = f"one run of the {self._examiner.who} takes {self._examiner.latency_ms:.0f} ms"
        self._examiner.said.append(f"{made} of {of} changes tried, since {one}")

    def tell(self, attempt: Attempt, made: int, of: int) -> None:
        """Say what is tried now, after so many attempts of so many."""
        words = " and ".join(each.words for each in (attempt.change, attempt.also) if each)
        self._examiner.progress(made, of, f"{self._examiner.who} with {words}")

    def answers(self, part: int, attempt: Attempt) -> Array | None:
        """What is answered to one part with an attempt; None where it changes no sample.

        Raises:
            SideFault: the model misbehaved.
            DatasetUnreadable: the samples do not fit these steps.
        """
        pipelines = {name: Pipeline(name, spec) for name, spec in attempt.specs.items()}
        chunks = zip(self._samples.parts[part], self._samples.prepared[part], strict=True)
        feeds = [_fed(attempt, pipelines, chunk, plain) for chunk, plain in chunks]
        pairs_of_feeds = zip(feeds, self._samples.prepared[part], strict=True)
        if all(_are_equal(new, old) for new, old in pairs_of_feeds):
            return None
        self._runs += sum(len(chunk.ids) for chunk in self._samples.parts[part])
        return ask_all(self._examiner, feeds)

    def right(self, part: int, attempt: Attempt) -> Array | None:
        """Bool (n,) of one part; None as in `answers`."""
        found = self.answers(part, attempt)
        return None if found is None else self._truth.right(part, found)

    def tried(self, attempt: Attempt, rival: Sequence[Array]) -> tuple[Trial, Array] | None:
        """An attempt against a rival: bool (n,) of each part; and what was right, bool (n,).

        A part is only run where those before show a gain.

        Returns:
            None where it changes no sample, samples do not fit, or the model refuses them.

        Raises:
            SideFault: the model misbehaved.
        """
        after = self._after(attempt, rival)
        if after is None:
            return None
        before, other = (np.concatenate(r)[: len(after)] for r in (self.before, rival))
        trial = Trial(
            input=attempt.input,
            change=attempt.change,
            samples=len(after),
            right_before=int(before.sum()),
            right_after=int(after.sum()),
            p=mcnemar_p(int((other & ~after).sum()), int((after & ~other).sum())),
            also=attempt.also,
            by_one=0 if attempt.also is None else int(other.sum()),
            names_classes=self._examiner.reading.names_classes,
            commonest=_commonest(self._truth, len(after)),
        )
        return trial, after

    def _after(self, attempt: Attempt, rival: Sequence[Array]) -> Array | None:
        """Bool of as many samples as were run; None as in `tried`."""
        found: list[Array] = []
        for part, before in enumerate(rival):
            if _gain(found, rival) < self._promising * len(found):
                break
            try:
                after = self.right(part, attempt)
            except DatasetUnreadable:
                return None  # the samples do not fit these steps: they are not what training did
            except SideFault as side:
                if isinstance(side.fault, LoadFault):
                    return None  # the runtime refuses such values, as indices beyond a table
                raise
            if after is None and not part:
                return None
            found.append(before if after is None else after)
        return np.concatenate(found)


def trials(
    examiner: Examiner,
    dataset: Dataset,
    subjects: Mapping[str, TriedInput],
    right: Examiner | None = None,
) -> tuple[Trial, ...]:
    """Try everything by itself, then pairs, and hold the answers against labels or true values.

    Args:
        examiner: the model that is asked.
        dataset: with labels or true values.
        subjects: every input of the spec.
        right: another model that is right as the spec feeds it: what makes it worse is not what the
            samples need, and left out.

    Raises:
        SideFault: the model misbehaved.
        DatasetUnreadable: a sample cannot be read.
    """
    opened = _labelled(examiner, dataset, subjects, _most((examiner, right), subjects))
    if opened is None:
        return ()
    samples, truth = opened
    found = _tried(TrialBench(examiner, samples, truth), subjects)
    if right is not None:
        other = TrialBench(right, samples, truth)
        found = [(attempt, trial) for attempt, trial in found if not _spoils(other, attempt, trial)]
    return tuple(trial for _, trial in found)


def scaling_trials(
    examiner: Examiner, dataset: Dataset, subjects: Mapping[str, TriedInput]
) -> tuple[Trial, ...]:
    """Other values of the same samples alone, for a model that is nearly always right.

    So few wrong answers are asked about on all samples: a part of them shows no gain.

    Args:
        examiner: the model that is asked.
        dataset: with labels or true values; without any there are no trials.
        subjects: every input of the spec.

    Raises:
        SideFault, DatasetUnreadable: as `trials`.
    """
    opened = _labelled(examiner, dataset, subjects, _most((examiner,), subjects))
    if opened is None:
        return ()
    bench = TrialBench(examiner, *opened, promising=-TRIED)
    attempts = (each for group in groups(subjects) for each in group)
    usable = (each for each in attempts if each.change.kind in {"features", "scaling"})
    found = (bench.tried(attempt, bench.before) for attempt in usable)
    return tuple(entry[0] for entry in found if entry is not None)


def _labelled(
    examiner: Examiner, dataset: Dataset, subjects: Mapping[str, TriedInput], most: int
) -> tuple[Samples, Truth] | None:
    """Samples of which labels or true values say what is right; None without any."""
    samples = gathered(dataset, examiner.feeds, subjects, examiner.reading.known, most)
    told = [[examiner.reading.told(chunk) for chunk in part] for part in samples.parts]
    truth = truth_of(examiner.reading, [np.concatenate(part) for part in told])
    return None if truth is None else (samples, truth)


def one_sided_trials(
    asked: Examiner, other: Examiner, dataset: Dataset, subjects: Mapping[str, TriedInput]
) -> tuple[Trial, ...]:
    """Feed one model otherwise, and hold it against the other, fed as the spec says.

    Raises:
        SideFault, DatasetUnreadable: as `trials`.
    """
    most = _most((asked, other), subjects)
    samples = gathered(dataset, asked.feeds, subjects, most=most)
    answers = [ask_all(other, feeds) for feeds in samples.prepared]
    truth = truth_of(asked.reading, answers)
    if truth is None:
        return ()
    bench, witness = TrialBench(asked, samples, truth), TrialBench(other, samples, truth)
    found = _tried(bench, subjects, of_one_model=True)
    return tuple(
        replace(
            trial,
            fed=asked.fed,
            unmoved=_unmoved(witness, attempt, trial),
        )
        for attempt, trial in found
    )


def _tried(
    bench: TrialBench, subjects: Mapping[str, TriedInput], *, of_one_model: bool = False
) -> list[tuple[Attempt, Trial]]:
    """Wave by wave until one restores or time is up; where none does, two changes at once."""
    found: list[tuple[Attempt, Trial]] = []
    best = bench.before
    waves = groups(subjects, of_one_model=of_one_model)
    total, made = sum(map(len, waves)), 0
    for done, wave in enumerate(waves, 1):
        for attempt in wave:
            bench.tell(attempt, made, total)
            made += 1
            entry = bench.tried(attempt, bench.before)
            if entry is None:
                continue
            found.append((attempt, entry[0]))
            if len(entry[1]) == sum(map(len, best)) and entry[1].sum() > sum(map(np.sum, best)):
                ends = np.cumsum([len(part) for part in bench.before])
                best = np.split(entry[1], ends[:-1])
        if any(trial.restores for _, trial in found):
            return found
        if bench.is_spent and done < len(waves):
            bench.give_up(made, total)
            return found
    singles = [attempt for attempt, _ in found]
    return found + _tried_at_once(bench, pairs(subjects, singles, of_one_model=of_one_model), best)


def _tried_at_once(
    bench: TrialBench, attempts: Sequence[Attempt], rival: Sequence[Array]
) -> list[tuple[Attempt, Trial]]:
    """Pair by pair until time is up."""
    found: list[tuple[Attempt, Trial]] = []
    for made, attempt in enumerate(attempts):
        if bench.is_spent:
            bench.give_up(made, len(attempts))
            break
        bench.tell(attempt, made, len(attempts))
        entry = bench.tried(attempt, rival)
        if entry is not None:
            found.append((attempt, entry[0]))
    return found


def _most(asked: Sequence[Examiner | None], subjects: Mapping[str, TriedInput]) -> int:
    """Samples that the slowest has time for: all changes on the first part of them."""
    known = [each for each in asked if each is not None]
    runs = 2 + (sum(map(len, groups(subjects))) + MOST_PAIRS) / 4
    return min(
        affordable(each.latency_ms, runs, LEAST, TRIED, budget_ms=each.budget_ms) for each in known
    )


def _gain(found: Sequence[Array], rival: Sequence[Array]) -> int:
    """Right answers more than those of the rival to the same parts."""
    return sum(int(one.sum()) - int(other.sum()) for one, other in zip(found, rival, strict=False))


def _commonest(truth: Truth, samples: int) -> int:
    """How many of the first samples have the commonest class; 0 of values, and where none has any."""
    if truth.spread is not None:
        return 0
    classes = np.concatenate(truth.parts)[:samples]
    return int(np.unique(classes[classes >= 0], return_counts=True)[1].max(initial=0))


def _unmoved(witness: TrialBench, attempt: Attempt, trial: Trial) -> int:
    """Samples that the other model answers alike, fed so; only asked where that matters."""
    if trial.right_after <= trial.right_before:
        return 0
    return sum(int(after.sum()) for _, after in _answered(witness, attempt, trial))


def _spoils(other: TrialBench, attempt: Attempt, trial: Trial) -> bool:
    """Whether a change with which one model is more often right makes another one worse."""
    if trial.right_after <= trial.right_before:
        return False
    return sum(int(a.sum()) - int(b.sum()) for b, a in _answered(other, attempt, trial)) < 0


def _answered(bench: TrialBench, attempt: Attempt, trial: Trial) -> Iterator[tuple[Array, Array]]:
    """What a model gets right before and after, bool (n,), of every part that a trial was run on."""
    asked = 0
    for part, before in enumerate(bench.before):
        if asked < trial.samples:
            after = bench.right(part, attempt)
            yield before, before if after is None else after
            asked += len(before)


def _fed(attempt: Attempt, pipelines: Mapping[str, Pipeline], chunk: Chunk, plain: Feeds) -> Feeds:
    changed = {name: run(chunk.rows[name], chunk.ids) for name, run in pipelines.items()}
    feeds = {**plain, **changed}
    return feeds if attempt.rework is None else attempt.rework(feeds)


def _are_equal(new: Feeds, old: Feeds) -> bool:
    return all(new[name] is old[name] or np.array_equal(new[name], old[name]) for name in old)
