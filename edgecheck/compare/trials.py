"""Other steps for the same samples, tried on a few of them: do more answers come out right?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgecheck.compare.stream import blaming
from edgecheck.errors import DatasetUnreadable
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Alternative, Change
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.rules.wording import Fed, Who
from edgecheck.runtime.exchange import Exchange
from edgecheck.runtime.session import Session, run_rows
from edgecheck.samples.chunk import UNLABELLED, Chunk, Dataset
from edgecheck.spec.model import InputSpec
from edgecheck.tensors import Array, Outputs

TRIED = 64
"""Samples that are run again, spread over the dataset."""


@dataclass(frozen=True)
class Trial:
    """One input with other steps; right answers before and after, on the same samples."""

    input: str
    change: Change
    samples: int
    right_before: int
    right_after: int
    p: float
    """Exact two-sided McNemar test of the two."""
    fed: Fed | None = None
    """The only model that was fed so: right is what the other one answers as it was. None where
    labels say what is right."""
    unmoved: int = 0
    """Samples that the other one answers alike whether it is fed so or not; 0 with labels."""


@dataclass(frozen=True)
class Examiner:
    """A loaded model that names classes, and how to run it."""

    who: Who
    session: Session
    feeds: Exchange
    classes: Callable[[Outputs], Array]
    """Outputs of n rows -> the class of each, int64 (n,)."""
    is_twin: bool = False
    """It is the twin of the candidate, which stands for it."""


Alternatives = Mapping[str, Sequence[Alternative]]
"""Input name -> the other steps to try for it."""


def trials(
    examiner: Examiner,
    dataset: Dataset,
    inputs: Mapping[str, InputSpec],
    alternatives: Alternatives,
) -> tuple[Trial, ...]:
    """Try every alternative of every input by itself, and hold the answers against the labels.

    Args:
        examiner: the model that is asked.
        dataset: labelled with classes.
        inputs: as the spec has them.
        alternatives: they give samples of the same shape.

    Raises:
        SideFault: the model misbehaved.
        DatasetUnreadable: a sample cannot be read.
    """
    chunks = list(_spread(dataset, examiner.feeds.layout.rows, _is_labelled))
    known = [chunk.labels for chunk in chunks if chunk.labels is not None]

    def right(fed: Mapping[str, InputSpec]) -> Array:
        named = iter(_answers(examiner, chunks, fed))
        each = [(labels == next(named)[:, None]).any(axis=1) for labels in known]
        return np.concatenate([np.zeros(0, bool), *each])

    found = []
    before = right(inputs)
    for name, change, after in _fed_with(right, inputs, alternatives if len(before) else {}):
        found.append(_trial(name, change, before, after))
    return tuple(found)


def one_sided_trials(
    asked: Examiner,
    other: Examiner,
    dataset: Dataset,
    inputs: Mapping[str, InputSpec],
    alternatives: Alternatives,
) -> tuple[Trial, ...]:
    """Feed one model with every alternative, and hold it against the other, fed as the spec says.

    Raises:
        SideFault, DatasetUnreadable: as `trials`.
    """
    chunks = list(_spread(dataset, asked.feeds.layout.rows, lambda _chunk, _row: True))

    def named(examiner: Examiner, fed: Mapping[str, InputSpec]) -> Array:
        return np.concatenate([np.zeros(0, np.int64), *_answers(examiner, chunks, fed)])

    truth = named(other, inputs)
    before = named(asked, inputs) == truth
    found = []
    for name, change, answers in _fed_with(
        lambda fed: named(asked, fed), inputs, alternatives if len(truth) else {}
    ):
        trial = replace(
            _trial(name, change, before, answers == truth),
            fed="twin" if asked.is_twin else asked.who,
        )
        if trial.right_after > trial.right_before:
            fed = {**inputs, name: dict(alternatives[name])[change]}
            trial = replace(trial, unmoved=int((named(other, fed) == truth).sum()))
        found.append(trial)
    return tuple(found)


def _fed_with(
    answer: Callable[[Mapping[str, InputSpec]], Array],
    inputs: Mapping[str, InputSpec],
    alternatives: Alternatives,
) -> Iterator[tuple[str, Change, Array]]:
    """What is answered with each alternative, one at a time; those that do not fit are left out."""
    for name, others in alternatives.items():
        for change, changed in others:
            try:
                yield name, change, answer({**inputs, name: changed})
            except DatasetUnreadable:
                continue  # the samples do not fit these steps: they are not what training did


def _trial(name: str, change: Change, before: Array, after: Array) -> Trial:
    """The trial of bool (n,) and bool (n,)."""
    p = mcnemar_p(int((before & ~after).sum()), int((after & ~before).sum()))
    return Trial(name, change, len(before), int(before.sum()), int(after.sum()), p)


def _spread(
    dataset: Dataset, depth: int, is_wanted: Callable[[Chunk, int], bool]
) -> Iterator[Chunk]:
    """At most `TRIED` samples, those that are wanted, evenly spread: files are often sorted by class."""
    stride = max(1, -(-len(dataset) // TRIED))
    seen = 0
    for chunk in dataset.chunks(depth):
        rows = [row for row in range(len(chunk.ids)) if (seen + row) % stride == 0]
        seen += len(chunk.ids)
        kept = _rows_of(chunk, [row for row in rows if is_wanted(chunk, row)])
        if kept.ids:
            yield kept


def _is_labelled(chunk: Chunk, row: int) -> bool:
    return chunk.labels is not None and bool((chunk.labels[row] != UNLABELLED).any())


def _rows_of(chunk: Chunk, rows: Sequence[int]) -> Chunk:
    """Some rows of a chunk, copied, since a reader may use its arrays again."""
    return Chunk(
        ids=tuple(chunk.ids[row] for row in rows),
        rows={
            name: tuple(values[row] for row in rows)
            if isinstance(values, tuple)
            else values[list(rows)]
            for name, values in chunk.rows.items()
        },
        labels=None if chunk.labels is None else chunk.labels[list(rows)],
    )


def _answers(
    examiner: Examiner, chunks: Sequence[Chunk], inputs: Mapping[str, InputSpec]
) -> list[Array]:
    """The class of every sample, int64 (n,) for each chunk."""
    pipelines = {name: Pipeline(name, spec) for name, spec in inputs.items()}
    found = []
    for chunk in chunks:
        feeds = {
            name: pipeline(chunk.rows[name], chunk.ids) for name, pipeline in pipelines.items()
        }
        with blaming(examiner.who):
            results = run_rows(examiner.session, examiner.feeds, feeds)
        found.append(examiner.classes(results.outputs))
    return found
