"""Which samples are read, and in which batches."""

from collections.abc import Iterator, Sequence

import numpy as np


def select(count: int, limit: int | None, seed: int, *, in_file_order: bool) -> Sequence[int]:
    """Ascending numbers of the samples to read, out of `count`.

    With fewer than `count` allowed: the first `limit` if `in_file_order`, else a seeded draw
    without replacement (PCG64), the same on every machine.
    """
    if limit is None or limit >= count:
        return range(count)
    if in_file_order:
        return range(limit)
    drawn = np.random.Generator(np.random.PCG64(seed)).choice(count, limit, replace=False)
    return [int(number) for number in np.sort(drawn)]


def batches(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """`numbers` cut into pieces of `size`; the last may be shorter."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def spread(count: int, most: int, *, in_file_order: bool = False) -> Sequence[int]:
    """Ascending numbers of at most `most` of `count` samples, evenly spread: files are often sorted
    by class. With `in_file_order`, for a stream, the first ones.
    """
    if in_file_order or most >= count:
        return range(min(most, count))
    return [number * count // most for number in range(most)]
