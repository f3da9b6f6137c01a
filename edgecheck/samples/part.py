"""Some of the samples of a dataset."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgecheck.samples.chunk import Chunk, Dataset
from edgecheck.tensors import Array


@dataclass(frozen=True)
class Part:
    """The samples at some places of a dataset, in its order."""

    whole: Dataset
    places: Sequence[int]
    """Ascending, counted from 0."""

    def __len__(self) -> int:
        """Number of samples of the part."""
        return len(self.places)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The samples of the part, at most `size` at a time; samples after the last are not read.

        Chunks are no larger than those of the whole, of which they are cut out.
        """
        places = np.asarray(self.places, np.int64)
        first = 0
        for chunk in self.whole.chunks(size):
            end = first + len(chunk.ids)
            inside = places[np.searchsorted(places, first) : np.searchsorted(places, end)] - first
            if len(inside):
                yield rows_of(chunk, inside)
            first = end
            if not len(places) or end > places[-1]:
                return


def without(places: Sequence[int]) -> Callable[[Dataset], Dataset]:
    """What leaves the samples at these places out of a dataset."""

    def narrow(whole: Dataset) -> Dataset:
        left = set(places)
        return Part(whole, [place for place in range(len(whole)) if place not in left])

    return narrow


def rows_of(chunk: Chunk, inside: Array) -> Chunk:
    """The samples of a chunk at these places, int64 (k,), copied: readers use arrays again."""

    def taken(rows: Array | None) -> Array | None:
        return None if rows is None else rows[inside]

    return replace(
        chunk,
        ids=tuple(chunk.ids[place] for place in inside),
        rows={
            name: tuple(rows[place] for place in inside)
            if isinstance(rows, tuple)
            else rows[inside]
            for name, rows in chunk.rows.items()
        },
        labels=taken(chunk.labels),
        targets=taken(chunk.targets),
    )
