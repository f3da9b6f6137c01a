"""Other steps for the same samples, tried on a few labelled ones: do more answers come out right?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.runtime.exchange import Exchange
from edgecheck.runtime.session import Session, run_rows
from edgecheck.samples.chunk import UNLABELLED, Chunk, Dataset
from edgecheck.spec.model import InputSpec
from edgecheck.tensors import Array, Outputs

TRIED = 64
"""Labelled samples that are run again, spread over the dataset."""


@dataclass(frozen=True)
class Trial:
    """One input with other steps; right answers before and after, on the same samples."""

    input: str
    change: str
    samples: int
    right_before: int
    right_after: int
    p: float
    """Exact two-sided McNemar test of the two."""


@dataclass(frozen=True)
class Examiner:
    """A loaded model that names classes, and how to run it."""

    session: Session
    feeds: Exchange
    classes: Callable[[Outputs], Array]
    """Outputs of n rows -> the class of each, int64 (n,)."""


def trials(
    examiner: Examiner,
    dataset: Dataset,
    inputs: Mapping[str, InputSpec],
    alternatives: Mapping[str, Sequence[tuple[str, InputSpec]]],
) -> tuple[Trial, ...]:
    """Try every alternative of every input by itself.

    Args:
        examiner: the model that is asked.
        dataset: labelled with classes.
        inputs: as the spec has them.
        alternatives: input name -> (words, the input with other steps), which give samples of the
            same shape.

    Raises:
        Fault: the model misbehaved.
        DatasetUnreadable: a sample cannot be read.
    """
    chunks = list(_spread(dataset, examiner.feeds.layout.rows))
    before = _right(examiner, chunks, inputs)
    if not len(before):
        return ()
    found = []
    for name, others in alternatives.items():
        for words, changed in others:
            try:
                after = _right(examiner, chunks, {**inputs, name: changed})
            except DatasetUnreadable:
                continue  # the samples do not fit these steps: they are not what training did
            p = mcnemar_p(int((before & ~after).sum()), int((after & ~before).sum()))
            found.append(Trial(name, words, len(before), int(before.sum()), int(after.sum()), p))
    return tuple(found)


def _spread(dataset: Dataset, depth: int) -> Iterator[Chunk]:
    """About `TRIED` labelled samples, evenly spread: files are often sorted by class."""
    stride = max(1, len(dataset) // TRIED)
    seen = 0
    for chunk in dataset.chunks(depth):
        rows = [row for row in range(len(chunk.ids)) if (seen + row) % stride == 0]
        seen += len(chunk.ids)
        kept = _rows_of(chunk, [row for row in rows if _is_labelled(chunk, row)])
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


def _right(examiner: Examiner, chunks: Sequence[Chunk], inputs: Mapping[str, InputSpec]) -> Array:
    """Bool (n,): which samples are answered with an acceptable class."""
    pipelines = {name: Pipeline(name, spec) for name, spec in inputs.items()}
    right = [np.zeros(0, bool)]
    for chunk in chunks:
        feeds = {
            name: pipeline(chunk.rows[name], chunk.ids) for name, pipeline in pipelines.items()
        }
        named = examiner.classes(run_rows(examiner.session, examiner.feeds, feeds).outputs)
        if chunk.labels is not None:
            right.append((chunk.labels == named[:, None]).any(axis=1))
    return np.concatenate(right)
