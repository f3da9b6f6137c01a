"""The samples of a dataset that a dump is of."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

import numpy as np

from edgecheck.errors import DumpUnreadable
from edgecheck.samples.chunk import Chunk, Dataset
from edgecheck.samples.part import Part
from edgecheck.tensors import Array

_CHUNK: Final = 64
_SHOWN: Final = 3


def first_samples(dataset: Dataset, count: int) -> Chunk:
    """The first samples, in the order of the dataset.

    Raises:
        DumpUnreadable: there are fewer.
        DatasetUnreadable: one cannot be read.
    """
    if len(dataset) < count:
        raise DumpUnreadable(
            f"the dump has {count} samples and no ids, the dataset has {len(dataset)}",
            hint="Give the dump `ids`, one a sample: the file names of the dataset.",
        )
    return _joined(list(Part(dataset, range(count)).chunks(_CHUNK)))


def samples_named(dataset: Dataset, ids: Sequence[str]) -> Chunk:
    """The samples of these ids, in their order; one may be there several times.

    An id is that of a sample as reports show it, or the last part of it, if no other has the same.

    Raises:
        DumpUnreadable: there is no such sample, or several.
        DatasetUnreadable: one cannot be read.
    """
    wanted = set(ids)
    whole, short, doubled = dict[str, Chunk](), dict[str, Chunk](), set[str]()
    for sample, chunk, number in _rows(dataset):
        last = PurePosixPath(sample).name
        if sample in wanted:
            whole[sample] = _row(chunk, number)
        elif last in wanted:
            doubled |= {last} & set(short)
            short[last] = _row(chunk, number)
    found = {**short, **whole}
    _require(dataset, ids, found, doubled - set(whole))
    return _joined([found[each] for each in ids])


def _rows(dataset: Dataset) -> Iterator[tuple[str, Chunk, int]]:
    for chunk in dataset.chunks(_CHUNK):
        for number, sample in enumerate(chunk.ids):
            yield sample, chunk, number


def _row(chunk: Chunk, number: int) -> Chunk:
    """One sample, as a copy, so that the rest need not be kept."""
    rows: Mapping[str, Array | tuple[bytes, ...]] = {
        name: values[number : number + 1]
        if isinstance(values, tuple)
        else values[number : number + 1].copy()
        for name, values in chunk.rows.items()
    }
    return Chunk((chunk.ids[number],), rows, None)


def _require(
    dataset: Dataset, ids: Sequence[str], found: Mapping[str, Chunk], doubled: set[str]
) -> None:
    missing = [each for each in dict.fromkeys(ids) if each not in found]
    if missing:
        known = next(iter(dataset.chunks(_SHOWN))).ids[:_SHOWN]
        raise DumpUnreadable(
            f"{len(missing)} ids of the dump are no samples of the dataset, such as "
            f"{missing[0][:80]!r}",
            hint=f"Ids look like {', '.join(map(repr, known))}.",
        )
    if doubled:
        raise DumpUnreadable(
            f"several samples of the dataset are called {min(doubled)[:80]!r}",
            hint="Give the whole path below the dataset's folder as id.",
        )


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    def joined(name: str) -> Array | tuple[bytes, ...]:
        parts = [chunk.rows[name] for chunk in chunks]
        if isinstance(parts[0], tuple):
            return tuple(encoded for part in parts for encoded in part)
        rows: Array = np.concatenate([np.asarray(part) for part in parts])
        return rows

    ids = tuple(sample for chunk in chunks for sample in chunk.ids)
    return Chunk(ids, {name: joined(name) for name in chunks[0].rows}, None)
