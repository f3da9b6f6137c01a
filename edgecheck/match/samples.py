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


def first_samples(dataset: Dataset, count: int, most_bytes: int) -> Chunk:
    """The first samples, in the order of the dataset.

    Args:
        dataset: what they are read from.
        count: how many there are in the dump.
        most_bytes: as they are stored; fewer samples are given where all are larger.

    Raises:
        DumpUnreadable: there are fewer.
        DatasetUnreadable: one cannot be read.
    """
    if len(dataset) < count:
        raise DumpUnreadable(
            f"the dump has {count} samples and no ids, the dataset has {len(dataset)}",
            hint="Give the dump `ids`, one a sample: the file names of the dataset.",
        )
    held, room = list[Chunk](), most_bytes
    for chunk in Part(dataset, range(count)).chunks(_CHUNK):
        for number in range(len(chunk.ids)):
            row = _row(chunk, number)
            room -= _size(row)
            if held and room < 0:
                return _joined(held)
            held.append(row)
    return _joined(held)


def samples_named(dataset: Dataset, ids: Sequence[str], most_bytes: int) -> Chunk:
    """The samples of these ids, in their order; one may be there several times.

    An id is that of a sample as reports show it; else, if it fits one sample alone, its last part,
    which also has the path of a device before it, that in capitals or not, or without its suffix.

    Args:
        dataset: what they are read from.
        ids: of the samples.
        most_bytes: as they are stored; only the first so many are given that would fit if all were
            as large as the largest, but one at least.

    Raises:
        DumpUnreadable: there is no such sample, or several.
        DatasetUnreadable: one cannot be read.
    """
    wanted, known = set(ids), _by_spelling(ids)
    found, doubled = dict[str, tuple[int, Chunk]](), set[str]()
    for sample, chunk, number in _rows(dataset):
        hits = _hits(sample, known)
        if not hits:
            continue
        row = _row(chunk, number)
        room = max(1, most_bytes // max(_size(row), 1))
        if room < len(ids):
            ids, wanted = ids[:room], set(ids[:room])
            found = {each: kept for each, kept in found.items() if each in wanted}
        for each, level in hits.items():
            if each not in wanted:
                continue
            best = found.get(each, (len(known), row))[0]
            if level < best:
                found[each] = level, row
                doubled.discard(each)
            elif level == best and level > 0:
                doubled.add(each)
    rows = {each: row for each, (_, row) in found.items()}
    _require(dataset, ids, rows, doubled & wanted)
    return _joined([rows[each] for each in ids])


def _spellings(name: str) -> tuple[str, ...]:
    """Of an id, the surest first: whole, its last part, that in small letters, without a suffix."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return name, last, last.lower(), PurePosixPath(last.lower()).stem


def _by_spelling(ids: Sequence[str]) -> list[dict[str, set[str]]]:
    """For every kind of spelling, the ids that are spelled so."""
    known: list[dict[str, set[str]]] = [{} for _ in _spellings("")]
    for each in ids:
        for level, spelling in enumerate(_spellings(each)):
            known[level].setdefault(spelling, set()).add(each)
    return known


def _hits(sample: str, known: Sequence[Mapping[str, set[str]]]) -> dict[str, int]:
    """The ids that may mean a sample, with the kind of spelling in which they agree first."""
    hits = dict[str, int]()
    for level, spelling in enumerate(_spellings(sample)):
        for each in known[level].get(spelling, ()):
            hits.setdefault(each, level)
    return hits


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


def _size(row: Chunk) -> int:
    """Bytes of its values as they are stored."""
    return sum(
        sum(map(len, values)) if isinstance(values, tuple) else values.nbytes
        for values in row.rows.values()
    )


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
