"""The few samples that are fed again otherwise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgecheck.compare.attempts import Feeds, Subject
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.runtime.exchange import Exchange
from edgecheck.samples.chunk import Chunk, Dataset
from edgecheck.samples.part import Part, rows_of
from edgecheck.samples.selection import spread
from edgecheck.tensors import Array

TRIED = 128
"""Samples that are run again, spread over the dataset; the later ones only where a change gains by
those before. So many show a change that one answer of eight depends on."""

_BYTES = 128 << 20
"""Of prepared samples, which are kept; fewer are tried of very large ones."""


@dataclass(frozen=True)
class Samples:
    """Raw and prepared samples in parts, each of which is spread over the dataset."""

    parts: Sequence[Sequence[Chunk]]
    prepared: Sequence[Sequence[Feeds]]

    def __len__(self) -> int:
        """Of all parts."""
        return sum(len(chunk.ids) for part in self.parts for chunk in part)


def gathered(
    dataset: Dataset,
    feeds: Exchange,
    subjects: Mapping[str, Subject],
    wanted: Callable[[Chunk], Array],
) -> Samples:
    """At most `TRIED` samples, evenly spread: files are often sorted by class.

    Args:
        dataset: it is read once for each part.
        feeds: they say how large samples are, and how many a page holds.
        subjects: every input of the spec.
        wanted: bool (n,) of the samples of a chunk.

    Raises:
        DatasetUnreadable: a sample cannot be read.
    """
    size = sum(4 * int(np.prod(shape)) for _, shape in feeds.layout.arrays.values())
    places = spread(len(dataset), max(2, min(TRIED, _BYTES // max(size, 1))))
    pipelines = {name: Pipeline(name, subject.spec) for name, subject in subjects.items()}
    parts: list[list[Chunk]] = []
    for half in (places[::4], places[2::4], places[1::2]):
        chunks = Part(dataset, half).chunks(feeds.layout.rows)
        kept = (rows_of(chunk, np.flatnonzero(wanted(chunk))) for chunk in chunks)
        parts.append([chunk for chunk in kept if chunk.ids])
    parts = [part for part in parts if part]
    prepared = [
        [
            {n: pipeline(chunk.rows[n], chunk.ids) for n, pipeline in pipelines.items()}
            for chunk in part
        ]
        for part in parts
    ]
    return Samples(parts, prepared)
